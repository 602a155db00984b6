"""For each rule of gate 1 on a CDR or record: sessions that just break it, and sessions that just pass.

A case bends the session of tests/raw_rows.py. Keys beside raw_cdrs columns: periods and tariffs; connector and token
(columns of the session's own master rows, None for no row); beside (other CDRs, with their own bends); file_seq.
"""

from decimal import Decimal
from typing import Any

from tests.raw_rows import CONTRADICTION, FOREIGN, FREE, OTHER, PRICE, TAX_WITHIN, TAXED, UNTAXED, at

Bend = dict[str, Any]
HOUR = {"energy_kwh": 10, "time_hours": 1}
REGISTRY = {"cpo_party": "NL/REG", "file_seq": 2}


def period(start: str, **dimensions: Any) -> Bend:
    return {"started_at": at(start), **(dimensions or HOUR)}


def registry(tariff_id: str, **bend: Any) -> Bend:
    """A session of the partner whose tariffs are those of the registry."""
    return {**REGISTRY, "periods": [period("10T09:00", tariff_id=tariff_id, **HOUR)], "tariffs": [], **bend}


def careful(tariff_id: str, **bend: Any) -> Bend:
    return registry(tariff_id, cpo_party="NL/CAR", **bend)


def spot(latitude: str, longitude: str) -> Bend:
    """A session whose record puts its site there; its operator has it at 52, 5."""
    known = {"latitude": Decimal(52), "longitude": Decimal(5)}
    return {"sent_latitude": Decimal(latitude), "sent_longitude": Decimal(longitude), "connector": known}


def strict(**bend: Any) -> Bend:
    """A session under the contract that requires everything."""
    own = {"connector": {"cpo_party": "NL/STR"}, "cpo_party": "NL/STR", "file_seq": 2}
    return {**own, **bend}


SHORT = {"ended_at": at("10T09:00:59"), "energy_kwh": 0, "periods": [period("10T09:00", energy_kwh=0)]}
DC = {"connector": {"power_type": "DC", "max_power_w": 50000}, "total_time_hours": None}
LONG_DC = {**DC, "started_at": at("10T01:00"), "periods": [period("10T01:00")]}
# Beside a session that ends at 10:00: one shares 61 seconds with it, one the 60 that are tolerated.
LATE_BY_A_MINUTE = {"started_at": at("10T09:58:59"), "ended_at": at("10T11:00")}
LATER = {"started_at": at("10T09:59"), "ended_at": at("10T11:00")}
TEN_KWH = {"periods": [period("10T09:00")]}
TWO_DAYS = {"started_at": at("08T09:00"), "periods": [period("08T09:00")], "total_time_hours": None}
NEAR = {"evse_uid": "EV-NEAR", "token_uid": "TOK-NEAR", "session_id": "near"}

# Of a zone whose clock was set back at 01:00 UTC on the 25th: two hours that passed, one by the wall clock.
FALL = {"started_at": at("25T00:30"), "ended_at": at("25T02:30"), "total_time_hours": 2, "connector":
        {"time_zone": "Europe/Berlin"}, "periods": [period("25T00:30", time_hours=2, energy_kwh=10)]}  # fmt: skip
REGISTER = [period("10T09:00", energy_kwh=5), period("10T09:30", energy_kwh=10)]
REGISTER_BACK = [period("10T09:30", energy_kwh=5), period("10T09:00", energy_kwh=10)]
TINY = {"ended_at": at("10T10:00")}
TWO_PERIODS = [period("10T09:00", tariff_id="T1", **HOUR), period("10T09:30", tariff_id="T1", **HOUR)]
SWITCH: list[Bend] = [{}, {"valid_from": at("10T09:30")}]

