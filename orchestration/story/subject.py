"""What a name given on the command line stands for. What does not belong here: telling its story."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from orchestration.facts.home import HomeError
from orchestration.facts.subjects import record_place
from orchestration.published import Snapshot

Row = Mapping[str, Any]

_BY_KEY = "select * from cdrs where cdr_key = lower($name)"
_BY_ID = "select * from cdrs where lower(cdr_id) = lower($name) order by cdr_key"
_STATEMENT = "select * from statements where lower(statement_id) = lower($name)"
_FILE = """
    select distinct subject
    from events
    where event in ('arrived', 'replayed') and (subject = 'file:' || $name or ends_with(subject, '/' || $name))
    order by subject
"""
_RECORD = """
    select *
    from records
    where lower(cdr_key) = lower($name)
        or (source || '/' || feed || '/' || file_name = $file and cast(position as varchar) = $position)
    order by record_id
    limit 1
"""
# One letter wrong, left out or turned round; a part of a longer name.
_NEAREST = """
    select name
    from (select cdr_id as name from cdrs union all select statement_id from statements)
    where abs(length(name) - length($name)) <= 4
    order by damerau_levenshtein(lower(name), lower($name)), name
    limit 3
"""


@dataclass(frozen=True, slots=True)
class Found:
    """What was named: a row of cdrs, of statements or of records, or the place of a file."""

    kind: Literal["session", "statement", "record", "file"]
    row: Row
    place: str = ""


def find(snapshot: Snapshot, given: str) -> Found:
    """What a name stands for. Raises HomeError when it is nothing, or more than one thing."""
    name = given.strip()
    for kind in ("cdr", "statement", "file", "record"):
        name = name.removeprefix(f"{kind}:")
    sessions = snapshot.named(_BY_KEY if "|" in name else _BY_ID, {"name": name})
    if len(sessions) > 1:
        keys = " or ".join(f"'{row['cdr_key']}' ({row['partner'] or 'no partner'})" for row in sessions)
        raise HomeError(f"{len(sessions)} sessions have the id {name}: name one by its key, {keys}.")
    if sessions:
        return Found("session", sessions[0])
    statements = snapshot.named(_STATEMENT, {"name": name})
    if statements:
        return Found("statement", statements[0])
    return _landed(snapshot, name)


def _landed(snapshot: Snapshot, name: str) -> Found:
    """A file by its path under landing, or its name where that is enough; a record of one; or nothing."""
    place = name.removeprefix("landing/")
    files = snapshot.named(_FILE, {"name": place})
    if len(files) > 1:
        places = " or ".join(row["subject"].removeprefix("file:") for row in files)
        raise HomeError(f"{len(files)} files are called {name}: name one by its path, {places}.")
    if files:
        return Found("file", {}, files[0]["subject"].removeprefix("file:"))
    file, position = record_place(place)
    records = snapshot.named(_RECORD, {"name": name, "file": file, "position": position})
    if not records:
        raise HomeError(_unknown(snapshot, name))
    counting = snapshot.named("select * from cdrs where record_id = $record", {"record": records[0]["record_id"]})
    return Found("session", counting[0]) if counting else Found("record", records[0])


def _unknown(snapshot: Snapshot, name: str) -> str:
    near = [row["name"] for row in snapshot.named(_NEAREST, {"name": name.rpartition("|")[2]})]
    hint = f"did you mean {', '.join(near)}?" if near else "`evsettle exceptions` lists those that wait."
    return f"No session, statement or file is called {name}: {hint}"
