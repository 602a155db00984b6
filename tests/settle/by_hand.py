"""A warehouse whose inspect and rate tables are written by hand, so that reconcile and settle are tested alone.

Real DuckDB, real dbt models and real gates of reconcile and settle; gate 1 is written by hand. What does not belong
here: expectations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from orchestration import gate
from orchestration.dbt import invoke
from orchestration.defs.ingest.rule_actions import COLUMNS as ACTION_COLUMNS
from orchestration.defs.ingest.rule_actions import rule_actions
from orchestration.gate_asset import suite_paths
from orchestration.suite import read_suite
from orchestration.warehouse import open_warehouse

DEFS = Path(gate.__file__).parent / "defs"
ZONE = ZoneInfo("Europe/Amsterdam")
AS_OF = datetime(2026, 11, 3, 6, tzinfo=UTC)
RECEIVED = datetime(2026, 10, 20, 6, tzinfo=UTC)

RAW = "decimal(18, 8)"
MONEY = "decimal(38, 16)"

# The columns of earlier stages that reconcile and settle read, with their types; a test holds them to the contracts.
UPSTREAM: Mapping[str, Mapping[str, str]] = {
    "inspect.work": {"cdr_key": "varchar", "reason": "varchar"},
    "inspect.cdrs": {
        "cdr_key": "varchar", "record_id": "bigint", "revision": "integer", "received_at": "timestamptz",
        "source": "varchar", "file_name": "varchar", "partner": "varchar", "direction": "varchar",
        "cpo_party": "varchar", "emsp_party": "varchar", "party_source": "varchar", "cdr_id": "varchar",
        "ocpi_version": "varchar", "started_at": "timestamptz", "ended_at": "timestamptz", "location_id": "varchar",
        "contract_id": "varchar", "evse_uid": "varchar", "evse_id": "varchar", "connector_id": "varchar", "currency": "varchar",
        "time_zone": "varchar", "session_id": "varchar", "token_uid": "varchar", "last_updated": "timestamptz", "energy_kwh": RAW,
        "claimed_excl_tax": RAW, "claimed_incl_tax": RAW, "claimed_fixed_excl_tax": RAW,
        "claimed_energy_excl_tax": RAW, "claimed_time_excl_tax": RAW, "claimed_parking_excl_tax": RAW,
        "claimed_reservation_excl_tax": RAW, "is_credit": "boolean", "credit_reference_id": "varchar",
        "credit_of": "varchar",
    },
    "inspect.cdr_terms": {
        "cdr_key": "varchar", "partner": "varchar", "requires": "varchar", "contract_version": "varchar",
        "is_contract_approved": "boolean", "contract_currency": "varchar", "contract_valid_from": "date",
        "frequency": "varchar", "cut_off_days": "integer", "discount_percent": RAW, "rounding_mode": "varchar",
        "rounding_level": "varchar", "rounding_scale": "integer", "tolerance_amount": RAW, "tolerance_percent": RAW,
        "tolerance_duration_seconds": "integer", "late_days": "integer", "due_days_reject": "integer", "due_days_hold": "integer", "due_days_warn": "integer",
    },
    "inspect.duty_flags": {"cdr_key": "varchar", "site_country": "varchar"},
    "inspect.deadlines": {"cdr_key": "varchar", "rule_id": "varchar", "ends_at": "timestamptz"},
    "inspect.energy_repairs": {"cdr_key": "varchar", "rule_id": "varchar", "energy_kwh": RAW},
    "inspect.tariffs_in_force": {
        "cdr_key": "varchar", "tariff_index": "integer", "tariff_id": "varchar", "tariff_version": "varchar",
        "tariff_no": "bigint", "origin": "varchar", "status": "varchar",
    },
    "inspect.tariff_versions": {
        "cpo_party": "varchar", "tariff_id": "varchar", "tariff_no": "bigint", "tariff_version": "varchar",
        "valid_from": "timestamptz", "valid_to": "timestamptz", "known_from": "timestamptz", "is_approved": "boolean",
    },
    "inspect.record_dispositions": {
        "record_id": "bigint", "source": "varchar", "feed": "varchar", "file_name": "varchar",
        "file_sha256": "varchar", "position": "integer", "record_sha256": "varchar", "received_at": "timestamptz",
        "disposition": "varchar", "reason": "varchar",
        "cdr_key": "varchar", "revision": "integer",
    },
    "inspect.record_flags": {
        "record_id": "bigint", "subject_id": "varchar", "partner": "varchar", "direction": "varchar",
    },
    "inspect.file_terms": {"file_seq": "bigint", "partner": "varchar", "contract_version": "varchar"},
    "inspect.connector_history": {
        "canonical_connector_id": "varchar", "version_no": "bigint", "cpo_party": "varchar", "location_id": "varchar",
        "evse_uid": "varchar", "evse_id": "varchar", "connector_id": "varchar", "evse_status": "varchar",
        "standard": "varchar", "power_type": "varchar", "max_power_w": "decimal(18, 2)", "country": "varchar",
        "time_zone": "varchar", "alias": "varchar", "valid_from": "timestamptz", "valid_to": "timestamptz",
        "known_from": "timestamptz", "known_to": "timestamptz",
    },
    "inspect.token_history": {
        "token_key": "varchar", "version_no": "bigint", "emsp_party": "varchar", "token_uid": "varchar",
        "token_type": "varchar", "contract_id": "varchar", "is_valid": "boolean", "whitelist": "varchar",
        "valid_from": "timestamptz", "valid_to": "timestamptz", "known_from": "timestamptz", "known_to": "timestamptz",
    },
    "rate.price_totals": {
        "cdr_key": "varchar", "reading": "varchar", "currency": "varchar", "is_priced": "boolean",
        "total_excl_tax": MONEY, "total_incl_tax": MONEY, "fixed_excl_tax": MONEY, "energy_excl_tax": MONEY,
        "time_excl_tax": MONEY, "parking_excl_tax": MONEY, "reservation_excl_tax": MONEY,
        "is_limited": "boolean", "limit_excl_tax": MONEY,
    },
    "rate.price_ranges": {
        "cdr_key": "varchar", "reading_min": "varchar", "reading_max": "varchar", "min_excl_tax": MONEY,
        "max_excl_tax": MONEY,
    },
    "rate.price_problems": {
        "cdr_key": "varchar", "reading": "varchar", "rule_id": "varchar", "severity": "varchar",
        "is_blocking": "boolean", "message": "varchar",
    },
    "rate.price_lines": {
        "cdr_key": "varchar", "reading": "varchar", "line_no": "integer", "period_no": "integer",
        "kind": "varchar", "part": "varchar", "step_size": "bigint",
        "dimension": "varchar", "volume": RAW, "tariff_id": "varchar", "tariff_version": "varchar",
        "element_no": "integer", "component_no": "integer", "unit_price": RAW, "tax_percent": RAW,
        "amount_excl_tax": MONEY, "amount_incl_tax": MONEY,
    },
}  # fmt: skip

CDR = {
    "revision": 1, "received_at": RECEIVED, "source": "emo", "file_name": "october.json", "partner": "emo",
    "direction": "receivable", "cpo_party": "NL/EVS", "emsp_party": "NL/EMO", "party_source": "record",
    "ocpi_version": "2.2.1", "started_at": datetime(2026, 10, 15, 9, tzinfo=UTC),
    "ended_at": datetime(2026, 10, 15, 10, tzinfo=UTC), "location_id": "LOC1", "connector_id": "1",
    "currency": "EUR", "energy_kwh": "10", "is_credit": False,
}  # fmt: skip
TERMS = {
    "requires": ",", "contract_version": "v1", "contract_valid_from": date(2026, 1, 1), "is_contract_approved": True, "contract_currency": "EUR", "frequency": "monthly", "cut_off_days": 5,
    "discount_percent": "0", "rounding_mode": "half-up", "rounding_level": "session", "rounding_scale": 2,
    "tolerance_amount": "0.02", "tolerance_percent": "0.1", "late_days": 90, "due_days_reject": 5, "due_days_hold": 5,
}  # fmt: skip


@dataclass
class Books:
    """Sessions of one home by hand, and the stages run over them.

    path: the warehouse file. rows: what the upstream tables will hold. verdicts: gate 1 by key, pass where not named.
    """

    path: Path
    as_of: datetime = AS_OF
    history_before: date | None = None
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {table: [] for table in UPSTREAM})
    raw: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    verdicts: dict[str, str] = field(default_factory=dict)

    def session(
        self,
        key: str,
        *,
        claim: str | None,
        rated: str | None,
        terms: Mapping[str, Any] | None = None,
        site: str | None = "NL",
        **cdr: Any,
    ) -> None:
        """One counting CDR with its claim and its rated price (both net, in text); None: no claim, cannot be priced.

        site: the country where its charger stands.
        """
        record_id = len(self.raw.setdefault("raw_records", [])) + (1 << 32) + 1
        row = {
            **CDR, "cdr_key": key, "record_id": record_id, "cdr_id": key.upper(), "evse_uid": f"E-{key}",
            "claimed_excl_tax": claim, **cdr,
        }  # fmt: skip
        if row["direction"] == "internal":
            row["partner"] = None
        self.rows["inspect.cdrs"].append(row)
        self.rows["inspect.work"].append({"cdr_key": key, "reason": "new"})
        self.rows["inspect.cdr_terms"].append({"cdr_key": key, "partner": row["partner"], **TERMS, **(terms or {})})
        self.rows["inspect.duty_flags"].append({"cdr_key": key, "site_country": site})
        self.rows["inspect.tariffs_in_force"].append(
            {"cdr_key": key, "tariff_index": 1, "tariff_id": "T1", "tariff_version": "t1-v1"}
        )
        self.rows["rate.price_totals"].append(
            {
                "cdr_key": key, "reading": "base", "currency": row["currency"], "is_priced": rated is not None,
                "total_excl_tax": rated, "fixed_excl_tax": rated and "0", "time_excl_tax": rated and "0",
                "parking_excl_tax": rated and "0", "reservation_excl_tax": rated and "0", "energy_excl_tax": rated,
                "is_limited": False, "limit_excl_tax": rated and "0",
            }
        )  # fmt: skip
        if rated is not None:
            self.rows["rate.price_ranges"].append(
                {
                    "cdr_key": key, "reading_min": "base", "reading_max": "base", "min_excl_tax": rated,
                    "max_excl_tax": rated,
                }
            )  # fmt: skip
            self.rows["rate.price_lines"].append(
                {"cdr_key": key, "reading": "base", "line_no": 1, "dimension": "ENERGY", "amount_excl_tax": rated}
            )
        self._record(record_id, "accepted", row)

    def other_record(self, disposition: str, key: str | None = None, **cdr: Any) -> None:
        """A record of the cdrs feed that does not count: quarantined or superseded."""
        record_id = len(self.raw.setdefault("raw_records", [])) + (1 << 32) + 1
        self._record(record_id, disposition, {**CDR, "cdr_key": key, "record_id": record_id, **cdr})

    def _record(self, record_id: int, disposition: str, row: Mapping[str, Any]) -> None:
        position = record_id & 0xFFFFFFFF
        self.raw["raw_records"].append(
            {
                "record_id": record_id,
                "file_seq": 1,
                "position": position,
                "record_sha256": f"{position:064x}",
                "is_typed": True,
            }
        )
        raw_columns = ("record_id", "cdr_key", "cdr_id", "currency", "energy_kwh", "claimed_excl_tax", "is_credit")
        self.raw.setdefault("raw_cdrs", []).append(
            {**{name: row.get(name) for name in raw_columns}, "file_seq": 1, "position": position}
        )
        self.rows["inspect.record_dispositions"].append(
            {
                "record_id": record_id, "source": "emo", "feed": "cdrs", "file_name": "october.json",
                "file_sha256": "f" * 64, "position": position, "record_sha256": f"{position:064x}",
                "received_at": RECEIVED, "disposition": disposition,
            }
        )  # fmt: skip
        self.rows["inspect.record_flags"].append(
            {"record_id": record_id, "subject_id": f"emo/cdrs/october.json#{position}", "partner": row["partner"],
             "direction": row["direction"]}
        )  # fmt: skip

    def decide(self, kind: str, key: str, **columns: Any) -> None:
        """A standing decision on one CDR."""
        rows = self.raw.setdefault("raw_decisions", [])
        rows.append(
            {"seq": 100 + len(rows), "effective_at": AS_OF - timedelta(hours=1), "kind": kind, "subject_kind": "cdr",
             "subject_id": key, "decided_by": "ann", **columns}
        )  # fmt: skip

    def build(self) -> None:
        """Write the tables and run reconcile, its gate, settle and its gate, data tests included."""
        self.write()
        build_reconcile(self.path)
        build_settle(self.path)

    def write(self) -> None:
        """Write raw and upstream tables and build the ingest models over them."""
        with open_warehouse(self.path) as connection:
            _fill_calendar(connection, self.as_of, self.history_before)
            _fill_rules(connection)
            for table, rows in self.raw.items():
                connection.execute(f"delete from ingest.{table}")
                insert(connection, f"ingest.{table}", rows)
            insert(connection, "ingest.raw_touched", [{"kind": "everything", "id": "", "reason": "written by hand"}])
            for table, columns in UPSTREAM.items():
                listed = ", ".join(f"{name} {type_}" for name, type_ in columns.items())
                connection.execute(f"create or replace table {table} ({listed})")
                insert(connection, table, self.rows[table])
            connection.execute("delete from inspect.gate_verdicts")
            verdicts = [
                {"cdr_key": row["cdr_key"], "revision": row["revision"], "gate": "inspect", "suite_sha256": "s",
                 "verdict": self.verdicts.get(row["cdr_key"], "pass"), "rules_evaluated": 1, "rules_not_evaluated": 0}
                for row in self.rows["inspect.cdrs"]
            ]  # fmt: skip
            insert(connection, "inspect.gate_verdicts", verdicts)
        # The ingest models that reconcile and settle read themselves, and what is published as it stands.
        told = ("+sessions,group:ingest", "+invoice_lines,group:ingest", "+cdr_revisions,group:ingest", "raci")
        invoke(["run", "--select", "1+group:reconcile,group:ingest", "1+group:settle,group:ingest", *told], self.path)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with open_warehouse(self.path) as connection:
            return connection.execute(sql).fetchall()


def build_reconcile(path: Path) -> None:
    """Gate 2's flags and expected prices, the gate, and what is billable."""
    after_gate = ("cdrs_billable", "remedy_roots", "remedies")
    invoke(["build", "--select", "group:reconcile", "--exclude", *after_gate, "test_type:unit"], path)
    run_gate(path, "reconcile")
    invoke(["build", "--select", *after_gate, "--exclude", "test_type:unit"], path)