# rule_id, bends that break it, bends that pass.
CASES: list[tuple[str, list[Bend], list[Bend]]] = [
    ("SCHEMA_REQUIRED_MISSING", [{"missing_fields": "last_updated,currency"}], [{}]),
    ("SCHEMA_TYPE_INVALID", [{"type_problems": "total_energy is 'ten', not a number"}], [{}]),
    ("ID_PARTY_UNKNOWN", [{"cpo_party": "DE/XXX"}, {"emsp_party": None}], [{"emsp_party": "nl/evs"}]),
    ("ID_ROUTE_NOT_ALLOWED", [{"emsp_party": "NL/STR"}, {"cpo_party": "NL/STR"}], [{"file_seq": 2}, {"file_seq": 3}]),
    ("ID_LENGTH", [{"cdr_id": "A" * 37}, {"cdr_id": "C" * 40, "is_credit": True}],
     [{"cdr_id": "B" * 36}, {"cdr_id": "C" * 39, "is_credit": True}]),
    ("NUM_PRECISION_EXCESS", [{"excess_precision": "total_energy"}], [{}]),
    ("PERIODS_EMPTY", [{"periods": []}, {"periods": [{"started_at": at("10T09:00")}]}],
     [{"periods": [period("10T09:00", reservation_hours=1)]}]),
    ("DIMENSION_NOT_BILLABLE", [{"periods": [period("10T09:00", energy_kwh=10, other_dimensions="POWER")]},
                                {"periods": [period("10T09:00", energy_kwh=10, unknown_dimensions="WARP")]}], [{}]),
    ("SESSION_ID_REUSED", [{"session_id": "twice", "beside": [{"session_id": "TWICE", "first": True}]}],
     [{"session_id": "once", "beside": [{"session_id": "once"}]},
      {"session_id": "credited", "beside": [{"session_id": "credited", "first": True, "credited": True}]}]),
    ("DUP_NEAR", [{**NEAR, "beside": [{**NEAR, "first": True, "started_at": at("10T09:01"), "session_id": "n1",
                                       "energy_kwh": Decimal("10.1")}]}],
     [{**NEAR, "evse_uid": "EV-N2", "beside": [{**NEAR, "first": True, "evse_uid": "EV-N2", "session_id": "n2",
                                                "started_at": at("10T09:01:01")}]},
      {**NEAR, "evse_uid": "EV-N3", "beside": [{**NEAR, "first": True, "evse_uid": "EV-N3", "session_id": "n3",
                                                "energy_kwh": Decimal("10.1001")}]}]),
    ("OVERLAP_CONNECTOR",
     [{"evse_uid": "EV-O1", "beside": [{"evse_uid": "EV-O1", **LATE_BY_A_MINUTE}]},
      # Not the neighbour in order of start, but one long before it, is still there.
      {"evse_uid": "EV-O2", "beside": [
          {"evse_uid": "EV-O2", "started_at": at("10T01:00"), "ended_at": at("10T10:30")},
          {"evse_uid": "EV-O2", "started_at": at("10T02:00"), "ended_at": at("10T03:00")}]}],
     [{"evse_uid": "EV-O3", "beside": [{"evse_uid": "EV-O3", **LATER}]},
      {"evse_uid": "EV-O4", "beside": [{"evse_uid": "EV-O4", "connector_id": "2"}]},
      {"evse_uid": "EV-O5", "beside": [{"evse_uid": "EV-O5", "credited": True}]}]),
    ("OVERLAP_TOKEN", [{"token_uid": "TOK-O1", "beside": [{"token_uid": "TOK-O1", **LATE_BY_A_MINUTE}]}],
     [{"token_uid": "TOK-O2", "beside": [{"token_uid": "TOK-O2", **LATER}]},
      {"token_uid": "TOK-O3", "location_id": "HERE", "beside": [{"token_uid": "TOK-O3", "location_id": "here"}]}]),
    ("TIME_NO_ZONE", [{"time_form": "none"}], [{}, {"time_form": "offset"}]),
    ("TIME_OFFSET_FORM", [{"time_form": "offset"}], [{}]),
    ("TIME_EPOCH_SENTINEL", [{"ended_at": "1970-01-01T00:00:00Z"}, {"started_at": "1970-01-01T01:00:00Z"}],
     [{"started_at": "2009-12-31T23:59:59Z"}]),
    ("TIME_YEAR_IMPLAUSIBLE", [{"started_at": "2009-12-31T23:59:59Z"}, {"ended_at": "0014-11-18T10:00:00Z"}],
     [{"ended_at": "1970-01-01T00:00:00Z"}, {"started_at": "2010-01-01T00:00:00Z"}]),
    ("TIME_END_BEFORE_START", [{"ended_at": at("10T08:59:59")}, {"ended_at": at("10T09:00")}],
     [{"ended_at": at("10T09:00"), "energy_kwh": 0}, {"ended_at": at("10T09:00:01")}]),
    ("TIME_FUTURE", [{"ended_at": at("10T11:05:01")}, {"started_at": at("10T11:05:01")}],
     [{"ended_at": at("10T11:05:00")}]),
    ("TIME_TOTAL_MISMATCH",
     [{"total_time_hours": Decimal("1.01694445")}, {"total_time_hours": Decimal("0.98305555")},
      {"total_time_hours": Decimal("2"), "total_parking_hours": Decimal("2")}],
     [{"total_time_hours": Decimal("1.01666666")}, {**TWO_DAYS, "total_time_hours": Decimal("48.51")},
      {"started_at": at("10T08:00"), "periods": [period("10T08:00", reservation_hours=1), period("10T09:00")]}]),
    ("TIME_PERIOD_UNSORTED", [{"periods": [period("10T09:30"), period("10T09:00")]}],
     [{"periods": [period("10T09:00"), period("10T09:00"), period("10T09:30")]}]),
    ("TIME_PERIOD_ORDER", [{"periods": [period("10T09:00"), period("10T10:00:02")]},
                           {"periods": [period("10T08:59:58")]},
                           {"periods": [period("10T08:00"), period("10T09:00")]}],
     [{"periods": [period("10T09:00"), period("10T10:00:01")]}, {"periods": [period("10T08:59:59")]},
      {"periods": [period("10T08:00", reservation_hours=1), period("10T09:00")]}]),
    ("TIME_PERIOD_HOLE", [{"periods": [period("10T09:01:01")]}], [{"periods": [period("10T09:01:00")]}]),
    ("TIME_DST_AMBIGUOUS", [{"is_time_ambiguous": True}], [{}]),
    ("TIME_ZONE_MISSING", [{"connector": {"time_zone": "Europe/Atlantis"}}, {"connector": None}],
     [{}, {"connector": {"time_zone": None}, "record_time_zone": "Europe/Amsterdam"}]),
    ("SESSION_OVER_MAX_HOURS",
     [{**TWO_DAYS, "ended_at": at("10T09:00:01")}, {**LONG_DC, "ended_at": at("10T09:00:01")}],
     [{**TWO_DAYS, "ended_at": at("10T09:00")}, {**LONG_DC, "ended_at": at("10T09:00")}]),
    ("SESSION_TOO_SHORT", [SHORT, {**SHORT, "claimed_excl_tax": None, "energy_kwh": 1}],
     [{**SHORT, "claimed_excl_tax": 0}, {**SHORT, "ended_at": at("10T09:01")}]),
    ("CDR_SLOW_DELIVERY", [{"started_at": at("09T10:00"), "ended_at": at("09T10:59:59")}],
     [{"started_at": at("09T10:00"), "ended_at": at("09T11:00")}]),
    ("ENERGY_NEGATIVE", [{"energy_kwh": Decimal("-0.001")}], [{"energy_kwh": 0}]),
    ("ENERGY_PERIOD_SUM",
     [{"energy_kwh": Decimal("10.0101"), **TEN_KWH}, {"energy_kwh": Decimal("9.9899"), **TEN_KWH}],
     [{"energy_kwh": Decimal("10.01"), **TEN_KWH},
      {"energy_kwh": 100, "periods": [period("10T09:00", energy_kwh=Decimal("99.9"))]},
      {"periods": [period("10T09:00", time_hours=1)], "unevaluated": True}]),
    ("ENERGY_OVER_CONNECTOR",
     [{"energy_kwh": Decimal("23.1001")}, {"energy_kwh": 12, "total_parking_hours": Decimal("0.5")}],
     [{"energy_kwh": Decimal("23.1")}, {"energy_kwh": Decimal("11.55"), "total_parking_hours": Decimal("0.5")}]),
    ("ENERGY_ABS_LIMIT",
     [{"energy_kwh": Decimal("250.0001")}, {"energy_kwh": 1001, "connector": {"max_power_w": 1000000}}],
     [{"energy_kwh": 250}, {"energy_kwh": 1000, "connector": {"max_power_w": 1000000}}]),
    ("ENERGY_ZERO_WITH_FEE", [{"energy_kwh": Decimal("0.05")}],
     [{"energy_kwh": Decimal("0.0501")}, {"energy_kwh": 0, "claimed_excl_tax": 0},
      {"energy_kwh": 0, "periods": [period("10T09:00", reservation_hours=1)], "unevaluated": True}]),
    ("ENERGY_NO_CHARGE_TIME", [{"total_parking_hours": 1}], [{"total_parking_hours": Decimal("0.9999")},
                                                            {"total_parking_hours": 1, "energy_kwh": Decimal("0.1")}]),
    ("PARKING_OVER_TOTAL", [{"total_parking_hours": Decimal("1.0168")}], [{"total_parking_hours": Decimal("1.0167")}]),
    ("LOC_UNKNOWN", [{"connector": None}], [{}, {"connector": None, "is_home_charging": True, "unevaluated": True},
                                           {"evse_uid": "#NA", "location_id": "LOC-EV-KNOWN", "connector_id": "#NA"}]),
    ("LOC_CONNECTOR_DRIFT",
     [{"connector_id": "9", "connector": {"connector_id": "1"}}, {"hardware_change": "2026-10-10T09:00:00Z"}],
     [{}, {"hardware_change": "2026-10-10T09:00:01Z"}]),
    # After the migration the new id needs no alias.
    ("LOC_ALIAS_USED",
     [{"evse_uid": "EV-OLD", "connector": None, "started_at": at("10T06:00"), "ended_at": at("10T07:00"),
       "periods": [period("10T06:00")]}],
     [{"evse_uid": "EV-NEW", "connector": None, "location_id": "LOC-EV-NEW", "periods": [period("10T09:00")]}]),
    ("ID_FORM_DRIFT",
     [{"evse_uid": "EV*FORM", "connector": None}, {"evse_uid": "ev-lower", "connector": None},
      {"contract_id": "NL-EVS-000000001-0"},
      {"contract_id": "nlevs000000002", "token": {"contract_id": "NL-EVS-000000002"}}],
     [{}, {"contract_id": "NL-EVS-000000003", "token": {"contract_id": "NL-EVS-000000003"}}]),
    ("AUTH_TOKEN_UNKNOWN", [{"token": None}], [{}, {"token": None, "token_type": "AD_HOC_USER", "unevaluated": True}]),
    ("AUTH_TOKEN_BLOCKED", [{"token": {"is_valid": False}}, {"token_change": at("10T08:44:59")}],
     [{"token": {"is_valid": False, "whitelist": "ALWAYS"}}, {"token_change": at("10T08:45")}]),
    ("TARIFF_REF_MISSING", [{"tariffs": []}, {"tariffs": [{}, {"tariff_id": "T2"}]}],
     [{"tariffs": [{}, {"tariff_id": "T2"}], "periods": [period("10T09:00", tariff_id="T1", **HOUR)]},
      {"tariffs": [], "claimed_excl_tax": 0}, {"tariffs": [], "ocpi_version": "csv", "unevaluated": True}]),
    ("TARIFF_UNKNOWN", [registry("NOWHERE")], [registry("std")]),
    ("TARIFF_NOT_IN_FORCE", [{"tariffs": [{"valid_to": at("10T09:00")}]}, registry("ENDED"), registry("COMING")],
     [{"tariffs": [{"valid_from": at("10T09:00"), "valid_to": at("10T09:00:01")}]}, registry("STD")]),
    ("TARIFF_NOT_APPROVED", [careful("NOBODY"), careful("TOO-LATE")],
     [careful("SIGNED"), careful("RETRO"), registry("STD")]),
    ("TARIFF_RETROACTIVE", [registry("BACKDATED")], [registry("IN-TIME"), registry("STD"), careful("RETRO")]),
    ("TARIFF_OVERLAP", [registry("TWICE"), {"tariffs": [{}, {"tariff_no": OTHER}]}],
     [registry("STD"), registry("SUCCEEDED"), {"tariffs": [{}, {}]},
      {"tariffs": [{"valid_to": at("10T09:00")}, {"tariff_no": OTHER, "valid_from": at("10T09:00")}]}]),
    ("TARIFF_BODY_DIFF", [registry("STD", tariffs=[{"tariff_id": "STD", "tariff_no": OTHER}])],
     [registry("STD", tariffs=[{"tariff_id": "STD"}]), {"unevaluated": True}]),
    ("CCY_INVALID", [{"currency": "EURO"}, {"currency": "DEM"}], [{}]),
    ("CCY_TARIFF_MISMATCH", [{"tariffs": [{"tariff_no": FOREIGN}]}], [{}]),
    ("CCY_NO_FX_TERM", [{"currency": "CHF", "tariffs": [{"tariff_no": FOREIGN}]}], [{}]),
    ("TAX_MISSING", [strict(claimed_incl_tax=None, tariffs=[{"tariff_no": PRICE}])],
     [strict(claimed_incl_tax=None), strict(tariffs=[{"tariff_no": PRICE}]),
      strict(ocpi_version="2.1.1", claimed_incl_tax=None, tariffs=[{"tariff_no": PRICE}], unevaluated=True)]),
    ("TAX_ARITHMETIC", [{"claimed_incl_tax": Decimal("3.6401")}, {"claimed_incl_tax": Decimal("3.6199")}],
     [{"claimed_incl_tax": Decimal("3.64")}, {"claimed_incl_tax": Decimal("3.62")},
      {"tariffs": [{"tariff_no": PRICE}], "unevaluated": True}]),
    ("OUTCOME_TEST", [{"is_test": True}], [{}, {"is_test": None, "unevaluated": True}]),
    ("OUTCOME_UNPRICED", [{"claimed_excl_tax": 0, "energy_kwh": Decimal("0.1001")}],
     [{"claimed_excl_tax": 0, "energy_kwh": Decimal("0.1")},
      {"claimed_excl_tax": 0, "tariffs": [{"tariff_no": FREE}]}]),
    ("OUTCOME_HOME_COMP", [{"is_home_charging": True}], [{}, {"is_home_charging": None, "unevaluated": True}]),
    ("SCHEMA_VERSION_MISMATCH", [{"version_conflict": "excl_vat beside before_taxes"}],
     [{}, {"ocpi_version": "csv", "unevaluated": True}]),
    ("NUM_DECIMAL_COMMA", [{"type_problems": 'total_energy is "12,5", expected a number without a decimal comma'}],
     [{}, {"type_problems": "total_energy is 'ten', expected a number"}]),
    ("ID_OPERATOR_PREFIX", [{"evse_id": "NL*XXX*E1"}, {"evse_id": "DEEMOE1"}],
     [{"evse_id": "NL*EMO*E1"}, {"evse_id": "nlemoE1"}, {"evse_id": "NL*EM2*E1"},
      {"evse_id": "DUNDEE1", "ocpi_version": "csv", "unevaluated": True}, {"unevaluated": True}]),
    ("AUTH_REFERENCE_REUSED", [{"authorization_reference": "R1", "beside": [
        {"authorization_reference": "r1", "first": True}]}],
     [{"authorization_reference": "R2", "beside": [{"authorization_reference": "R2"}]},
      {"authorization_reference": "R3", "beside": [{"authorization_reference": "R3", "first": True, "credited": True}]},
      {"unevaluated": True}]),
    ("TIME_EPOCH_UNIT", [{"time_form": "epoch"}], [{}, {"time_form": "none"}]),
    ("TIME_DST_CROSSING",
     [{**FALL, "total_time_hours": Decimal("1")}, {**FALL, "total_time_hours": Decimal("0.9834")},
      {**FALL, "total_time_hours": None, "periods": [period("25T00:30", time_hours=1, energy_kwh=10)]},
      {**FALL, "total_time_hours": Decimal("1"), "total_parking_hours": Decimal("1")}],
     [FALL, {**FALL, "total_time_hours": Decimal("1.5")}, {"unevaluated": True}]),
    ("ENERGY_CUMULATIVE_PERIODS",
     [{"energy_kwh": 10, "periods": REGISTER}, {"energy_kwh": Decimal("10.1"), "periods": REGISTER},
      {"energy_kwh": Decimal("9.9"), "periods": [period("10T09:00", energy_kwh=Decimal("0.2")),
                                                 period("10T09:30", energy_kwh=Decimal("9.9"))]}],
     [{"energy_kwh": Decimal("10.11"), "periods": REGISTER}, {"energy_kwh": 15, "periods": REGISTER},
      {"energy_kwh": 10, "periods": list(reversed(REGISTER_BACK))},
      {"energy_kwh": 10, "periods": [period("10T09:00", energy_kwh=Decimal("0.1")),
                                     period("10T09:30", energy_kwh=10)]},
      {"unevaluated": True}]),
    ("ENERGY_UNIT_WH",
     [{"energy_kwh": 10000}, {"energy_kwh": 24, **TINY, "claimed_excl_tax": Decimal("0.0072")},
      {"energy_kwh": 10000, "claimed_excl_tax": Decimal("3.15")}, {"energy_kwh": 10000, "claimed_excl_tax": None}],
     [{"energy_kwh": 10000, "claimed_excl_tax": Decimal("3.1501")}, {"energy_kwh": 10000, "claimed_excl_tax": 3000},
      {"energy_kwh": 23, "claimed_excl_tax": Decimal("0.0069")}, {"energy_kwh": 30000},
      {"energy_kwh": 900, "claimed_excl_tax": None}]),
    ("ENERGY_UNIT_TOO_SMALL",
     [{"energy_kwh": Decimal("0.01")}, {"energy_kwh": Decimal("0.01"), "claimed_excl_tax": Decimal("3.15")},
      {"energy_kwh": Decimal("0.01"), "claimed_energy_excl_tax": 3, "claimed_excl_tax": 5}],
     [{"energy_kwh": Decimal("0.01"), "claimed_excl_tax": Decimal("3.1501")}, {},
      {"energy_kwh": Decimal("0.024"), "claimed_excl_tax": Decimal("7.20")},
      {"energy_kwh": Decimal("0.01"), "claimed_excl_tax": None, "unevaluated": True}]),
    ("ENERGY_PERIOD_POWER",
     [{"periods": [period("10T09:00", energy_kwh=Decimal("12.1001")), period("10T09:30", time_hours=1)]}],
     [{"periods": [period("10T09:00", energy_kwh=Decimal("12.1")), period("10T09:30", time_hours=1)]},
      {"periods": [period("10T09:00", time_hours=1)], "unevaluated": True}]),
    ("LOC_NOT_IN_SERVICE", [{"connector": {"evse_status": "REMOVED", "last_updated": at("09T08:59:59")}},
                            {"connector": {"evse_status": "PLANNED"}}],
     [{"connector": {"evse_status": "REMOVED", "last_updated": at("09T09:00")}},
      {"connector": {"evse_status": "AVAILABLE"}}, {"connector": None, "unevaluated": True}]),
    ("LOC_NA_MISUSE", [{"evse_uid": "#NA", "connector_id": "#NA"}, {"connector_id": "#NA"}],
     [{"connector_id": "#NA", "periods": [period("10T09:00", reservation_hours=1)]}, {}]),
    ("LOC_SNAPSHOT_DIFF", [{"location_country": "DEU", "connector": {"country": "NLD"}}, {"location_id": "ELSEWHERE"},
                           {"sent_standard": "CHADEMO", "connector": {"standard": "IEC_62196_T2"}},
                           {"sent_address": "Quay 2", "connector": {"address": "Quay 1"}},
                           {"sent_city": "Delft", "connector": {"city": "Almere"}},
                           spot("52.0011", "5"), spot("52", "4.9989")],
     [{"location_country": "nld", "connector": {"country": "NLD"}}, spot("52.001", "4.999"),
      {"sent_address": "quay 1, A", "sent_city": "ALMERE", "connector": {"address": "Quay 1-A", "city": "Almere"}},
      {"sent_address": "Quay 2", "connector": {"city": "Almere"}},
      {"location_country": "NL", "connector": {"country": "NLD"}}, {"connector": None, "unevaluated": True}]),
    ("AUTH_WHITELIST_MISUSE", [{"auth_method": "WHITELIST"}],
     [{"auth_method": "AUTH_REQUEST"}, {"auth_method": "WHITELIST", "token": {"whitelist": "ALLOWED"}},
      {"auth_method": "WHITELIST", "token": None, "unevaluated": True}]),
    ("TARIFF_SWITCHED_IN_SESSION", [{"tariffs": SWITCH, "periods": TWO_PERIODS}],
     [{"tariffs": SWITCH}, {"tariffs": [{}, {"valid_from": at("10T09:00")}], "periods": TWO_PERIODS}]),
    ("TARIFF_TYPE_WRONG", [{"tariffs": [{"tariff_type": "AD_HOC_PAYMENT"}]},
                           {"tariffs": [{"tariff_type": "PROFILE_FAST"}]}],
     [{"tariffs": [{"tariff_type": "AD_HOC_PAYMENT"}], "token_type": "AD_HOC_USER"},
      {"tariffs": [{"tariff_type": "REGULAR"}]}, {"unevaluated": True}]),
    ("TAX_BASIS_UNCLEAR", [{"tariffs": [{"tariff_no": UNTAXED}], "claimed_incl_tax": Decimal("3.0101")},
                           {"tariffs": [{"tariff_no": TAX_WITHIN}], "claimed_incl_tax": 3},
                           {"tariffs": [{"tariff_no": CONTRADICTION}]}],
     [{"tariffs": [{"tariff_no": UNTAXED}], "claimed_incl_tax": Decimal("3.01")},
      {"tariffs": [{"tariff_no": TAX_WITHIN}]}, {"unevaluated": True}]),
    ("OUTCOME_FREE_VEND_BILLED", [{"tariffs": [{"tariff_no": FREE}], "claimed_excl_tax": Decimal("0.01")}],
     [{"tariffs": [{"tariff_no": FREE}], "claimed_excl_tax": 0}, {}, {"tariffs": [], "unevaluated": True}]),
    ("OUTCOME_RESERVATION",
     [{"energy_kwh": 0, "periods": [period("10T09:00", reservation_hours=1)], "claimed_energy_excl_tax": 1},
      {"energy_kwh": 0, "periods": [period("10T09:00", reservation_hours=1)],
       "claimed_fixed_excl_tax": Decimal("0.01")}],
     [{"energy_kwh": 0, "periods": [period("10T09:00", reservation_hours=1)], "claimed_reservation_excl_tax": 3},
      {"claimed_energy_excl_tax": 3, "unevaluated": True}]),
    ("EVIDENCE_REQUIRED", [strict(token_uid=None), strict(evse_uid=None, location_id=None)],
     [strict(), {"token_uid": None, "unevaluated": True}]),
]  # fmt: skip

