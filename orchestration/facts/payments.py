"""Payments that two people decided: which sealed statements are paid or collected, each once.

What does not belong here: the files that go to a bank (defs/settle/payment_files) and what a bank says came of them.
"""

from collections.abc import Sequence

from orchestration.facts.decision_kinds import DecisionError
from orchestration.facts.ledger import Entry
from orchestration.facts.reasons import nearest
from orchestration.facts.seals import seals
from orchestration.facts.standing import answers, is_proposal


def check_pay(entries: Sequence[Entry], named: Sequence[str]) -> None:
    """Only a sealed statement is paid, and only once. Raises DecisionError."""
    sealed = {statement for seal in seals(entries).values() for statement in seal.body["statements"]}
    decided = _decided(entries)
    for subject in named:
        statement = subject.partition(":")[2]
        if statement not in sealed:
            hint = nearest(statement, sealed) or ": seal its period first."
            raise DecisionError(f"{statement} is no sealed statement, so nothing is due for it yet{hint}")
        if statement in decided:
            raise DecisionError(
                f"{statement} is in the payment of entry {decided[statement]} already: reject that one first while "
                "it waits; what was approved goes to the bank once."
            )


def _decided(entries: Sequence[Entry]) -> dict[str, int]:
    """The proposal that each statement's payment stands in, approved or waiting."""
    answered = answers(entries)
    return {
        subject.partition(":")[2]: entry.seq
        for entry in entries
        if is_proposal(entry) and entry.body["values"]["what"] == "pay"
        if entry.seq not in answered or answered[entry.seq].body["kind"] == "approve"
        for subject in entry.body["subjects"]
    }
