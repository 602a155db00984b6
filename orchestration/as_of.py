"""What we knew at a past moment: the home as the last run that had ended by then left it.

The newest run's tables are the published ones. Those of an older run are not kept, but the facts it read are: they are
linked into a scratch home under warehouse/as_of, the run is done again there at its own clock, and the result is kept
until it is deleted with the rest of the warehouse. It is exact: the same facts and the same as_of give the same tables.
Under another engine than then, what comes out otherwise than the run itself recorded is counted and told.
What does not belong here: showing anything.
"""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from orchestration.facts import ledger, objects
from orchestration.facts.home import Home, HomeError
from orchestration.facts.ledger import Entry, finished
from orchestration.past_facts import lay_out
from orchestration.published import Snapshot
from orchestration.run_entries import published_seq
from orchestration.version import engine_version

_DONE = "done.json"


@dataclass(frozen=True, slots=True)
class AsOf:
    """A home to read, the run that stood then, and in how many sessions it differs from what that run recorded."""

    home: Home
    at: datetime
    run_end: Entry
    is_rebuilt: bool
    differs: int = 0


def run_at(entries: Sequence[Entry], at: datetime) -> Entry:
    """The end of the last run that had ended by then. Raises HomeError when there was none."""
    ends = [entry for entry in finished(entries) if entry.time <= at]
    if not ends:
        first = next(iter(finished(entries)), None)
        since = f": the first ended {first.at}" if first else ""
        raise HomeError(f"No run had ended by {ledger.format_at(at)}{since}.")
    return ends[-1]


def home_at(home: Home, at: datetime, rebuild: Callable[[Home, datetime], None]) -> AsOf:
    """The home as it stood. `rebuild` runs the pipeline over a home at a clock; it is called when nothing is kept."""
    entries = ledger.read_all(home)
    run_end = run_at(entries, at)
    if run_end == finished(entries)[-1] and published_seq(home) == run_end.seq:
        return AsOf(home, at, run_end, is_rebuilt=False)
    scratch = Home(home.as_of_dir / f"{run_end.seq:09d}-{engine_version().rpartition('+')[2]}")
    if published_seq(scratch) is None or not (scratch.root / _DONE).exists():
        shutil.rmtree(scratch.root, ignore_errors=True)
        lay_out(home, scratch.root, [entry for entry in entries if entry.seq < run_end.body["run"]])
        rebuild(scratch, run_end.time)
        differs = _differences(scratch, _recorded(home, entries, run_end))
        (scratch.root / _DONE).write_text(json.dumps({"differs": differs}))
    differs = json.loads((scratch.root / _DONE).read_text())["differs"]
    return AsOf(scratch, at, run_end, is_rebuilt=True, differs=differs)


def changes_of(home: Home, run_end: Entry) -> list[Mapping[str, Any]]:
    """What a run recorded as changed, sessions first."""
    return [json.loads(line) for line in objects.get(home, run_end.body["changes"]).splitlines()]


def _recorded(home: Home, entries: Sequence[Entry], last: Entry) -> dict[str, tuple[str, Decimal]]:
    """State and settled amount of every session as the runs up to this one recorded them."""
    known: dict[str, tuple[str, Decimal]] = {}
    for run_end in finished(entries):
        if run_end.seq > last.seq:
            break
        for change in changes_of(home, run_end):
            if change["t"] != "cdr":
                continue
            if change["state_to"] is None:
                known.pop(change["cdr_key"], None)
            else:
                known[change["cdr_key"]] = (change["state_to"], Decimal(change["settled_to"] or 0))
    return known


def _differences(scratch: Home, recorded: Mapping[str, tuple[str, Decimal]]) -> int:
    """In how many sessions the rebuilt tables are not what was recorded."""
    rows = Snapshot(scratch).rows("select cdr_key, state, cast(settled_excl_tax as decimal(18, 8)) from cdrs")
    rebuilt = {key: (state, settled) for key, state, settled in rows}
    return sum(rebuilt.get(key) != recorded.get(key) for key in rebuilt.keys() | recorded.keys())
