"""A decision about a group of the exception queue: one about the cases that the group had when it was shown."""

from dataclasses import replace

from orchestration.facts.decision_kinds import DecisionError, decision_kinds
from orchestration.facts.decisions import Decision
from orchestration.facts.home import Home

GROUP = "group:"
# Kinds whose value belongs to one subject.
_ONE_BY_ONE = ("adjust", "replace", "tariff", "terms", "period", "seal", "resolve")


def about_group(home: Home, decision: Decision) -> Decision:
    """The same decision about the cases that a group of the queue has now; its rule, where the kind takes one."""
    # The queue is read only when a group is named: DuckDB costs more than the rest of the command.
    from orchestration.exception_queue import GroupError, members
    from orchestration.exception_queue import subjects as case_subjects
    from orchestration.published import Snapshot

    if len(decision.subjects) > 1:
        raise DecisionError("A group stands alone: give one group:<id>@<cases>, and other subjects in another call.")
    name = decision.subjects[0].removeprefix(GROUP)
    what = decision.values.get("what", decision.kind)
    kind = decision_kinds().get(what)
    if what in _ONE_BY_ONE:
        raise DecisionError(
            f"{what} says something else of each case, so a group cannot be decided at once: "
            f"`evsettle exceptions --group {name.partition('@')[0]}` has the command of each."
        )
    try:
        chosen = members(Snapshot(home), name)
    except GroupError as error:
        raise DecisionError(str(error)) from error
    takes_rule = kind is not None and "rule" in (*kind.requires, *kind.may)
    rule = {"rule": str(chosen[0]["rule_id"])} if takes_rule and chosen[0]["rule_id"] else {}
    return replace(decision, subjects=case_subjects(chosen, what), values={**rule, **decision.values}, group=name)
