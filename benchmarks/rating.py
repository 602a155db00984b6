"""Times pricing beside DuckDB's own typed read_json of the same CDRs, and ten times the CDRs beside ten times the time.

    .venv/bin/python benchmarks/rating.py                       # 10,000 and 100,000 CDRs of five periods
    .venv/bin/python benchmarks/rating.py --cdrs 100000 1000000

Each size is written once as NDJSON (ignored by git), read by DuckDB into a table of declared types, in memory and in a
file, and priced as a run prices it: loaded into the raw tables of a warehouse file, then the compiled models in
order. Every part runs in a process of its own on two threads, so that its memory is its own. The ratios compare
processor time with either reader's: on a machine that does other work too, wall time says more about the others.
Nothing is asserted: figures depend on the machine, ratios much less.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cdr_columns import CDR_COLUMNS
from stages import SAMPLE_SECONDS, WORK, Sampler, child, machine

THREADS = 2
TARIFFS = 60
PERIODS = 5
ZONES = ("Europe/Amsterdam", "Europe/Berlin", "Europe/London")
_RESTRICTIONS = (
    "STRUCT(start_time VARCHAR, end_time VARCHAR, day_of_week VARCHAR[], min_kwh DECIMAL(18,8), max_kwh DECIMAL(18,8),"
    " min_duration BIGINT, max_duration BIGINT)"
)
_COMPONENT = 'STRUCT("type" VARCHAR, price DECIMAL(18,8), vat DECIMAL(18,8), step_size BIGINT)'
_LIMIT = "STRUCT(excl_vat DECIMAL(18,8), incl_vat DECIMAL(18,8))"
COLUMNS = CDR_COLUMNS | {
    "tariffs": f"STRUCT(id VARCHAR, currency VARCHAR, min_price {_LIMIT}, max_price {_LIMIT}, last_updated TIMESTAMPTZ,"
    f" elements STRUCT(price_components {_COMPONENT}[], restrictions {_RESTRICTIONS})[])[]",
}


def main() -> None:
    """Parse the call; a child process runs one part of the work and prints it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cdrs", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--models", action="store_true", help="the time of each model too")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        print(json.dumps(PARTS[given.part](given.path)))
    else:
        compare(given.cdrs, given.models)


def compare(sizes: list[int], with_models: bool) -> None:
    """The whole benchmark: one row a size and part."""
    WORK.mkdir(parents=True, exist_ok=True)
    print(machine() + "\n")
    print(f"| CDRs of {PERIODS} periods | part | seconds | cpu s | x memory | x file | CDRs per cpu s | peak MB |")
    print("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for count in sizes:
        path = WORK / f"rating-{count}.ndjson"
        write_cdrs(path, count)
        readers = {
            "`read_json`, typed, into memory": child("read_json", path, __file__),
            "`read_json`, typed, into a DuckDB file": child("read_json_file", path, __file__),
        }
        rating = child("rate", path, __file__)
        in_memory, in_file = (reading["cpu_seconds"] for reading in readers.values())
        parts = {name: (reading["seconds"], reading["cpu_seconds"]) for name, reading in readers.items()}
        for name, (seconds, cpu_seconds) in (parts | rating["parts"]).items():
            peak = readers.get(name, rating)["peak_mb"]
            ratios = f"{cpu_seconds / in_memory:.2f} | {cpu_seconds / in_file:.2f}"
            speed = f"{count / cpu_seconds:,.0f}"
            print(f"| {count:,} | {name} | {seconds:.2f} | {cpu_seconds:.2f} | {ratios} | {speed} | {peak:,.0f} |")
        if with_models:
            print("\n" + "\n".join(f"{cpu:8.3f} cpu s  {name}" for name, (_, cpu) in rating["models"].items()))
        path.unlink()


def write_cdrs(path: Path, count: int) -> None:
    """CDRs of a month, the same for the same count: sixty tariffs of every kind that is sold."""
    chance = random.Random(count)  # noqa: S311 - a benchmark, no secret
    tariffs = [json.dumps(a_tariff(chance, number)) for number in range(TARIFFS)]
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            file.write(a_cdr(chance, number, tariffs[number % TARIFFS]))


def a_tariff(chance: random.Random, number: int) -> dict[str, Any]:
    """Energy by time of day, by amount or flat; now and then a fee, parking, a limit."""

    def part(kind: str, top: int, step: int = 1) -> dict[str, Any]:
        return {"type": kind, "price": chance.randrange(5, top) / 100, "vat": 21.0, "step_size": step}

    energy = part("ENERGY", 80, chance.choice([1, 1, 100, 1000]))
    elements = [{"price_components": [energy, part("TIME", 300, 60)]}]
    if number % 3 == 0:
        night = {"start_time": "22:00", "end_time": "07:00"}
        elements.insert(0, {"price_components": [part("ENERGY", 40)], "restrictions": night})
    if number % 5 == 0:
        elements.insert(0, {"price_components": [part("ENERGY", 20)], "restrictions": {"max_kwh": 10}})
    if number % 2 == 0:
        elements.append({"price_components": [part("PARKING_TIME", 600, 300)], "restrictions": {"min_duration": 7200}})
    if number % 4 == 0:
        elements.insert(0, {"price_components": [part("FLAT", 200)]})
    limits = {"max_price": {"excl_vat": 40, "incl_vat": 48.4}} if number % 6 == 0 else {}
    return {
        "id": f"T{number}",
        "currency": "EUR",
        "elements": elements,
        "last_updated": "2026-01-01T00:00:00Z",
        **limits,
    }


def a_cdr(chance: random.Random, number: int, tariff: str) -> str:
    """One line: four periods of charging, one of parking."""
    # By day or by night: no period crosses a boundary of the tariffs above, 07:00 and 22:00, 10 kWh, 2 hours.
    clock = chance.randrange(6 * 3600, 17 * 3600) if chance.random() < 0.8 else chance.randrange(20 * 3600, 25 * 3600)
    start = datetime(2026, 10, 1, tzinfo=UTC) + timedelta(days=chance.randrange(24), seconds=clock)
    moment, energy, periods = start, 0.0, []
    lengths = [chance.randrange(900, 2100) for _ in range(PERIODS - 2)]
    lengths += [7200 - sum(lengths), chance.randrange(300, 2400)]
    for place, seconds in enumerate(lengths, start=1):
        kwh = 10.0 if place == 1 else chance.randrange(100, 9000) / 1000
        charging = [{"type": "ENERGY", "volume": kwh}, {"type": "TIME", "volume": round(seconds / 3600, 4)}]
        parking = [{"type": "PARKING_TIME", "volume": round(seconds / 3600, 4)}]
        periods.append(
            {"start_date_time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "tariff_id": f"T{number % TARIFFS}",
             "dimensions": parking if place == PERIODS else charging}
        )  # fmt: skip
        energy += 0 if place == PERIODS else kwh
        moment += timedelta(seconds=seconds)
    fields = {
        "country_code": "NL", "party_id": "EVS", "id": f"CDR-{number:08}",
        "start_date_time": f"{start:%Y-%m-%dT%H:%M:%SZ}", "end_date_time": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "session_id": f"S-{number:08}",
        "cdr_token": {"country_code": "DE", "party_id": "EMO", "uid": f"U{number % 9000:06}", "type": "RFID",
                      "contract_id": f"DE-EMO-C{number % 9000:06}"},
        "auth_method": "WHITELIST",
        "cdr_location": {"id": f"L{number % 800}", "evse_uid": f"E{number % 3000}", "connector_id": "1",
                         "evse_id": f"NL*EVS*E{number % 3000}", "country": "NLD"},
        "currency": "EUR", "charging_periods": periods, "total_cost": {"excl_vat": 10.0, "incl_vat": 12.1},
        "total_energy": round(energy, 4), "total_time": round((moment - start).total_seconds() / 3600, 4),
        "last_updated": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
    }  # fmt: skip
    return f'{json.dumps(fields)[:-1]}, "tariffs": [{tariff}]}}\n'


def read_json_file(path: Path) -> dict[str, object]:
    """DuckDB's own typed reader into a table of a file, which is compressed and written as a warehouse is."""
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        return read_json(path, f"{folder}/reader.duckdb")


def read_json(path: Path, database: str = ":memory:") -> dict[str, object]:
    """DuckDB's own typed reader into a table."""
    import duckdb

    sampler = Sampler()
    sampler.start()
    columns = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items()) + "}"
    with duckdb.connect(database, config={"threads": THREADS}) as connection:
        started = time.time()
        connection.execute(
            f"create table cdrs as select * from read_json(?, format = 'newline_delimited', columns = {columns})",  # noqa: S608
            [str(path)],
        )
        connection.execute("checkpoint")
        ended = time.time()
        time.sleep(2 * SAMPLE_SECONDS)
    sampler.stop()
    return sampler.timing("read_json", started, ended)


