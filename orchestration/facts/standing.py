"""Which decisions stand: the fold of the ledger's decisions that the pipeline reads.

A kind of one person stands at once. A proposal stands once another person approved it, from the
approval's time and number. Nothing here depends on entries of other kinds or other subjects,
except that a finished run uses up what asked for that run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from orchestration.facts.decision_kinds import DecisionKind, decision_kinds
from orchestration.facts.ledger import Entry
from orchestration.facts.subjects import canonical


@dataclass(frozen=True, slots=True)
class StandingDecision:
    """One decision about one subject. Amounts are net, in the subject's currency; times are UTC."""

    seq: int
    effective_at: datetime
    kind: str
    subject_kind: str
    subject_id: str
    rule_id: str | None
    amount_excl_tax: Decimal | None
    value: str | None
    reason_code: str | None
    note: str | None
    decided_by: str
    approved_by: str | None
    # Of a tariff: the start of validity that was approved with its content; None approves it whenever it starts.
    valid_from: datetime | None = None
    # Of an adjustment: the energy and the times that were decided with the amount.
    energy_kwh: Decimal | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    # Of a waiver: when it ends.
    expires_at: datetime | None = None


def is_proposal(entry: Entry) -> bool:
    """Whether an entry waits, or waited, for a second person."""
    return entry.kind == "decision" and entry.body.get("kind") == "propose"


def answers(entries: Sequence[Entry]) -> dict[int, Entry]:
    """The first answer to each proposal, by the proposal's seq."""
    given: dict[int, Entry] = {}
    for entry in entries:
        if entry.kind == "decision" and entry.body.get("kind") in ("approve", "reject"):
            given.setdefault(entry.body["answers"], entry)
    return given


def standing(entries: Sequence[Entry]) -> list[StandingDecision]:
    """The decisions that stand after these entries, one row a subject, ordered by seq and subject."""
    proposals = {entry.seq: entry for entry in entries if is_proposal(entry)}
    last: dict[tuple[str | None, ...], StandingDecision] = {}
    for answer_or_act, said in _taking_effect(entries, proposals):
        for row in _rows(answer_or_act, said):
            last[_key(row)] = row
    return sorted(last.values(), key=lambda row: (row.seq, row.subject_kind, row.subject_id))


def in_force(decisions: Sequence[StandingDecision], as_of: datetime) -> list[StandingDecision]:
    """Those that have not expired at that time."""
    return [one for one in decisions if one.expires_at is None or one.expires_at > as_of]


def ever_standing(entries: Sequence[Entry], *names: str) -> list[tuple[StandingDecision, Mapping[str, str]]]:
    """Every decision of these kinds that ever stood, overruled too, with all its values, in the order of the ledger."""
    proposals = {entry.seq: entry for entry in entries if is_proposal(entry)}
    return [
        (row, said.body["values"])
        for effective, said in _taking_effect(entries, proposals)
        for row in _rows(effective, said)
        if row.kind in names
    ]


def _taking_effect(entries: Sequence[Entry], proposals: Mapping[int, Entry]) -> list[tuple[Entry, Entry]]:
    """Pairs of the entry that makes a decision stand and the entry that says what was decided."""
    answered = answers(entries)
    pairs = []
    for entry in entries:
        if entry.kind != "decision":
            continue
        kind = str(entry.body.get("kind"))
        if kind == "approve":
            proposal = proposals.get(entry.body["answers"])
            # Two people are checked when the entry is made; here again, because money hangs on it.
            is_valid = proposal is not None and proposal.seq < entry.seq and proposal.body["by"] != entry.body["by"]
            if proposal is not None and is_valid and answered[proposal.seq] is entry:
                pairs.append((entry, proposal))
        elif kind in decision_kinds() and decision_kinds()[kind].people == 1:
            pairs.append((entry, entry))
    return pairs


def _rows(effective: Entry, said: Entry) -> list[StandingDecision]:
    body: Mapping[str, Any] = said.body
    values: Mapping[str, str] = body["values"]
    is_approved = effective is not said
    name = values["what"] if is_approved else body["kind"]
    kind = decision_kinds().get(name)
    if kind is None:
        return []
    amount = values.get("amount")
    rows = []
    for subject in body["subjects"]:
        subject_kind, _, subject_id = subject.partition(":")
        rows.append(
            StandingDecision(
                seq=effective.seq,
                effective_at=effective.time,
                kind=name,
                subject_kind=subject_kind,
                subject_id=canonical(subject_kind, subject_id),
                rule_id=values.get("rule"),
                amount_excl_tax=None if amount is None else Decimal(amount),
                value=values.get(kind.value) if kind.value else None,
                reason_code=body["reason"],
                note=body["note"],
                decided_by=body["by"],
                approved_by=effective.body["by"] if is_approved else None,
                valid_from=_instant(values.get("valid_from")),
                energy_kwh=None if "kwh" not in values else Decimal(values["kwh"]),
                started_at=_instant(values.get("started_at")),
                ended_at=_instant(values.get("ended_at")),
                expires_at=_instant(values.get("until")) or _end(kind, effective.time),
            )
        )
    return rows


def _end(kind: DecisionKind, since: datetime) -> datetime | None:
    return None if kind.lasts_days is None else since + timedelta(days=kind.lasts_days)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _key(row: StandingDecision) -> tuple[str | None, ...]:
    """Rows with one key overrule each other, the last one stands."""
    kind = decision_kinds()[row.kind]
    if kind.slot is not None:
        return (kind.slot, row.subject_kind, row.subject_id)
    if kind.several:
        return (row.kind, row.subject_kind, row.subject_id, row.rule_id, str(row.seq))
    return (row.kind, row.subject_kind, row.subject_id, row.rule_id)


def is_in_effect(entries: Sequence[Entry], entry: Entry, at: datetime | None = None) -> bool:
    """Whether a decision still waits or stands: not rejected, overruled, expired or used up by a finished run."""
    kind = entry.body["kind"]
    if kind in ("approve", "reject"):
        return True
    answer = answers(entries).get(entry.seq)
    if kind == "propose" and answer is None:
        return True
    if answer is not None and answer.body["kind"] == "reject":
        return False
    effective = answer or entry
    if kind in decision_kinds() and decision_kinds()[kind].used_up:
        return not any(later.kind == "run-end" and later.seq > effective.seq for later in entries)
    rows = _rows(effective, entry)
    decisions = standing(entries)
    stand = {
        (row.seq, row.subject_kind, row.subject_id) for row in (decisions if at is None else in_force(decisions, at))
    }
    return all((row.seq, row.subject_kind, row.subject_id) in stand for row in rows)
