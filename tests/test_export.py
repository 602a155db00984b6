"""The whole history out as open files and back: the same state, the same bytes; and CDRs that price the same elsewhere."""

import csv
import hashlib
import json
import random
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.archive.ocpi import VERSIONS
from orchestration.archive.read import ImportRefused, import_home
from orchestration.defs.ingest.records import RawRecord, split
from orchestration.engine.price import price
from orchestration.facts.home import Home
from orchestration.pseudonyms import VARIABLE
from tests.conftest import ROOT

Cli = Callable[..., subprocess.CompletedProcess[str]]
# OCPI 2.2.1 and 2.3.0, mod_cdrs: what a CDR must have (cardinality 1 or +).
MANDATORY = {
    "country_code", "party_id", "id", "start_date_time", "end_date_time", "cdr_token", "auth_method", "cdr_location",
    "currency", "charging_periods", "total_cost", "total_energy", "total_time", "last_updated",
}  # fmt: skip
OPTIONAL = {
    "session_id", "authorization_reference", "meter_id", "tariffs", "total_fixed_cost", "total_energy_cost",
    "total_time_cost", "total_parking_time", "total_parking_cost", "total_reservation_cost", "remark", "signed_data",
    "invoice_reference_id", "credit", "credit_reference_id", "home_charging_compensation",
}  # fmt: skip


