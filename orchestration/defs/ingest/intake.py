"""Assets that bring a home's files into the ledger, and the ledger into the raw tables."""

import re
from collections import Counter
from collections.abc import Iterator

import dagster as dg

from orchestration.defs.ingest.landing import take_in
from orchestration.defs.ingest.load import load_from_ledger
from orchestration.defs.resources import Settlement
from orchestration.facts import ledger
from orchestration.layout import discard_other_layout, note_layout
from orchestration.run_entries import begin_run
from orchestration.warehouse import RAW_TABLES_SQL, open_to_load

_TABLE = re.compile(r"((?:^--[^\n]*\n)*)create table if not exists ingest\.(\w+)", re.MULTILINE)


def raw_tables() -> dict[str, str]:
    """Name and description of every table that ingest's Python writes, from the DDL itself."""
    return {
        name: " ".join(line.removeprefix("--").strip() for line in comment.splitlines())
        for comment, name in _TABLE.findall(RAW_TABLES_SQL.read_text())
    }


@dg.asset(
    key_prefix="ingest",
    group_name="ingest",
    kinds={"file"},
    owners=["platform@evsettle.example"],
    description="The ledger's arrival and master entries: every file as it came, with hash, order and time.",
)
def arrivals(context: dg.AssetExecutionContext, settlement: Settlement) -> dg.MaterializeResult[None]:
    """Take in what is new in landing and master."""
    taken = take_in(settlement.home, settlement.instant)
    for problem in taken.problems:
        context.log.warning(problem)
    arrivals = [entry for entry in ledger.read_all(settlement.home) if entry.kind == "arrival"]
    feeds = Counter((file["source"], file["feed"]) for entry in arrivals for file in entry.body["files"])
    rows = [{"source": source, "feed": feed, "files": count} for (source, feed), count in sorted(feeds.items())]
    metadata = {"new_files": taken.file_count, "problems": len(taken.problems), "files": feeds.total()}
    table = dg.MetadataValue.table([dg.TableRecord(row) for row in rows]) if rows else "none yet"
    return dg.MaterializeResult(metadata={**metadata, "files_by_feed": table})


@dg.multi_asset(
    name="raw_records",
    specs=[
        dg.AssetSpec(
            ["ingest", name],
            deps=[arrivals],
            group_name="ingest",
            kinds={"duckdb", "python"},
            owners=["platform@evsettle.example"],
            description=description or None,
        )
        for name, description in raw_tables().items()
    ],
)
def raw_records(context: dg.AssetExecutionContext, settlement: Settlement) -> Iterator[dg.MaterializeResult[None]]:
    """Bring the raw tables up to the ledger, and open the run in it."""
    if (why := discard_other_layout(settlement.home.warehouse)) is not None:
        context.log.warning(f"The warehouse is built again from the ledger: {why}.")
    with open_to_load(settlement.home.warehouse) as connection:
        note_layout(connection)
        begin_run(settlement.home, connection, settlement.instant)
        load_from_ledger(settlement.home, connection)
        for name in raw_tables():
            row = connection.execute(f"select count(*) from ingest.{name}").fetchone()  # noqa: S608 - names of our own DDL
            yield dg.MaterializeResult(asset_key=["ingest", name], metadata={"dagster/row_count": row[0] if row else 0})
