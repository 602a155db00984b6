"""Times what brings CDRs from files into typed tables, beside DuckDB's own typed read_json of the same file.

    make bench
    .venv/bin/python benchmarks/ingest.py --sessions 100000
    .venv/bin/python benchmarks/ingest.py --files 1000 10000 --each 100

One synthetic month as one NDJSON file is read three ways, each in a process of its own: by read_json
into a table of a DuckDB file, by read_json into memory, and by the loader into the warehouse (every
record with position, hash and text; every leaf typed by itself; tariffs apart). Then: the loader on
four times the file, for its memory; one file against many small ones from landing to raw tables; and
one per cent more records into a warehouse that has the rest. Nothing is asserted. With --files: the
same CDRs in one file and in that many of --each, from landing to raw tables.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from cdr_columns import CDR_COLUMNS
from stages import MEGABYTE, ROOT, WORK, machine, whole_records

SMALL_FILE_RECORDS = 100


def main() -> None:
    """Parse the call; a child process does one part of the work and prints its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--files", type=int, nargs="+")
    parser.add_argument("--each", type=int, default=SMALL_FILE_RECORDS)
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        print(json.dumps(timed(PARTS[given.part], given.path)))
    elif given.files:
        compare_files(given.files, given.each)
    else:
        compare(given.sessions)


def timed(part: Callable[[Path], dict[str, float]], path: Path) -> dict[str, float]:
    """Seconds, processor time and peak memory of a part, and what it says itself."""
    warm_up()
    started, cpu = time.monotonic(), time.process_time()
    extra = part(path)
    seconds, cpu = time.monotonic() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE
    return {"seconds": seconds, "cpu": cpu, "peak": peak} | extra


def warm_up() -> None:
    """Start-up is apart: what any part imports is there before the clock starts."""
    import pandas as pd

    from orchestration.defs.ingest import load as loader

    assert pd and loader


def compare(sessions: int) -> None:
    """The whole benchmark."""
    folder = WORK / f"ingest-{sessions}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    print(machine())
    demo = [str(Path(sys.executable).parent / "evsettle"), "demo", str(folder / "demo")]
    subprocess.run([*demo, "--sessions", str(sessions), "--month", "2026-10"], check=True, stdout=subprocess.DEVNULL)
    records = list(whole_records(folder / "demo"))
    one, four = folder / "one.ndjson", folder / "four.ndjson"
    write(one, records)
    write(four, (text.replace('"id": "', f'"id": "{copy}-', 1) for copy in range(4) for text in records))
    size = one.stat().st_size / MEGABYTE
    print(f"{len(records):,} CDRs, {size:,.0f} MB as one NDJSON file, {4 * size:,.0f} MB as the file of four times\n")
    print(f"{'':44}{'seconds':>9}{'cpu s':>8}{'CDRs/s':>10}{'x time':>8}{'x cpu':>7}{'peak MB':>9}")
    base = child("read_json_file", one)
    show("read_json, typed, into a DuckDB file", base, len(records), base)
    show("read_json, typed, into memory", child("read_json_memory", one), len(records), base)
    show("loader, into the warehouse", child("load", one), len(records), base)
    show("loader, four times the file", child("load", four), 4 * len(records), base)
    four.unlink()
    homes(folder, records)
    shutil.rmtree(folder)


def homes(folder: Path, records: list[str]) -> None:
    """From landing to raw tables: one file, many small ones, and one per cent more."""
    kept = len(records) - len(records) // 100
    first, more = records[:kept], records[kept:]
    print(
        f"\n{'from landing to raw tables':44}{'seconds':>9}{'cpu s':>8}{'take in':>10}{'load':>8}{'':>7}{'peak MB':>9}"
    )
    write(new_home(folder / "one") / "landing/emo/cdrs/all.ndjson", first)
    whole = child("home", folder / "one")
    show_home("one file", whole)
    small = new_home(folder / "many") / "landing/emo/cdrs"
    for number, start in enumerate(range(0, kept, SMALL_FILE_RECORDS)):
        write(small / f"{number:06}.ndjson", first[start : start + SMALL_FILE_RECORDS])
    many = child("home", folder / "many")
    show_home(f"{len(list(small.iterdir())):,} files of {SMALL_FILE_RECORDS}", many)
    share = many["cpu"] / whole["cpu"], many["seconds"] / whole["seconds"]
    print(f"  many to one: x {share[0]:.2f} of processor time, x {share[1]:.2f} of time")
    write(folder / "one/landing/emo/cdrs/more.ndjson", more)
    added = child("home", folder / "one")
    show_home(f"{len(more):,} records more, +{100 * len(more) / kept:.1f} %", added)
    print(f"  share of the first load: {100 * added['cpu'] / whole['cpu']:.1f} % of processor time")