@pytest.fixture(scope="module")
def exported(cli_here: Cli, finished_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished home's export as a folder. Read it, never write to it."""
    folder = tmp_path_factory.mktemp("export") / "history"
    result = cli_here("--home", finished_home, "export", folder)
    assert result.returncode == 0, result.stderr
    return folder


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("name", ["folder", "archive.zip"])
def test_an_import_has_the_same_state_and_the_same_bytes(
    cli_here: Cli, finished_home: Path, tmp_path: Path, name: str
) -> None:
    assert cli_here("--home", finished_home, "export", tmp_path / name).returncode == 0
    home = tmp_path / "home"
    result = cli_here("--home", home, "import", tmp_path / name, "--json")
    answer = json.loads(result.stdout)
    assert (result.returncode, answer["verification"]["problems"]) == (0, [])
    for part in ("ledger", "published", "reports", "master"):
        assert hashes(home / part) == hashes(finished_home / part), part
    assert (
        answer["verification"]["head"]
        == json.loads(cli_here("--home", finished_home, "verify", "--json").stdout)["head"]
    )
    assert cli_here("--home", home, "status").stdout == cli_here("--home", finished_home, "status").stdout.replace(
        str(finished_home), str(home)
    )


@pytest.mark.parametrize("key", ["", "the key of somebody else"])
def test_who_has_not_the_key_of_the_pseudonyms_can_verify(
    cli_here: Cli, finished_home: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv(VARIABLE, key)
    result = cli_here("--home", finished_home, "verify", "--json")
    assert (result.returncode, json.loads(result.stdout)["problems"]) == (0, [])


def test_the_same_history_is_the_same_archive(cli_here: Cli, finished_home: Path, tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        assert cli_here("--home", finished_home, "export", tmp_path / name).returncode == 0
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_an_export_describes_itself(exported: Path) -> None:
    package = json.loads((exported / "datapackage.json").read_text())
    found = hashes(exported)
    listed = dict(reversed(line.split("  ", 1)) for line in (exported / "checksums.sha256").read_text().splitlines())
    assert listed == {name: sha256 for name, sha256 in found.items() if name != "checksums.sha256"}
    names = [resource["name"] for resource in package["resources"]]
    assert len(set(names)) == len(names)
    for resource in package["resources"]:
        # Frictionless: a name is lower case, with digits, dots, dashes and underscores.
        assert re.fullmatch(r"[a-z0-9._-]+", resource["name"])
        assert resource["hash"] == f"sha256:{found[resource['path']]}"
        assert resource["bytes"] == (exported / resource["path"]).stat().st_size


def test_every_column_of_a_table_is_in_its_csv_and_in_the_dictionary(exported: Path) -> None:
    with (exported / "dictionary.csv").open(newline="") as file:
        told = {(row["table"], row["column"]): row for row in csv.DictReader(file)}
    schemas = {
        resource["path"]: [field["name"] for field in resource["schema"]["fields"]]
        for resource in json.loads((exported / "datapackage.json").read_text())["resources"]
        if "schema" in resource
    }
    tables = sorted((exported / "home" / "published").glob("*.parquet"))
    assert len(tables) == len(schemas) > 20
    for path in tables:
        columns = duckdb.read_parquet(str(path)).columns
        with (exported / "tables" / f"{path.stem}.csv").open(newline="") as file:
            assert next(csv.reader(file)) == columns == schemas[f"tables/{path.stem}.csv"]
        assert told[path.stem, ""]["description"]
        assert all((path.stem, column) in told for column in columns)


def test_a_csv_holds_what_the_parquet_file_holds(exported: Path) -> None:
    sums = "select count(*), sum(cast(amount_excl_tax as decimal(38, 8))), count(distinct statement_id) from '{}'"
    one, two = (
        duckdb.sql(sums.format(exported / path)).fetchall()
        for path in ("tables/statement_lines.csv", "home/published/statement_lines.parquet")
    )
    assert one == two


def costs(records: list[RawRecord]) -> dict[str, Any]:
    return {
        answer["id"]: answer["total_cost"] for answer in map(json.loads, price(records, time_zone="Europe/Amsterdam"))
    }


def test_who_has_none_of_our_code_can_work_the_books_out_again(exported: Path, tmp_path: Path) -> None:
    """Row 87: the reader of examples/ runs without this package and without any other, on the files alone."""
    reader = [sys.executable, "-I", "-S", str(ROOT / "examples/read-export/read_export.py")]
    whole = subprocess.run([*reader, exported], capture_output=True, text=True, check=False)
    assert (whole.returncode, whole.stdout.splitlines()[-1]) == (0, "Everything is as it says."), whole.stdout
    statements = len((exported / "tables/statements.csv").read_text().splitlines()) - 1
    assert statements > 5 and f"{statements} statements, " in whole.stdout
    # One cent on one line: the file is another, and its statement and what follows do not come out of it any more.
    copy = tmp_path / "changed"
    shutil.copytree(exported, copy)
    lines = (copy / "tables/statement_lines.csv").read_text().splitlines()
    cells = next(csv.reader([lines[1]]))
    place = next(csv.reader([lines[0]])).index("amount_excl_tax")
    lines[1] = lines[1].replace(f",{cells[place]},", f",{Decimal(cells[place]) + Decimal('0.01')},", 1)
    (copy / "tables/statement_lines.csv").write_text("\n".join(lines) + "\n")
    changed = subprocess.run([*reader, copy], capture_output=True, text=True, check=False)
    assert changed.returncode == 1
    assert "tables/statement_lines.csv is missing or has another hash" in changed.stdout
    assert f"statement {cells[0]}: amount_excl_tax is " in changed.stdout


@pytest.fixture(scope="module")
def sent(finished_home: Path) -> dict[str, Any]:
    """What the CDRs that came as OCPI cost as they came, by id."""
    with duckdb.connect(str(finished_home / "warehouse" / "evsettle.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select records.raw_text from settle.cdr_outcomes as outcomes"
            " inner join ingest.raw_cdrs as cdrs using (record_id)"
            " inner join ingest.raw_records as records using (record_id)"
            " where cdrs.ocpi_version in ('2.1.1', '2.2.1', '2.3.0') order by outcomes.cdr_key"
        ).fetchall()
    return costs([record for (text,) in rows for record in split(text.encode())])


@pytest.mark.parametrize("version", VERSIONS)
def test_cdrs_price_the_same_on_another_platform(exported: Path, sent: dict[str, Any], version: str) -> None:
    paths = sorted((exported / "ocpi" / version / "cdrs").rglob("*.ndjson"))
    there = costs([record for path in paths for line in path.read_bytes().splitlines() for record in split(line)])
    assert len(there) >= len(sent) > 250
    assert {key: there[key] for key in sent} == sent
    assert sum(cost is not None for cost in there.values()) > 200


@pytest.mark.parametrize("version", VERSIONS)
def test_cdrs_have_the_fields_of_their_version(exported: Path, version: str) -> None:
    path = exported / "ocpi" / version / "cdrs" / "NL-EVS" / "2026-10.ndjson"
    cdrs = [json.loads(line) for line in path.read_text().splitlines()]
    assert cdrs
    for cdr in cdrs:
        assert set(cdr) <= MANDATORY | OPTIONAL
        cost = {"2.2.1": {"excl_vat", "incl_vat"}, "2.3.0": {"before_taxes", "taxes"}}[version]
        assert set(cdr["total_cost"]) <= cost
        assert all(("tax_included" in tariff) == (version == "2.3.0") for tariff in cdr["tariffs"])
    # Some were sent without: what nobody sent is not made up.
    assert sum(set(cdr) >= MANDATORY for cdr in cdrs) > len(cdrs) * 0.9


def refused(source: Path, tmp_path: Path) -> str:
    with pytest.raises(ImportRefused) as error:
        import_home(source, Home(tmp_path / "home"))
    assert not (tmp_path / "home").exists()
    assert not list(tmp_path.glob(".*.unfinished"))
    return str(error.value)


def test_a_flipped_byte_a_missing_and_an_added_file_are_named(exported: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(exported, copy)
    path = random.choice(
        [path for path in sorted(copy.rglob("*")) if path.is_file() and path.name != "checksums.sha256"]
    )
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert f"{path.relative_to(copy).as_posix()} was changed after the export was written" in refused(copy, tmp_path)
    path.unlink()
    assert f"{path.relative_to(copy).as_posix()} is not in the export" in refused(copy, tmp_path)
    path.write_bytes(data)
    (copy / "home" / "ledger" / "extra.json").write_text("{}")
    assert "home/ledger/extra.json was added" in refused(copy, tmp_path)


def archive(folder: Path, name: str, content: bytes, mode: int = 0o644, is_listed: bool = True) -> Path:
    """An archive with one file of this name, listed as an export would."""
    path = folder / "made.zip"
    listed = f"{hashlib.sha256(content).hexdigest()}  {name}\n" if is_listed else ""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        made.writestr(info, content)
        made.writestr("checksums.sha256", listed)
    return path


@pytest.mark.parametrize(
    ("name", "mode", "said"),
    [
        ("../../etc/passwd", 0o644, "leads out of the archive"),
        ("/etc/passwd", 0o644, "leads out of the archive"),
        ("home\\ledger\\1.json", 0o644, "leads out of the archive"),
        ("C:/home/ledger/1.json", 0o644, "leads out of the archive"),
        ("home/ledger/link.json", 0o120777, "is a link"),
        ("home/warehouse/evsettle.duckdb", 0o644, "does not belong in a home"),
        ("home/ledger/./1.json", 0o644, "leads out of the export"),
        ("home/.lock", 0o644, "does not belong in a home"),
        ("home/ledger/1.json", 0o644, "home/master/network.yaml is not in it"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str, mode: int, said: str) -> None:
    assert said in refused(archive(tmp_path, name, b"{}", mode), tmp_path)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb = archive(tmp_path, "home/ledger/1.json", b"\0" * (80 * 1024 * 1024))
    assert "unpacks to more than 200 times its size" in refused(bomb, tmp_path)


def test_what_is_no_export_is_refused_in_a_sentence(cli_here: Cli, finished_home: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.zip").write_text("no archive")
    result = cli_here("--home", tmp_path / "home", "import", tmp_path / "notes.zip")
    assert (result.returncode, "neither a folder nor a whole zip archive" in result.stderr) == (1, True)
    result = cli_here("--home", finished_home, "import", tmp_path)
    assert (result.returncode, "is not empty: import into a folder that is new" in result.stderr) == (1, True)
    result = cli_here("--home", finished_home, "export", finished_home / "out")
    assert (result.returncode, "is inside the home" in result.stderr) == (1, True)
    result = cli_here("--home", finished_home, "export", tmp_path / "notes.zip")
    assert (result.returncode, "is there already" in result.stderr) == (1, True)
