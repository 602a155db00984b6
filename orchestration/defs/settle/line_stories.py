"""What each line of a sealed period came from, in one line of JSON: fixed at the seal, to be proven alone later.

The seal names the Merkle root of these lines. What does not belong here: making a proof of one, or checking it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from orchestration.facts import objects
from orchestration.facts.home import Home
from orchestration.facts.merkle import merkle_root

STORIES_SQL = Path(__file__).parent / "line_stories.sql"
MACROS = (
    "plain(x) as rtrim(rtrim(cast(x as varchar), '0'), '.')",
    "nameless(words, id, other_id) as replace(replace(words, coalesce(id, ''), '#'), coalesce(other_id, ''), '#')",
)


def line_stories(connection: duckdb.DuckDBPyConnection, period: str, partner: str) -> Iterator[str]:
    """The lines of a period and partner in order of statement and line."""
    for macro in MACROS:
        connection.execute(f"create or replace temp macro {macro}")
    cursor = connection.execute(STORIES_SQL.read_text(), {"period": period, "partner": partner})
    while rows := cursor.fetchmany(10_000):
        yield from (story for (story,) in rows)


def freeze_stories(home: Home, connection: duckdb.DuckDBPyConnection, period: str, partner: str) -> dict[str, Any]:
    """Put them into the ledger's objects; returns what the seal says of them."""
    stories = list(line_stories(connection, period, partner))
    root = merkle_root(objects.sha256_of(story.encode()) for story in stories)
    stored = objects.put(home, "".join(f"{story}\n" for story in stories).encode())
    return {"stories": stored, "root": root, "count": len(stories)}
