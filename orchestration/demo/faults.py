"""Planted faults: what is wrong with a record, which rule must find it, and what the session needs for that.

Each breaks its own rule and no other as far as that can be: a claim is worked out again after its
energy was changed, a tariff is spoilt only where the embedded one is the only one.
"""

import json
from bisect import insort
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from types import MappingProxyType

from orchestration.demo.cdrs import Fields, hours_text, periods_text
from orchestration.demo.clock import DAY, HOUR, iso
from orchestration.demo.sessions import TOKEN_GAP, Draw, Session, Wish, cut, is_free
from orchestration.demo.tariffs import decimal_text

LINES = ("own", "gridlink")  # sources whose files are NDJSON: a broken line breaks nothing else
FUTURE_DAYS = 261 * 7
EARLY = 9  # days: the next file of a source that files by week still lies in the month

Change = Callable[[Fields, Session, Random], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault. `rule_id` is empty when nothing is wrong with it (a credit that meets its original).

    `shape` changes the session before its claim is worked out, `change` its fields, `mangle` the text.
    `echo` makes a second record, in a later file, of the session's fields; truth then points at the
    second one. `is_record` faults are found on the record, the others on the CDR.
    """

    name: str
    rule_id: str
    wish: Wish = Wish()  # noqa: RUF009 - frozen
    shape: Callable[[Session, Random], None] | None = None
    change: Change | None = None
    mangle: Callable[[str, Random], str] | None = None
    echo: Change | None = None
    is_record: bool = False
    is_blocked: bool = False
    has_intruder: bool = False  # draws a second session over this one
    keeps_key: bool = True  # the record can be read far enough to give its cdr_key


def _drop_currency(fields: Fields, session: Session, rng: Random) -> None:
    del fields[rng.choice(("currency", "total_energy", "end_date_time"))]


def _no_number(fields: Fields, session: Session, rng: Random) -> None:
    name = rng.choice(("total_energy", "total_time"))
    fields[name] = rng.choice(('"n/a"', '"unknown"', "true"))


def _truncate(text: str, rng: Random) -> str:
    return text[: len(text) * rng.randint(40, 90) // 100]


def _unknown_party(fields: Fields, session: Session, rng: Random) -> None:
    if session.connector.operator.source == "own":
        token = json.loads(fields["cdr_token"])
        number = token["contract_id"].split("-")[2]
        fields["cdr_token"] = json.dumps(token | {"party_id": "XQZ", "contract_id": f"NL-XQZ-{number}"})
    else:
        fields["party_id"] = '"XQZ"'


def _nothing(fields: Fields, session: Session, rng: Random) -> None:
    """The same record again."""


def _other_content(fields: Fields, session: Session, rng: Random) -> None:
    fields["total_time"] = hours_text(session.end - session.start + 9 * rng.randint(2, 5))
    _sent_later(fields, session, rng)


def _sent_later(fields: Fields, session: Session, rng: Random) -> None:
    fields["last_updated"] = f'"{iso(session.sent_at + rng.randint(2, 30) * HOUR)}"'


def _swap_ends(fields: Fields, session: Session, rng: Random) -> None:
    fields["end_date_time"] = f'"{iso(session.start - 9 * rng.randint(20, 200))}"'


def _into_future(session: Session, rng: Random) -> None:
    charged = max(period.end for period in session.periods if not period.is_parking) - session.start
    energy = session.energy_wh
    session.start += FUTURE_DAYS * DAY
    session.end += FUTURE_DAYS * DAY
    session.periods = cut(session.connector, session.start, session.start + charged, session.end, energy)


def _longer_total(fields: Fields, session: Session, rng: Random) -> None:
    fields["total_time"] = hours_text(session.end - session.start + 9 * rng.randint(120, 900))


def _negate_energy(session: Session, rng: Random) -> None:
    session.periods = [replace(period, energy_wh=-period.energy_wh) for period in session.periods]


def _less_than_sum(fields: Fields, session: Session, rng: Random) -> None:
    fields["total_energy"] = decimal_text(session.energy_wh * rng.randint(900, 960) // 1000, 3)


def _charge(session: Session, energy_wh: int) -> None:
    """Charging all the time, with this much energy."""
    session.periods = cut(session.connector, session.start, session.end, session.end, energy_wh)


def _over_rating(session: Session, rng: Random) -> None:
    rated = session.connector.power_w * (session.end - session.start) // HOUR
    _charge(session, rated * rng.randint(125, 150) // 100)


def _over_ceiling(session: Session, rng: Random) -> None:
    _charge(session, rng.randint(255_000, 280_000))


def _unknown_evse(fields: Fields, session: Session, rng: Random) -> None:
    place = json.loads(fields["cdr_location"])
    number = rng.randint(70, 99)
    uid, evse_id = place["evse_uid"].rsplit("-", 1)[0], place["evse_id"].rsplit("*", 1)[0]
    place |= {"evse_uid": f"{uid}-{number}", "evse_id": f"{evse_id}*{number}"}
    fields["cdr_location"] = json.dumps(place, ensure_ascii=False)


def _unknown_token(fields: Fields, session: Session, rng: Random) -> None:
    fields["cdr_token"] = json.dumps(json.loads(fields["cdr_token"]) | {"uid": f"09{rng.getrandbits(48):012X}"})


def _no_tariff(fields: Fields, session: Session, rng: Random) -> None:
    del fields["tariffs"]
    fields["charging_periods"] = periods_text(session, None)


def _expired(fields: Fields, session: Session, rng: Random) -> None:
    tariff, clock = session.connector.tariff, session.start
    text = tariff.ocpi(clock - 400 * DAY, valid_to=clock - rng.randint(1, 20) * DAY)
    fields["tariffs"] = f"[{text}]"


def _other_currency(fields: Fields, session: Session, rng: Random) -> None:
    tariff = session.connector.tariff
    other = "GBP" if tariff.currency != "GBP" else "EUR"
    fields["tariffs"] = f"[{replace(tariff, currency=other).ocpi(session.start - 400 * DAY)}]"


def _untaxed(fields: Fields, session: Session, rng: Random) -> None:
    fields["tariffs"] = f"[{session.connector.tariff.ocpi(session.start - 400 * DAY, is_taxed=False)}]"
    for name in [name for name in fields if name.endswith("_cost")]:
        fields[name] = json.dumps({"excl_vat": "?"}).replace('"?"', _net(fields[name]))


def _net(price: str) -> str:
    return str(json.loads(price, parse_float=str, parse_int=str)["excl_vat"])


def _scale_claim(fields: Fields, percent: int) -> None:
    """Another total; the parts are left out (they are optional), else they would contradict it."""
    total = {
        name: _ten_thousandths(value) * percent // 100
        for name, value in json.loads(fields["total_cost"], parse_float=str, parse_int=str).items()
    }
    for name in [name for name in fields if name.endswith("_cost") and name != "total_cost"]:
        del fields[name]
    text = ", ".join(f'"{name}": {decimal_text(value, 4)}' for name, value in total.items())
    fields["total_cost"] = "{" + text + "}"


def _ten_thousandths(number: str) -> int:
    whole, _, part = number.partition(".")
    return int(whole + part.ljust(4, "0"))


def _too_high(fields: Fields, session: Session, rng: Random) -> None:
    _scale_claim(fields, rng.randint(115, 180))


def _too_low(fields: Fields, session: Session, rng: Random) -> None:
    _scale_claim(fields, rng.randint(40, 85))


def _credit(fields: Fields, session: Session, rng: Random) -> None:
    _credit_with_positive_total(fields, session, rng)
    total = json.loads(fields["total_cost"], parse_float=str, parse_int=str)
    text = ", ".join(f'"{name}": -{value}' for name, value in total.items())
    fields["total_cost"] = "{" + text + "}"


def _credit_with_positive_total(fields: Fields, session: Session, rng: Random) -> None:
    original = fields["id"]
    fields["id"] = f'"{json.loads(original)}-C"'
    fields["credit"] = "true"
    fields["credit_reference_id"] = original
    _sent_later(fields, session, rng)


def _credit_of_nothing(fields: Fields, session: Session, rng: Random) -> None:
    fields["id"] = f'"{json.loads(fields["id"])}-X"'
    _credit(fields, session, rng)
    fields["last_updated"] = f'"{iso(session.sent_at)}"'


_EARLY = Wish(days_left=EARLY)
_EMBEDDED = Wish(has_embedded_tariff=True)
_CATALOGUE = (
    Fault("broken_json", "SCHEMA_TYPE_INVALID", Wish(sources=LINES), mangle=_truncate, is_record=True, keeps_key=False),
    Fault("wrong_type", "SCHEMA_TYPE_INVALID", change=_no_number, is_record=True),
    Fault("missing_field", "SCHEMA_REQUIRED_MISSING", change=_drop_currency, is_record=True),
    Fault("unknown_party", "ID_PARTY_UNKNOWN", Wish(sources=LINES), change=_unknown_party, is_record=True),
    Fault("sent_twice", "DUP_EXACT", _EARLY, echo=_nothing, is_record=True),
    Fault("id_reused", "ID_REUSED_CHANGED", _EARLY, echo=_other_content, is_record=True),
    Fault("overlap", "OVERLAP_CONNECTOR", Wish(is_dc=False, hours=(27, 72)), has_intruder=True),
    Fault("end_before_start", "TIME_END_BEFORE_START", change=_swap_ends),
    Fault("future", "TIME_FUTURE", Wish(is_plain=True), shape=_into_future),
    Fault("total_time", "TIME_TOTAL_MISMATCH", change=_longer_total),
    Fault("negative_energy", "ENERGY_NEGATIVE", shape=_negate_energy),
    Fault("energy_sum", "ENERGY_PERIOD_SUM", change=_less_than_sum),
    Fault("over_rating", "ENERGY_OVER_CONNECTOR", Wish(is_dc=False, power_w=11_000), shape=_over_rating),
    Fault("over_ceiling", "ENERGY_ABS_LIMIT", Wish(is_dc=True, power_w=300_000, hours=(10, 12)), shape=_over_ceiling),
    Fault("unknown_evse", "LOC_UNKNOWN", change=_unknown_evse),
    Fault("unknown_token", "AUTH_TOKEN_UNKNOWN", change=_unknown_token),
    Fault("blocked_token", "AUTH_TOKEN_BLOCKED", is_blocked=True),
    Fault("no_tariff", "TARIFF_REF_MISSING", _EMBEDDED, change=_no_tariff),
    Fault("tariff_expired", "TARIFF_NOT_IN_FORCE", _EMBEDDED, change=_expired),
    Fault("tariff_currency", "CCY_TARIFF_MISMATCH", _EMBEDDED, change=_other_currency),
    Fault("no_vat", "TAX_MISSING", _EMBEDDED, change=_untaxed),
    Fault("claim_too_high", "PRICE_TOTAL_DIFF", change=_too_high),
    Fault("claim_too_low", "PRICE_TOTAL_DIFF", change=_too_low),
    Fault("credited", "", _EARLY, echo=_credit),
    Fault("credit_sign", "CREDIT_SIGN_WRONG", _EARLY, echo=_credit_with_positive_total),
    Fault("credit_of_nothing", "CREDIT_NO_ORIGINAL", change=_credit_of_nothing),
)
FAULTS: Mapping[str, Fault] = MappingProxyType({fault.name: fault for fault in _CATALOGUE})


def choose(rng: Random, sessions: int, rate_ppm: int) -> list[str]:
    """The fault of each session to draw, '' for none: every kind equally often, in random places.

    An overlap draws two sessions, so the list is shorter by their number.
    """
    count = min(sessions // 2, (sessions * rate_ppm + 500_000) // 1_000_000)
    names = list(FAULTS)
    planted = [names[number % len(names)] for number in range(count)]
    clean = sessions - count - sum(FAULTS[name].has_intruder for name in planted)
    slots = planted + [""] * clean
    rng.shuffle(slots)
    return slots


def draw_session(draw: Draw, name: str) -> list[Session]:
    """The session, or sessions, of one slot, their shape spoilt as the fault says."""
    if not name:
        return [draw.session()]
    fault = FAULTS[name]
    while True:
        session = draw.session(fault.wish, fault.is_blocked)
        session.fault = name
        if fault.shape is not None:
            fault.shape(session, draw.rng)
        if not fault.has_intruder:
            return [session]
        intruder = _intruder(draw, session)
        if intruder is not None:
            return [session, intruder]


def _intruder(draw: Draw, session: Session) -> Session | None:
    """Another driver's session inside this one, on the same connector; None when the driver is not free."""
    connector = session.connector
    length = (session.end - session.start) // 27 * 9
    start = session.start + length
    token = draw.token_for(connector)
    if token is session.token or not is_free(token.busy, start, start + length, TOKEN_GAP):
        return None
    energy = connector.power_w * 40 // 100 * length // HOUR
    # Only the token's timeline learns of it: the connector's is kept free of overlaps.
    insort(token.busy, (start, start + length))
    periods = cut(connector, start, start + length, start + length, energy)
    return Session(connector, token, start, start + length, periods, start + length + 90, session.fault)
