"""Disputes: which acts may follow which, and the story of each one as the ledger tells it.

A dispute is opened about one session and is named by the number of the entry that opened it. What does not belong
here: windows, clocks and money, which settle's models compute from these events.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from orchestration.facts.decision_kinds import DecisionError
from orchestration.facts.ledger import Entry
from orchestration.facts.standing import StandingDecision, ever_standing

# Each act, the states it may come from, and the one it leads to (STATES: dispute).
ACTS: Mapping[str, tuple[frozenset[str], str]] = {
    "acknowledge": (frozenset({"opened"}), "acknowledged"),
    "assign": (frozenset({"acknowledged", "investigating"}), "investigating"),
    "ask": (frozenset({"investigating", "escalated"}), "waiting"),
    "answer": (frozenset({"waiting"}), "investigating"),
    "resolve": (frozenset({"investigating", "escalated"}), "resolved"),
    "escalate": (frozenset({"resolved"}), "escalated"),
    "withdraw": (frozenset({"opened", "acknowledged", "investigating", "waiting", "escalated"}), "withdrawn"),
}
ENDED = frozenset({"resolved", "withdrawn"})


@dataclass(frozen=True, slots=True)
class DisputeEvent:
    """One act about one dispute, in the order of the ledger. Amounts are net, in the session's currency; times UTC."""

    dispute_id: str
    seq: int
    happened_at: datetime
    event: str
    state_from: str | None
    state_to: str
    cdr_key: str
    reason_code: str | None
    amount_excl_tax: Decimal | None
    claimant: str | None
    assigned_to: str | None
    note: str | None
    decided_by: str
    approved_by: str | None


def dispute_events(entries: Sequence[Entry]) -> list[DisputeEvent]:
    """Every act that counted. One that may not follow what came before it counts for nothing."""
    said = [
        (row, values)
        for row, values in ever_standing(entries, "dispute", *ACTS)
        if row.kind == "dispute" or row.subject_kind == "dispute"
    ]
    said.sort(key=lambda pair: (pair[0].seq, pair[0].subject_id))
    opened: dict[int, list[str]] = {}
    for row, _ in said:
        if row.kind == "dispute":
            opened.setdefault(row.seq, []).append(row.subject_id)
    events: list[DisputeEvent] = []
    last: dict[str, DisputeEvent] = {}
    for row, values in said:
        event = _opening(row, values, opened, last) if row.kind == "dispute" else _act(row, values, last, events)
        if event is not None:
            events.append(event)
            last[event.dispute_id] = event
    return events


def waiting_sessions(events: Sequence[DisputeEvent]) -> list[str]:
    """The sessions of disputes in which a question waits for its answer: time alone moves these."""
    last = {event.dispute_id: event for event in events}
    return sorted({event.cdr_key for event in last.values() if event.state_to == "waiting"})


def check_act(entries: Sequence[Entry], kind: str, named: Sequence[str]) -> str:
    """Refuse an act that may not follow what came before it. Raises DecisionError.

    Returns the number of the last entry that said something about these disputes, or about disputes of these sessions.
    """
    events = dispute_events(entries)
    last = {event.dispute_id: event for event in events}
    for subject in named:
        what, _, identifier = subject.partition(":")
        if kind == "dispute":
            waiting = _open_about(identifier, last)
            if waiting:
                raise DecisionError(
                    f"{identifier} is already disputed: dispute {waiting[0].dispute_id} is {waiting[0].state_to}. "
                    "Answer or withdraw that one first."
                )
        elif what == "dispute":
            _check_known(identifier, kind, last, events)
    identifiers = {subject.partition(":")[2] for subject in named}
    return str(max((one.seq for one in events if identifiers & {one.dispute_id, one.cdr_key}), default=0))


def _check_known(identifier: str, kind: str, last: Mapping[str, DisputeEvent], events: Sequence[DisputeEvent]) -> None:
    now = last.get(identifier)
    if now is None:
        known = ", ".join(one.dispute_id for one in last.values() if one.state_to not in ENDED) or "none"
        raise DecisionError(f"There is no dispute {identifier}: open are {known}.")
    allowed = ACTS[kind][0]
    if now.state_to not in allowed:
        raise DecisionError(
            f"Dispute {identifier} is {now.state_to} since entry {now.seq}, and {kind} follows "
            f"{' or '.join(sorted(allowed))} only."
        )
    if kind == "escalate" and _was_escalated(identifier, events):
        raise DecisionError(f"Dispute {identifier} was escalated before, and that can be done once: it is decided.")


def _open_about(cdr_key: str, last: Mapping[str, DisputeEvent]) -> list[DisputeEvent]:
    return [one for one in last.values() if one.cdr_key == cdr_key and one.state_to not in ENDED]


def _was_escalated(dispute_id: str, events: Sequence[DisputeEvent]) -> bool:
    return any(one.dispute_id == dispute_id and one.event == "escalate" for one in events)


def _opening(
    row: StandingDecision,
    values: Mapping[str, str],
    opened: Mapping[int, Sequence[str]],
    last: Mapping[str, DisputeEvent],
) -> DisputeEvent | None:
    # Refused when it is entered; here again, because two would withhold one line twice.
    if _open_about(row.subject_id, last):
        return None
    subjects = opened[row.seq]
    number = f"-{subjects.index(row.subject_id) + 1}" if len(subjects) > 1 else ""
    return _event(row, values, f"{row.seq}{number}", None, "opened", row.subject_id)


def _act(
    row: StandingDecision,
    values: Mapping[str, str],
    last: Mapping[str, DisputeEvent],
    events: Sequence[DisputeEvent],
) -> DisputeEvent | None:
    now = last.get(row.subject_id)
    allowed, leads_to = ACTS[row.kind]
    if now is None or now.state_to not in allowed:
        return None
    if row.kind == "escalate" and _was_escalated(row.subject_id, events):
        return None
    return _event(row, values, row.subject_id, now.state_to, leads_to, now.cdr_key)


def _event(
    row: StandingDecision,
    values: Mapping[str, str],
    dispute_id: str,
    state_from: str | None,
    state_to: str,
    cdr_key: str,
) -> DisputeEvent:
    return DisputeEvent(
        dispute_id=dispute_id,
        seq=row.seq,
        happened_at=row.effective_at,
        event=row.kind,
        state_from=state_from,
        state_to=state_to,
        cdr_key=cdr_key,
        reason_code=row.reason_code,
        amount_excl_tax=row.amount_excl_tax,
        claimant=values.get("claimant", "partner") if row.kind == "dispute" else None,
        assigned_to=values.get("to") if row.kind == "assign" else None,
        note=row.note,
        decided_by=row.decided_by,
        approved_by=row.approved_by,
    )
