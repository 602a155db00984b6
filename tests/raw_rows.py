"""Raw rows by hand: a small world in which every session passes gate 1, to be bent one field at a time.

We are NL/EVS (CPO and EMSP), the network keeps UTC. Partners: emo (NL/EMO, terms by default), strict (NL/STR, requires
everything), registry (NL/REG, registry tariffs approved by themselves), careful (NL/CAR, registry tariffs that people
approve). Every session has an EVSE, a connector and a token of its own in the master data.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration.defs.ingest.contract_ids import add_contract_ids
from orchestration.defs.ingest.rules import COLUMNS, read_rules
from orchestration.version import suites
from orchestration.warehouse import open_warehouse

PARTNERS = {"emo": "NL/EMO", "strict": "NL/STR", "registry": "NL/REG", "careful": "NL/CAR"}
AS_OF = "2026-11-02T06:00:00Z"
RECEIVED = "2026-10-10T11:00:00Z"
PRICE, TAXED, FREE, FOREIGN, OTHER, UNTAXED, TAX_WITHIN, CONTRADICTION, NIGHTLY = 1, 2, 3, 4, 5, 6, 7, 8, 9
TAX_INCLUDED = {UNTAXED: "N/A", TAX_WITHIN: "YES", CONTRADICTION: "N/A"}


def at(text: str) -> datetime:
    """An instant of October 2026 in UTC: `10T09:30` is half past nine on the tenth."""
    return datetime.fromisoformat(f"2026-10-{text}+00:00").astimezone(UTC)


class World:
    """The raw tables of one warehouse, filled through methods."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._records: dict[int, int] = {}
        self._master_records = 0
        self._told = 0
        self._foundation()

    def insert(self, table: str, **row: Any) -> None:
        """One row; columns left out are null."""
        names = ", ".join(row)
        marks = ", ".join("?" for _ in row)
        self.connection.execute(f"insert into ingest.{table} ({names}) values ({marks})", list(row.values()))

    def file(self, file_seq: int, source: str = "emo", **row: Any) -> None:
        """A file of the cdrs feed, in an arrival of its own."""
        self.insert("raw_files", **{
            "file_seq": file_seq, "arrival_seq": file_seq, "received_at": RECEIVED, "source": source, "feed": "cdrs",
            "file_name": f"{file_seq}.json", "file_sha256": f"sha-{file_seq}", **row,
        })  # fmt: skip

    def record(self, file_seq: int = 1, **row: Any) -> int:
        """A physical record; returns its record_id."""
        self._records[file_seq] = position = self._records.get(file_seq, 0) + 1
        record_id = (file_seq << 32) | position
        self.insert("raw_records", **{
            "record_id": record_id, "file_seq": file_seq, "position": position, "record_sha256": f"r{record_id}",
            "raw_text": "{}", "is_typed": True, **row,
        })  # fmt: skip
        return record_id

    def cdr(
        self,
        cdr_id: str,
        *,
        file_seq: int = 1,
        content: str | None = None,
        periods: Iterable[Mapping[str, Any]] | None = None,
        tariffs: Iterable[Mapping[str, Any]] | None = None,
        readings: Iterable[Mapping[str, Any]] = (),
        **fields: Any,
    ) -> str:
        """A session of one hour and 10 kWh at 22 kW, priced 3.00; returns its key. fields: columns of raw_cdrs."""
        row = self._session(cdr_id) | fields
        if "cdr_key" not in row:
            row["cdr_key"] = f"{row['cpo_party']}|{row['cdr_id']}".lower()
        record_id = self.record(file_seq)
        self.insert("raw_cdrs", record_id=record_id, file_seq=file_seq, position=self._records[file_seq], **row)
        if content:
            self.insert("raw_content_hashes", record_id=record_id, content_sha256=content)
        if periods is None:
            periods = [{"started_at": row["started_at"], "energy_kwh": row["energy_kwh"], "time_hours": Decimal(1)}]
        for number, period in enumerate(periods, start=1):
            self.insert("raw_charging_periods", record_id=record_id, period_no=number, **period)
        for number, tariff in enumerate([{}] if tariffs is None else tariffs, start=1):
            self.insert("raw_cdr_tariffs", **{
                "record_id": record_id, "tariff_index": number, "tariff_id": "T1", "tariff_no": TAXED, **tariff,
            })  # fmt: skip
        for number, reading in enumerate(readings, start=1):
            self.insert("raw_meter_readings", **{
                "record_id": record_id, "value_no": 1, "reading_no": number, "meter_serial": "M1", "status": "G",
                "time_status": "S", "error_flags": "", "signature": "good", **reading,
            })  # fmt: skip
        return str(row["cdr_key"])

    def connector(self, evse_uid: str, connector_id: str = "1", **row: Any) -> None:
        """A connector of 22 kW AC in Amsterdam, of NL/EMO, known from the first delivery."""
        self.insert("raw_connectors", **{
            "record_id": self._master_record(), "sighting_seq": 1, "seen_at": at("01T00:00"),
            "source": "emo", "is_opening": True, "cpo_party": "NL/EMO",
            "location_id": f"LOC-{evse_uid}", "time_zone": "Europe/Amsterdam", "evse_uid": evse_uid,
            "connector_id": connector_id, "power_type": "AC_3_PHASE", "max_power_w": 22000, **row,
        })  # fmt: skip

    def token(self, token_uid: str, **row: Any) -> None:
        """A valid token of ours, known from the first delivery."""
        self.insert("raw_tokens", **{
            "record_id": self._master_record(), "sighting_seq": 1, "seen_at": at("01T00:00"),
            "source": "own", "is_opening": True, "emsp_party": "NL/EVS",
            "token_uid": token_uid, "is_valid": True, "whitelist": "NEVER", **row,
        })  # fmt: skip

    def alias(self, kind: str, old_id: str, canonical_id: str, **row: Any) -> None:
        """An alias that stands and always held."""
        self.insert("raw_aliases", **{
            "kind": kind, "old_id": old_id, "canonical_id": canonical_id, "known_seq": 1, "known_from": at("01T00:00"),
            **row,
        })  # fmt: skip

    def tariff(self, tariff_id: str, tariff_no: int, **row: Any) -> None:
        """A sighting of a tariff of NL/REG in its feed; opening knowledge, valid from January."""
        self.insert("raw_tariff_sightings", **{
            "record_id": self._master_record(), "sighting_seq": 1, "seen_at": at("01T00:00"),
            "source": "registry", "is_opening": True,
            "cpo_party": "NL/REG", "tariff_id": tariff_id, "tariff_no": tariff_no,
            "valid_from": "2026-01-01T00:00:00Z", **row,
        })  # fmt: skip

    def told(self, feed: str, **row: Any) -> None:
        """A record of sessions, authorizations, charger_events or receipts, in a file of its own."""
        self._told += 1
        file_seq = 1000 + self._told
        self.file(file_seq, feed=feed, file_name=f"{feed}-{file_seq}.json")
        values = {"record_id": self.record(file_seq), "cpo_party": "NL/EMO"}
        self.insert(f"raw_{feed}", **(values | row))

    def decide(self, seq: int, kind: str, subject_kind: str, subject_id: str, **row: Any) -> None:
        """A standing decision, effective in the night before the run."""
        self.insert("raw_decisions", **{
            "seq": seq, "effective_at": "2026-11-01T22:00:00Z", "kind": kind, "subject_kind": subject_kind,
            "subject_id": subject_id, "decided_by": "ann", **row,
        })  # fmt: skip

    def contract(self, partner: str, party: str, **terms: Any) -> None:
        """A contract from January 2026, approved, with the defaults of a new template."""
        version = terms.get("contract_version", f"{partner}-1")
        self.insert("raw_contracts", **{
            "partner": partner, "contract_version": version, "name": partner, "valid_from": "2026-01-01",
            "known_seq": 1, "known_from": at("01T00:00"), "is_approved": True, "currency": "EUR",
            "frequency": "monthly", "cut_off_days": 5, "tariff_source": "cdr", "tariff_approval": "auto",
            "period_tariff": "only_tariff", "period_policy": "as_sent", "discount_percent": 0,
            "rounding_mode": "half-up", "rounding_level": "session", "rounding_scale": 2, "tolerance_amount": "0.02",
            "tolerance_percent": "0.1", "tolerance_energy_kwh": "0.01", "tolerance_duration_seconds": 60,
            "tolerance_clock_skew_seconds": 300, "late_days": 90, "due_days_reject": 5, "due_days_hold": 5,
            "requires": ",", **terms,
        })  # fmt: skip
        self.insert("raw_contract_parties", partner=partner, contract_version=version, party=party)

    def finish(self) -> None:
        """What the loader derives from the rows."""
        add_contract_ids(self.connection)

    def _master_record(self) -> int:
        self._master_records += 1
        return (99 << 32) | self._master_records

    def _session(self, cdr_id: str) -> dict[str, Any]:
        return {
            "cdr_id": cdr_id, "cpo_party": "NL/EMO", "emsp_party": "NL/EVS", "party_source": "record",
            "ocpi_version": "2.2.1", "started_at": at("10T09:00"), "ended_at": at("10T10:00"),
            "session_id": f"S-{cdr_id}", "token_uid": f"TOK-{cdr_id}", "token_type": "RFID",
            "location_id": f"LOC-EV-{cdr_id}", "evse_uid": f"EV-{cdr_id}", "connector_id": "1", "currency": "EUR",
            "energy_kwh": Decimal(10), "total_time_hours": Decimal(1), "claimed_excl_tax": Decimal("3.00"),
            "claimed_incl_tax": Decimal("3.63"), "is_credit": False, "is_home_charging": False, "is_test": False,
            "time_form": "utc", "is_time_ambiguous": False,
        }  # fmt: skip

    def _foundation(self) -> None:
        self.insert("raw_run", run_seq=9, as_of=AS_OF, engine_version="test", rules_sha256="test")
        self.insert("raw_touched", kind="everything", id="", reason="test")
        self.insert("raw_network", time_zone="UTC", country="NL", currency="EUR")
        for role in ("CPO", "EMSP"):
            self.insert("raw_own_parties", party="NL/EVS", role=role, legal_name="EVS", country="NL")
        terms = {
            "strict": {"requires": ",location,token,tariff,tax,"},
            "registry": {"tariff_source": "registry"},
            "careful": {"tariff_source": "registry", "tariff_approval": "manual"},
        }
        for partner, party in PARTNERS.items():
            self.contract(partner, party, **terms.get(partner, {}))
        for rule in read_rules(suites()).values():
            self.insert("raw_rules", **{name: getattr(rule, name) for name in COLUMNS})
        self.insert("raw_zone_offsets", zone="Europe/Amsterdam", utc_from="1970-01-01T00:00:00Z",
                    utc_to="2100-01-01T00:00:00Z", offset_seconds=3600)  # fmt: skip
        for utc_from, utc_to, offset in (("1970-01-01", "2026-10-25", 7200), ("2026-10-25", "2100-01-01", 3600)):
            self.insert("raw_zone_offsets", zone="Europe/Berlin", utc_from=f"{utc_from}T01:00:00Z",
                        utc_to=f"{utc_to}T01:00:00Z", offset_seconds=offset)  # fmt: skip
        bodies = {PRICE: ("EUR", "0.30", None), TAXED: ("EUR", "0.30", 21), FREE: ("EUR", "0", None),
                  FOREIGN: ("CHF", "0.30", 21), OTHER: ("EUR", "0.50", 21), UNTAXED: ("EUR", "0.30", None),
                  TAX_WITHIN: ("EUR", "0.30", 21), CONTRADICTION: ("EUR", "0.30", 21),
                  NIGHTLY: ("EUR", "0.30", 21)}  # fmt: skip
        for number, (currency, price, tax) in bodies.items():
            self.insert("raw_tariff_bodies", tariff_no=number, tariff_body=f"body{number}", currency=currency,
                        tax_included=TAX_INCLUDED.get(number))  # fmt: skip
            self.insert("raw_tariff_elements", tariff_no=number, element_no=1,
                        start_minute=0 if number == NIGHTLY else None)  # fmt: skip
            self.insert("raw_tariff_components", tariff_no=number, element_no=1, component_no=1, dimension="ENERGY",
                        price=price, tax_percent=tax, step_size=1)  # fmt: skip
        for file_seq, source in enumerate(("emo", "hub", "own"), start=1):
            self.file(file_seq, source)
        # A second party of the first partner.
        self.insert("raw_contract_parties", partner="emo", contract_version="emo-1", party="NL/EM2")


def new_world(folder: Path) -> tuple[Path, World]:
    """A warehouse file in a folder and its world; close world.connection before dbt runs."""
    path = folder / "evsettle.duckdb"
    with open_warehouse(path):
        pass
    connection = duckdb.connect(str(path))
    connection.execute("set TimeZone = 'UTC'")
    return path, World(connection)