def compare_files(counts: list[int], each: int) -> None:
    """The same CDRs in one file, and in as many small ones."""
    from rating import write_cdrs

    print(machine())
    print(f"{'files':>9}{'CDRs':>11}{'seconds':>9}{'cpu s':>8}{'take in':>10}{'load':>8}{'x cpu':>7}{'peak MB':>9}")
    for count in counts:
        folder = fresh(WORK / f"ingest-files-{count}/file").parent
        write_cdrs(folder / "all.ndjson", count * each)
        base = 0.0
        for number in (1, count):
            home = new_home(folder / f"in-{number}")
            with (folder / "all.ndjson").open(encoding="utf-8") as lines:
                for place in range(number):
                    path = home / f"landing/emo/cdrs/{place:06}.ndjson"
                    write(path, list(islice(lines, count * each // number)))
            found = child("home", home)
            base = base or found["cpu"]
            print(
                f"{number:>9,}{count * each:>11,}{found['seconds']:>9.2f}{found['cpu']:>8.2f}{found['take_in']:>10.2f}"
                f"{found['load']:>8.2f}{found['cpu'] / base:>7.2f}{found['peak']:>9,.0f}",
                flush=True,
            )
        shutil.rmtree(folder)


def write(path: Path, records: Iterator[str] | list[str]) -> None:
    """One record a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(text.rstrip("\n").replace("\n", " ") + "\n" for text in records)


def new_home(folder: Path) -> Path:
    """A home with the least of master data that a load needs."""
    write(folder / "master/network.yaml", [
        "parties:", "  - {party: NL/EVS, roles: [CPO, EMSP], legal_name: EV Settle B.V., country: NL}",
        "country: NL", "currency: EUR", "time_zone: Europe/Amsterdam",
    ])  # fmt: skip
    return folder


def read_json(path: Path, database: str) -> dict[str, float]:
    """DuckDB's own typed reader into a table."""
    import duckdb

    columns = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in CDR_COLUMNS.items()) + "}"
    with duckdb.connect(database) as connection:
        options = f"format = 'newline_delimited', ignore_errors = true, columns = {columns}"
        connection.execute(f"create table cdrs as select * from read_json(?, {options})", [str(path)])  # noqa: S608
        connection.execute("checkpoint")
    return {}


def load(path: Path) -> dict[str, float]:
    """The loader alone: one file's records into the raw tables of a new warehouse, in one transaction."""
    from orchestration.defs.ingest.cdr_rows import load_cdr_chunks
    from orchestration.defs.ingest.record_chunks import merged
    from orchestration.defs.ingest.record_stream import stream_chunks
    from orchestration.warehouse import open_to_load

    with open_to_load(fresh(path.parent / "warehouse/evsettle.duckdb")) as connection, path.open("rb") as file:
        # As load_from_ledger does with an arrival of this size.
        connection.execute("set wal_autocheckpoint = '1KB'")
        connection.execute("begin")
        load_cdr_chunks(connection, merged(stream_chunks(1, path.name, file)))
        connection.execute("commit")
        connection.execute("checkpoint")
    return {}


def home(root: Path) -> dict[str, float]:
    """What a run does up to the raw tables: take in what is new, load what the ledger has and the warehouse has not."""
    from orchestration.defs.ingest.landing import take_in
    from orchestration.defs.ingest.load import load_from_ledger
    from orchestration.facts.home import open_home
    from orchestration.warehouse import open_to_load

    found = open_home(root)
    times = [time.process_time()]
    take_in(found, datetime.now(UTC))
    times.append(time.process_time())
    with open_to_load(found.warehouse) as connection:
        load_from_ledger(found, connection)
    times.append(time.process_time())
    return {"take_in": times[1] - times[0], "load": times[2] - times[1]}


def fresh(path: Path) -> Path:
    """The path of a database that is not there yet."""
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir(parents=True)
    return path


PARTS: dict[str, Callable[[Path], dict[str, float]]] = {
    "read_json_file": lambda path: read_json(path, str(fresh(path.parent / "reader/reader.duckdb"))),
    "read_json_memory": lambda path: read_json(path, ":memory:"),
    "load": load,
    "home": home,
}


def child(part: str, path: Path, script: str = __file__) -> dict[str, float]:
    """One part in a process of its own, so that its memory is its own."""
    command = [sys.executable, script, "--part", part, "--path", str(path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False, text=True, cwd=ROOT)
    if done.returncode != 0:
        sys.exit(f"{part} failed; its files are left in {path.parent}")
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def show(name: str, figures: dict[str, float], count: int, base: dict[str, float]) -> None:
    """A row: ratios are for each CDR, to the first row's."""
    share = count / int(base.setdefault("count", count))
    print(
        f"{name:44}{figures['seconds']:>9.2f}{figures['cpu']:>8.2f}{count / figures['seconds']:>10,.0f}"
        f"{figures['seconds'] / base['seconds'] / share:>8.2f}{figures['cpu'] / base['cpu'] / share:>7.2f}"
        f"{figures['peak']:>9,.0f}",
        flush=True,
    )


def show_home(name: str, figures: dict[str, float]) -> None:
    """A row of the second table; take in and load in seconds of processor time."""
    print(
        f"{name:44}{figures['seconds']:>9.2f}{figures['cpu']:>8.2f}{figures['take_in']:>10.2f}"
        f"{figures['load']:>8.2f}{'':>7}{figures['peak']:>9,.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
