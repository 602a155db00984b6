"""Times every step of a settlement run on a synthetic month, beside DuckDB's typed read_json of the same CDRs.

    make bench
    .venv/bin/python benchmarks/stages.py --sessions 100000
    .venv/bin/python benchmarks/stages.py --sessions 1000000 --late 1
    .venv/bin/python benchmarks/stages.py --sessions 1000000 --late 1 --newest

One demo home is written under benchmarks/out (ignored by git) and settled once by the same Dagster
job that `evsettle run` starts, in a process of its own. A step's time is Dagster's; its processor
time and peak memory are what a sampler saw while it ran (memory: resident size, the interpreter and
what earlier steps left behind included). The ratio compares wall time for each CDR. What the gates
cost: gate_cost.py; what --late does: late_records.py. Nothing is asserted: figures depend on the
machine, processor time least.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cdr_columns import CDR_COLUMNS
from gate_cost import gate_cost, show_gates
from late_records import hold_back, land, show_late

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "benchmarks" / "out"
STAGES = ("ingest", "inspect", "rate", "reconcile", "settle")
SAMPLE_SECONDS = 0.05
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Timing:
    """One row of the table: seconds of wall time and of processor time, peak resident megabytes."""

    name: str
    seconds: float
    cpu_seconds: float
    peak_mb: float


class Sampler(threading.Thread):
    """Notes this process's resident size and processor time, to be looked up by a step's times."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.samples: list[tuple[float, float, float]] = []
        self._is_over = threading.Event()
        self._page = os.sysconf("SC_PAGE_SIZE")

    def run(self) -> None:
        while not self._is_over.wait(SAMPLE_SECONDS):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.samples.append((time.time(), pages * self._page / MEGABYTE, time.process_time()))

    def stop(self) -> None:
        self._is_over.set()
        self.join()

    def timing(self, name: str, start: float, end: float) -> dict[str, object]:
        """The row of a span. Processor time is between the samples nearest to its ends."""
        inside = [size for at, size, _ in self.samples if start <= at <= end] or [self._nearest(start)[1]]
        cpu_seconds = self._nearest(end)[2] - self._nearest(start)[2]
        return {"name": name, "seconds": end - start, "cpu_seconds": cpu_seconds, "peak_mb": max(inside)}

    def _nearest(self, at: float) -> tuple[float, float, float]:
        return min(self.samples, key=lambda sample: abs(sample[0] - at))


def main() -> None:
    """Parse the call; a child process runs one part of the work and prints it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--month", default="2026-10")
    parser.add_argument("--late", type=float, default=0, help="per cent of all CDRs that land after the first run")
    parser.add_argument("--newest", action="store_true", help="the last of the month are late, not some of each day")
    parser.add_argument("--keep", action="store_true", help="leave the home for a look at it")
    parser.add_argument("--part", choices=("settle", "read_json"), help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part == "settle":
        print(json.dumps(settle(given.path)))
    elif given.part == "read_json":
        print(json.dumps(read_json(given.path)))
    else:
        compare(given.sessions, given.month, given.late, given.newest, given.keep)


def compare(sessions: int, month: str, late: float, newest: bool, keep: bool) -> None:
    """The whole benchmark."""
    home = WORK / f"home-{sessions}"
    shutil.rmtree(home, ignore_errors=True)
    print(machine())
    evsettle = [str(Path(sys.executable).parent / "evsettle")]
    started = time.monotonic()
    subprocess.run([*evsettle, "demo", str(home), "--sessions", str(sessions), "--month", month], check=True)
    demo_seconds = time.monotonic() - started
    lines = WORK / "cdrs.ndjson"
    cdrs = write_lines(home, lines)
    print(f"{cdrs:,} OCPI CDRs, {lines.stat().st_size / MEGABYTE:,.0f} MB as one NDJSON file\n", flush=True)
    baseline = child("read_json", lines)
    held_back = hold_back(home, round((cdrs + csv_rows(home)) * late / 100), newest)
    steps = child("settle", home)
    rows = [Timing(**row) for row in steps["steps"]]
    everything = cdrs + csv_rows(home) - len(held_back)
    whole = Timing(**steps["whole"])
    show(Timing(**baseline), cdrs, rows, whole, everything)
    published = sum(row.cpu_seconds for row in rows if row.name == "settle/published")
    parts = gate_cost(steps["steps"], steps["models"])
    show_gates(parts, sum(row.cpu_seconds for row in rows), published, whole.cpu_seconds)
    print(f"\nWriting the demo home took {demo_seconds:.1f} s.", flush=True)
    if held_back:
        land(home, held_back)
        show_late(steps, child("settle", home), len(held_back))
    if not keep:
        shutil.rmtree(home, ignore_errors=True)
        lines.unlink()


def child(part: str, path: Path, script: str = __file__) -> dict[str, Any]:
    """One part in a process of its own, so that its memory is its own. What it says goes to stderr."""
    command = [sys.executable, script, "--part", part, "--path", str(path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False, text=True)
    if done.returncode != 0:
        sys.exit(f"{part} failed; the home is left in {path}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def write_lines(home: Path, target: Path) -> int:
    """All OCPI CDRs of the home that are whole JSON, one a line. Returns how many."""
    count = 0
    with target.open("w", encoding="utf-8") as file:
        for text in whole_records(home):
            file.write(text.replace("\n", " ") + "\n")
            count += 1
    return count


def csv_rows(home: Path) -> int:
    """CDRs that landed as rows of CSV files, which the reader of JSON does not see."""
    return sum(path.read_bytes().count(b"\n") - 1 for path in home.glob("landing/*/cdrs/*.csv"))


def whole_records(home: Path) -> Iterator[str]:
    """The text of every OCPI CDR that landed and is JSON."""
    from orchestration.defs.ingest.records import decompress, split

    for path in sorted(home.glob("landing/*/cdrs/*json*")):
        for record in split(decompress(path.name, path.read_bytes())):
            if record.problem is None:
                yield record.text


def read_json(path: Path) -> dict[str, object]:
    """DuckDB's own typed reader into a table in memory."""
    import duckdb

    sampler = Sampler()
    sampler.start()
    columns = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in CDR_COLUMNS.items()) + "}"
    with duckdb.connect() as connection:
        started = time.time()
        connection.execute(
            # A planted wrong type would stop a strict reader: it may leave that record out.
            "create table cdrs as select * from read_json("  # noqa: S608
            f"?, format = 'newline_delimited', ignore_errors = true, columns = {columns})",
            [str(path)],
        )
        ended = time.time()
        time.sleep(2 * SAMPLE_SECONDS)
    sampler.stop()
    return sampler.timing("read_json", started, ended)


