"""Times the loader of CDRs beside DuckDB's own typed read_json of the same NDJSON, in turn, and measures its memory.

    .venv/bin/python benchmarks/loading.py                        # three runs of 100,000 CDRs of five periods
    .venv/bin/python benchmarks/loading.py --megabytes 100 400 1600

rating.py writes the CDRs. Besides reader and loader each run times what a loader cannot do without, each part by
itself; the medians of processor time are printed. With --megabytes: the loader's time and peak memory on files of
these sizes. Every part runs in a process of its own. Nothing is asserted: figures depend on the machine.
"""

import argparse
import json
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import ingest
from rating import write_cdrs
from stages import MEGABYTE, ROOT, WORK, machine

RUN_CDRS = 100_000
RUN_NAMES = (
    "read_json, typed, into a DuckDB file", "loader, into the warehouse", "  split, check, hash (Python)",
    "  read the JSON's leaves (DuckDB)", "  keep the text, compressed (DuckDB)",
)  # fmt: skip
CDR_BYTES = 1787
COSTS = {
    "total_cost", "total_fixed_cost", "total_energy_cost", "total_time_cost", "total_parking_cost",
    "total_reservation_cost",
}  # fmt: skip


def main() -> None:
    """Parse the call; a child process does one part of the work and prints its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--megabytes", type=int, nargs="+")
    parser.add_argument("--versions", action="store_true")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        print(json.dumps(ingest.timed(PARTS[given.part], given.path)))
    elif given.versions:
        compare_versions()
    elif given.megabytes:
        compare_sizes(given.megabytes)
    else:
        compare_runs(given.runs)


def compare_runs(runs: int) -> None:
    """Reader and loader in turn on the same file, and the parts of a load: medians of processor time."""
    folder = ingest.fresh(WORK / "ingest-runs/file").parent
    print(machine())
    path = folder / "cdrs.ndjson"
    write_cdrs(path, RUN_CDRS)
    parts = ("read_json_file", "load", "split", "parse", "keep_text")
    found: dict[str, list[dict[str, float]]] = {part: [] for part in parts}
    for _ in range(runs):
        for part in parts:
            found[part].append(ingest.child(part, path, __file__))
    base = statistics.median(figures["cpu"] for figures in found["read_json_file"])
    print(f"{RUN_CDRS:,} CDRs, {path.stat().st_size / MEGABYTE:,.0f} MB; medians of {runs} runs\n")
    print(f"{'':44}{'seconds':>9}{'cpu s':>8}{'x cpu':>7}{'peak MB':>9}")
    for part, name in zip(parts, RUN_NAMES, strict=True):
        seconds, cpu, peak = (statistics.median(run[key] for run in found[part]) for key in ("seconds", "cpu", "peak"))
        print(f"{name:44}{seconds:>9.2f}{cpu:>8.2f}{cpu / base:>7.2f}{peak:>9,.0f}", flush=True)
    shutil.rmtree(folder)


def compare_sizes(megabytes: list[int]) -> None:
    """The loader's peak memory by the size of the file."""
    folder = ingest.fresh(WORK / "ingest-sizes/file").parent
    print(machine())
    print(f"{'MB':>7}{'CDRs':>11}{'seconds':>9}{'cpu s':>8}{'CDRs/cpu s':>12}{'peak MB':>9}")
    for size in megabytes:
        path, count = folder / "cdrs.ndjson", size * MEGABYTE // CDR_BYTES
        write_cdrs(path, count)
        figures = ingest.child("load", path, __file__)
        print(
            f"{path.stat().st_size / MEGABYTE:>7,.0f}{count:>11,}{figures['seconds']:>9.2f}{figures['cpu']:>8.2f}"
            f"{count / figures['cpu']:>12,.0f}{figures['peak']:>9,.0f}",
            flush=True,
        )
    shutil.rmtree(folder)


def compare_versions() -> None:
    """The loader on the same CDRs in the words of each version of OCPI."""
    folder = ingest.fresh(WORK / "ingest-versions/file").parent
    print(machine())
    path = folder / "cdrs.ndjson"
    write_cdrs(path, RUN_CDRS)
    records = path.read_text(encoding="utf-8").splitlines()
    print(f"{'version':24}{'MB':>7}{'cpu s':>8}{'x 2.2.1':>9}{'peak MB':>9}")
    base = 0.0
    for version, words in WORDS.items():
        path.write_text("".join(json.dumps(words(json.loads(text))) + "\n" for text in records), encoding="utf-8")
        found = ingest.child("load", path, __file__)
        base = base or found["cpu"]
        size = path.stat().st_size / MEGABYTE
        print(
            f"{version:24}{size:>7,.0f}{found['cpu']:>8.2f}{found['cpu'] / base:>9.2f}{found['peak']:>9,.0f}",
            flush=True,
        )
    shutil.rmtree(folder)


