"""A home as open files: facts as they are, published tables as Parquet and CSV, CDRs as OCPI, and what describes them.

What does not belong here: reading an export back (read), what a CDR looks like in OCPI (ocpi).
"""

import csv
import io
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from orchestration.archive.dictionary import Table, table_of
from orchestration.archive.ocpi import NotSayable, Version, as_ocpi
from orchestration.archive.sink import ExportError, Sink, open_sink
from orchestration.defs.settle.publish import TABLES
from orchestration.facts import ledger
from orchestration.facts.home import Home
from orchestration.facts.lock import writer_lock
from orchestration.facts.objects import sha256_of_file
from orchestration.published import quoted

CHECKSUMS = "checksums.sha256"
DESCRIPTOR = "datapackage.json"
# What of a home is exported as it stands. Of landing only what is not in the ledger yet.
PARTS = ("ledger", "master", "reports", "published", "landing")
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_UNFINISHED = re.compile(r"(^|/)\.|\.tmp$|^ledger/tmp/")

README = (Path(__file__).parent / "readme.txt").read_text()


def export(home: Home, target: Path, versions: Sequence[Version]) -> dict[str, int]:
    """Write everything. Returns how many files of each part there are. Raises ExportError, LockHeld."""
    if target.resolve().is_relative_to(home.root):
        raise ExportError(f"{target} is inside the home: export to another place.")
    counts = dict.fromkeys(("facts", "tables", "cdrs", "not_said"), 0)
    with writer_lock(home), open_sink(target) as sink:
        for name, path in _home_files(home):
            sink.add_file(f"home/{name}", path)
        counts["facts"] = len(sink.written)
        tables = list(_tables(home, sink))
        counts["tables"] = len(tables)
        if tables:
            sink.add("dictionary.csv", _dictionary(tables))
        for version in versions if home.warehouse.is_file() else ():
            said, not_said = _ocpi(home, sink, version)
            counts["cdrs"], counts["not_said"] = said, counts["not_said"] + not_said
        sink.add("README.txt", README.encode())
        sink.add(DESCRIPTOR, _descriptor(home, sink, tables))
        listed = "".join(f"{sha256}  {name}\n" for name, (sha256, _) in sorted(sink.written.items()))
        sink.add(CHECKSUMS, listed.encode())
    return counts


def _home_files(home: Home) -> Iterator[tuple[str, Path]]:
    known = {
        (file["path"], file["sha256"])
        for entry in ledger.read_all(home)
        if entry.kind == "arrival"
        for file in entry.body["files"]
    }
    for part in PARTS:
        for path in sorted((home.root / part).rglob("*")):
            name = home.relative(path)
            if not path.is_file() or _UNFINISHED.search(name):
                continue
            if part != "landing" or (name, sha256_of_file(path)) not in known:
                yield name, path


def _tables(home: Home, sink: Sink) -> Iterator[Table]:
    with duckdb.connect() as connection, tempfile.TemporaryDirectory(prefix="evsettle-") as folder:
        connection.execute("set TimeZone = 'UTC'")
        for name in TABLES:
            path = home.published / f"{name}.parquet"
            if not path.is_file():
                continue
            source = f"read_parquet('{quoted(path)}')"
            columns = [(row[0], row[1]) for row in connection.execute(f"describe from {source}").fetchall()]
            shown = ", ".join(_shown(column, kind) for column, kind in columns)
            written = Path(folder) / f"{name}.csv"
            connection.execute(f"copy (select {shown} from {source}) to '{written}' (format csv, header)")  # noqa: S608
            sink.add_file(f"tables/{name}.csv", written)
            written.unlink()
            yield table_of(name, columns)


def _shown(column: str, kind: str) -> str:
    """A column as text that any reader takes: times in ISO 8601 and UTC, lists as JSON."""
    if kind.startswith("TIMESTAMP"):
        return f"strftime({column}, '{_TIME}') as {column}"
    if kind.endswith("[]") or kind.startswith("STRUCT"):
        return f"cast(to_json({column}) as varchar) as {column}"
    return column


