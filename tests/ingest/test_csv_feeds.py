"""What partners' CSV files look like, and that a declared mapping reads them: encodings, quotes, units, parties."""

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.defs.ingest.csv_cdrs import CDR_COLUMNS, read_rows
from orchestration.defs.ingest.csv_records import split_lines
from orchestration.defs.ingest.feed_mapping import read_feed_mapping
from orchestration.defs.ingest.landing import take_in
from orchestration.defs.ingest.load import load_from_ledger
from orchestration.defs.ingest.mapping import Format, MappingError, read_mapping
from orchestration.facts.home import Home
from orchestration.warehouse import open_warehouse
from tests.small_home import at, land, make_home, rows, write

FRENCH = """
format: {delimiter: ";", quote: "'", encoding: ENCODING}
columns:
  cdr_id: Référence
  evse_id: Borne
  contract_id: Contrat
  started_at: {column: Début, format: "%d/%m/%Y %H:%M"}
  ended_at: {column: Fin, format: "%d/%m/%Y %H:%M"}
  energy_kwh: {column: Énergie, unit: Wh, thousands: " "}
  total_time_hours: {column: Durée, unit: minutes}
  claimed_excl_tax: {column: Montant, unit: cents}
  claimed_energy_excl_tax: {column: Part, decimal: ","}
  register_end_kwh: {column: Index, decimal: ","}
  credit_reference_id: Annule
constants: {currency: EUR, time_zone: Europe/Paris}
"""
ROWS = (
    "Référence;Borne;Contrat;Début;Fin;Énergie;Durée;Montant;Part;Index;Annule\r\n"
    "'A;1';FR*ABC*E1;NL-EVS-C00000001;02/10/2026 10:00;02/10/2026 11:30;7 500;90;210;1,5;1234,5;\r\n"
    "B;FR*ABC*E1;NL-EVS-C00000001;02/10/2026 10:00;02/10/2026 11:30;7 500;90;-210;1,5;;'A;1'\r\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "latin-1", "cp1252"])
def test_a_file_reads_the_same_in_every_encoding(encoding: str) -> None:
    mapping = read_mapping("m.yaml", FRENCH.replace("ENCODING", encoding).encode())
    data = ROWS.encode(encoding)
    header, *records = split_lines(data, mapping.format)
    read = read_rows(1, header, records, mapping)
    first, credit = (dict(zip(CDR_COLUMNS, row, strict=True)) for row in read.cdrs)
    assert (first["cdr_key"], first["emsp_party"], first["party_source"]) == ("fr/abc|a;1", "NL/EVS", "prefix")
    assert first["started_at"].isoformat() == "2026-10-02T08:00:00+00:00"
    assert [first[name] for name in ("energy_kwh", "total_time_hours", "claimed_excl_tax", "claimed_energy_excl_tax")] == [
        Decimal("7.5"), Decimal("1.5"), Decimal("2.1"), Decimal("1.5"),
    ]  # fmt: skip
    assert (first["register_end_kwh"], first["is_credit"]) == (Decimal("1234.5"), False)
    assert (credit["is_credit"], credit["credit_reference_id"], credit["claimed_excl_tax"]) == (
        True,
        "A;1",
        Decimal("-2.1"),
    )
    line = ROWS.split("\r\n")[2]
    wide = {"utf-16": "utf-16-le", "utf-8-sig": "utf-8"}.get(encoding, encoding)
    assert records[1].sha256 == hashlib.sha256(line.encode(wide)).hexdigest()


def test_utf_16_is_named_where_the_mapping_says_otherwise() -> None:
    (record,) = split_lines(ROWS.encode("utf-16"))
    assert record.problem == "the file is UTF-16, expected utf-8; write format.encoding: utf-16 in its mapping."
    (record,) = split_lines(ROWS.encode("utf-16-le")[:-1], Format(encoding="utf-16-le"))
    assert record.problem is not None and "is not utf-16-le" in record.problem


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("columns: {sesion_id: a}", "m.yaml: columns.sesion_id is not known; did you mean session_id?"),
        ("constants: {place: b}", "m.yaml: constants.place is not known; known here: "),
        ("columns: {energy_kwh: {column: a, unit: MWh}}", "m.yaml: columns.energy_kwh."),
        ("columns: {cpo_party: {country: a}}",
         "m.yaml: columns.cpo_party needs either column, or country and party; keep one of the two."),
        ("format: {encoding: utf-7x}", "m.yaml: format.encoding is 'utf-7x'; use utf-8, utf-16, latin-1, cp1252 or"),
        ("format: {quote: ','}", "m.yaml: format.quote is ','; write one character that is not the delimiter."),
        ("constants: {time_zone: Mars}", "m.yaml: constants.time_zone is 'Mars'; write an IANA zone"),
    ],
)  # fmt: skip
def test_a_wrong_mapping_says_where(text: str, sentence: str) -> None:
    with pytest.raises(MappingError) as caught:
        read_feed_mapping("m.yaml", text.encode(), "sessions")
    assert str(caught.value).startswith(sentence)