def in_211(cdr: dict[str, Any]) -> dict[str, Any]:
    """A CDR of 2.2.1 in the words of 2.1.1."""
    token, place = cdr.pop("cdr_token"), cdr.pop("cdr_location")
    names = ("id", "name", "address", "city", "postal_code", "country", "coordinates")
    connector = {
        "id": place.get("connector_id"), "standard": "IEC_62196_T2", "format": "SOCKET", "voltage": 230, "amperage": 32,
        "power_type": "AC_3_PHASE",
    }  # fmt: skip
    evse = {"uid": place.get("evse_uid"), "evse_id": place.get("evse_id"), "connectors": [connector]}
    kept = {name: value for name, value in cdr.items() if name not in COSTS and name != "end_date_time"}
    return kept | {
        "stop_date_time": cdr["end_date_time"], "auth_id": token["contract_id"],
        "location": {name: place[name] for name in names if name in place} | {"evses": [evse]},
        "total_cost": cdr["total_cost"]["excl_vat"],
    }  # fmt: skip


def in_230(cdr: dict[str, Any]) -> dict[str, Any]:
    """A CDR of 2.2.1 in the words of 2.3.0, each cost with a named tax."""
    for name in COSTS & cdr.keys():
        net = cdr[name]["excl_vat"]
        tax = {"name": "VAT", "percentage": 21, "amount": round(net * 0.21, 4)}
        cdr[name] = {"before_taxes": net, "taxes": [tax]}
    return cdr


def signed(cdr: dict[str, Any]) -> dict[str, Any]:
    """A CDR with a signed value at its start and its end."""
    values = [{"nature": nature, "plain_data": "", "signed_data": "A1" * 200} for nature in ("Start", "End")]
    return cdr | {"signed_data": {"encoding_method": "OCMF", "public_key": "B2" * 50, "signed_values": values}}


def split(path: Path) -> dict[str, float]:
    """What Python does in any case: each line found, checked to be JSON, hashed, and handed over as text."""
    from orchestration.defs.ingest.record_stream import stream_chunks

    with path.open("rb") as file:
        return {"records": sum(len(chunk) for chunk in stream_chunks(1, path.name, file))}


def parse(path: Path) -> dict[str, float]:
    """What DuckDB does in any case: every leaf that the loader reads out of a text that is in memory already."""
    import duckdb

    sql = (ROOT / "orchestration/defs/ingest/cdr_plain.sql").read_text()
    fields = sql[sql.index("'{") : sql.index("}'") + 2]
    with duckdb.connect() as connection:
        connection.execute(
            "create table texts as select content as raw_text from read_csv(?, columns = {'content': "
            "'VARCHAR'}, delim = '', quote = '', escape = '', header = false)",
            [str(path)],
        )
        started = time.process_time()
        connection.execute(f"select count(cdr) from (select from_json(raw_text, {fields}) as cdr from texts)")  # noqa: S608
        return {"cpu": time.process_time() - started}


def keep_text(path: Path) -> dict[str, float]:
    """Each record's text in a table of a file, compressed, as a warehouse has to have it."""
    import duckdb

    with duckdb.connect(str(ingest.fresh(path.parent / "text/text.duckdb"))) as connection:
        connection.execute("set wal_autocheckpoint = '1KB'")
        connection.execute(
            "create temp table texts as select content as raw_text from read_csv(?, columns = {'content'"
            ": 'VARCHAR'}, delim = '', quote = '', escape = '', header = false)",
            [str(path)],
        )
        connection.execute("create table kept (raw_text varchar using compression zstd)")
        started = time.process_time()
        connection.execute("insert into kept select raw_text from texts")
        connection.execute("checkpoint")
        return {"cpu": time.process_time() - started}


PARTS: dict[str, Callable[[Path], dict[str, float]]] = {
    "read_json_file": ingest.PARTS["read_json_file"],
    "load": ingest.load,
    "split": split,
    "parse": parse,
    "keep_text": keep_text,
}

WORDS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "2.2.1": lambda cdr: cdr, "2.1.1": in_211, "2.3.0 with taxes": in_230, "2.2.1 with signed values": signed,
}  # fmt: skip


if __name__ == "__main__":
    main()
