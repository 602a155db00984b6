"""The exception queue as the last run published it: groups, their cases, and totals.

Reads the tables `exceptions` and `exception_groups` only. What does not belong here: showing (cli), deciding (facts).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.published import Snapshot

NOBODY = "nobody"


class GroupError(Exception):
    """A group cannot be taken as named; one sentence with what to do."""

    @classmethod
    def not_open(cls, group_id: str) -> "GroupError":
        """A group that was decided, has changed its cause, or was never there."""
        return cls(
            f"No group {group_id} is open in the last run: its cases are decided or have another cause now; "
            "`evsettle exceptions` shows the groups that are."
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to list; a field that is None or false leaves nothing out. assigned `nobody`: given to no one."""

    owner: str | None = None
    partner: str | None = None
    rule: str | None = None
    period: str | None = None
    assigned: str | None = None
    late: bool = False
    group: str | None = None

    def parameters(self) -> dict[str, Any]:
        """The parameters of `_WANTED`."""
        return {
            "owner": self.owner, "partner": self.partner, "rule": self.rule, "period": self.period,
            "assigned": self.assigned, "late": self.late, "group": self.group, "nobody": NOBODY,
        }  # fmt: skip


_WANTED = """
    ($owner is null or owner = $owner)
    and ($partner is null or partner = $partner)
    and ($rule is null or rule_id = $rule)
    and ($period is null or period = $period)
    and ($assigned is null or coalesce(lower(assigned_to), $nobody) = lower($assigned))
    and ($late = false or is_late)
    and ($group is null or group_id = $group)
"""

# What is late comes first, then what is due first, then what costs most; money of two currencies is not compared.
_GROUPS = f"""
    select
        groups.group_id || '@' || groups.members_sha256 as "group",
        groups.owner, groups.concern, groups.rule_id, groups.severity, groups.partner, groups.likely_cause,
        groups.cases, groups.late_cases, groups.sessions, groups.unknown_amounts, groups.energy_kwh, groups.currency,
        groups.claimed_excl_tax, groups.expected_excl_tax, groups.amount_at_stake, groups.opened_at, groups.age_days,
        groups.due_at, groups.assigned_to, groups.action, groups.command, alone.observed, alone.expected
    from exception_groups as groups
    left join exceptions as alone on groups.cases = 1 and groups.group_id = alone.group_id
    where groups.group_id in (select group_id from exceptions where {_WANTED})
    order by groups.late_cases > 0 desc, groups.due_at nulls last, groups.amount_at_stake desc nulls last,
        groups.cases desc, groups.group_id
"""  # noqa: S608 - our own words

_CASES = f"""
    select *
    from exceptions
    where {_WANTED}
    order by is_late desc, due_at nulls last, amount_at_stake desc nulls last, subject_id, case_id
"""  # noqa: S608 - our own words

_BY_OWNER = """
    select owner, count(*) as cases, count(distinct subject_id) as subjects, sum(is_late::int)::bigint as late_cases,
        min(due_at) as first_due
    from exceptions
    group by owner
    order by owner
"""

_BY_CONCERN = """
    select concern, count(*) as cases, count(distinct subject_id) as subjects,
        count(*) filter (owner = 'operations') as operations, count(*) filter (owner = 'platform') as platform,
        count(*) filter (owner = 'finance') as finance
    from exceptions
    group by concern
    order by concern
"""

# A session with two cases of one owner is at stake once.
_MONEY = """
    select owner, currency, sum(sessions)::bigint as sessions, sum(unknown_amounts)::bigint as unknown_amounts,
        sum(energy_kwh) as energy_kwh, sum(amount_at_stake) as amount_at_stake
    from (
        select distinct owner, subject_kind, subject_id, currency, sessions, unknown_amounts, energy_kwh,
            amount_at_stake
        from exceptions
    )
    group by owner, currency
    order by owner, currency
"""


def groups(snapshot: Snapshot, wanted: Wanted) -> list[dict[str, Any]]:
    """The groups that have a case of those wanted, the most urgent first."""
    return snapshot.named(_GROUPS, wanted.parameters())


def cases(snapshot: Snapshot, wanted: Wanted) -> list[dict[str, Any]]:
    """The cases wanted, the most urgent first."""
    return snapshot.named(_CASES, wanted.parameters())


def totals(snapshot: Snapshot) -> Mapping[str, list[dict[str, Any]]]:
    """The queue by owner, by concern, and its money by owner and currency."""
    return {
        "by_owner": snapshot.records(_BY_OWNER),
        "by_concern": snapshot.records(_BY_CONCERN),
        "money": snapshot.records(_MONEY),
    }


def members(snapshot: Snapshot, name: str) -> list[dict[str, Any]]:
    """The cases of `<group_id>@<members>` as they were shown. Raises GroupError when they are not the same any more."""
    group_id, _, shown = name.partition("@")
    found = snapshot.named("select * from exception_groups where group_id = $group", {"group": group_id})
    if not found:
        raise GroupError.not_open(group_id)
    now = found[0]["members_sha256"]
    if not shown:
        raise GroupError(
            f"group:{group_id} does not say which of its cases were seen: write group:{group_id}@{now} "
            f"after a look at `evsettle exceptions --group {group_id}`."
        )
    if shown != now:
        count = "1 case" if found[0]["cases"] == 1 else f"{found[0]['cases']} cases"
        raise GroupError(
            f"Group {group_id} has changed since it was shown as @{shown} and has {count} now: "
            f"look at it again with `evsettle exceptions --group {group_id}`."
        )
    return cases(snapshot, Wanted(group=group_id))


def subjects(chosen: Sequence[Mapping[str, Any]], kind: str) -> list[str]:
    """What a decision of this kind about these cases is about, as the ledger takes it."""
    return sorted({_subject(case, kind) for case in chosen})


def _subject(case: Mapping[str, Any], kind: str) -> str:
    subject_kind = case["subject_kind"]
    if kind == "repair":
        return f"file:{case['file_subject_id']}"
    if kind == "alias" and subject_kind == "cdr":
        return f"connector:{case['evse_uid']}|{case['connector_id']}"
    # A gate knows the finding of a record, a told session or an invoice, not the thing itself.
    if subject_kind == "invoice" or (kind in ("waive", "release") and subject_kind not in ("cdr", "file")):
        return f"finding:{case['case_id']}"
    return f"{subject_kind}:{case['subject_id']}"
