"""What the last run proposes, as the values of an adjustment that somebody accepts without repeating them.

The amounts go into the ledger as they were shown: a later run that computes others changes no decision.
What does not belong here: what a remedy settles at (dbt model remedies).
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from orchestration.facts.decision_kinds import DecisionError
from orchestration.facts.decisions import Decision
from orchestration.facts.home import Home

_PROPOSAL = """
    select rule_id, reason_code, after_excl_tax, before_energy_kwh, after_energy_kwh
    from read_parquet(?)
    where cdr_key = ?
"""


def accepted(home: Home, decision: Decision) -> Iterator[Decision]:
    """The decision as it is, or one for each subject with the amount that is proposed for it. Raises DecisionError."""
    is_adjustment = "adjust" in (decision.kind, decision.values.get("what"))
    if not is_adjustment or "amount" in decision.values:
        yield decision
        return
    for subject in decision.subjects:
        yield _accepted(home, replace(decision, subjects=[subject]))


def _accepted(home: Home, decision: Decision) -> Decision:
    import duckdb

    path = home.published / "proposals.parquet"
    (subject,) = decision.subjects
    with duckdb.connect() as connection:
        row = (
            connection.execute(_PROPOSAL, [str(path), subject.removeprefix("cdr:")]).fetchone()
            if path.exists()
            else None
        )
    if row is None:
        raise DecisionError(f"The last run proposes nothing for {subject}: name the amount, with --set amount=12.34.")
    rule_id, reason, amount, before_kwh, after_kwh = row
    if amount is None:
        raise DecisionError(f"Of {subject} only a person can say the amount ({rule_id}): add --set amount=12.34.")
    values = {"rule": rule_id, "amount": _text(amount)}
    if after_kwh != before_kwh:
        values["kwh"] = _text(after_kwh)
    return replace(decision, values=values | dict(decision.values), reason=decision.reason or reason)


def _text(value: Decimal) -> str:
    return format(value.normalize(), "f")
