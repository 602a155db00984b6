"""However the same records of all feeds are split, packed, repeated and interrupted, the same is settled."""

import os
import random
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import duckdb
import pytest
import repacking
import snapshots

from orchestration import dbt, gate_asset
from orchestration.defs.ingest import landing, load
from orchestration.defs.ingest.landing import take_in
from orchestration.defs.settle import publish, statement_files
from orchestration.facts import ledger, objects
from orchestration.facts.decisions import Decision, record
from orchestration.facts.home import Home, open_home
from orchestration.facts.people import read_people
from tests.test_rebuild import fresh

Cli = Callable[..., CompletedProcess[str]]
AS_OF = "2026-11-03T06:00:00Z"
# What the outside reads, and the columns that name a place in a file or a run.
TABLES = ("cdrs", "price_lines", "discount_lines", "verdicts", "statements", "statement_lines")
# Evidence per file (TIME_DAY_MONTH_SWAP) depends on which records share one, so rules are counted apart too.
PLACES = {"record_id", "cleared_at", "adjustment_seq", "rules_evaluated", "rules_not_evaluated"}
# Between two calls of any of these a run may die; how often each is called in one.
STEPS: Sequence[tuple[Any, str, int]] = (
    (objects, "put_stream", 20), (ledger, "append", 2), (load, "_load_arrival", 1), (load, "load_files", 1),
    (load, "rewrite_master", 1), (dbt, "invoke", 8), (gate_asset, "run_gate", 3),
    (statement_files, "replace_file", 10), (publish, "_written", 8), (publish, "show", 1), (landing, "files_of", 40),
)  # fmt: skip


class Died(BaseException):
    """What no part of a run expects."""


def at(batch: int, minute: int) -> str:
    return f"2026-11-03T0{batch + 1}:{minute:02}:00Z"


def run(cli: Cli, home: Path, as_of: str) -> None:
    result = cli("--home", home, "run", "--as-of", as_of)
    assert result.returncode == 0, result.stderr + result.stdout


def run_that_dies(cli: Cli, home: Path, as_of: str, chance: random.Random) -> str:
    """A run that ends before or after some call of some step; says which."""
    module, name, times = chance.choice(STEPS)
    real, last, is_after = getattr(module, name), chance.randint(1, times), chance.random() < 0.5
    calls = 0

    def dies(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == last and not is_after:
            raise Died
        answer = real(*arguments, **named)
        if calls == last:
            raise Died
        return answer

    with pytest.MonkeyPatch.context() as patch, suppress(Died):
        patch.setattr(module, name, dies)
        cli("--home", home, "run", "--as-of", as_of)
    return f"{'after' if is_after else 'before'} call {last} of {name}"


def decide(home: Home, batch: int, keys: Sequence[str]) -> None:
    """Leave one session out and settle another otherwise; some of them have not come yet."""
    instant = datetime.fromisoformat(at(batch, 30))
    people = read_people(home).values()
    approver = next(person.name for person in people if "approver" in person.roles)
    finance = next(person.name for person in people if "finance" in person.roles and person.name != approver)
    left_out, adjusted, waived = keys
    for decision in (
        Decision("exclude", finance, [left_out], "EXC_GOODWILL"),
        Decision("adjust", finance, [adjusted], "ADJ_WAIVER", {"amount": "1.23"}),
        Decision("waive", finance, [waived], "WAIVED", {"rule": "PRICE_TOTAL_DIFF"}),
    ):
        proposal = record(home, decision, instant)
        record(home, Decision("approve", approver, answers=proposal.entry.seq), instant)


def read_again(home: Home, batch: int, chance: random.Random) -> None:
    """A file that somebody asks to be read again gives the same."""
    platform = next(person.name for person in read_people(home).values() if "platform" in person.roles)
    arrivals = [entry.body["files"] for entry in ledger.read_all(home) if entry.kind == "arrival"]
    names = [f"{file['source']}/{file['feed']}/{file['file_name']}" for files in arrivals for file in files]
    decision = Decision("reprocess", platform, [f"file:{chance.choice(names)}"], "REPROCESS")
    record(home, decision, datetime.fromisoformat(at(batch, 40)))


def published(home: Path) -> dict[str, list[tuple[Any, ...]]]:
    tables = {}
    with duckdb.connect() as connection:
        for name in TABLES:
            table = connection.read_parquet(str(home / f"published/{name}.parquet"))
            table = table.select(*(column for column in table.columns if column not in PLACES))
            tables[name] = sorted(table.fetchall(), key=repr)
    return tables


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, name, _ in STEPS])
def test_each_step_that_a_run_may_die_at_is_there(module: Any, name: str) -> None:
    assert callable(getattr(module, name, None)), "the broad test below, which runs seldom, would not get past it"


@pytest.mark.slow
@pytest.mark.parametrize(("batches", "deaths"), [(2, 1), (2, 4), (3, 4), (4, 4)])
def test_any_packaging_settles_the_same(
    cli_here: Cli, finished_home: Path, tmp_path: Path, batches: int, deaths: int
) -> None:
    seed = int(os.environ.get("PACKAGING_SEED", random.SystemRandom().randrange(10**6)))
    chance = random.Random(seed)
    records = repacking.records_of(finished_home / "landing", batches, chance)
    keys = [row[0] for row in published(finished_home)["cdrs"]]
    decided = [chance.sample(keys, 3) for _ in range(batches)]
    plain = fresh(finished_home, tmp_path)
    shutil.rmtree(plain / "landing")
    home = tmp_path / "repacked"
    shutil.copytree(plain, home)

    for batch in range(batches):
        repacking.land(plain, repacking.plain(records, batch))
        taken = take_in(open_home(plain), datetime.fromisoformat(at(batch, 0)))
        assert taken.problems == []
        decide(open_home(plain), batch, decided[batch])
    run(cli_here, plain, AS_OF)

    told = [f"seed {seed}"]
    for batch in range(batches):
        repacking.land(home, repacking.repacked(records, batch, chance))
        told += [run_that_dies(cli_here, home, at(batch, 0), chance) for _ in range(deaths)]
        run(cli_here, home, at(batch, 0))
        decide(open_home(home), batch, decided[batch])
        read_again(open_home(home), batch, chance)
    run(cli_here, home, AS_OF)
    expected, found = published(plain), published(home)
    for name in TABLES:
        differing = set(expected[name]) ^ set(found[name])
        assert found[name] == expected[name], f"{name} after {told}: {sorted(differing, key=repr)[:10]}"
    assert expected["statements"], "there is something to settle"

    # The same ledger gives the same from nothing, in every table.
    incremental, reports = snapshots.tables(home), snapshots.reports(home)
    for folder in ("warehouse", "published", "reports"):
        shutil.rmtree(home / folder)
    run(cli_here, home, "2026-11-03T07:00:00Z")
    assert snapshots.tables(home) == incremental, told
    assert snapshots.reports(home) == reports, told