def _dictionary(tables: Sequence[Table]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("table", "column", "type", "description"))
    for table in tables:
        writer.writerow((table.name, "", "", table.description))
        writer.writerows((table.name, each.name, each.type, each.description) for each in table.columns)
    return text.getvalue().encode()


_CDRS = """
    select
        cdrs.*, records.raw_text, cdrs.cpo_party as party, outcomes.service_period,
        coalesce(periods.periods, []) as periods
    from settle.cdr_outcomes as outcomes
    inner join ingest.raw_cdrs as cdrs on outcomes.record_id = cdrs.record_id
    inner join ingest.raw_records as records on outcomes.record_id = records.record_id
    left join (
        select record_id, list(p order by period_no) as periods from ingest.raw_charging_periods as p group by record_id
    ) as periods on outcomes.record_id = periods.record_id
    order by party, outcomes.service_period, cdrs.cdr_key
"""


def _ocpi(home: Home, sink: Sink, version: Version) -> tuple[int, int]:
    """The CDRs in their counting revision, one file a CPO and service period. Returns how many are said, and not."""
    said, not_said = 0, io.StringIO()
    refused = csv.writer(not_said, lineterminator="\n")
    refused.writerow(("cdr_key", "reason"))
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for (party, period), rows in groupby(_rows(connection), key=lambda row: (row["party"], row["service_period"])):
            lines = []
            for row in rows:
                try:
                    lines.append(as_ocpi(row["raw_text"], row, row["periods"], version))
                except NotSayable as error:
                    refused.writerow((row["cdr_key"], str(error)))
            said += len(lines)
            folder = re.sub(r"[^A-Za-z0-9]", "-", party)
            sink.add(f"ocpi/{version}/cdrs/{folder}/{period or 'unknown'}.ndjson", b"\n".join([*lines, b""]))
    count = not_said.getvalue().count("\n") - 1
    if count:
        sink.add(f"ocpi/{version}/not-exported.csv", not_said.getvalue().encode())
    return said, count


def _rows(connection: duckdb.DuckDBPyConnection) -> Iterator[dict[str, Any]]:
    cursor = connection.execute(_CDRS)
    names = [column[0] for column in cursor.description or ()]
    while rows := cursor.fetchmany(5_000):
        yield from (dict(zip(names, row, strict=True)) for row in rows)


def _descriptor(home: Home, sink: Sink, tables: Sequence[Table]) -> bytes:
    """A Frictionless data package: every table with its schema, and the files beside them."""
    head = ledger.head(home)
    resources = []
    for table in tables:
        for kind, path in (("csv", f"tables/{table.name}.csv"), ("parquet", f"home/published/{table.name}.parquet")):
            resources.append(
                _resource(sink, path, f"{table.name}-{kind}".replace("_", "-"), kind)
                | {"title": table.name, "description": table.description}
                | ({"profile": "tabular-data-resource", "schema": _schema(table)} if kind == "csv" else {})
            )
    resources += [
        _resource(sink, name, re.sub(r"[^a-z0-9.]+", "-", name.lower()), "ndjson")
        for name in sink.written
        if name.endswith(".ndjson") and name.startswith("ocpi/")
    ]
    package = {
        "name": "evsettle-export",
        "title": "Settlement of EV charging sessions",
        "description": "Facts, published tables, and CDRs as OCPI; README.txt says what is where.",
        "profile": "data-package",
        "created": head.at if head else None,
        "ledger": {"entries": head.seq, "head": head.hash} if head else None,
        "resources": resources,
    }
    return json.dumps(package, indent=2, ensure_ascii=False).encode() + b"\n"


def _resource(sink: Sink, path: str, name: str, kind: str) -> dict[str, Any]:
    sha256, size = sink.written[path]
    return {"name": name, "path": path, "format": kind, "encoding": "utf-8", "bytes": size, "hash": f"sha256:{sha256}"}


def _schema(table: Table) -> dict[str, Any]:
    fields = [
        {"name": each.name, "type": each.frictionless_type, "description": each.description}
        | ({"format": _TIME} if each.frictionless_type == "datetime" else {})
        for each in table.columns
    ]
    return {"fields": fields, "missingValues": [""]}
