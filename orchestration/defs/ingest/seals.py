"""What seals froze, from the objects of the ledger into raw tables; and who must be looked at again for it.

What does not belong here: making a seal (settle) and what a seal means (facts/seals).
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb

from orchestration.defs.ingest.bulk import insert_rows
from orchestration.facts import objects
from orchestration.facts.documents import as_fact, documents
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry
from orchestration.facts.seals import TABLES

_SEAL_COLUMNS = (
    "seal_seq", "sealed_at", "sealed_by", "period", "partner", "approval_seq", "approved_by", "content_sha256",
    "manifest_sha256",
)  # fmt: skip
_DOCUMENT_COLUMNS = (
    "number", "kind", "type_code", "sequence", "statement_id", "party", "partner", "issued_on", "due_on", "currency",
    "amount_excl_tax", "tax", "amount_incl_tax", "supplier",
)  # fmt: skip

# A seal of a version that knew no documents by legal entity had statements of one party of ours each.
_FILL_OWN_PARTY = """
    update ingest.raw_sealed_lines as lines
    set own_party = statements.own_party
    from (
        select named.statement_id, coalesce(
            max(documents.party),
            min(case when outcomes.direction = 'payable' then outcomes.emsp_party else outcomes.cpo_party end)
        ) as own_party
        from ingest.raw_sealed_lines as named
        inner join ingest.raw_sealed_outcomes as outcomes on named.cdr_key = outcomes.cdr_key
        left join ingest.raw_documents as documents on named.statement_id = documents.statement_id
        where named.seal_seq = $1 and named.own_party is null
        group by named.statement_id
    ) as statements
    where lines.seal_seq = $1 and lines.own_party is null and lines.statement_id = statements.statement_id
"""


def append_seals(home: Home, connection: duckdb.DuckDBPyConnection, new: Sequence[Entry]) -> None:
    """Add the seals among these entries, each with its frozen rows, and touch what they leave open."""
    for seal in (entry for entry in new if entry.kind == "seal"):
        body = seal.body
        insert_rows(connection, "raw_seals", _SEAL_COLUMNS, [(
            seal.seq, seal.time, seal.actor, body["period"], body["partner"], body["approval"], body["approved_by"],
            body["content_sha256"], body["manifest_sha256"],
        )])  # fmt: skip
        insert_rows(connection, "raw_documents", ("seal_seq", *_DOCUMENT_COLUMNS, "preceding"), [
            (seal.seq, *(as_fact(document)[name] for name in _DOCUMENT_COLUMNS), ",".join(document.preceding))
            for _, document in documents([seal])
        ])  # fmt: skip
        for table in TABLES:
            _append_rows(home, connection, seal.seq, f"raw_sealed_{table}", body["tables"][table])
        connection.execute(_FILL_OWN_PARTY, [seal.seq])
        _touch_open(connection, body["period"], body["partner"])
        _touch_outcomes(connection, seal.seq, body["period"], body["partner"])


def _append_rows(home: Home, connection: duckdb.DuckDBPyConnection, seal_seq: int, table: str, sha256: str) -> None:
    """The rows of one object; a column that the seal's version did not have stays null."""
    with tempfile.TemporaryDirectory(prefix="evsettle-") as folder:
        path = Path(folder) / "rows.parquet"
        path.write_bytes(objects.get(home, sha256))
        mine = connection.table(f"ingest.{table}").columns
        names = ", ".join(column for column in connection.read_parquet(str(path)).columns if column in mine)
        connection.execute(
            f"insert into ingest.{table} (seal_seq, {names}) select $1, {names} from read_parquet($2)",  # noqa: S608
            [seal_seq, str(path)],
        )


def _touch_open(connection: duckdb.DuckDBPyConnection, period: str, partner: str) -> None:
    """Sessions that stood in the period and were not sealed with it move to the next open one."""
    is_built = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'settle' and table_name = 'cdr_outcomes'"
    ).fetchone()
    if is_built:
        connection.execute(
            "insert into ingest.raw_touched select 'cdr', cdr_key, 'its period was sealed'"
            " from settle.cdr_outcomes"
            " where partner = $1 and period = $2"
            " and cdr_key not in (select cdr_key from ingest.raw_sealed_outcomes)",
            [partner, period],
        )


def _touch_outcomes(connection: duckdb.DuckDBPyConnection, seal_seq: int, period: str, partner: str) -> None:
    """What the seal froze stands as it was frozen; what was in its period and is not on it is shown in the next."""
    is_built = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'settle' and table_name = 'cdr_outcomes'"
    ).fetchone()
    if is_built:
        connection.execute(
            "insert into ingest.raw_touched select 'outcome', cdr_key, 'its period was sealed'"
            " from ingest.raw_sealed_outcomes where seal_seq = $1 union"
            " select 'outcome', cdr_key, 'its period was sealed' from settle.cdr_outcomes"
            " where partner = $2 and period = $3 and not is_sealed",
            [seal_seq, partner, period],
        )
