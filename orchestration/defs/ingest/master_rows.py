"""Master data into its raw tables: network, contracts, rules, our tariffs, calendar, problems."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import duckdb
import msgspec

from orchestration.defs.ingest import hand_off
from orchestration.defs.ingest.approvals import KnownTerms, approvals
from orchestration.defs.ingest.bulk import insert_rows
from orchestration.defs.ingest.calendar import billing_periods, checkpoints, local_days
from orchestration.defs.ingest.contracts import Contract, Scope
from orchestration.defs.ingest.feed_objects import FeedObject, ObjectError, load_object
from orchestration.defs.ingest.files import LandedFile, records_of
from orchestration.defs.ingest.master_csv_rows import decided_aliases, rewrite_tables
from orchestration.defs.ingest.master_data import KnownContract, MasterData, party_owners
from orchestration.defs.ingest.network import Network
from orchestration.defs.ingest.rule_actions import COLUMNS as ACTION_COLUMNS
from orchestration.defs.ingest.rule_actions import rule_actions
from orchestration.defs.ingest.rules import COLUMNS as RULE_COLUMNS
from orchestration.defs.ingest.rules import DeclaredRule
from orchestration.defs.ingest.tariff import Tariff
from orchestration.defs.ingest.tariff_rows import store_bodies
from orchestration.defs.ingest.tariff_sightings import insert_master_sightings, read_tariff, sighting_row
from orchestration.defs.ingest.vat_ids import is_vat_id
from orchestration.defs.ingest.zones import zone
from orchestration.facts.ledger import Entry
from orchestration.facts.standing import StandingDecision
from orchestration.version import suites

# Whose number of times stands in a contract's `dispute` block.
_TRIES_RULE = "RESUBMIT_LIMIT"

_TABLES = (
    "raw_own_parties", "raw_bank_accounts", "raw_network",
    "raw_contracts", "raw_contract_parties", "raw_contract_rules",
    "raw_settlement_terms", "raw_contract_remedies", "raw_contract_fees", "raw_contract_scope", "raw_handoff_terms",
    "raw_rules",
    "raw_local_days", "raw_billing_periods", "raw_checkpoints", "raw_master_problems", "raw_rule_actions",
)  # fmt: skip
_SETTLEMENT_COLUMNS = (
    "partner", "contract_version", "payment_terms_days", "netting", "minimum_amount", "tax_country", "tax_regime",
    "vat_id", "is_vat_id_valid", "fx_source", "fx_rate_date", "fx_max_age_days", "dispute_window_days",
    "dispute_acknowledge_days", "dispute_answer_days", "dispute_resolve_days", "dispute_objection_days",
    "dispute_expiry_days", "dispute_statements", "cap_session", "cap_monthly", "credit_limit", "is_self_billed",
    "self_billing_agreement", "self_billing_from",
)  # fmt: skip
_ACCOUNT_COLUMNS = (
    "owner", "is_ours", "iban", "bic", "holder", "creditor_id", "method", "mandate_id", "mandate_signed_on",
)  # fmt: skip
_OWN_PARTY_COLUMNS = ("party", "role", "legal_name", "country", "vat_id", "is_vat_id_valid")
_CONTRACT_COLUMNS = (
    "partner", "contract_version", "name", "valid_from", "known_seq", "known_from", "is_approved", "currency",
    "frequency", "cut_off_days", "tariff_source", "tariff_approval", "period_tariff", "period_policy",
    "discount_percent", "rounding_mode", "rounding_level", "rounding_scale", "tolerance_amount", "tolerance_percent",
    "tolerance_energy_kwh", "tolerance_duration_seconds", "tolerance_clock_skew_seconds", "late_days",
    "due_days_reject", "due_days_hold", "due_days_warn", "requires",
)  # fmt: skip


def rewrite_master(
    connection: duckdb.DuckDBPyConnection,
    master: MasterData,
    rules: Mapping[str, DeclaredRule],
    decisions: Sequence[StandingDecision],
    entries: Sequence[Entry],
) -> None:
    """Empty and fill every table that comes from master data. Call it in a transaction."""
    for table in _TABLES:
        connection.execute(f"delete from ingest.{table}")  # noqa: S608 - our own names
    network = master.network
    assert network is not None
    insert_rows(connection, "raw_own_parties", _OWN_PARTY_COLUMNS, [
        (own.party, role, own.legal_name, own.country or own.party[:2], own.vat_id, _validity(own.vat_id))
        for own in network.parties for role in dict.fromkeys(own.roles)
    ])  # fmt: skip
    insert_rows(connection, "raw_bank_accounts", _ACCOUNT_COLUMNS, _accounts(master, network))
    drift = msgspec.structs.asdict(network.drift)
    insert_rows(
        connection, "raw_network",
        ("time_zone", "country", "currency", "history_before", *(f"drift_{name}" for name in drift)),
        [(network.time_zone, network.country or network.parties[0].party[:2], network.currency,
          network.history_before, *drift.values())],
    )  # fmt: skip
    _insert_contracts(connection, master, decisions)
    insert_rows(connection, "raw_rules", RULE_COLUMNS, [
        tuple(getattr(rule, name) for name in RULE_COLUMNS) for rule in rules.values()
    ])  # fmt: skip
    insert_rows(connection, "raw_rule_actions", ACTION_COLUMNS, rule_actions(suites()))
    insert_rows(
        connection, "raw_local_days", ("day", "starts_at", "is_working", "working_day_no"),
        local_days(network.time_zone, master.calendar),
    )  # fmt: skip
    insert_rows(
        connection, "raw_billing_periods", ("frequency", "period", "starts_on", "ends_on"), billing_periods()
    )  # fmt: skip
    insert_rows(
        connection, "raw_checkpoints", ("frequency", "draft_days", "approval_days", "close_days"),
        checkpoints(master.calendar),
    )  # fmt: skip
    here = zone(network.time_zone)
    rewrite_tables(connection, master.csv_files, here, decided_aliases(entries, here))
    problems = _rewrite_tariffs(connection, master)
    insert_rows(connection, "raw_master_problems", ("path", "problem", "since_seq"), [
        (path, problem, seq) for path, (problem, seq) in sorted({**problems, **master.problems}.items())
    ])  # fmt: skip


def _accounts(master: MasterData, network: Network) -> list[tuple[Any, ...]]:
    """Our accounts, and each partner's by its last contract."""
    ours = [
        (own.party, True, own.account["iban"], own.account["bic"], own.legal_name, own.account["creditor_id"],
         None, None, None)
        for own in network.parties if own.account["iban"]
    ]  # fmt: skip
    last = {partner: history[-1].contract for partner, history in sorted(master.contracts.items()) if history}
    return ours + [
        (partner, False, contract.payment.iban.replace(" ", "").upper(), contract.payment.bic,
         contract.payment.holder or contract.name, None, contract.payment.method, contract.payment.mandate_id,
         contract.payment.mandate_signed_on)
        for partner, contract in last.items() if contract.payment.iban
    ]  # fmt: skip


