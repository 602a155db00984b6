"""For each rule of gate 1 that needs more than CDRs: what sessions, answers, chargers, receipts and master files say.

A case bends a session as in gate_cases.py. Further keys: a feed of TOLD_FEEDS (one record or several, its ids filled
in) and a table of MASTER_TABLES (one row about the session's EVSE).
"""

from decimal import Decimal
from typing import Any

from tests.inspect.gate_cases import HOUR, Bend, period
from tests.raw_rows import FREE, OTHER, TAXED, at

Case = tuple[str, list[Bend], list[Bend]]
TOLD_FEEDS = ("sessions", "authorizations", "charger_events", "receipts")
MASTER_TABLES = ("assets", "meters")

# Standing master rows. Agreements: every pair of the world but NL/EXP, whose own has ended.
MASTER: dict[str, list[Bend]] = {
    "agreements": [
        {"cpo_party": "NL/EMO", "emsp_party": "NL/EVS"},
        {"cpo_party": "NL/EVS", "emsp_party": "NL/EMO"},
        {"cpo_party": "NL/EM2", "emsp_party": "NL/EVS", "valid_from": at("10T09:00"), "valid_to": at("10T09:00:01")},
        {"cpo_party": "NL/STR", "emsp_party": "NL/EVS", "route": "direct"},
        {"cpo_party": "NL/REG", "emsp_party": "NL/EVS", "valid_to": at("10T09:00")},
        {"cpo_party": "NL/CAR", "emsp_party": "NL/EVS", "valid_from": at("10T09:00:01")},
        {"cpo_party": "NL/CAR", "emsp_party": "NL/EVS", "route": "own"},
    ],
    "publications": [
        {"tariff_id": "SHOWN", "published_at": at("10T09:00"), "published_by": "ann"},
        {"tariff_id": "SHOWN-LATE", "published_at": at("10T09:00:01"), "published_by": "ann"},
        {"tariff_id": "SHOWN-OTHERWISE", "tariff_body": f"body{OTHER}", "published_at": at("01T00:00")},
        {"tariff_id": "SHOWN-SO", "tariff_body": f"body{TAXED}", "published_at": at("01T00:00")},
    ],
    "tax_rules": [
        {"valid_from": "2020-01-01", "site_country": "NL", "category": "S", "rate_percent": 21},
        {"valid_from": "2020-01-01", "site_country": "NL", "category": "AE", "rate_percent": 0},
        {"valid_from": "2020-01-01", "site_country": "DE", "category": "S", "rate_percent": 19},
        {"valid_from": "2020-01-01", "site_country": "BE", "category": "S", "rate_percent": 21},
        {"valid_from": "2026-10-10", "site_country": "BE", "category": "S", "rate_percent": 22},
        {"valid_from": "2020-01-01", "site_country": "FR", "category": "S", "rate_percent": 20},
        {"valid_from": "2020-01-01", "site_country": "FR", "category": "AA", "rate_percent": 21},
        {"valid_from": "2020-01-01", "site_country": "AT", "category": "S", "rate_percent": 20},
        {"valid_from": "2026-10-11", "site_country": "AT", "category": "S", "rate_percent": 21},
    ],
}
PARKED = [period("10T09:00", **HOUR), period("10T09:30", parking_hours=Decimal("0.5"))]


def ids_of(feed: str, fields: Bend, name: str) -> Bend:
    """What leads from a record of a feed to the session of a case."""
    session_id = fields.get("session_id", f"S-{fields.get('cdr_id', name)}")
    match feed:
        case "sessions":
            return {"session_id": session_id, "started_at": at("10T09:00"), "status": "COMPLETED"}
        case "authorizations":
            return {"emsp_party": "NL/EVS", "token_uid": fields["token_uid"], "answered_at": at("10T08:59")}
        case "charger_events":
            return {"evse_uid": fields["evse_uid"], "happened_at": at("10T09:00"), "recorded_at": at("10T09:00")}
        case _:
            return {"session_id": session_id, "kind": "charged", "started_at": at("10T09:00")}


def merged(*cases: list[Case]) -> list[Case]:
    """Each rule once, with all of its cases."""
    both: dict[str, Case] = {}
    for rule_id, breaking, passing in (case for part in cases for case in part):
        before = both.get(rule_id, (rule_id, [], []))
        both[rule_id] = (rule_id, [*before[1], *breaking], [*before[2], *passing])
    return list(both.values())


def stop(reason: str, **row: Any) -> Bend:
    return {"event": "stop", "value": reason, "happened_at": at("10T10:00"), "recorded_at": at("10T10:00"), **row}


def pause(seconds: str, who: str = "EVSE") -> list[Bend]:
    """From half past nine on, when parking begins."""
    return [{"event": "pause_start", "value": who, "happened_at": at("10T09:30")},
            {"event": "pause_end", "value": who, "happened_at": at(f"10T{seconds}")}]  # fmt: skip


