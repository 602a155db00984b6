"""How the close stands: days to close, open value, disputes, and who acts next in each period.

What does not belong here: how long a period took, what is due and when (dbt models closed_periods, amounts_due,
period_checkpoints).
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from orchestration.facts.ledger import Entry
from orchestration.facts.seals import drafts, seals, subject_of
from orchestration.facts.standing import answers, is_proposal, standing
from orchestration.published import Snapshot

_CLOSED = """
    select count(*) as periods, cast(sum(days_to_close) as bigint) as days, max(days_to_close) as days_max,
        cast(sum(working_days_to_close) as bigint) as working_days, max(sealed_on) as last_sealed_on
    from closed_periods
"""
# Drafts are net, as statements are; what is billed is gross, as it is paid.
_OPEN_VALUE = """
    select direction, currency, sum(drafts) as drafts_excl_tax, sum(due) as due_amount, sum(overdue) as overdue,
        sum(disputed) as disputed
    from (
        select direction, currency, amount_excl_tax as drafts, 0 as due, 0 as overdue, 0 as disputed
        from statements
        where status <> 'sealed'
        union all
        select direction, currency, 0, due_amount, case when days_overdue > 0 then due_amount else 0 end, disputed
        from amounts_due
        where status <> 'paid'
    ) as values_told
    group by direction, currency
    order by direction, currency
"""
_DISPUTES = """
    select count(*) as disputes,
        count(*) filter (where running_limit_seconds is not null and running_seconds > running_limit_seconds) as late
    from disputes
    where is_open
"""
# So many partners are named in an alarm; status lists all of them above it.
_NAMED = 10
_RACI = "select activity, responsible, accountable from raci where known_to is null"

# What a period waits for, and the activity of master/raci.csv that says who does it. What is held is cleared first.
ACTIVITIES = {
    "clear": "Prepare and propose the drafts of a period",
    "propose": "Prepare and propose the drafts of a period",
    "approve": "Approve the drafts of a period",
    "seal": "Seal a period and issue its documents",
}


def close_state(snapshot: Snapshot) -> dict[str, Any]:
    """Closed periods with their days, open value by direction and currency, and open disputes, as of a snapshot."""
    (closed,) = snapshot.records(_CLOSED)
    (disputes,) = snapshot.records(_DISPUTES)
    average = {f"average_{name}": _average(closed.pop(name), closed["periods"]) for name in ("days", "working_days")}
    return {"closed": closed | average, "open_value": snapshot.records(_OPEN_VALUE), "disputes": disputes}


def _average(total: int | None, periods: int) -> Decimal | None:
    if not periods or total is None:
        return None
    return (Decimal(total) / periods).quantize(Decimal("0.1"), ROUND_HALF_UP)


def who_acts_next(
    snapshot: Snapshot, entries: Sequence[Entry], periods: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The periods with what each waits for (`act`), as the ledger says now, and the roles that raci.csv names for it.

    `act` is None for a sealed one; the roles are None where the file has no such activity.
    """
    raci = {row["activity"]: row for row in snapshot.records(_RACI)}
    acts = _acts(entries)
    told = []
    for period in periods:
        subject = subject_of(period["period"], period["partner"])
        act = None if period["status"] == "sealed" else acts.get(subject, "propose")
        roles = raci.get(ACTIVITIES[act], {}) if act in ACTIVITIES else {}
        told.append(
            period | {"act": act, "responsible": roles.get("responsible"), "accountable": roles.get("accountable")}
        )
    return told


def missed_checkpoints(periods: Sequence[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """The checkpoints that passed without what they ask for, each with its partners and a sentence.

    periods: as `who_acts_next` tells them, with approval_due_at and close_due_at.
    """
    found: dict[tuple[datetime, str, str], list[str]] = {}
    for period in periods:
        for checkpoint, is_open in (
            ("approval", period["act"] in ("clear", "propose", "approve")),
            ("close", period["act"] is not None),
        ):
            due_at = period[f"{checkpoint}_due_at"]
            if is_open and due_at is not None and due_at <= now:
                found.setdefault((due_at, period["period"], checkpoint), []).append(period["partner"])
    return [
        {
            "period": period, "checkpoint": checkpoint, "due_at": due_at, "partners": partners,
            "sentence": f"the {checkpoint} of {period} was due by {due_at:%Y-%m-%d %H:%M} and is missed for "
            f"{_some(partners)}.",
        }
        for (due_at, period, checkpoint), partners in sorted(found.items())
    ]  # fmt: skip


def _some(names: Sequence[str]) -> str:
    """All of a few, the first of many."""
    if len(names) <= _NAMED:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"


def _acts(entries: Sequence[Entry]) -> dict[str, str | None]:
    """What has begun: held drafts are to be cleared, proposed ones approved, approved ones sealed."""
    answered, known = answers(entries), drafts(entries)
    acts: dict[str, str | None] = {
        subject.removeprefix("period:"): "approve"
        for entry in entries
        if is_proposal(entry) and entry.body["values"].get("what") == "period" and entry.seq not in answered
        for subject in entry.body["subjects"]
    }
    for decision in standing(entries):
        draft = known.get(decision.subject_id)
        if decision.kind == "period" and draft is not None and decision.value == draft.content:
            acts[decision.subject_id] = "seal"
    acts |= {subject: "clear" for subject, draft in known.items() if draft.against}
    return acts | dict.fromkeys(seals(entries))
