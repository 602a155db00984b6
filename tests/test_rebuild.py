"""Facts and what is derived from them: delete, kill, split up, and the result is the same."""

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import conftest
import duckdb
import pytest
import snapshots

from orchestration import exception_queue
from orchestration.exception_queue import Wanted
from orchestration.facts import ledger
from orchestration.facts.decisions import Decision, record
from orchestration.facts.home import Home, open_home
from orchestration.facts.people import read_people
from orchestration.published import Snapshot
from orchestration.run_entries import is_up_to_date

Cli = Callable[..., subprocess.CompletedProcess[str]]
AS_OF = "2026-11-03T06:00:00Z"
LATER = "2026-11-03T07:00:00Z"


def run(cli: Cli, home: Path, *arguments: object, as_of: str = LATER) -> subprocess.CompletedProcess[str]:
    result = cli("--home", home, "run", "--as-of", as_of, *arguments)
    assert result.returncode == 0, result.stderr + result.stdout
    assert "Traceback" not in result.stderr
    return result


def test_a_second_run_finds_nothing_to_do(cli: Cli, home_copy: Path) -> None:
    before = sorted((home_copy / "ledger").glob("*.json"))
    result = run(cli, home_copy)
    assert "Nothing new" in result.stdout
    assert sorted((home_copy / "ledger").glob("*.json")) == before


def test_a_wait_that_ends_makes_work_though_nothing_came(finished_home: Path) -> None:
    home = open_home(finished_home)
    entries = ledger.read_all(home)
    ends_at = datetime.fromisoformat(entries[-1].body["next_deadline"])
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        waits = connection.execute(
            "select min(ends_at) from (select ends_at from inspect.deadlines union all"
            " select waits_until from reconcile.session_flags where waits_until is not null) where ends_at >= $1",
            [datetime.fromisoformat(AS_OF)],
        ).fetchone()
    assert waits == (ends_at,)
    assert is_up_to_date(home, entries, ends_at)
    assert not is_up_to_date(home, entries, ends_at + timedelta(seconds=1))


def test_what_is_derived_can_be_deleted(cli_here: Cli, home_copy: Path) -> None:
    tables, reports = snapshots.tables(home_copy), snapshots.reports(home_copy)
    for folder in ("warehouse", "published", "reports"):
        shutil.rmtree(home_copy / folder)
    run(cli_here, home_copy)
    assert snapshots.tables(home_copy) == tables
    assert snapshots.reports(home_copy) == reports
    assert reports, "there were reports to compare"


def killed(home: Path, seconds: float) -> bool:
    """Start a run and kill it after so many seconds. Returns whether it was still running."""
    command = [str(conftest.EVSETTLE), "--home", str(home), "run", "--as-of", AS_OF]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, cwd=conftest.ROOT
    )
    time.sleep(seconds)
    alive = process.poll() is None
    if alive:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return alive


def kill_and_run_again(cli: Cli, home: Path, kills: int, longest: float) -> None:
    chance = random.Random()
    caught = sum(killed(home, chance.uniform(0.3, longest)) for _ in range(kills))
    assert caught, "no run was caught while it ran"
    run(cli, home, "--full")


def test_a_killed_run_loses_and_doubles_nothing(cli: Cli, finished_home: Path, tmp_path: Path) -> None:
    home = fresh(finished_home, tmp_path)
    kill_and_run_again(cli, home, kills=3, longest=14)
    assert snapshots.tables(home) == snapshots.tables(finished_home)
    assert snapshots.reports(home) == snapshots.reports(finished_home)


@pytest.mark.slow
def test_twenty_killed_runs_lose_and_double_nothing(cli: Cli, finished_home: Path, tmp_path: Path) -> None:
    # A home for each round: a run of one that is finished has nothing to do, and is over before it can be killed.
    for number in range(4):
        (tmp_path / str(number)).mkdir()
        home = fresh(finished_home, tmp_path / str(number))
        kill_and_run_again(cli, home, kills=5, longest=16)
        assert snapshots.tables(home) == snapshots.tables(finished_home)
        assert snapshots.reports(home) == snapshots.reports(finished_home)


def fresh(finished: Path, folder: Path) -> Path:
    """The same demo before its first run: ledger entries of the demo itself, landing and master."""
    home = folder / "fresh"
    result = conftest.evsettle("demo", home, *conftest.DEMO)
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in (home / "landing").iterdir()) == sorted(
        path.name for path in (finished / "landing").iterdir()
    )
    return home


def decide(home: Home, at: str, chance: random.Random) -> None:
    """Some of what people decide between two runs: leave a session out, settle one otherwise, waive a rule, read a file."""
    instant = datetime.fromisoformat(at)
    with duckdb.connect() as connection:
        keys = (
            connection.read_parquet(str(home.root / "published" / "cdrs.parquet")).order("cdr_key").project("cdr_key")
        )
        left_out, adjusted = chance.sample([key for (key,) in keys.fetchall()], 2)
        findings = connection.read_parquet(str(home.root / "published" / "findings.parquet"))
        held = findings.filter("severity = 'hold' and cdr_key is not null").order("cdr_key, rule_id")
        waived, rule = chance.choice(held.project("cdr_key, rule_id").fetchall())
    arrivals = [entry.body["files"] for entry in ledger.read_all(home) if entry.kind == "arrival"]
    names = [f"{file['source']}/{file['feed']}/{file['file_name']}" for files in arrivals for file in files]
    file = f"file:{chance.choice(names)}"
    people = read_people(home).values()
    approver = next(person.name for person in people if "approver" in person.roles)
    finance, platform = (
        next(person.name for person in people if role in person.roles and person.name != approver)
        for role in ("finance", "platform")
    )
    for decision in (
        Decision("exclude", finance, [left_out], "EXC_GOODWILL"),
        Decision("adjust", finance, [adjusted], "ADJ_WAIVER", {"amount": "1.23", "kwh": "4.5"}),
        # It has ended before the last run, which sees that without anything new.
        Decision("waive", finance, [waived], "WAIVED", {"rule": rule, "until": "2026-11-03T05:45:00Z"}),
    ):
        proposal = record(home, decision, instant)
        record(home, Decision("approve", approver, answers=proposal.entry.seq), instant)
    record(home, Decision("reprocess", platform, [file], "REPROCESS"), instant)
    give_a_group_away(home, platform, instant)


