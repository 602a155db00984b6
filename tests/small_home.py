"""A small home for tests of ingest: one network, one partner, one CSV source; and what a warehouse holds."""

import os
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from orchestration.facts.home import Home

START = datetime(2026, 11, 1, tzinfo=UTC)
TEMPLATE = Path(__file__).resolve().parent.parent / "orchestration/defs/ingest/templates/eu-roaming.yaml"
# Tables that a rebuild from the ledger must give again, row for row.
CONTENT_TABLES = (
    "raw_files", "raw_records", "raw_cdrs", "raw_charging_periods", "raw_date_readings", "raw_content_hashes",
    "raw_connectors", "raw_tokens", "raw_signed_values", "raw_cdr_taxes", "raw_sessions", "raw_authorizations", "raw_charger_events", "raw_receipts",
    "raw_invoices", "raw_invoice_lines", "raw_tariff_sightings", "raw_contracts", "raw_contract_parties", "raw_decisions",
    "raw_zone_offsets", "raw_master_problems", "raw_ledger", "raw_aliases", "raw_tax_rules", "raw_fx_rates", "raw_meters",
    "raw_assets", "raw_memberships", "raw_agreements", "raw_publications", "raw_accounts", "raw_raci", "raw_payments",
)  # fmt: skip

NETWORK = """
parties:
  - {party: NL/EVS, roles: [CPO, EMSP], legal_name: EV Settle B.V., country: NL}
country: NL
currency: EUR
time_zone: Europe/Amsterdam
"""
PARTNER = """
partner: emo
name: eMobility Operator B.V.
parties: [NL/EMO]
template: eu-roaming
valid_from: 2026-01-01
"""
PEOPLE = """
- {name: Ada, roles: [finance, platform, operations]}
- {name: Bo, roles: [finance, approver]}
"""
MAPPING = """
columns:
  started_at: {column: start, format: "%Y-%m-%d %H:%M"}
  ended_at: {column: end, format: "%Y-%m-%d %H:%M"}
  energy_kwh: kwh
  evse_uid: cp
constants: {cpo_party: NL/EMO, emsp_party: NL/EVS, currency: EUR, time_zone: Europe/Amsterdam, tariff_id: T1}
id: {columns: [cp, start]}
"""
CSV_HEADER = "cp,start,end,kwh\r\n"


def at(hours: int) -> datetime:
    """So many hours after the first day of the tests."""
    return START + timedelta(hours=hours)


def make_home(folder: Path) -> Home:
    """A home with master data and an empty inbox."""
    home = Home(folder.resolve())
    for name in ("partners", "templates", "mappings", "tariffs"):
        (home.master / name).mkdir(parents=True)
    home.landing.mkdir()
    write(home.master / "network.yaml", NETWORK)
    write(home.master / "people.yaml", PEOPLE)
    write(home.master / "partners/emo.yaml", PARTNER)
    write(home.master / "templates/eu-roaming.yaml", TEMPLATE.read_text())
    write(home.master / "mappings/council.cdrs.yaml", MAPPING)
    return home


def write(path: Path, text: str | bytes) -> Path:
    """A file that has been at rest for a while."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).lstrip("\n").encode())
    os.utime(path, (START.timestamp(), START.timestamp()))
    return path


def land(home: Home, name: str, text: str | bytes) -> Path:
    """A file in the inbox: `name` is <source>/<feed>/<file>."""
    return write(home.landing / name, text)


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    """All rows of a query, which orders them if it can find several: DuckDB's threads hand them over as they come."""
    found = connection.execute(sql).fetchall()
    assert len(found) < 2 or "order by" in sql.lower(), f"rows in no stated order: {sql}"
    return found


def contents(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[Any, ...]]]:
    """Every content table, rows in one order."""
    return {table: rows(connection, f"select * from ingest.{table} order by all") for table in CONTENT_TABLES}
