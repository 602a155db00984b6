from decimal import Decimal
from typing import Any

import pytest

from orchestration.facts import ledger
from orchestration.facts.decision_kinds import DecisionError, decision_kinds
from orchestration.facts.decisions import Decision, Recorded, pending, record
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry, LedgerError
from orchestration.facts.people import PeopleError
from orchestration.facts.reasons import vocabulary
from orchestration.facts.standing import StandingDecision, standing
from orchestration.facts.subjects import SubjectError

NOON = "2026-11-01T12:00:00Z"
LATER = "2026-11-02T12:00:00Z"
CDR = "nl/emo|abc"


def exclusion(**changes: Any) -> Decision:
    return Decision(**({"kind": "exclude", "by": "Ada Jansen", "subjects": [CDR], "reason": "EXC_FAILED"} | changes))


def approval(answers: int, by: str = "Cem Aydin", **changes: Any) -> Decision:
    return Decision(**({"kind": "approve", "by": by, "answers": answers} | changes))


def entries_of(home: Home) -> list[Entry]:
    return ledger.read_all(home)


def propose_and_approve(home: Home, decision: Decision) -> Recorded:
    return record(home, approval(record(home, decision, NOON).entry.seq), NOON)


def test_a_kind_that_moves_money_becomes_a_proposal(home: Home) -> None:
    recorded = record(home, exclusion(note="cable broke"), NOON)
    assert recorded.needs_approval
    assert recorded.is_new
    body = dict(recorded.entry.body)
    assert len(body.pop("idempotency_key")) == 64
    assert body == {
        "kind": "propose",
        "subjects": [f"cdr:{CDR}"],
        "values": {"what": "exclude"},
        "reason": "EXC_FAILED",
        "note": "cable broke",
        "answers": None,
        "by": "Ada Jansen",
        "login": None,
        "expected": None,
    }
    assert standing(entries_of(home)) == []


def test_a_proposal_stands_once_a_second_person_approved_it(home: Home) -> None:
    proposal = record(home, exclusion(kind="adjust", values={"amount": "-7.85"}, reason="ADJ_STEP"), NOON).entry
    assert [entry.seq for entry in pending(entries_of(home))] == [proposal.seq]
    answer = record(home, approval(proposal.seq), LATER).entry
    assert pending(entries_of(home)) == []
    assert standing(entries_of(home)) == [
        StandingDecision(
            seq=answer.seq,
            effective_at=answer.time,
            kind="adjust",
            subject_kind="cdr",
            subject_id=CDR,
            rule_id=None,
            amount_excl_tax=Decimal("-7.85"),
            value=None,
            reason_code="ADJ_STEP",
            note=None,
            decided_by="Ada Jansen",
            approved_by="Cem Aydin",
        )
    ]


def test_propose_says_the_same_as_the_kind_itself(home: Home) -> None:
    first = record(home, exclusion(), NOON)
    second = record(home, exclusion(kind="propose", values={"what": "exclude"}), LATER)
    assert (second.entry, second.is_new) == (first.entry, False)


def test_a_kind_of_one_person_stands_at_once(home: Home) -> None:
    recorded = record(home, Decision("assign", "dee olsen", [CDR], values={"to": "platform"}, note="see the log"), NOON)
    assert not recorded.needs_approval
    (row,) = standing(entries_of(home))
    assert (row.kind, row.value, row.decided_by, row.approved_by) == ("assign", "platform", "Dee Olsen", None)


@pytest.mark.parametrize("to", ["Dee Olson", "operation", "PERSON"])
def test_nothing_is_given_to_a_name_that_nobody_answers_to(home: Home, to: str) -> None:
    with pytest.raises(PeopleError, match=rf"^'{to}' is neither a queue \(operations, .*people.yaml, which knows "):
        record(home, Decision("assign", "Dee Olsen", [CDR], values={"to": to}), NOON)
    assert record(home, Decision("assign", "Dee Olsen", [CDR], values={"to": "dee olsen"}), NOON).is_new


@pytest.mark.parametrize("by", ["Bo de Vries", "BO  DE VRIES"])
def test_nobody_approves_what_they_proposed(home: Home, by: str) -> None:
    proposal = record(home, exclusion(by="Bo de Vries"), NOON).entry
    with pytest.raises(DecisionError, match=r"^DOC_APPROVER_SAME: Bo de Vries proposed entry 1 and cannot approve it"):
        record(home, approval(proposal.seq, by=by), NOON)
    assert len(entries_of(home)) == 1


def test_two_names_with_one_login_are_one_person(home: Home) -> None:
    proposal = record(home, exclusion(by="Bo de Vries"), NOON).entry
    with pytest.raises(DecisionError, match="DOC_APPROVER_SAME"):
        record(home, approval(proposal.seq, by="Bo Vries"), NOON)


def test_an_approval_forged_into_the_ledger_by_the_proposer_does_not_stand(home: Home) -> None:
    proposal = record(home, exclusion(), NOON).entry
    body = dict(proposal.body) | {"kind": "approve", "answers": proposal.seq}
    ledger.append(home, "decision", body, "Ada Jansen", NOON)
    assert standing(entries_of(home)) == []


