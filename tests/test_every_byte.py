"""One byte anywhere: whatever changed in facts, in what landed, or in what a run derived, `verify` names it."""

import json
import random
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb
import pytest

from orchestration import derived
from orchestration.facts import ledger
from orchestration.facts.home import Home
from orchestration.facts.objects import sha256_of_file
from orchestration.pseudonyms import VARIABLE

Cli = Callable[..., subprocess.CompletedProcess[str]]


def flip(path: Path) -> None:
    """Change one byte of a file, anywhere in it."""
    data = bytearray(path.read_bytes())
    data[random.randrange(len(data))] ^= random.randrange(1, 256)
    path.write_bytes(data)


def named(cli: Cli, home: Path) -> set[str]:
    """What `verify` names."""
    result = cli("--home", home, "verify", "--json")
    assert result.returncode == 1, result.stdout + result.stderr
    return {problem["subject"] for problem in json.loads(result.stdout)["problems"]}


def files(home: Path, *patterns: str) -> list[Path]:
    found = [path for pattern in patterns for path in sorted(home.glob(pattern)) if path.stat().st_size]
    assert found, f"no files of {patterns}"
    return found


def changed_and_named(cli: Cli, home: Path, paths: Iterable[Path]) -> None:
    paths = list(paths)
    for path in paths:
        flip(path)
    missed = {path.relative_to(home).as_posix() for path in paths} - named(cli, home)
    assert not missed


def test_a_finished_home_is_as_it_was_written(cli_here: Cli, finished_home: Path) -> None:
    result = cli_here("--home", finished_home, "verify", "--json")
    answer = json.loads(result.stdout)
    assert (result.returncode, answer["problems"], answer["notes"]) == (0, [], [])
    assert answer["published"] == len(files(finished_home, "published/*.parquet"))
    assert answer["tables"] > answer["published"]


def test_every_object_report_master_and_landed_file(cli_here: Cli, home_copy: Path) -> None:
    landed = [path for path in files(home_copy, "landing/*/*/*") if not path.name.endswith(".manifest.json")]
    changed_and_named(
        cli_here,
        home_copy,
        [*landed, *files(home_copy, "ledger/objects/*.zst", "reports/*/*/*[vx]", "master/*.yaml", "master/*/*")],
    )


def test_every_entry_of_the_ledger(cli_here: Cli, home_copy: Path) -> None:
    changed_and_named(cli_here, home_copy, files(home_copy, "ledger/*.json"))


def test_every_published_table(cli_here: Cli, home_copy: Path) -> None:
    changed_and_named(cli_here, home_copy, files(home_copy, "published/*.parquet"))


def test_manifests_and_the_name_of_the_run_that_was_published(cli_here: Cli, home_copy: Path) -> None:
    changed_and_named(cli_here, home_copy, files(home_copy, "reports/*/*/manifest.json", "published/run.json"))


@pytest.mark.parametrize("position", range(0, 140, 20))
def test_each_part_of_the_name_of_the_run_that_was_published(cli_here: Cli, home_copy: Path, position: int) -> None:
    marker = home_copy / "published" / "run.json"
    data = bytearray(marker.read_bytes())
    data[position % len(data)] ^= 1
    marker.write_bytes(data)
    assert "published/run.json" in named(cli_here, home_copy)


def test_an_event_that_was_written_anew_with_its_hash(
    cli_here: Cli, home_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who changes the audit trail changes the hash beside it too: the ledger still says otherwise."""
    path, marker = home_copy / "published" / "events.parquet", home_copy / "published" / "run.json"
    with duckdb.connect() as connection:
        connection.execute("create table events as from read_parquet(?)", [str(path)])
        connection.execute("update events set actor = 'Nobody' where seq = 2")
        connection.execute(f"copy events to '{path}' (format parquet)")
    marker.write_text(json.dumps(json.loads(marker.read_text()) | {"events": sha256_of_file(path)}))
    assert named(cli_here, home_copy) == {"published/events.parquet"}
    # So it does to who has not the key of the pseudonyms.
    monkeypatch.delenv(VARIABLE)
    assert named(cli_here, home_copy) == {"published/events.parquet"}


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("settle.statement_lines", "update settle.statement_lines set amount_excl_tax = amount_excl_tax + 0.01 where line_no = 1"),
        ("ingest.raw_cdrs", "delete from ingest.raw_cdrs where record_id = (select min(record_id) from ingest.raw_cdrs)"),
        ("ingest.raw_ledger", "update ingest.raw_ledger set note = 'agreed by phone' where seq = 2"),
    ],
)  # fmt: skip
def test_a_table_of_the_warehouse(cli_here: Cli, home_copy: Path, table: str, change: str) -> None:
    with duckdb.connect(str(home_copy / "warehouse" / "evsettle.duckdb")) as connection:
        connection.execute(change)
    assert named(cli_here, home_copy) == {f"warehouse/evsettle.duckdb:{table}"}


def test_a_warehouse_that_is_no_database_any_more(cli_here: Cli, home_copy: Path) -> None:
    warehouse = home_copy / "warehouse" / "evsettle.duckdb"
    warehouse.write_bytes(b"\0" * 4096 + warehouse.read_bytes()[4096:])
    assert named(cli_here, home_copy) == {"warehouse/evsettle.duckdb"}


def test_a_table_of_the_ledger_is_missed_but_in_a_warehouse_of_another_version(
    home_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(home_copy.resolve())
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("drop table ingest.raw_finding_history")
    entries = ledger.read_all(home)
    subjects = [problem.subject for problem in derived.check_derived(home, entries).problems]
    assert subjects == ["warehouse/evsettle.duckdb:ingest.raw_finding_history"]
    # An update that reads one more table from the ledger finds the warehouse of the last run whole.
    monkeypatch.setattr(derived, "engine_version", lambda: "0.2.0+another")
    assert derived.check_derived(home, entries).problems == ()
