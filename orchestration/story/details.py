"""What only the warehouse of the last run has of one session: charger, token, terms, periods, totals, texts of records.

What does not belong here: anything that is published (session).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from orchestration.facts.home import Home
from orchestration.pseudonyms import pseudonym
from orchestration.story.at_charger import AtCharger, told_at_charger
from orchestration.story.persons import without_persons
from orchestration.warehouse import named_rows

Row = Mapping[str, Any]

_SENT = """
    select source, ocpi_version, time_zone, session_id, authorization_reference, auth_method, token_type, token_uid,
        contract_id, location_id, evse_uid, evse_id, connector_id, canonical_connector_id, place_alias,
        evse_drifted_from, is_evse_known, known_location_id, connector_power_type, connector_max_power_w,
        connector_standard, meter_id, register_start_kwh, register_end_kwh, total_time_hours, total_parking_hours,
        amount_sign,
        claimed_fixed_excl_tax, claimed_energy_excl_tax, claimed_time_excl_tax, claimed_parking_excl_tax,
        claimed_reservation_excl_tax
    from inspect.cdrs
    where record_id = $record
"""

_TERMS = """
    select contract_version, contract_name, contract_valid_from, is_contract_approved, tariff_source, period_policy,
        discount_percent, rounding_mode, rounding_level, rounding_scale, tolerance_amount, tolerance_percent, late_days
    from inspect.cdr_terms
    where cdr_key = $key
"""

_CONTRACT_APPROVAL = """
    select arg_max(actor, seq) as approved_by, max(seq) as seq
    from ingest.ledger_entries
    where subject = 'partner:' || $partner and event = 'approve' and kind = 'decision'
    having count(*) > 0
"""

# As ingest.charging_periods has them; asked of that view, every period of every session would be looked at.
_PERIODS = """
    select period_no, started_at, coalesce(lead(started_at) over (order by started_at, period_no), $ended) as ended_at,
        energy_kwh, time_hours, parking_hours, reservation_hours, tariff_id
    from ingest.raw_charging_periods
    where record_id = $record
    order by period_no
"""

_TOTALS = """
    select is_priced, total_excl_tax, fixed_excl_tax, energy_excl_tax, time_excl_tax, parking_excl_tax,
        reservation_excl_tax, limit_excl_tax, total_incl_tax
    from rate.price_totals
    where cdr_key = $key and reading = 'base'
"""

_RANGE = "select reading_min, reading_max, min_excl_tax, max_excl_tax from rate.price_ranges where cdr_key = $key"

_TAX = """
    select supplier_country, customer_country, customer_regime, site_country, has_rules, answers, category,
        rate_percent, note, decision_id
    from settle.cdr_taxes_due
    where cdr_key = $key
"""

_EVIDENCE = """
    select has_sessions, has_session, session_started_at, session_ended_at, session_status, answered_at, allowed,
        reference_given, terminal_id
    from inspect.cdr_evidence
    where cdr_key = $key
"""

_RECEIPTS = """
    select kind, shown_at, amount_incl_tax, currency, source
    from ingest.receipts
    where is_latest and lower(cpo_party) = lower($cpo)
        and (lower(cdr_id) = lower($cdr) or lower(session_id) = lower($session))
    order by shown_at, record_id
"""

_ASSET = """
    select owner_party, site_model, user_group
    from ingest.assets
    where evse_uid = $evse and known_to is null
    order by known_seq desc
    limit 1
"""

_SIGNED = "select meter_serial, is_signature_bad, is_signature_unknown from inspect.signed_facts where cdr_key = $key"

_TEXT = "select record_id, raw_text from ingest.raw_records where record_id = $record"


@dataclass(frozen=True, slots=True)
class Details:
    """One session as the warehouse has it. Ids of tokens and drivers' contracts are pseudonyms, in texts too."""

    sent: Row
    terms: Row
    contract_approval: Row
    periods: Sequence[Row]
    totals: Row
    price_range: Row
    tax: Row
    evidence: Row
    at_charger: AtCharger
    receipts: Sequence[Row]
    asset: Row
    signed: Row
    texts: Mapping[int, str]


def details_of(home: Home, cdr: Row, records: Sequence[int]) -> Details | None:
    """None while a run holds the warehouse, or when there is none or it is of another version."""
    try:
        with duckdb.connect(str(home.warehouse), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return _read(connection, cdr, records)
    except duckdb.Error:
        return None


def text_of(home: Home, record_id: int) -> str | None:
    """One record as it stands in its file, under the same conditions; nothing while a run holds the warehouse."""
    try:
        with duckdb.connect(str(home.warehouse), read_only=True) as connection:
            row = connection.execute(_TEXT, {"record": record_id}).fetchone()
    except duckdb.Error:
        return None
    return None if row is None else without_persons(str(row[1]), [])


def _read(connection: duckdb.DuckDBPyConnection, cdr: Row, records: Sequence[int]) -> Details:
    def rows(sql: str, **parameters: Any) -> list[dict[str, Any]]:
        return named_rows(connection.execute(sql, parameters))

    def first(sql: str, **parameters: Any) -> dict[str, Any]:
        return next(iter(rows(sql, **parameters)), {})

    key, record = cdr["cdr_key"], cdr["record_id"]
    sent = first(_SENT, record=record)
    persons = [sent.get("token_uid"), sent.get("contract_id")]
    return Details(
        sent=sent | {name: pseudonym(sent.get(name)) for name in ("token_uid", "contract_id")},
        terms=first(_TERMS, key=key),
        contract_approval=first(_CONTRACT_APPROVAL, partner=cdr["partner"]) if cdr["partner"] else {},
        periods=rows(_PERIODS, record=record, ended=cdr["ended_at"]),
        totals=first(_TOTALS, key=key),
        price_range=first(_RANGE, key=key),
        tax=first(_TAX, key=key),
        evidence=first(_EVIDENCE, key=key),
        at_charger=told_at_charger(rows, cdr, sent),
        receipts=rows(_RECEIPTS, cpo=cdr["cpo_party"], cdr=cdr["cdr_id"], session=sent.get("session_id")),
        asset=first(_ASSET, evse=cdr["evse_uid"]) if cdr["evse_uid"] else {},
        signed=first(_SIGNED, key=key),
        texts={
            row["record_id"]: without_persons(row["raw_text"], persons)
            # One by one: each is found by the range of its row group, a list would read them all.
            for one in {record, *records}
            for row in rows(_TEXT, record=one)
        },
    )