def test_who_lacks_the_role_approver_cannot_approve(home: Home) -> None:
    proposal = record(home, exclusion(by="Cem Aydin"), NOON).entry
    with pytest.raises(PeopleError, match=r"needs the role approver .*Bo de Vries, Cem Aydin, Bo Vries"):
        record(home, approval(proposal.seq, by="Ada Jansen"), NOON)


def test_who_lacks_the_role_of_a_kind_cannot_propose_it(home: Home) -> None:
    with pytest.raises(PeopleError, match="Dee Olsen may not propose tariff: that needs the role platform or finance"):
        record(home, Decision("tariff", "Dee Olsen", ["tariff:NL/EVS:std"], values={"body": "a" * 64}), NOON)


@pytest.mark.parametrize("number", [1, 99])
def test_only_a_proposal_can_be_answered(home: Home, number: int) -> None:
    record(home, Decision("reprocess", "Cem Aydin", [CDR], "REPROCESS"), NOON)
    waiting = record(home, exclusion(), NOON).entry.seq
    with pytest.raises(DecisionError, match=f"Entry {number} is not a proposal; what waits for an answer: {waiting}"):
        record(home, approval(number), NOON)


def test_an_answered_proposal_is_not_answered_again(home: Home) -> None:
    proposal = record(home, exclusion(), NOON).entry.seq
    record(home, approval(proposal), NOON)
    with pytest.raises(DecisionError, match="already answered: Cem Aydin gave approve in entry 2"):
        record(home, approval(proposal, by="Bo de Vries"), NOON)
    with pytest.raises(DecisionError, match="already answered"):
        record(home, approval(proposal, kind="reject", reason="EXC_FAILED"), NOON)


def test_a_rejected_proposal_does_not_stand_and_may_be_made_again(home: Home) -> None:
    proposal = record(home, exclusion(), NOON).entry.seq
    record(home, approval(proposal, kind="reject", reason="EVIDENCE_IN"), NOON)
    assert standing(entries_of(home)) == []
    again = record(home, exclusion(), NOON)
    assert again.is_new
    record(home, approval(again.entry.seq), NOON)
    assert [row.kind for row in standing(entries_of(home))] == ["exclude"]


def test_the_same_decision_twice_writes_nothing(home: Home) -> None:
    first = record(home, exclusion(), NOON)
    again = record(home, exclusion(note="typed again"), LATER)
    assert (again.entry, again.is_new, again.needs_approval) == (first.entry, False, True)
    answer = record(home, approval(first.entry.seq), LATER)
    assert record(home, approval(first.entry.seq), LATER) == Recorded(answer.entry, False, False)
    assert record(home, exclusion(), LATER) == Recorded(first.entry, False, False)
    assert len(entries_of(home)) == 2


def test_a_decision_that_was_overruled_may_come_again(home: Home) -> None:
    five = exclusion(kind="adjust", values={"amount": "5.00"}, reason="ADJ_STEP")
    six = exclusion(kind="adjust", values={"amount": "6.00"}, reason="ADJ_STEP")
    for decision, amount in ((five, "5.00"), (six, "6.00"), (five, "5.00")):
        assert propose_and_approve(home, decision).is_new
        assert [row.amount_excl_tax for row in standing(entries_of(home))] == [Decimal(amount)]


def test_a_later_adjustment_overrules_an_exclusion(home: Home) -> None:
    propose_and_approve(home, exclusion())
    propose_and_approve(home, exclusion(kind="adjust", values={"amount": "5.00"}, reason="ADJ_STEP"))
    assert [row.kind for row in standing(entries_of(home))] == ["adjust"]


def test_reprocess_may_be_asked_again_after_a_run(home: Home) -> None:
    again = Decision("reprocess", "Cem Aydin", [CDR], "REPROCESS")
    assert record(home, again, NOON).is_new
    assert not record(home, again, NOON).is_new
    ledger.append(home, "run-end", {"outcome": "done"}, "evsettle", NOON)
    assert record(home, again, NOON).is_new


def test_several_subjects_are_one_entry_and_a_row_each(home: Home) -> None:
    propose_and_approve(home, exclusion(subjects=["nl/emo|b", "cdr:NL/EMO|A", "nl/emo|b"]))
    assert len(entries_of(home)) == 2
    assert [row.subject_id for row in standing(entries_of(home))] == ["nl/emo|a", "nl/emo|b"]


def test_a_decision_may_not_precede_the_ledgers_head(home: Home) -> None:
    record(home, exclusion(), LATER)
    with pytest.raises(LedgerError, match="before 2026-11-02T12:00:00Z"):
        record(home, exclusion(subjects=["nl/emo|b"]), NOON)