def _insert_contracts(
    connection: duckdb.DuckDBPyConnection, master: MasterData, decisions: Sequence[StandingDecision]
) -> None:
    owners = party_owners(master)
    contracts, parties, overrides, settlements, remedies, fees, places = [], [], [], [], [], [], []
    hand_offs: list[tuple[Any, ...]] = []
    for partner, history in sorted(master.contracts.items()):
        terms = [KnownTerms(known.version, known.file_sha256, known.known_seq) for known in history]
        approved = approvals(partner, terms, decisions)
        # Terms that come back are the same version, known again: the last time counts.
        for version, known in {known.version: known for known in history}.items():
            contracts.append(_contract_row(known, version in approved))
            parties += [
                (partner, version, party)
                for party in dict.fromkeys(known.contract.parties)
                if owners.get(party, partner) == partner
            ]
            settlements.append(_settlement_row(known))
            fees += [(partner, version, fee.name, fee.per, fee.rate, fee.on) for fee in known.contract.fees]
            hand_offs += hand_off.limits(partner, version, known.contract.handoff)
            places += [(partner, version, kind, place) for kind, place in _places(known.contract.scope)]
            overrides += [
                (partner, version, rule_id, rule.severity, rule.tolerance, rule.second_tolerance)
                for rule_id, rule in known.contract.rules.items()
            ]
            tries = known.contract.dispute.resubmissions
            if tries is not None and _TRIES_RULE not in known.contract.rules:
                overrides.append((partner, version, _TRIES_RULE, None, Decimal(tries), None))
            if version in approved:
                remedies += [
                    (partner, version, rule_id, remedy.limit)
                    for rule_id, remedy in known.contract.allowed_remedies.items()
                ]
    insert_rows(connection, "raw_contracts", _CONTRACT_COLUMNS, contracts)
    insert_rows(connection, "raw_contract_parties", ("partner", "contract_version", "party"), parties)
    insert_rows(
        connection,
        "raw_contract_rules",
        ("partner", "contract_version", "rule_id", "severity", "tolerance", "second_tolerance"),
        overrides,
    )
    insert_rows(
        connection, "raw_contract_remedies", ("partner", "contract_version", "rule_id", "limit_excl_tax"), remedies
    )
    insert_rows(connection, "raw_settlement_terms", _SETTLEMENT_COLUMNS, settlements)
    insert_rows(
        connection, "raw_contract_fees", ("partner", "contract_version", "name", "per", "rate", "direction"), fees
    )
    insert_rows(connection, "raw_handoff_terms", hand_off.COLUMNS, hand_offs)
    insert_rows(connection, "raw_contract_scope", ("partner", "contract_version", "kind", "place"), places)