def rate(path: Path) -> dict[str, object]:
    """Load, what inspect decides before a price, and the pricing models; peak memory of all of it."""
    from orchestration.defs.ingest.records import RawRecord
    from orchestration.engine.compile import read_engine
    from orchestration.engine.price import prepare
    from orchestration.warehouse import open_warehouse

    def records() -> Iterator[RawRecord]:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                yield RawRecord(number, line.rstrip("\n"), "")

    sampler = Sampler()
    sampler.start()
    models: dict[str, tuple[float, float]] = {}
    clock = (time.time(), time.process_time())

    def since(start: tuple[float, float]) -> tuple[float, float]:
        return time.time() - start[0], time.process_time() - start[1]

    def of(is_wanted: Callable[[str], bool]) -> tuple[float, float]:
        wanted = [times for name, times in models.items() if is_wanted(name)]
        return sum(seconds for seconds, _ in wanted), sum(cpu for _, cpu in wanted)

    with (
        tempfile.TemporaryDirectory(dir=WORK) as folder,
        open_warehouse(Path(folder) / "evsettle.duckdb") as connection,
    ):
        connection.execute(f"set threads = {THREADS}")
        prepare(connection, records(), time_zone="Europe/Amsterdam")
        loading = since(clock)
        for step, sql in read_engine():
            started = (time.time(), time.process_time())
            connection.execute(f"create {step.kind} {step.schema}.{step.name} as {sql}")
            models[f"{step.schema}.{step.name}"] = since(started)
        whole = since(clock)
        priced = connection.execute("select count(*) from rate.price_totals where reading = 'base' and is_priced")
        found = priced.fetchone()
    sampler.stop()
    timing = sampler.timing("rate", clock[0], time.time())
    print(f"{found[0] if found else 0:,} priced", file=sys.stderr)
    parts = {
        "load the raw tables": loading,
        "inspect: counting revision, tariff in force": of(lambda name: not name.startswith("rate.")),
        "**rate**": of(lambda name: name.startswith("rate.")),
        "file to totals": whole,
    }
    return {"parts": parts, "models": models, "peak_mb": timing["peak_mb"]}


PARTS: dict[str, Callable[[Path], dict[str, object]]] = {
    "rate": rate, "read_json": read_json, "read_json_file": read_json_file,
}  # fmt: skip


if __name__ == "__main__":
    main()