def test_a_file_is_repaired_only_when_it_has_arrived(home: Home) -> None:
    file = {"path": "landing/council/cdrs/17.csv", "source": "council", "feed": "cdrs", "file_name": "17.csv"}
    ledger.append(home, "arrival", {"files": [file]}, "evsettle", NOON)
    repair = {"kind": "repair", "by": "Cem Aydin", "values": {"repair": "swap_day_month"}, "reason": "ADJ_ZONE"}
    with pytest.raises(SubjectError, match=r"has been taken in; did you mean council/cdrs/17.csv"):
        record(home, exclusion(**repair, subjects=["file:council/cdrs/18.csv"]), NOON)
    proposal = record(home, exclusion(**repair, subjects=["file:council/cdrs/17.csv"]), NOON)
    record(home, approval(proposal.entry.seq, by="Bo de Vries"), NOON)
    (row,) = standing(entries_of(home))
    assert (row.subject_kind, row.subject_id, row.value) == ("file", "council/cdrs/17.csv", "swap_day_month")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "exclud"}, "'exclud' is not a kind of decision that has an effect; did you mean exclude"),
        ({"kind": "propose"}, "--set what="),
        ({"kind": "propose", "values": {"what": "assign"}}, "assign needs no proposal"),
        ({"kind": "adjust"}, "adjust must say amount: add --set amount="),
        ({"kind": "adjust", "values": {"amount": "1,50"}}, "'1,50' is not an amount"),
        ({"kind": "adjust", "values": {"amount": "1e3"}}, "is not an amount"),
        ({"kind": "adjust", "values": {"amount": "NaN"}}, "is not an amount"),
        ({"kind": "adjust", "values": {"amount": "0.123456789"}}, "is not an amount"),
        ({"values": {"amount": "1.50"}}, "exclude has no value 'amount': it takes rule"),
        ({"values": {"rule": "PRICE_TOTAL_DIF"}}, "'PRICE_TOTAL_DIF' is not a rule; did you mean PRICE_TOTAL_DIFF"),
        ({"kind": "replace", "values": {"revision": "0"}}, "'0' is not a revision"),
        ({"kind": "tariff", "values": {"body": "abc"}, "subjects": ["tariff:NL/EVS:s"]}, "not a tariff body"),
        ({"reason": None}, "exclude needs a reason: add --reason CODE"),
        ({"reason": "EXC_FAILD"}, "'EXC_FAILD' is not a reason code; did you mean EXC_FAILED"),
        ({"reason": "because"}, "'because' is not a reason code.*--note"),
        ({"by": "Ada Janssen"}, "'Ada Janssen' is not in master/people.yaml; did you mean Ada Jansen"),
        ({"subjects": []}, "exclude needs a subject: name a cdr"),
        ({"subjects": ["partner:emo"]}, "exclude cannot be about 'partner:emo', a partner: name a cdr"),
        ({"subjects": ["abc"]}, "'abc' does not say whose CDR it is: give the cdr_key, as nl/emo|abc"),
        ({"subjects": [" "]}, "A subject is empty"),
        ({"answers": 1}, "exclude answers nothing"),
        ({"kind": "approve", "subjects": []}, "approve must name the proposal"),
    ],
)
def test_a_decision_that_cannot_be_is_refused_in_a_sentence(home: Home, changes: dict[str, Any], said: str) -> None:
    with pytest.raises((DecisionError, PeopleError, SubjectError), match=said.replace("|", r"\|")):
        record(home, exclusion(**changes), NOON)
    assert entries_of(home) == []


def test_every_reason_has_a_sentence_and_every_kind_is_whole() -> None:
    assert all(sentence.endswith(".") for sentence in vocabulary().reasons.values())
    for kind in decision_kinds().values():
        assert kind.people in (1, 2)
        assert kind.reason in ("required", "optional")
        assert kind.value is None or kind.value in (*kind.requires, *kind.may)


def take_in_terms(home: Home, sha256: str) -> None:
    changes = [{"path": "master/partners/emo.yaml", "sha256": sha256}]
    ledger.append(home, "master", {"changes": changes}, "evsettle", NOON)


def test_terms_are_approved_as_they_were_when_proposed(home: Home) -> None:
    terms = Decision("terms", "Ada Jansen", ["partner:emo"])
    with pytest.raises(SubjectError, match=r"master/partners/emo.yaml has not been taken in"):
        record(home, terms, NOON)
    take_in_terms(home, "a" * 64)
    proposal = record(home, terms, NOON).entry
    take_in_terms(home, "b" * 64)
    record(home, approval(proposal.seq), NOON)
    assert [row.value for row in standing(entries_of(home))] == ["a" * 64]
    assert record(home, terms, NOON).is_new


def test_a_repair_that_does_not_exist_is_refused(home: Home) -> None:
    file = {"path": "landing/council/cdrs/17.csv", "source": "council", "feed": "cdrs", "file_name": "17.csv"}
    ledger.append(home, "arrival", {"files": [file]}, "evsettle", NOON)
    repair = Decision("repair", "Cem Aydin", ["file:council/cdrs/17.csv"], "ADJ_ZONE", {"repair": "swap-dates"})
    with pytest.raises(DecisionError, match="'swap-dates' is not a repair: it can be swap-day-month"):
        record(home, repair, NOON)
