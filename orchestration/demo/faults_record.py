"""Faults of a record and of its identity: what cannot be read, who it is of, and what came before."""

import json
from dataclasses import replace
from random import Random

from orchestration.demo.cdrs import Fields, hours_text
from orchestration.demo.clock import iso
from orchestration.demo.csv_rows import CSV_HEADER
from orchestration.demo.fault import Fault, place, sent_later
from orchestration.demo.sessions import Session, Wish

LINES = ("own", "gridlink")  # sources whose files are NDJSON: a broken line breaks nothing else
COLUMNS = CSV_HEADER.split(";")
EARLY = 9  # days: the next file of a source that files by week still lies in the month


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
    sent_later(fields, session, rng)


def credit(fields: Fields, session: Session, rng: Random) -> None:
    _credit_with_positive_total(fields, session, rng)
    total = json.loads(fields["total_cost"], parse_float=str, parse_int=str)
    text = ", ".join(f'"{name}": -{value}' for name, value in total.items())
    fields["total_cost"] = "{" + text + "}"


def _credit_with_positive_total(fields: Fields, session: Session, rng: Random) -> None:
    original = fields["id"]
    fields["id"] = f'"{json.loads(original)}-C"'
    fields["credit"] = "true"
    fields["credit_reference_id"] = original
    sent_later(fields, session, rng)


def _credit_of_nothing(fields: Fields, session: Session, rng: Random) -> None:
    fields["id"] = f'"{json.loads(fields["id"])}-X"'
    credit(fields, session, rng)
    fields["last_updated"] = f'"{iso(session.sent_at)}"'


def _two_versions(fields: Fields, session: Session, rng: Random) -> None:
    fields["stop_date_time"] = fields["end_date_time"]


def _decimal_comma(fields: Fields, session: Session, rng: Random) -> None:
    whole, _, part = fields["total_energy"].partition(".")
    fields["total_energy"] = f'"{whole},{part or 0}"'


def _long_id(fields: Fields, session: Session, rng: Random) -> None:
    fields["id"] = f'"{json.loads(fields["id"])}-{rng.getrandbits(128):032X}"'


def _foreign_evse(fields: Fields, session: Session, rng: Random) -> None:
    evse_id = session.connector.evse_id.split("*")
    place(fields, evse_id="*".join((evse_id[0], "XQZ", *evse_id[2:])))


def _no_session_id(fields: Fields, session: Session, rng: Random) -> None:
    del fields["session_id"]


def _session_again(fields: Fields, session: Session, rng: Random) -> None:
    fields["id"] = f'"{json.loads(fields["id"])}-R"'
    sent_later(fields, session, rng)


def _nearly_the_same(fields: Fields, session: Session, rng: Random) -> None:
    _session_again(fields, session, rng)
    fields["session_id"] = f'"{session.session_id[::-1]}"'
    fields.pop("authorization_reference", None)


def _no_card(cells: list[str]) -> None:
    cells[COLUMNS.index("Pas")] = ""


def _trial(cells: list[str]) -> None:
    cells[COLUMNS.index("Soort")] = "test"


_EARLY = Wish(days_left=EARLY)
_ROWS = Wish(takes_csv=True, sources=("polderlaad",))
RECORD_FAULTS = (
    Fault("broken_json", "SCHEMA_TYPE_INVALID", Wish(sources=LINES), mangle=_truncate, is_record=True, keeps_key=False),
    Fault("wrong_type", "SCHEMA_TYPE_INVALID", change=_no_number, is_record=True),
    Fault("missing_field", "SCHEMA_REQUIRED_MISSING", change=_drop_currency, is_record=True),
    Fault("unknown_party", "ID_PARTY_UNKNOWN", Wish(sources=LINES), change=_unknown_party, is_record=True),
    Fault("sent_twice", "DUP_EXACT", _EARLY, echo=_nothing, is_record=True),
    Fault("id_reused", "ID_REUSED_CHANGED", _EARLY, echo=_other_content, is_record=True),
    Fault("credited", "", _EARLY, echo=credit),
    Fault("credit_sign", "CREDIT_SIGN_WRONG", _EARLY, echo=_credit_with_positive_total),
    Fault("credit_of_nothing", "CREDIT_NO_ORIGINAL", change=_credit_of_nothing),
    Fault("two_versions", "SCHEMA_VERSION_MISMATCH", change=_two_versions, is_record=True),
    Fault("decimal_comma", "NUM_DECIMAL_COMMA", change=_decimal_comma, is_record=True),
    Fault("long_id", "ID_LENGTH", change=_long_id, is_record=True),
    Fault("foreign_evse", "ID_OPERATOR_PREFIX", change=_foreign_evse),
    Fault("no_session_id", "SESSION_ID_MISSING", change=_no_session_id),
    Fault("session_again", "SESSION_ID_REUSED", _EARLY, echo=_session_again),
    Fault("nearly_the_same", "DUP_NEAR", _EARLY, echo=_nearly_the_same),
    Fault("by_another", "ID_ROUTE_NOT_ALLOWED", Wish(sources=("alpenstrom",)), by="fahrstrom", is_record=True),
    Fault("no_card", "EVIDENCE_REQUIRED", _ROWS, cells=_no_card),
    Fault("trial", "OUTCOME_TEST", _ROWS, cells=_trial),
    Fault("hour_twice", "TIME_DST_AMBIGUOUS", replace(_ROWS, is_over_change=True), clock_back=True,
          fits=lambda session: session.connector.clock.is_repeated(session.start)),
)  # fmt: skip
