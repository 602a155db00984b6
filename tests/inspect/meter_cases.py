"""For each rule of gate 1 on meters: sessions whose meter just says otherwise, and sessions that it confirms."""

from decimal import Decimal
from typing import Any

from tests.inspect.gate_cases import HOUR, Bend, period
from tests.raw_rows import NIGHTLY, at

Case = tuple[str, list[Bend], list[Bend]]


def signed(start: str = "100", end: str = "110", **row: Any) -> list[Bend]:
    """What a meter signed of a session: its start and its end."""
    return [
        {"context": "B", "reading_kwh": Decimal(start), **row},
        {"context": "E", "reading_kwh": Decimal(end), **row},
    ]


def on(meter_id: str, start: str, end: str, **bend: Any) -> Bend:
    """A session with the registers of its meter, as its record states them."""
    return {"meter_id": meter_id, "register_start_kwh": Decimal(start), "register_end_kwh": Decimal(end), **bend}


def before(meter_id: str, end: str) -> Bend:
    """The session before it on the same meter, elsewhere in the master data."""
    return {**on(meter_id, "0", end), "started_at": at("09T09:00"), "ended_at": at("09T10:00"), "first": True}


KEY = {"meter_id": "M1", "public_key": "a key"}
TIMED = {"claimed_time_excl_tax": 1}
CLOCKED: Bend = {"tariffs": [{"tariff_no": NIGHTLY}], "periods": [period("10T09:00", **HOUR)], **TIMED}

METER_CASES: list[Case] = [
    ("METER_REGISTER_DIFF", [on("R1", "5", "15.0101"), on("R2", "5", "14.9899")],
     [on("R3", "5", "15.01"), {**on("R4", "0", "100.1"), "energy_kwh": 100}, {"unevaluated": True},
      {"readings": signed("1", "99"), "unevaluated": True}]),
    ("METER_REGISTER_BACKWARD",
     [on("B1", "10.0101", "10"), on("B2", "9.9899", "20", beside=[before("B2", "10")]),
      {"readings": signed("110.0101", "110", meter_serial="B3")}],
     [on("B4", "10.01", "10"), on("B5", "9.99", "20", beside=[before("B5", "10")]),
      on("B6", "0", "10", beside=[before("B7", "10")]), {"unevaluated": True}]),
    ("METER_REGISTER_GAP", [on("G1", "10.5001", "20", beside=[before("G1", "10")])],
     [on("G2", "10.5", "20", beside=[before("G2", "10")]), on("G3", "5", "15", unevaluated=True)]),
    ("METER_SERIAL_CHANGED",
     [{"readings": signed(meter_serial="M2"), "meters": {"meter_id": "M1"}},
      {"readings": signed(status="X", meter_serial="M7")}],
     [{"readings": signed(meter_serial="m1"), "meters": {"meter_id": "M1"}},
      {"readings": signed(meter_serial="M3"), "meters": {"meter_id": "M1"},
       "charger_events": {"event": "meter_swap", "value": "M3", "happened_at": at("09T12:00")}}]),
    ("METER_SUBSTITUTE",
     [{"readings": signed(status="S")},
      {"charger_events": {"event": "stop", "value": "PowerLoss", "happened_at": at("10T10:00")}}],
     [{"readings": signed()}, {"unevaluated": True}]),
    ("EVID_SIGNED_MISSING", [{"meters": KEY}, {"meters": KEY, "readings": signed()[:1]}, {"readings": signed()[1:]}],
     [{"meters": KEY, "readings": signed()}, {"meters": {"meter_id": "M1"}, "unevaluated": True},
      {"meters": {**KEY, "valid_to": at("10T09:00")}, "unevaluated": True}]),
    ("EVID_SIGNATURE_BAD", [{"readings": signed(signature="bad")}],
     [{"readings": signed()}, {"readings": signed(signature="unknown"), "unevaluated": True}]),
    ("EVID_VALUE_DIFF", [{"readings": signed("100", "110.0101")}, {"readings": signed("100", "109.9899")}],
     [{"readings": signed("100", "110.01")}, {"readings": signed("100", "110.5", loss_kwh=Decimal("0.5"))},
      {"readings": signed()[:1], "unevaluated": True}]),
    ("EVID_ERROR_FLAGS", [{"readings": signed(error_flags="E")}, {"readings": signed(error_flags="t"), **TIMED},
                          {"readings": signed(status="T")}, {"readings": [*signed(), {"context": "X"}]}],
     [{"readings": signed()}, {"readings": signed(error_flags="t")}, {"unevaluated": True}]),
    ("EVID_TIME_STATUS", [{"readings": signed(time_status="U"), **TIMED}, {"readings": signed(time_status="I"), **TIMED},
                          {"readings": signed(time_status="R"), **CLOCKED}],
     [{"readings": signed(), **TIMED}, {"readings": signed(time_status="R"), **TIMED},
      {"readings": signed(time_status="U"), "unevaluated": True}]),
    ("EVID_PAGINATION_GAP",
     [{"readings": signed(meter_serial="P1", page="T12", page_no=12),
       "beside": [{"readings": signed(meter_serial="P1", page="T10", page_no=10)}]}],
     [{"readings": signed(meter_serial="P2", page="T12", page_no=12),
       "beside": [{"readings": signed(meter_serial="P2", page="T11", page_no=11)}]},
      {"readings": signed(meter_serial="P3", page="T12", page_no=12), "unevaluated": True}]),
]  # fmt: skip