def build_settle(path: Path) -> None:
    """Gate 3's flags, the gate, and everything after it."""
    invoke(["run", "--select", "+settle_flags,group:settle"], path)
    run_gate(path, "settle")
    invoke(["build", "--select", "group:settle", "--exclude", "+settle_flags", "test_type:unit"], path)


def run_gate(path: Path, stage: str) -> None:
    """The real gate of one stage."""
    with open_warehouse(path) as connection:
        gate.run_gate(connection, stage, suite_paths(stage))


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows by column name; columns that a row does not name are null."""
    for row in rows:
        names = ", ".join(row)
        marks = ", ".join("?" for _ in row)
        connection.execute(f"insert into {table} ({names}) values ({marks})", list(row.values()))


def suites(stage: str) -> list[Path]:
    """The rule files of one stage's gate."""
    return sorted((DEFS / stage / "suites").glob("*.yml"))


def _fill_rules(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("delete from ingest.raw_rules")
    connection.execute("delete from ingest.raw_rule_actions")
    actions = rule_actions([path for stage in ("reconcile", "settle") for path in suites(stage)])
    insert(connection, "ingest.raw_rule_actions", [dict(zip(ACTION_COLUMNS, row, strict=True)) for row in actions])
    both = ("reconcile", "settle")
    rules = {rule.rule_id: (stage, rule) for stage in both for path in suites(stage) for rule in read_suite(path).rules}
    insert(connection, "ingest.raw_rules", [
        {
            "rule_id": rule.rule_id, "gate": stage, "rule_group": rule.group, "severity": rule.severity,
            "owner": rule.owner, "reason_code": rule.reason_code, "tolerance": rule.tolerance_numbers[0],
            "second_tolerance": rule.tolerance_numbers[1], "is_overridable": rule.is_overridable,
            "adjust_reason": rule.adjust and rule.adjust.reason, "adjust_to": rule.adjust and rule.adjust.to,
        }
        for stage, rule in rules.values()
    ])  # fmt: skip


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)


