"""What changed between two runs, and because of what: read from what each run recorded in the ledger when it ended.

Nothing is computed again, so it is what was said then, under the engine of then. What does not belong here: showing it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orchestration.as_of import changes_of
from orchestration.facts.home import Home, HomeError
from orchestration.facts.ledger import Entry, finished

# Runs of older versions did not record it.
NOT_RECORDED = "not recorded"
_FIRST_SEEN = "first seen"
_VERSIONS = {"engine_version": "version of evsettle", "rules_sha256": "set of rules"}


@dataclass(frozen=True, slots=True)
class SessionChange:
    """One session before and after. State None: not there. because: why each run looked at it, in their order."""

    cdr_key: str
    state_from: str | None
    state_to: str | None
    settled_from: Decimal | None
    settled_to: Decimal | None
    because: str

    @property
    def difference(self) -> Decimal:
        """What it settles for now less what it settled for."""
        return (self.settled_to or Decimal(0)) - (self.settled_from or Decimal(0))


@dataclass(frozen=True, slots=True)
class Happening:
    """Something between the two runs that can be a cause, by its ledger entry."""

    seq: int
    at: str
    who: str
    what: str


@dataclass(frozen=True, slots=True)
class RunDiff:
    """From the end of one run to the end of another."""

    before: Entry | None
    after: Entry
    happened: Sequence[Happening]
    sessions: Sequence[SessionChange]
    opened: Mapping[str, int]
    resolved: Mapping[str, int]


def run_named(entries: Sequence[Entry], seq: int) -> Entry:
    """The end of a run, by the entry that began or ended it. Raises HomeError."""
    for run_end in finished(entries):
        if seq in (run_end.seq, run_end.body["run"]):
            return run_end
    known = ", ".join(str(run_end.body["run"]) for run_end in finished(entries)[-5:]) or "none yet"
    raise HomeError(f"Entry {seq} is no run that ended well; the last ones are: {known}.")


def diff(home: Home, entries: Sequence[Entry], before: Entry | None, after: Entry) -> RunDiff:
    """What the runs after `before` (None: from nothing) up to `after` changed in all. Raises HomeError."""
    start = before.seq if before else 0
    if start >= after.seq:
        raise HomeError(f"Run {after.body['run']} does not come after the one it is compared with: turn them round.")
    runs = [run_end for run_end in finished(entries) if start < run_end.seq <= after.seq]
    sessions: dict[str, list[Mapping[str, Any]]] = {}
    findings: dict[str, list[Mapping[str, Any]]] = {}
    for run_end in runs:
        for change in changes_of(home, run_end):
            if change["t"] == "cdr":
                sessions.setdefault(change["cdr_key"], []).append(change)
            else:
                findings.setdefault(change["finding_id"], []).append(change)
    # A finding that came and went in between is neither.
    lasting = [steps[-1] for steps in findings.values() if len(steps) % 2]
    return RunDiff(
        before=before,
        after=after,
        happened=_happened(entries, start, after),
        sessions=[one for steps in sessions.values() if (one := _session(steps)) is not None],
        opened=_rules(lasting, "opened"),
        resolved=_rules(lasting, "resolved"),
    )


def _session(steps: Sequence[Mapping[str, Any]]) -> SessionChange | None:
    """All steps as one; none where it ends as it began."""
    first, last = steps[0], steps[-1]
    change = SessionChange(
        first["cdr_key"],
        first["state_from"],
        last["state_to"],
        _amount(first["settled_from"]),
        _amount(last["settled_to"]),
        ", then ".join(dict.fromkeys(_because(step) for step in steps)),
    )
    is_same = (change.state_from, change.settled_from) == (change.state_to, change.settled_to)
    return None if is_same and first["state_from"] is not None else change


def _because(step: Mapping[str, Any]) -> str:
    if "because" not in step:
        return _FIRST_SEEN if step["state_from"] is None else NOT_RECORDED
    if step["because"] is None:
        return "settlement itself: a seal, a period or its terms"
    if step["because"] == "a new warehouse":
        return _FIRST_SEEN
    # Of several reasons a run keeps the first by name; of a session that was not there it is that it came.
    return "new record" if step["state_from"] is None else str(step["because"])


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _rules(findings: Sequence[Mapping[str, Any]], change: str) -> dict[str, int]:
    counts = Counter(finding["rule_id"] for finding in findings if finding["change"] == change)
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _happened(entries: Sequence[Entry], start: int, after: Entry) -> list[Happening]:
    """What came in, was decided or sealed, and where engine or rules became others."""
    runs = {entry.seq: entry for entry in entries if entry.kind == "run"}
    before = next((entry.body["run"] for entry in entries if entry.seq == start), None)
    versions = runs[before].body if before in runs else None
    happened = []
    for entry in entries:
        if not (runs[before].seq if before in runs else start) < entry.seq < after.seq:
            continue
        what = _what(entry)
        if entry.kind == "run":
            changed = [] if versions is None else [name for name in _VERSIONS if versions[name] != entry.body[name]]
            versions = entry.body
            what = f"another {' and another '.join(_VERSIONS[name] for name in changed)}" if changed else None
        if what:
            happened.append(Happening(entry.seq, entry.at, entry.actor, what))
    return happened


def _what(entry: Entry) -> str | None:
    body = entry.body
    match entry.kind:
        case "arrival":
            names = [f"{file['source']}/{file['feed']}/{file['file_name']}" for file in body["files"]]
            return f"{_few(names, 'file')} arrived"
        case "master":
            return f"{_few([change['path'] for change in body['changes']], 'master file')} changed"
        case "decision":
            kind = f"propose {body['values']['what']}" if body["kind"] == "propose" else body["kind"]
            answers = f" of entry {body['answers']}" if body["answers"] else ""
            return f"{kind}{answers}: {_few(list(body['subjects']), 'subject')}"
        case "seal":
            return f"{body['period']}|{body['partner']} sealed"
        case "erasure":
            return "an erasure"
    return None


def _few(names: Sequence[str], what: str) -> str:
    if len(names) <= 2:
        return " and ".join(names)
    return f"{names[0]}, {names[1]} and {len(names) - 2} more {what}{'s' if len(names) > 3 else ''}"
