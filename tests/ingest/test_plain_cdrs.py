"""Whole and usual CDRs go through one pass of SQL; what it makes of them is what the careful route makes of them."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from factories import a_cdr, a_period, a_tariff, places, records_of

from orchestration.defs.ingest.cdr_plain import PlainRoute
from orchestration.defs.ingest.cdr_rows import VERSIONS, Profile, load_cdrs
from orchestration.defs.ingest.record_chunks import RecordChunk
from orchestration.defs.ingest.records import split
from orchestration.warehouse import open_in_memory

TABLES = (
    "raw_records", "raw_cdrs", "raw_charging_periods", "raw_cdr_tariffs", "raw_tariff_bodies", "raw_cdr_taxes",
    "raw_signed_values",
)  # fmt: skip
# What may stand where something else is expected. The number of nine decimals is rounded, the next is beyond a double.
VALUES: list[Any] = [
    None, "", " ", "x" * 40, 5, -3, 0.1, 1.23456, 0.123456785, 12345678.12345678, 1e-7, 123456789012, "5", "12,5", True,
    "true", {}, [], [None], {"a": 1}, "2026-10-05T08:00:00", "2026-02-30T08:00:00Z", "2026-10-05T08:00:00.5Z",
    "2026-10-05T10:00:00+02:00", 1759651200, "epoch: 1", "ü", "rfid", "EMAID", "FLAT", "POWER", "MIN_CURRENT", "ENERGY",
]  # fmt: skip


SIGNED = {
    "encoding_method": "OCMF", "encoding_method_version": "1.0", "public_key": "AA", "url": "https://e.example/t",
    "signed_values": [{"nature": "Start", "plain_data": "a: 1", "signed_data": "b"}, {"nature": "End"}],
}  # fmt: skip
TAXES = [{"name": "VAT", "account_number": "1", "percentage": 21, "amount": 0.315}, {"name": "LOCAL", "amount": 0.1}]
PARTS = ("total_fixed_cost", "total_energy_cost", "total_time_cost", "total_parking_cost", "total_reservation_cost")


def a_full_cdr(version: str = "2.2.1") -> dict[str, Any]:
    """Every field of the specification that a price or a rule reads."""
    parking = a_period(PARKING_TIME=0.5)
    tariffs = [a_tariff(version), a_tariff(version, id="SECOND")]
    every: dict[str, Any] = {
        "session_id": "S1", "meter_id": "M1", "remark": "none", "credit": False, "credit_reference_id": "C0",
        "total_parking_time": 0.25, "tariffs": tariffs, "signed_data": SIGNED,
        "charging_periods": [a_period(ENERGY=10, TIME=1.5, MIN_CURRENT=6), parking, a_period()],
    }  # fmt: skip
    if version == "2.1.1":
        return a_cdr(version, **every, authorization_id="A1")
    cost: dict[str, Any] = {"excl_vat": 1.5, "incl_vat": 1.815}
    if version == "2.3.0":
        cost = {"before_taxes": 1.5, "taxes": TAXES}
        every["total_cost"] = cost
    return a_cdr(
        version, **every, authorization_reference="A1", invoice_reference_id="I1", home_charging_compensation=True,
        **dict.fromkeys(PARTS, cost),
    )  # fmt: skip


def bent_cdrs(share: int, version: str) -> Iterator[dict[str, Any]]:
    """The full CDR without a field, with a field in another form or renamed: one in `share` of all there are."""
    whole = a_full_cdr(version)
    for number, path in enumerate(places(whole)):
        for value in ["leave out", "rename", *VALUES][number % share :: share]:
            bent = copy.deepcopy(whole)
            holder = bent
            for key in path[:-1]:
                holder = holder[key]
            if value == "leave out":
                del holder[path[-1]]
            elif value == "rename" and isinstance(holder, dict):
                holder["own_" + path[-1]] = holder.pop(path[-1])
            else:
                holder[path[-1]] = value
            yield bent
    for other in VERSIONS:
        # A record without what the full one has, and one with the words of two versions.
        yield a_cdr(other)
        yield whole | a_cdr(other)


def loaded(profile: Profile, records: list[dict[str, Any]]) -> dict[str, list[tuple[Any, ...]]]:
    with open_in_memory() as connection:
        load_cdrs(connection, 1, records_of(records), profile)
        return {name: sorted(connection.execute(f"from ingest.{name}").fetchall(), key=repr) for name in TABLES}


@pytest.mark.parametrize("share", [34, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("profile", ["record", "price"])
def test_both_routes_give_the_same_rows(monkeypatch: pytest.MonkeyPatch, profile: Profile, share: int) -> None:
    records = [a_full_cdr(version) for version in VERSIONS]
    records += [bent for version in VERSIONS for bent in bent_cdrs(share, version)]
    odd: list[RecordChunk] = []
    route = PlainRoute.load
    monkeypatch.setattr(PlainRoute, "load", lambda *given: odd.append(route(*given)) or odd[-1])
    plain = loaded(profile, records)
    monkeypatch.setattr(PlainRoute, "load", lambda _route, chunk: chunk)
    careful = loaded(profile, records)
    for name in TABLES:
        assert plain[name] == careful[name], name
    # The whole ones are usual, and so is much of what is bent: another tariff, an id, a number.
    assert not {1, 2, 3} & set(odd[0].positions)
    assert 0.2 * len(records) < len(odd[0]) < 0.8 * len(records)


def test_a_key_that_is_there_twice_at_any_depth_says_two_things() -> None:
    twice = [
        '"id": "A", "id": "B"',
        '"total_cost": {"excl_vat": 1, "excl_vat": 2}',
        '"charging_periods": [{"start_date_time": "2026-10-05T08:00:00Z", "dimensions":'
        ' [{"type": "ENERGY", "volume": 1, "volume": 2}]}]',
        '"tariffs": [{"id": "T", "elements": [{"price_components": [{"type": "TIME", "price": 1, "price": 2}]}]}]',
        '"own": {"a": 1, "b": {"a": 1, "a": null}}',
        '"own" : 1, "own": 2',
        '"\\u0069d": 1, "remark": "a \\"id\\": b"',
    ]
    whole = json.dumps(a_full_cdr() | {"signed_data": None})
    lines = [whole, *(f"{whole[:-1]}, {text}}}" for text in twice)]
    with open_in_memory() as connection:
        load_cdrs(connection, 1, split("\n".join(lines).encode()))
        rows = connection.execute("select is_typed, problem_rule_id, problem from ingest.raw_records order by position")
        first, *others = rows.fetchall()
    assert first == (True, None, None)
    for is_typed, rule, problem in others:
        assert (is_typed, rule) == (False, "SCHEMA_TYPE_INVALID")
        assert problem.endswith(" twice, so it says two things")
