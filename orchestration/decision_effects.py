"""What came of a decision: the first run that knew it, and what that run changed of the decision's subjects.

Read from the ledger: the decision's entry, and the changes in the object of the run-end after it. What does not belong
here: showing any of it.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orchestration.facts import objects
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry
from orchestration.facts.standing import answers, is_proposal
from orchestration.facts.subjects import record_place
from orchestration.published import Snapshot

# The sessions that a subject stands for. Of any other kind: all that the run changed.
_SESSIONS: Mapping[str, str] = {
    "cdr": "select lower($id)",
    "finding": "select cdr_key from findings where finding_id = $id and cdr_key is not null",
    "record": (
        "select cdr_key from records where cdr_key is not null"
        " and source || '/' || feed || '/' || file_name || '#' || position = $id"
    ),
    "file": (
        "select distinct cdr_key from records where cdr_key is not null"
        " and source || '/' || feed || '/' || file_name = $id"
    ),
    "tariff": "select cdr_key from cdrs where cpo_party || ':' || tariff_id = $id",
    "partner": "select cdr_key from cdrs where partner = $id",
}


_WAITING = """
    select cdr_key, string_agg(distinct rule_id, ', ' order by rule_id)
    from exceptions
    where list_contains(?, cdr_key) and rule_id is not null
    group by cdr_key
    order by cdr_key
"""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as it was given, with its answer where it needed one. status: stands, waits, rejected."""

    said: Entry
    answer: Entry | None

    @property
    def kind(self) -> str:
        """What was decided; of a proposal what it proposes."""
        body = self.said.body
        return str(body["values"]["what"] if body["kind"] == "propose" else body["kind"])

    @property
    def status(self) -> str:
        """Whether it has an effect."""
        if not is_proposal(self.said):
            return "stands"
        if self.answer is None:
            return "waits"
        return "stands" if self.answer.body["kind"] == "approve" else "rejected"

    @property
    def effective_seq(self) -> int | None:
        """The entry from which it counts; none while it waits or when it was rejected."""
        if self.status != "stands":
            return None
        return (self.answer or self.said).seq


@dataclass(frozen=True, slots=True)
class Effect:
    """What the first run after a decision changed of its subjects. sessions and findings as the run-end keeps them."""

    run_end: Entry
    sessions: Sequence[Mapping[str, Any]]
    findings: Sequence[Mapping[str, Any]]
    is_all: bool

    def settled(self, currencies: Mapping[str, str | None]) -> dict[str, tuple[Decimal, Decimal]]:
        """Settled before and after by currency; a session that is not known any more is in no currency."""
        sums: dict[str, tuple[Decimal, Decimal]] = {}
        for change in self.sessions:
            currency = currencies.get(change["cdr_key"]) or "unknown"
            before, after = sums.get(currency, (Decimal(0), Decimal(0)))
            sums[currency] = (
                before + Decimal(change["settled_from"] or 0),
                after + Decimal(change["settled_to"] or 0),
            )
        return dict(sorted(sums.items()))


def decided(entries: Sequence[Entry]) -> Iterator[Decided]:
    """Every decision of the ledger in its order, proposals together with their answers."""
    given = answers(entries)
    for entry in entries:
        if entry.kind == "decision" and entry.body["kind"] not in ("approve", "reject"):
            yield Decided(entry, given.get(entry.seq))


def find(entries: Sequence[Entry], seq: int) -> Decided | None:
    """The decision of an entry, or the one that the entry answers."""
    for one in decided(entries):
        if seq in (one.said.seq, one.answer.seq if one.answer else None):
            return one
    return None


def effect(home: Home, snapshot: Snapshot, entries: Sequence[Entry], decision: Decided) -> Effect | None:
    """What the first finished run after the decision changed; none while there is no such run, or no effect."""
    since = decision.effective_seq
    if since is None:
        return None
    run_end = next((entry for entry in entries if entry.is_finished_run and entry.seq > since), None)
    if run_end is None:
        return None
    subjects = [tuple(subject.split(":", 1)) for subject in decision.said.body["subjects"]]
    is_all = any(kind not in _SESSIONS for kind, _ in subjects)
    keys = set() if is_all else _keys(snapshot, subjects)
    findings = {identifier for kind, identifier in subjects if kind == "finding"}
    things = {identifier for _, identifier in subjects}
    sessions, changed = [], []
    for line in objects.get(home, run_end.body["changes"]).splitlines():
        change = json.loads(line)
        if change["t"] == "cdr":
            if is_all or change["cdr_key"] in keys:
                sessions.append(change)
        elif is_all or change["cdr_key"] in keys or change["finding_id"] in findings or change["subject_id"] in things:
            changed.append(change)
    return Effect(run_end, sessions, changed, is_all)


def _keys(snapshot: Snapshot, subjects: Sequence[tuple[str, ...]]) -> set[str]:
    found: set[str] = set()
    for kind, identifier in subjects:
        # The tables have a record's file and position apart.
        named = "#".join(record_place(identifier)) if kind == "record" else identifier
        rows = snapshot.named(_SESSIONS[kind], {"id": named})
        found |= {str(next(iter(row.values()))) for row in rows}
    return found


def still_waiting(snapshot: Snapshot, decision: Decided) -> dict[str, str]:
    """Sessions of the decision that the last run still has in the queue, each with the rules that keep it there."""
    named = [subject.partition(":") for subject in decision.said.body["subjects"]]
    keys = [identifier for kind, _, identifier in named if kind == "cdr"]
    return dict(snapshot.rows(_WAITING, [keys]))


def currencies(snapshot: Snapshot, keys: Sequence[str]) -> dict[str, str | None]:
    """The currency of each of these sessions."""
    rows: Callable[..., list[tuple[Any, ...]]] = snapshot.rows
    return dict(rows("select cdr_key, currency from cdrs where list_contains(?, cdr_key)", [list(keys)]))
