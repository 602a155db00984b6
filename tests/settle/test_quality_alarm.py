"""A connector is renamed on a day: the run that takes in the days after it gives the alarm, and the queue names the site."""

import gzip
import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

Cli = Callable[..., subprocess.CompletedProcess[str]]
RENAMED_ON = "2026-10-24"


def rename_a_connector(cdrs: Path) -> tuple[str, int]:
    """The busiest site of nordlade names its connector A1 from that day on. Returns the site and how many sessions."""
    files = sorted(cdrs.iterdir())
    days = {file: [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()] for file in files}
    own = [cdr for day in days.values() for cdr in day if cdr["party_id"] == "NDL"]
    [(site, _)] = Counter(cdr["cdr_location"]["id"] for cdr in own).most_common(1)
    changed = 0
    for file, day in days.items():
        if file.name[5:15] >= RENAMED_ON:
            for cdr in day:
                if cdr["cdr_location"]["id"] == site:
                    cdr["cdr_location"]["connector_id"] = "A1"
                    changed += 1
            file.write_bytes(gzip.compress("".join(f"{json.dumps(cdr)}\n" for cdr in day).encode()))
    return site, changed


@pytest.mark.slow
def test_a_renamed_connector_gives_the_alarm(cli_here: Cli, tmp_path: Path) -> None:
    home, later = tmp_path / "home", tmp_path / "later"
    assert cli_here("demo", home, "--sessions", 900, "--seed", 11, "--month", "2026-10", "--faults", 0).returncode == 0
    site, changed = rename_a_connector(home / "landing" / "gridlink" / "cdrs")
    assert changed >= 5
    # The hub sends daily; what comes weekly or at the end of the month comes with the second run.
    for path in sorted((home / "landing").rglob("*-2026-10-*")):
        if path.name.split(".")[0][-10:] >= (RENAMED_ON if path.parent.parent.name == "gridlink" else "2026-10-17"):
            (later / path.relative_to(home / "landing")).parent.mkdir(parents=True, exist_ok=True)
            path.rename(later / path.relative_to(home / "landing"))
    first = cli_here("--home", home, "run", "--as-of", "2026-10-24T05:30:00Z")
    assert first.returncode == 0, first.stderr
    shutil.copytree(later, home / "landing", dirs_exist_ok=True)
    second = cli_here("--home", home, "run", "--as-of", "2026-11-01T05:30:00Z")
    assert second.returncode == 0, second.stderr

    jumped = duckdb.read_parquet(str(home / "published" / "quality_drifts.parquet")).filter("standing = 'jumped'")
    assert {(partner, rule) for partner, rule in jumped.select("partner, rule_id").fetchall()} == {
        ("nordlade", "any"),
        ("nordlade", "LOC_CONNECTOR_DRIFT"),
    }
    shown = cli_here("--home", home, "quality", "--partner", "nordlade")
    assert f"nordlade: LOC_CONNECTOR_DRIFT was found {changed} times in" in shown.stdout
    assert f"{changed} sessions of nordlade, site {site}, connector A1" in shown.stdout
    assert "2 alarms" in second.stdout