def settle(root: Path) -> dict[str, object]:
    """One settlement run of the home through Dagster, with the time and memory of each step."""
    import logging

    logging.disable(logging.INFO)
    sampler = Sampler()
    sampler.start()
    started = time.time()
    import dagster as dg

    from orchestration.cli.dev import prepare_instance
    from orchestration.definitions import defs
    from orchestration.defs.schedules import SETTLEMENT_JOB, run_config
    from orchestration.facts.home import open_home

    home = open_home(root)
    prepare_instance(home.dagster_dir)
    os.environ |= {"DAGSTER_HOME": str(home.dagster_dir), "EVSETTLE_HOME": str(home.root)}
    with dg.DagsterInstance.get() as instance:
        config = run_config(str(home.root), datetime.now(UTC).isoformat(), "")
        result = defs.resolve_job_def(SETTLEMENT_JOB).execute_in_process(
            instance=instance, run_config=config, raise_on_error=True
        )
        stats = instance.get_run_step_stats(result.run_id)
        built = instance.all_logs(result.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    ended = time.time()
    sampler.stop()
    timed = sorted(
        (stat.start_time, stat.end_time, stat.step_key) for stat in stats if stat.start_time and stat.end_time
    )
    steps = [sampler.timing(key.replace("__", "/"), start, end) for start, end, key in timed]
    whole = sampler.timing("whole run, start-up included", started, ended)
    return {"steps": steps, "whole": whole, "models": models(entry.dagster_event for entry in built)}


def models(events: Iterable[Any]) -> list[tuple[str, str, float]]:
    """Of each dbt model that was built: its step, <stage>/<name>, seconds."""
    told = [(event.step_key, event.step_materialization_data.materialization) for event in events]
    return [
        (step, "/".join(one.asset_key.path), float(one.metadata["Execution Duration"].value))
        for step, one in told
        if "Execution Duration" in one.metadata
    ]


def stage_of(name: str) -> str:
    """The stage that a step belongs to, by the first word of its key: `rate_models`, `inspect/gate`."""
    return next((stage for stage in STAGES if name.startswith(stage)), "ingest" if name.startswith("raw_") else name)


def show(baseline: Timing, read: int, steps: list[Timing], whole: Timing, cdrs: int) -> None:
    """The table: the reader's `read` CDRs, then the steps, stages and run of all `cdrs`."""
    print(f"{'':32}{'seconds':>10}{'cpu s':>10}{'CDRs/s':>11}{'x read_json':>13}{'peak MB':>9}")
    base = baseline.seconds / read

    def line(timing: Timing, count: int = cdrs) -> None:
        rate, ratio = count / timing.seconds, timing.seconds / count / base
        print(
            f"{timing.name:32}{timing.seconds:>10.2f}{timing.cpu_seconds:>10.2f}"
            f"{rate:>11,.0f}{ratio:>13.1f}{timing.peak_mb:>9,.0f}"
        )

    line(baseline, read)
    print()
    for step in steps:
        line(step)
    print()
    for stage in STAGES:
        mine = [step for step in steps if stage_of(step.name) == stage]
        seconds, cpu = sum(step.seconds for step in mine), sum(step.cpu_seconds for step in mine)
        line(Timing(stage, seconds, cpu, max((step.peak_mb for step in mine), default=0)))
    line(whole)


def machine() -> str:
    """What the figures were measured on."""
    import dagster
    import dbt.version
    import duckdb

    names = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((name.split(":", 1)[1].strip() for name in names if name.startswith("model name")), platform.machine())
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return (
        f"{model}, {os.cpu_count()} cores, {pages / 1e9:.0f} GB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, DuckDB {duckdb.__version__}, "
        f"dbt {dbt.version.__version__}, Dagster {dagster.__version__}; "
        f"load {os.getloadavg()[0]:.1f} at the start"
    )


if __name__ == "__main__":
    main()
