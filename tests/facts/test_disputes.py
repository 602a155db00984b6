"""A dispute goes only where its last act lets it go, and the ledger tells its story."""

from decimal import Decimal
from typing import Any

import pytest

from orchestration.facts import ledger
from orchestration.facts.decision_kinds import DecisionError
from orchestration.facts.decisions import Decision, record
from orchestration.facts.disputes import dispute_events
from orchestration.facts.home import Home
from orchestration.facts.subjects import SubjectError

CDR = "nl/emo|abc"


def decide(home: Home, kind: str, subject: str, day: int = 1, **given: Any) -> str:
    """One act at noon of a day of November; returns the number of its entry."""
    decision = Decision(**({"kind": kind, "by": "Ada Jansen", "subjects": [subject]} | given))
    return str(record(home, decision, f"2026-11-{day:02}T12:00:00Z").entry.seq)


def opened(home: Home, subject: str = CDR, day: int = 1, **given: Any) -> str:
    return decide(home, "dispute", subject, day, **{"reason": "D_PRICE", "values": {"amount": "2.50"}, **given})


def approve(home: Home, seq: str, day: int) -> None:
    record(home, Decision("approve", "Bo de Vries", answers=int(seq)), f"2026-11-{day:02}T12:00:00Z")


def story(home: Home) -> list[tuple[str, str, str | None, str]]:
    return [(one.dispute_id, one.event, one.state_from, one.state_to) for one in dispute_events(ledger.read_all(home))]


def test_a_dispute_runs_from_its_opening_to_an_outcome_of_two_people(home: Home) -> None:
    seq = opened(home)
    subject = f"dispute:{seq}"
    decide(home, "acknowledge", subject, 2)
    decide(home, "assign", subject, 3, values={"to": "operations"})
    decide(home, "ask", subject, 4, reason="WAIT_PTN", note="Which charger was it?")
    decide(home, "answer", subject, 6)
    decide(home, "assign", subject, 7, values={"to": "finance"})
    decide(home, "ask", subject, 8, reason="WAIT_PTN", note="Another question")
    decide(home, "answer", subject, 9)
    proposal = decide(home, "resolve", subject, 10, reason="R_PARTIAL", values={"amount": "7.10"})
    assert story(home)[-1][3] == "investigating"
    approve(home, proposal, 11)
    assert story(home) == [
        (seq, "dispute", None, "opened"),
        (seq, "acknowledge", "opened", "acknowledged"),
        (seq, "assign", "acknowledged", "investigating"),
        (seq, "ask", "investigating", "waiting"),
        (seq, "answer", "waiting", "investigating"),
        (seq, "assign", "investigating", "investigating"),
        (seq, "ask", "investigating", "waiting"),
        (seq, "answer", "waiting", "investigating"),
        (seq, "resolve", "investigating", "resolved"),
    ]
    last = dispute_events(ledger.read_all(home))[-1]
    assert (last.cdr_key, last.amount_excl_tax, last.decided_by, last.approved_by) == (
        CDR, Decimal("7.10"), "Ada Jansen", "Bo de Vries",
    )  # fmt: skip


def test_several_sessions_in_one_entry_are_disputes_of_their_own(home: Home) -> None:
    decision = Decision(
        "dispute", "Ada Jansen", [CDR, "nl/emo|xyz"], reason="D_DUPLICATE", values={"amount": "1", "claimant": "us"}
    )
    seq = record(home, decision, "2026-11-01T12:00:00Z").entry.seq
    assert [one[0] for one in story(home)] == [f"{seq}-1", f"{seq}-2"]
    decide(home, "withdraw", f"dispute:{seq}-2", 2)
    assert story(home)[-1] == (f"{seq}-2", "withdraw", "opened", "withdrawn")


@pytest.mark.parametrize(
    ("kind", "given", "sentence"),
    [
        ("answer", {}, "Dispute 1 is opened since entry 1, and answer follows waiting only."),
        ("resolve", {"reason": "R_REJECTED"}, "and resolve follows escalated or investigating only."),
        ("escalate", {}, "and escalate follows resolved only."),
        ("resolve", {"reason": "R_UPHELD"}, "R_UPHELD changes what is owed: add --set amount="),
        ("resolve", {"reason": "R_REJECTED", "values": {"amount": "3"}}, "R_REJECTED leaves the amount as it was billed"),
        ("resolve", {"reason": "D_PRICE"}, "D_PRICE is not a reason to resolve: use one that begins with R_."),
        ("ask", {"reason": "D_PRICE"}, "D_PRICE is not a reason to ask: use one that begins with WAIT_."),
        ("resolve", {"reason": "R_MAYBE"}, "'R_MAYBE' is not a reason code"),
    ],
)  # fmt: skip
def test_an_act_out_of_order_or_without_its_code_is_one_sentence(
    home: Home, kind: str, given: dict[str, Any], sentence: str
) -> None:
    subject = f"dispute:{opened(home)}"
    with pytest.raises(DecisionError) as refused:
        decide(home, kind, subject, 2, **given)
    assert sentence in str(refused.value)
    assert len(ledger.read_all(home)) == 1


def test_a_dispute_that_is_not_there_is_named_with_those_that_are(home: Home) -> None:
    opened(home)
    with pytest.raises(DecisionError, match="There is no dispute 9: open are 1"):
        decide(home, "acknowledge", "dispute:9", 2)
    with pytest.raises(SubjectError, match="'nine' is not a dispute: write it as `dispute:17`"):
        decide(home, "acknowledge", "dispute:nine", 2)


def test_one_session_has_one_open_dispute(home: Home) -> None:
    seq = opened(home)
    with pytest.raises(DecisionError, match=f"is already disputed: dispute {seq} is opened"):
        opened(home, day=2, reason="D_TARIFF")
    decide(home, "withdraw", f"dispute:{seq}", 3)
    assert opened(home, day=4) != seq


def test_a_second_opening_that_got_into_the_ledger_counts_for_nothing(home: Home) -> None:
    """Each withholds what it disputes: both together could withhold more than the line bears."""
    seq = opened(home)
    first = ledger.read_all(home)[-1]
    second = ledger.append(home, "decision", first.body, first.actor, first.time)
    assert story(home) == [(seq, "dispute", None, "opened")]
    with pytest.raises(DecisionError, match=f"There is no dispute {second.seq}: open are {seq}"):
        decide(home, "acknowledge", f"dispute:{second.seq}", 2)


def test_an_outcome_is_escalated_once(home: Home) -> None:
    subject = f"dispute:{opened(home)}"
    decide(home, "acknowledge", subject)
    decide(home, "assign", subject, values={"to": "finance"})
    approve(home, decide(home, "resolve", subject, 2, reason="R_REJECTED"), 2)
    decide(home, "escalate", subject, 3)
    approve(home, decide(home, "resolve", subject, 4, reason="R_UPHELD", values={"amount": "0"}), 4)
    with pytest.raises(DecisionError, match="was escalated before, and that can be done once"):
        decide(home, "escalate", subject, 5)


def test_an_outcome_that_came_too_late_is_not_approved(home: Home) -> None:
    subject = f"dispute:{opened(home)}"
    decide(home, "acknowledge", subject)
    decide(home, "assign", subject, values={"to": "finance"})
    proposal = decide(home, "resolve", subject, 2, reason="R_REJECTED")
    decide(home, "withdraw", subject, 3)
    with pytest.raises(DecisionError, match="is withdrawn since entry"):
        approve(home, proposal, 4)
    assert story(home)[-1][3] == "withdrawn"