def ours(tariff_id: str, **bend: Any) -> Bend:
    """A session at our own charger, for the partner's driver, with a tariff of ours."""
    return {"cpo_party": "NL/EVS", "emsp_party": "NL/EMO", "file_seq": 3, "evse_id": "NL*EVS*E1",
            "tariffs": [{"tariff_id": tariff_id}], **bend}  # fmt: skip


# rule_id, bends that break it, bends that pass.
EVIDENCE_CASES: list[Case] = [
    ("SESSION_ID_MISSING", [{"session_id": None}],
     [{}, {"session_id": None, "ocpi_version": "2.1.1", "unevaluated": True},
      {"session_id": None, "cpo_party": "NL/EM2", "unevaluated": True}]),
    # The site is an hour ahead of UTC.
    ("TIME_LOCAL_AS_UTC",
     [{"sessions": {"started_at": at("10T08:00")}}, {"sessions": {"started_at": at("10T08:02")}},
      {"charger_events": {"event": "start", "recorded_at": at("10T08:00")}},
      {"receipts": {"kind": "shown", "started_at": at("10T07:58")}},
      {"last_updated": at("10T09:10")}],
     [{"sessions": {"started_at": at("10T08:02:01")}}, {"sessions": {"started_at": at("10T07:57:59")}},
      {"sessions": {}}, {"last_updated": at("10T09:58")}, {"last_updated": at("10T08:57:59")},
      {"sessions": {}, "last_updated": at("10T09:10")}, {"unevaluated": True}]),
    ("TIME_CLOCK_DRIFT",
     [{"charger_events": {"event": "start", "recorded_at": at("10T09:01:01")}},
      {"charger_events": stop("Local", recorded_at=at("10T09:54:59"))}],
     [{"charger_events": {"event": "start", "recorded_at": at("10T09:01:00")}},
      {"charger_events": [{"event": "start", "recorded_at": at("10T09:30")},
                          {"event": "outage_start", "happened_at": at("10T08:50")},
                          {"event": "outage_end", "happened_at": at("10T09:20")}], "unevaluated": True},
      {"unevaluated": True}]),
    ("METER_SERIAL_CHANGED", [{"meter_id": "M2", "meters": {"meter_id": "M1"}}],
     [{"meter_id": "m1", "meters": {"meter_id": "M1"}},
      {"meter_id": "M2", "meters": {"meter_id": "M1"}, "charger_events":
          {"event": "meter_swap", "value": "M2", "happened_at": at("09T12:00")}},
      {"meter_id": "M2", "meters": {"meter_id": "M1", "valid_to": at("10T09:00")}, "unevaluated": True},
      {"meters": {"meter_id": "M1"}, "unevaluated": True}]),
    ("PARKING_EVSE_PAUSED",
     [{"periods": PARKED, "charger_events": pause("09:31:01"), "claimed_parking_excl_tax": 1}],
     [{"periods": PARKED, "charger_events": pause("09:31:00"), "claimed_parking_excl_tax": 1},
      {"periods": PARKED, "charger_events": pause("09:59"), "claimed_parking_excl_tax": 0},
      {"periods": PARKED, "charger_events": pause("09:59", "EV"), "claimed_parking_excl_tax": 1, "unevaluated": True}]),
    ("LOC_WRONG_OPERATOR", [{"assets": {"owner_party": "NL/XXX"}},
                            {"assets": {"owner_party": "NL/XXX", "commissioned_on": "2026-10-10"}}],
     [{"assets": {"owner_party": "nl/emo"}}, {"assets": {"owner_party": "NL/EM2"}},
      {"assets": {"owner_party": "NL/XXX", "retired_on": "2026-10-10"}, "unevaluated": True},
      {"unevaluated": True}]),
    ("AUTH_TOKEN_EXPIRED", [{"authorizations": {"allowed": "EXPIRED"}}],
     [{"authorizations": {"allowed": "ALLOWED"}},
      {"authorizations": [{"allowed": "EXPIRED", "answered_at": at("10T08:58")}, {"allowed": "ALLOWED"}]},
      {"authorizations": {"allowed": "EXPIRED", "answered_at": at("10T07:59:59")}, "unevaluated": True},
      {"authorizations": {"allowed": "EXPIRED", "answered_at": at("10T09:05:01")}, "unevaluated": True}]),
    ("AUTH_SITE_NOT_ALLOWED", [{"authorizations": {"allowed": "NOT_ALLOWED"}}],
     [{"authorizations": {"allowed": "ALLOWED"}},
      {"authorizations": {"allowed": "NOT_ALLOWED", "evse_uid": "ELSEWHERE"}, "unevaluated": True}]),
    ("AUTH_REFERENCE_MISMATCH",
     [{"authorizations": {"allowed": "ALLOWED", "authorization_reference": "REF-1"}},
      {"authorization_reference": "REF-2", "authorizations": [
          {"allowed": "ALLOWED", "authorization_reference": "REF-2", "answered_at": at("10T08:50")},
          {"allowed": "ALLOWED", "authorization_reference": "REF-3"}]}],
     [{"authorization_reference": "ref-4", "authorizations": {"allowed": "ALLOWED",
                                                              "authorization_reference": "REF-4"}},
      {"ocpi_version": "csv", "authorizations": {"allowed": "ALLOWED", "authorization_reference": "REF-5"},
       "unevaluated": True},
      {"authorizations": {"allowed": "ALLOWED"}, "unevaluated": True}]),
    ("AUTH_CONTRACT_INACTIVE", [{"cpo_party": "NL/REG", "file_seq": 2}, {"cpo_party": "NL/CAR", "file_seq": 2},
                                {"cpo_party": "NL/REG", "emsp_party": "NL/EVS", "file_seq": 3}],
     [{}, {"cpo_party": "NL/EM2"}, {"cpo_party": "NL/CAR", "file_seq": 3}, {"cpo_party": "NL/STR", "file_seq": 2}]),
    ("AUTH_ADHOC_DUPLICATE", [{"receipts": {"terminal_id": "T1"}},
                              {"receipts": {"terminal_id": "T2", "session_id": None, "evse_uid": "EV-TERM",
                                            "started_at": at("10T09:02")}, "evse_uid": "EV-TERM"}],
     [{"receipts": {}}, {"receipts": {"terminal_id": "T1", "kind": "shown"}},
      {"receipts": {"terminal_id": "T1", "session_id": None, "evse_uid": "EV-TERM2", "started_at": at("10T09:02:01")},
       "evse_uid": "EV-TERM2"}]),
    ("TARIFF_NOT_DISPLAYED", [ours("SHOWN-LATE"), ours("SHOWN-OTHERWISE"), ours("NEVER-SHOWN")],
     [ours("SHOWN"), ours("shown-so"), {"unevaluated": True}]),
    ("TAX_RATE_WRONG", [{"location_country": "DEU"}, {"location_country": "BEL"}, {"location_country": "AT"}],
     [{"location_country": "NLD"}, {"location_country": "FRA"}, {"location_country": "NLD", "tariffs":
         [{"tariff_no": FREE}], "unevaluated": True}, {"location_country": "CHE", "unevaluated": True}]),
    ("OUTCOME_FAILED_BILLED",
     [{"sessions": {"status": "INVALID"}},
      {"charger_events": stop("EmergencyStop"), "energy_kwh": Decimal("0.0499")}],
     [{"sessions": {"status": "COMPLETED"}}, {"sessions": {"status": "INVALID"}, "claimed_excl_tax": 0},
      {"charger_events": stop("EmergencyStop"), "energy_kwh": Decimal("0.05")},
      {"charger_events": stop("Local"), "energy_kwh": Decimal("0.01")}, {"unevaluated": True}]),
    # The run is of the second of November, six in the morning.
    ("OUTCOME_NOT_FINAL", [{"sessions": {"status": "ACTIVE"}},
                           {"sessions": {"status": "PENDING"}, "ended_at": "2026-11-01T23:59:59Z"}],
     [{"sessions": {"status": "ACTIVE"}, "ended_at": "2026-11-02T00:00:00Z"}, {"sessions": {}}, {"unevaluated": True}]),
    ("OUTCOME_INTERRUPTED", [{"charger_events": stop("PowerLoss")},
                             {"charger_events": {"event": "firmware", "value": "2.1", "happened_at": at("10T09:40")}}],
     [{"charger_events": stop("EVDisconnected")}, {"charger_events": stop("PowerLoss"), "claimed_excl_tax": 0},
      {"unevaluated": True}]),
    # These have cases of their own in gate_cases.py, too: here evidence decides otherwise.
    ("AUTH_TOKEN_BLOCKED", [{"authorizations": {"allowed": "BLOCKED"}}],
     [{"token": {"is_valid": False}, "authorizations": {"allowed": "ALLOWED"}}]),
    ("AUTH_WHITELIST_MISUSE", [{"authorizations": {"allowed": "ALLOWED_OFFLINE"}}],
     [{"authorizations": {"allowed": "ALLOWED_OFFLINE"}, "charger_events": [
         {"event": "outage_start", "happened_at": at("10T08:00")},
         {"event": "outage_end", "happened_at": at("10T08:55")}]}]),
    ("LOC_NOT_IN_SERVICE", [{"assets": {"owner_party": "NL/EMO", "commissioned_on": "2026-10-12"}},
                            {"assets": {"owner_party": "NL/EMO", "retired_on": "2026-10-09"}}],
     [{"assets": {"owner_party": "NL/EMO", "commissioned_on": "2026-10-11"}},
      {"assets": {"owner_party": "NL/EMO", "retired_on": "2026-10-10"}}]),
    ("OUTCOME_FREE_VEND_BILLED", [{"charger_events": {"event": "start", "value": "FreeVend"}}], [{"charger_events": {
        "event": "start", "value": "FreeVend"}, "claimed_excl_tax": 0}]),
]  # fmt: skip
