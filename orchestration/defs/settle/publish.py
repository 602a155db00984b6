"""The read snapshot: published/<table>.parquet, what portal, analysts and outside checks read.

The named columns of a table come first and in their order; what else its model has follows. A table is replaced by
rename, whole, and only when its content changed. No token or contract id of a driver is in it (pseudonyms.py). What
does not belong here: any calculation.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration import pseudonyms
from orchestration.defs.settle.published_books import BOOKS, Published
from orchestration.defs.settle.same_rows import has_same_rows
from orchestration.facts.home import Home
from orchestration.facts.objects import sha256_of_file
from orchestration.published import quoted

TABLES: Mapping[str, Published] = {
    **BOOKS,
    "records": Published(
        "inspect.record_dispositions",
        "source, feed, file_name, file_sha256, position, record_sha256, received_at, disposition, reason",
        "record_id",
    ),
    "cdrs": Published(
        "settle.cdr_outcomes",
        "cdr_key, cpo_party, emsp_party, party_source, cdr_id, credit_of, revision, partner, direction, state,"
        " service_period, period, started_at, ended_at, location_id, evse_uid, connector_id, energy_kwh, currency,"
        " tariff_id, tariff_version, claimed_excl_tax, claimed_incl_tax, rated_excl_tax, rated_incl_tax,"
        " expected_excl_tax, settled_excl_tax, settled_incl_tax",
        "cdr_key",
    ),
    "findings": Published(
        "settle.findings",
        "finding_id, subject_kind, subject_id, cdr_key, revision, gate, rule_id, reason_code, severity, owner, status,"
        " observed, expected, tolerance, caused_by, amount_at_stake, due_at, found_at",
        "subject_kind, subject_id, rule_id, finding_id",
    ),
    "exceptions": Published(
        "settle.exceptions",
        "case_id, group_id, owner, concern, rule_id, reason_code, severity, partner, direction, location_id, evse_uid,"
        " connector_id, tariff_id, file_subject_id, period, subject_kind, subject_id, cdr_key, started_at, opened_at,"
        " age_days, due_at, is_late, sessions, unknown_amounts, energy_kwh, currency, claimed_excl_tax,"
        " expected_excl_tax, amount_at_stake, assigned_to, what_happened, observed, expected, action, command",
        "group_id, case_id",
    ),
    "exception_groups": Published(
        "settle.exception_groups",
        "group_id, members_sha256, owner, concern, rule_id, reason_code, severity, partner, likely_cause, cases,"
        " late_cases, sessions, unknown_amounts, energy_kwh, currency, claimed_excl_tax, expected_excl_tax,"
        " amount_at_stake, first_started_at, last_started_at, opened_at, age_days, due_at, assigned_to, action,"
        " command",
        "group_id",
    ),
    "quality_days": Published(
        "settle.quality_days",
        "partner, location_id, currency, charged_on, received_on, records, superseded, quarantined, held, valid,"
        " adjusted, credited, excluded, faulty, without_person, unknown_amounts, at_stake_excl_tax",
        "partner, location_id, currency, charged_on, received_on",
    ),
    "quality_findings": Published(
        "settle.quality_findings",
        "partner, location_id, rule_id, severity, owner, charged_on, received_on, findings, root_findings,"
        " open_findings, found_within_a_day",
        "partner, location_id, rule_id, severity, owner, charged_on, received_on",
    ),
    "quality_drifts": Published(
        "settle.quality_drifts",
        "partner, rule_id, dated_by, history_from, recent_from, last_on, records, faults, records_before,"
        " faults_before, expected_faults, standing",
        "partner, rule_id, dated_by",
    ),
    "charger_incidents": Published(
        "settle.charger_incidents",
        "event_subject_id, event, value, from_at, to_at, cdr_key, partner, location_id, evse_uid, is_started_within,"
        " state, statement_id, currency, claimed_excl_tax, settled_excl_tax",
        "event_subject_id, cdr_key",
    ),
    "firmware_stops": Published(
        "settle.firmware_stops",
        "cpo_party, firmware, stop_reason, first_installed_at, chargers, stops, times_given, stops_before,"
        " times_given_before, expected_times, standing",
        "cpo_party, firmware, stop_reason",
    ),
    "verdicts": Published(
        "settle.verdicts",
        "cdr_key, revision, gate, verdict, suite_sha256, rules_evaluated, rules_not_evaluated",
        "cdr_key, revision, gate",
    ),
    "price_lines": Published(
        "rate.price_lines",
        "cdr_key, reading, line_no, period_no, dimension, volume, tariff_id, tariff_version, element_no, component_no,"
        " unit_price, tax_percent, amount_excl_tax, amount_incl_tax",
        "cdr_key, reading, line_no",
    ),
    "discount_lines": Published(
        "reconcile.discount_lines",
        "cdr_key, line_no, kind, granted_by, plan, discount_percent, currency, amount_excl_tax",
        "cdr_key, line_no",
    ),
    "adjustments": Published(
        "settle.adjustments",
        "cdr_key, partner, period, rule_id, reason_code, before_excl_tax, after_excl_tax, delta_excl_tax, currency,"
        " contract_version, decision_seq, decided_by, approved_by",
        "cdr_key",
    ),
    "proposals": Published(
        "settle.proposals",
        "cdr_key, partner, period, rule_id, reason_code, before_excl_tax, after_excl_tax, delta_excl_tax, currency,"
        " owner, waits_for, proposal_seq",
        "cdr_key",
    ),
    "statements": Published(
        "settle.statements",
        "statement_id, partner, period, direction, currency, status, sessions, energy_kwh, amount_excl_tax, tax,"
        " amount_incl_tax",
        "statement_id",
    ),
    "statement_lines": Published(
        "settle.statement_lines",
        "statement_id, line_no, kind, cdr_key, own_party, amount_excl_tax, tax, amount_incl_tax, currency, corrects,"
        " session_currency, session_excl_tax, fx_rate, fx_rate_on, fx_source, term, contract_version, quantity",
        "statement_id, line_no",
    ),
    "waterfall": Published(
        "settle.waterfall",
        "partner, period, direction, currency, step_no, step, sessions, sessions_unknown_amount, energy_kwh,"
        " amount_excl_tax",
        "partner, period, direction, currency, step_no",
    ),
    "leakage": Published(
        "settle.leakage",
        "subject_kind, subject_id, cdr_key, kind, cause, hand_off, partner, period, direction, currency, step,"
        " location_id, channel, lag_seconds, sessions, energy_kwh, amount_excl_tax",
        "partner, period, direction, currency, kind, cause, subject_id, step",
    ),
    "disputes": Published(
        "settle.disputes",
        "dispute_id, cdr_key, partner, claimant, reason_code, state, refused_for, currency, billed_excl_tax,"
        " disputed_excl_tax, resolved_excl_tax, outcome, opened_at, assigned_to, resolved_at, running_seconds,"
        " statement_id, line_no, window_ends_at, ended_at, withheld_excl_tax, withheld_tax",
        "dispute_id",
    ),
    "settlements": Published(
        "settle.settlements",
        "settlement_id, settled_with, partner, period, side, currency, status, receivable, payable, net,"
        " carried_in, carried_out, due",
        "settlement_id",
    ),
    "statement_balances": Published(
        "settle.statement_balances",
        "statement_id, disputes_open, disputed_excl_tax, payable_excl_tax, disputed_incl_tax, payable_incl_tax",
        "statement_id",
    ),
    "dispute_hand_overs": Published(
        "settle.dispute_hand_overs",
        "dispute_id, hand_over_no, partner, handed_by_holder, holder, handed_at, handed_by, seq, until_at,"
        " held_seconds",
        "dispute_id, hand_over_no",
    ),
    "dispute_events": Published(
        "ingest.dispute_events",
        "dispute_id, seq, happened_at, event, state_from, state_to, cdr_key, reason_code, amount_excl_tax",
        "dispute_id, seq",
    ),
    "resubmissions": Published(
        "settle.resubmissions",
        "cdr_key, partner, direction, period, session_id, resubmission_no, asked_at, received_at, earlier_key,"
        " standing",
        "cdr_key",
    ),
    "periods": Published(
        "settle.periods",
        "period, partner, status, statements, content_sha256, cut_off_at, approval_seq, approved_at, proposed_by,"
        " approved_by, is_approval_lost, seal_seq, sealed_at, sealed_by, manifest_sha256, sessions_held, held_excl_tax,"
        " draft_due_at, approval_due_at, close_due_at",
        "period, partner",
    ),
    "sealed_differences": Published(
        "settle.sealed_differences",
        "cdr_key, partner, period, direction, currency, statement_id, cause, rule_id, billed_excl_tax, now_excl_tax,"
        " difference_excl_tax, corrected_excl_tax, open_excl_tax",
        "period, partner, cdr_key",
    ),
    "events": Published(
        "settle.events",
        "seq, happened_at, actor, subject, event, reason_code, note, evidence_sha256, previous_hash, hash",
        "seq, subject, event, note",
    ),
    "connectors": Published(
        "inspect.connector_history",
        "canonical_connector_id, version_no, cpo_party, location_id, evse_uid, evse_id, connector_id, evse_status,"
        " standard, power_type, max_power_w, country, time_zone, alias, valid_from, valid_to, known_from, known_to",
        "canonical_connector_id, version_no",
    ),
    "tokens": Published(
        "inspect.token_history",
        "token_key, version_no, emsp_party, token_uid, token_type, contract_id, is_valid, whitelist, valid_from,"
        " valid_to, known_from, known_to",
        "token_key, version_no",
    ),
}


# Tables with words or subjects that may name a token or a contract id: how these columns are published instead.
_HIDDEN = {
    "findings": (
        "hide(observed, token_uid, contract_id) as observed, hide(expected, token_uid, contract_id) as expected"
    ),
    # What another feed's record has in the wrong field may be anybody's token: only its field is named.
    "exceptions": (
        "case when subject_kind = 'record' and split_part(subject_id, '/', 2) <> 'cdrs' then without_values(observed)"
        " else hide(observed, token_uid, contract_id) end as observed,"
        " hide(expected, token_uid, contract_id) as expected,"
        " hide(what_happened, token_uid, contract_id) as what_happened,"
        " case when subject_kind in ('token', 'contract') then pseudonym(subject_id) else subject_id end as subject_id"
    ),
    "events": (
        "case when starts_with(subject, 'token:') or starts_with(subject, 'contract:')"
        " then split_part(subject, ':', 1) || ':' || pseudonym(substr(subject, strpos(subject, ':') + 1))"
        " else subject end as subject"
    ),
    "tokens": (
        "pseudonym(token_key) as token_key, pseudonym(token_uid) as token_uid, pseudonym(contract_id) as contract_id"
    ),
}


# It shows the entry that ends the run, so it is written after that entry, which names all other tables by their bytes.
AFTER_THE_RUN = "events"


@dataclass(frozen=True, slots=True)
class Prepared:
    """Tables that wait to be shown: the files that will replace others, and the SHA-256 of each that will stand."""

    waiting: Mapping[str, Path]
    sha256s: Mapping[str, str]


def prepare(connection: duckdb.DuckDBPyConnection, home: Home, names: Iterable[str] = TABLES) -> Prepared:
    """Write these tables beside those that stand, without a name that a reader knows."""
    home.published.mkdir(parents=True, exist_ok=True)
    for left in home.published.glob(".*.tmp"):
        left.unlink(missing_ok=True)
    pseudonyms.install(connection)
    waiting, sha256s = {}, {}
    for name in names:
        path = home.published / f"{name}.parquet"
        temporary = _written(connection, home.published, name, TABLES[name])
        if path.exists() and has_same_rows(connection, path, temporary):
            temporary.unlink()
        else:
            waiting[name] = temporary
        sha256s[name] = sha256_of_file(waiting.get(name, path))
    return Prepared(waiting, sha256s)


def show(home: Home, prepared: Prepared) -> list[str]:
    """Let what was prepared replace what stands. Returns the names of the tables, in order."""
    for name, temporary in prepared.waiting.items():
        temporary.replace(home.published / f"{name}.parquet")
    return list(prepared.waiting)


def publish(connection: duckdb.DuckDBPyConnection, home: Home) -> list[str]:
    """Write the tables whose content changed. Returns their names, in order. Half-written files never have a name."""
    return show(home, prepare(connection, home))


def _written(connection: duckdb.DuckDBPyConnection, folder: Path, name: str, table: Published) -> Path:
    temporary = folder / f".{name}.{os.getpid()}.tmp"
    named = [column.strip() for column in table.columns.split(",")]
    others = [column for column in connection.table(table.relation).columns if column not in named]
    columns = ", ".join([*named, *others])
    rows = f"select {columns} from {without_ids(name, table.relation)} order by {table.order_by}"  # noqa: S608 - our own names
    connection.execute(f"copy ({rows}) to '{quoted(temporary)}' (format parquet, compression zstd)")
    return temporary


def without_ids(name: str, relation: str) -> str:
    """What a table is published from: the relation, with pseudonyms where it names drivers."""
    if name not in _HIDDEN:
        return relation
    known = " left join (select cdr_key, token_uid, contract_id from inspect.cdrs) as known using (cdr_key)"
    return (
        f"(select told.* replace ({_HIDDEN[name]}) from {relation} as told"  # noqa: S608 - our own names
        f"{known if 'hide(' in _HIDDEN[name] else ''}) as told"
    )