TARIFF_MAPPING = """
format: {delimiter: ";"}
columns:
  tariff_id: Tarif
  price_per_kwh: {column: kWh, decimal: ","}
  price_per_session: {column: Start, unit: cents}
  tax_percent: USt
  valid_from: {column: Ab, format: "%d.%m.%Y"}
constants: {currency: EUR, time_zone: Europe/Berlin, cpo_party: NL/EMO}
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


@pytest.fixture
def loaded(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    write(home.master / "mappings/emo.tariffs.yaml", TARIFF_MAPPING)
    land(home, "emo/tariffs/t.csv", "Tarif;kWh;Start;USt;Ab\nT1;0,35;50;21;01.10.2026\nT2;;;21;01.10.2026\n")
    land(home, "own/tokens/t.csv", "token_uid,is_valid,contract_id,whitelist\nU1,TRUE,C1,always\nU2,maybe,C2,NEVER\n")
    land(
        home, "emo/locations/l.csv",
        "location_id,country,time_zone,evse_uid,connector_id,max_power_kw\nL1,NLD,Europe/Amsterdam,E1,1,22\n",
    )  # fmt: skip
    take_in(home, at(0))
    with open_warehouse(home.warehouse) as connection:
        load_from_ledger(home, connection)
        yield connection


def test_tariffs_locations_and_tokens_come_as_csv_too(loaded: duckdb.DuckDBPyConnection) -> None:
    def one(sql: str) -> tuple[Any, ...]:
        (row,) = rows(loaded, sql)
        return row

    assert one("select emsp_party, token_uid, contract_id, is_valid, whitelist from ingest.raw_tokens") == (
        "NL/EVS", "U1", "C1", True, "ALWAYS",
    )  # fmt: skip
    assert one("select cpo_party, location_id, evse_uid, connector_id, max_power_w from ingest.raw_connectors") == (
        "NL/EMO", "L1", "E1", "1", Decimal("22000"),
    )  # fmt: skip
    assert one("select cpo_party, tariff_id, cast(valid_from as varchar) from ingest.raw_tariff_sightings") == (
        "NL/EMO", "T1", "2026-09-30 22:00:00+00",
    )  # fmt: skip
    assert rows(loaded, "select dimension, price, tax_percent from ingest.raw_tariff_components order by 1") == [
        ("ENERGY", Decimal("0.35"), 21), ("FLAT", Decimal("0.5"), 21),
    ]  # fmt: skip
    assert rows(loaded, "select problem from ingest.raw_records where not is_typed order by 1") == [
        ('is_valid is "maybe", expected one of true, false',),
        ("price_per_kwh or price_per_hour or price_per_parking_hour or price_per_session is missing; ask the sender "
         "for it.",),
    ]  # fmt: skip