def _fill_calendar(connection: duckdb.DuckDBPyConnection, as_of: datetime, history_before: date | None) -> None:
    """One run, one network in Amsterdam, the days from May 2026 to January 2027, the months in them, one file."""
    for table in ("raw_run", "raw_network", "raw_local_days", "raw_billing_periods", "raw_files"):
        connection.execute(f"delete from ingest.{table}")
    connection.execute("insert into ingest.raw_run values (50, ?, '0', 'r')", [as_of])
    connection.execute(
        "insert into ingest.raw_network values ('Europe/Amsterdam', 'NL', 'EUR', ?, 7, 28, 20, 5, 2, 3)",
        [history_before],
    )
    day, working = date(2026, 5, 1), 0
    days = []
    while day < date(2027, 2, 1):
        working += day.weekday() < 5
        days.append([day, midnight(day), day.weekday() < 5, working])
        day += timedelta(days=1)
    connection.executemany("insert into ingest.raw_local_days values (?, ?, ?, ?)", days)
    months = [date(2026, month, 1) for month in range(5, 13)] + [date(2027, 1, 1)]
    for start, end in pairwise(months):
        connection.execute(
            "insert into ingest.raw_billing_periods values ('monthly', ?, ?, ?)", [f"{start:%Y-%m}", start, end]
        )
    arrival = {"file_seq": 1, "arrival_seq": 1, "received_at": RECEIVED, "source": "emo", "feed": "cdrs"}
    insert(connection, "ingest.raw_files", [{**arrival, "file_name": "october.json"}])