def _places(scope: Scope | None) -> list[tuple[str, str]]:
    """(kind, place in small letters) of a contract's scope."""
    if scope is None:
        return []
    kinds = (("location", scope.locations), ("owner", scope.owners), ("country", scope.countries))
    return [(kind, place) for kind, places in kinds for place in dict.fromkeys(name.strip().lower() for name in places)]


def _settlement_row(known: KnownContract) -> tuple[Any, ...]:
    contract: Contract = known.contract
    settlement, tax, fx, dispute = contract.settlement, contract.tax, contract.fx, contract.dispute
    caps, self_billing = contract.caps, contract.self_billing
    return (
        contract.partner, known.version, settlement.payment_terms_days, settlement.netting, settlement.minimum_amount,
        tax.country, tax.regime, tax.vat_id, _validity(tax.vat_id),
        *((fx.source, fx.rate_date, fx.max_age_days) if fx else (None, None, None)),
        dispute.window_days, dispute.acknowledge_days, dispute.answer_days, dispute.resolve_days,
        dispute.objection_days, dispute.expiry_days, dispute.statements,
        *((caps.session, caps.monthly, caps.credit_limit) if caps else (None, None, None)),
        self_billing is not None, *((self_billing.agreement, self_billing.from_) if self_billing else (None, None)),
    )  # fmt: skip


def _validity(vat_id: str | None) -> bool | None:
    return is_vat_id(vat_id) if vat_id else None


def _contract_row(known: KnownContract, is_approved: bool) -> tuple[Any, ...]:
    contract: Contract = known.contract
    pricing, tolerances, due = contract.pricing, contract.tolerances, contract.due_days
    return (
        contract.partner, known.version, contract.name, contract.valid_from, known.known_seq, known.known_from,
        is_approved, contract.currency, contract.settlement.frequency, contract.settlement.cut_off_days,
        pricing.tariff_source, pricing.tariff_approval, pricing.period_tariff, pricing.period_policy,
        pricing.discount_percent, pricing.rounding.mode, pricing.rounding.level, pricing.rounding.scale,
        tolerances.amount, tolerances.amount_percent, tolerances.energy_kwh, tolerances.duration_seconds,
        tolerances.clock_skew_seconds, tolerances.late_days, due.reject, due.hold, due.warn,
        "," + "".join(f"{word}," for word in contract.requires),
    )  # fmt: skip


def _rewrite_tariffs(connection: duckdb.DuckDBPyConnection, master: MasterData) -> dict[str, tuple[str, int]]:
    """Sightings of master/tariffs, with those that changed touched; returns problems by path."""
    before = _master_sightings(connection)
    connection.execute("delete from ingest.raw_tariff_sightings where record_id is null")
    cpos = [own.party for own in master.network.parties if "CPO" in own.roles] if master.network else []
    default_party = cpos[0] if len(cpos) == 1 else None
    tariffs: list[Tariff] = []
    rows: list[tuple[Any, ...]] = []
    problems: dict[str, tuple[str, int]] = {}
    for file in master.tariffs:
        problems.pop(file.path, None)
        for record in records_of(LandedFile("own", "tariffs", file.path), file.data, None):
            try:
                if record.problem is not None:
                    raise ObjectError(f"{record.problem}; mend the file.")
                item = FeedObject(load_object(record.text), default_party)
                tariff = read_tariff(item)
                row = sighting_row(tariff, default_party)
                if row[0] is None:
                    raise ObjectError(f"tariff {tariff.tariff_id} names no party; add country_code and party_id.")
            except ObjectError as error:
                if file.path in master.files:
                    problems[file.path] = (f"{file.path}: {error}", file.seq)
                continue
            tariffs.append(tariff)
            rows.append((None, file.seq, file.at, "own", file.is_opening, *row))
    insert_master_sightings(connection, list(dict.fromkeys(rows)))
    store_bodies(connection, tariffs)
    _touch_tariffs(connection, before ^ _master_sightings(connection))
    return problems


def _master_sightings(connection: duckdb.DuckDBPyConnection) -> set[tuple[Any, ...]]:
    return set(
        connection.execute(
            "select cpo_party, tariff_id, tariff_no, sighting_seq, valid_from, valid_to"
            " from ingest.raw_tariff_sightings where record_id is null"
        ).fetchall()
    )


def _touch_tariffs(connection: duckdb.DuckDBPyConnection, changed: Iterable[tuple[Any, ...]]) -> None:
    ids = sorted({f"{party}|{tariff_id}" for party, tariff_id, *_ in changed})
    insert_rows(
        connection, "raw_touched", ("kind", "id", "reason"), [("tariff", key, "our tariffs changed") for key in ids]
    )