def give_a_group_away(home: Home, platform: str, at: datetime) -> None:
    """The largest group of the exception queue goes to one person; later runs have other groups, the list stays."""
    snapshot = Snapshot(home)
    largest = max(exception_queue.groups(snapshot, Wanted()), key=lambda group: (group["cases"], group["group"]))
    cases = exception_queue.members(snapshot, largest["group"])
    named = exception_queue.subjects(cases, "assign")
    record(home, Decision("assign", platform, named, values={"to": platform}, group=largest["group"]), at)


@pytest.mark.parametrize("batches", [2, pytest.param(5, marks=pytest.mark.slow)])
def test_arrivals_in_any_batches_give_one_warehouse(
    cli_here: Cli, finished_home: Path, tmp_path: Path, batches: int
) -> None:
    """The same files in random batches, a run after each, against one rebuild from the same ledger."""
    whole = fresh(finished_home, tmp_path)
    home = tmp_path / "batches"
    shutil.copytree(whole, home, ignore=shutil.ignore_patterns("landing"))
    files = [path.relative_to(whole) for path in sorted((whole / "landing").rglob("*")) if path.is_file()]
    chance = random.Random()
    chance.shuffle(files)
    cuts = [0, *sorted(chance.sample(range(1, len(files)), batches - 1)), len(files)]
    for number, (first, last) in enumerate(pairwise(cuts)):
        for path in files[first:last]:
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(whole / path, home / path)
        run(cli_here, home, as_of=f"2026-11-03T0{number + 1}:00:00Z")
        decide(open_home(home), f"2026-11-03T0{number + 1}:30:00Z", chance)
    run(cli_here, home, as_of="2026-11-03T06:00:00Z")
    incremental, reports = snapshots.tables(home), snapshots.reports(home)
    for folder in ("warehouse", "published", "reports"):
        shutil.rmtree(home / folder)
    run(cli_here, home)
    assert snapshots.tables(home) == incremental, f"order of files: {[str(path) for path in files]}, cuts {cuts}"
    assert snapshots.reports(home) == reports


@pytest.mark.slow
def test_changed_rows_of_master_files_give_what_a_rebuild_gives(cli_here: Cli, home_copy: Path) -> None:
    """Aliases that come and go, an asset, a meter, a plan, terms, what is shown: only some sessions, all of them right."""

    def sessions(sql: str) -> list[str]:
        with duckdb.connect(str(home_copy / "warehouse/evsettle.duckdb"), read_only=True) as connection:
            return [str(value) for (value,) in connection.execute(sql).fetchall()]

    def change(hour: int, **files: str) -> int:
        """How many sessions a run computes after these files were written."""
        for name, text in files.items():
            (home_copy / "master" / f"{name}.csv").write_text(text)
        run(cli_here, home_copy, as_of=f"2026-11-03T{hour:02}:00:00Z")
        return len(sessions("select cdr_key from inspect.work"))

    everything = len(sessions("select distinct work_key from ingest.cdr_revisions"))
    old, new, other = sessions(
        "select evse_uid from ingest.raw_cdrs where cpo_party = 'NL/EVS' and evse_uid is not null"
        " group by 1 order by count(*) desc, 1 limit 3"
    )
    (contract,) = sessions(
        "select contract_id from inspect.cdrs where partner = 'emo' and contract_id is not null order by 1 limit 1"
    )
    shown = (home_copy / "master/publications.csv").read_text().splitlines()
    plans = f"partner,contract_id,plan,discount_percent\nemo,{contract},gold,10\n"
    aliases = (home_copy / "master/aliases.csv").read_text()
    alias = f"{aliases}evse,NL/EVS|{old},NL/EVS|{new},,,\n"
    assert 0 < change(8, aliases=alias, memberships=plans) < everything
    assert 0 < change(9, assets=f"evse_uid,owner_party\n{new},NL/EVS\n{other},DE/FST\n") < everything
    meters = (home_copy / "master/meters.csv").read_text().splitlines()
    terms = home_copy / "master/partners/emo.yaml"
    terms.write_text(
        terms.read_text().replace("2025-01-01", "2026-10-10") + "tolerances: {amount: 0.50, late_days: 3}\n"
    )
    assert 0 < change(10, meters="\n".join([meters[0], *meters[2:], ""])) < everything
    assert 0 < change(11, aliases=aliases, publications="\n".join([*shown[:1], *shown[3:], ""])) <= everything
    tables, reports = snapshots.tables(home_copy), snapshots.reports(home_copy)
    for folder in ("warehouse", "published", "reports"):
        shutil.rmtree(home_copy / folder)
    run(cli_here, home_copy, as_of="2026-11-03T11:00:00Z")
    assert snapshots.tables(home_copy) == tables
    assert snapshots.reports(home_copy) == reports
