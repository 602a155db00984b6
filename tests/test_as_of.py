"""What we knew at a past moment: the facts up to the run that stood then, and nothing of what came later."""

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import snapshots

from orchestration.as_of import home_at
from orchestration.facts import ledger, objects
from orchestration.facts.home import Home, open_home

Cli = Callable[..., subprocess.CompletedProcess[str]]
FIRST_RUN = datetime(2026, 11, 3, 6, tzinfo=UTC)
THEN = datetime(2026, 11, 3, 9, tzinfo=UTC)
LATER = datetime(2026, 11, 4, 6, tzinfo=UTC)


def run_later(home: Home) -> None:
    """Another file and a run after it, as far as the ledger goes."""
    (home.landing / "own/cdrs/later.ndjson").write_text("{}")
    network = home.master / "network.yaml"
    sha256 = objects.put(home, network.read_bytes() + b"# later\n")
    change = {"changes": [{"path": "master/network.yaml", "sha256": sha256}]}
    ledger.append(home, "master", change, "Ada", LATER)
    run = ledger.append(home, "run", {"as_of": "x"}, "evsettle", LATER)
    end = {"run": run.seq, "outcome": "done", "changes": objects.put(home, b"")}
    ledger.append(home, "run-end", end, "evsettle", LATER)


def test_the_run_that_stood_is_done_again_from_its_own_facts_once(home_copy: Path) -> None:
    home, done = open_home(home_copy), []
    before = sorted(path.name for path in home.ledger_dir.glob("*.json"))
    network = (home.master / "network.yaml").read_bytes()
    run_later(home)

    def rebuild(scratch: Home, at: datetime) -> None:
        """What a run leaves: its own two entries are not linked, it writes them."""
        assert sorted(path.name for path in scratch.ledger_dir.glob("*.json")) == before[:-2]
        assert (scratch.master / "network.yaml").read_bytes() == network
        assert not list(scratch.landing.rglob("*"))
        shutil.copytree(home.published, scratch.published)
        done.append(at)

    found = home_at(home, THEN, rebuild)
    assert (found.is_rebuilt, found.differs, done) == (True, 0, [FIRST_RUN])
    assert home_at(home, THEN, rebuild) == found
    assert done == [FIRST_RUN], "what was built once is kept"


def test_the_newest_run_needs_no_rebuild(cli_here: Cli, finished_home: Path) -> None:
    now = cli_here("--home", finished_home, "status").stdout.splitlines()
    then = cli_here("--home", finished_home, "status", "--as-of", "2026-11-03T09:00:00Z").stdout.splitlines()
    assert then[0].startswith("As of 2026-11-03 09:00:00Z: what run ")
    assert then[2:12] == now[:10]
    story = cli_here("--home", finished_home, "explain", "2026-10-emo-R-EUR", "--as-of", "2026-11-04")
    assert "As of 2026-11-04 00:00:00Z" in story.stdout


def test_before_the_first_run_nothing_was_known(cli_here: Cli, finished_home: Path) -> None:
    result = cli_here("--home", finished_home, "status", "--as-of", "2026-11-01")
    assert result.returncode != 0
    assert "No run had ended by 2026-11-01T00:00:00Z: the first ended 2026-11-03T06:00:00Z." in result.stderr


@pytest.mark.slow
def test_a_rebuilt_past_is_what_stood(cli_here: Cli, home_copy: Path) -> None:
    tables = snapshots.tables(home_copy)
    (home_copy / "landing/own/cdrs/later.ndjson").write_text("{}\n")
    ran = cli_here("--home", home_copy, "run", "--as-of", "2026-11-04T06:00:00Z")
    assert ran.returncode == 0, ran.stderr
    told = cli_here("--home", home_copy, "status", "--as-of", "2026-11-03T09:00:00Z")
    assert told.returncode == 0 and "comes to another state" not in told.stdout
    (scratch,) = (home_copy / "warehouse/as_of").iterdir()
    assert snapshots.tables(scratch) == tables
