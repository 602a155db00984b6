"""What a name given on the command line stands for. What does not belong here: telling its story."""

from collections.abc import Mapping
from typing import Any

from orchestration.facts.home import HomeError
from orchestration.facts.subjects import record_place
from orchestration.published import Snapshot

_BY_KEY = "select * from cdrs where cdr_key = lower($name)"
_BY_ID = "select * from cdrs where lower(cdr_id) = lower($name) order by cdr_key"
_RECORD = """
    select source, feed, file_name, position, disposition, reason
    from records
    where lower(cdr_key) = lower($name)
        or (source || '/' || feed || '/' || file_name = $file and cast(position as varchar) = $position)
    order by record_id
    limit 1
"""
_NEAREST = """
    select cdr_id
    from cdrs
    where abs(length(cdr_id) - length($name)) <= 4
    order by damerau_levenshtein(lower(cdr_id), lower($name)), cdr_key
    limit 3
"""


def find_session(snapshot: Snapshot, name: str) -> Mapping[str, Any]:
    """The row of `cdrs` that a CDR id or key names. Raises HomeError when there is none, or more than one."""
    name = name.strip().removeprefix("cdr:")
    found = snapshot.named(_BY_KEY if "|" in name else _BY_ID, {"name": name})
    if not found:
        raise HomeError(_where_else(snapshot, name))
    if len(found) > 1:
        keys = " or ".join(f"'{row['cdr_key']}' ({row['partner'] or 'no partner'})" for row in found)
        raise HomeError(f"{len(found)} sessions have the id {name}: name one by its key, {keys}.")
    return found[0]


def _where_else(snapshot: Snapshot, name: str) -> str:
    """Why a name is no session: its record was quarantined, or it is spelt otherwise."""
    file, position = record_place(name.removeprefix("record:"))
    records = snapshot.named(_RECORD, {"name": name, "file": file, "position": position})
    if records:
        record = records[0]
        return (
            f"{name} is a {record['disposition']} record ({record['reason']}), no session: "
            f"{record['source']}/{record['feed']}/{record['file_name']} position {record['position']}."
        )
    near = [row["cdr_id"] for row in snapshot.named(_NEAREST, {"name": name.rpartition("|")[2]})]
    hint = f" Did you mean {', '.join(near)}?" if near else " `evsettle exceptions` lists those that wait."
    return f"No session is called {name}.{hint}"