TARIFFS: list[Bend] = [
    {"tariff_id": "STD", "tariff_no": TAXED},
    {"tariff_id": "ENDED", "tariff_no": TAXED, "valid_to": at("10T09:00")},
    {"tariff_id": "COMING", "tariff_no": TAXED, "valid_from": at("10T09:00:01")},
    # Known after the start of the sessions, and said to hold before it.
    {"tariff_id": "BACKDATED", "tariff_no": TAXED, "is_opening": False, "sighting_seq": 5,
     "seen_at": at("10T09:00:01")},
    {"tariff_id": "IN-TIME", "tariff_no": TAXED, "is_opening": False, "seen_at": at("10T09:00"), "sighting_seq": 5},
    {"tariff_id": "TWICE", "tariff_no": TAXED},
    {"tariff_id": "TWICE", "tariff_no": OTHER},
    {"tariff_id": "SUCCEEDED", "tariff_no": OTHER},
    {"tariff_id": "SUCCEEDED", "tariff_no": TAXED, "valid_from": at("01T00:00")},
    {"tariff_id": "NOBODY", "tariff_no": TAXED, "cpo_party": "NL/CAR"},
    {"tariff_id": "SIGNED", "tariff_no": TAXED, "cpo_party": "NL/CAR"},
    {"tariff_id": "TOO-LATE", "tariff_no": TAXED, "cpo_party": "NL/CAR", "is_opening": False, "sighting_seq": 4},
    {"tariff_id": "RETRO", "tariff_no": TAXED, "cpo_party": "NL/CAR", "is_opening": False, "sighting_seq": 6,
     "seen_at": at("20T00:00")},
]  # fmt: skip
