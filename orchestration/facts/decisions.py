"""Decisions of people: what may be decided by whom, and how it becomes a ledger entry.

A kind that moves money is a proposal until a second person approves it. Which kinds there are is
data (decision_kinds.yml), as are the reasons (reasons.yml) and the people (master/people.yaml).
What does not belong here: the effect of a decision on a session (the stages) and the command line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from orchestration.facts import disputes, ledger, subjects
from orchestration.facts.decision_kinds import DecisionError, DecisionKind, check_reason, check_values, decision_kinds
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry
from orchestration.facts.lock import writer_lock
from orchestration.facts.objects import sha256_of
from orchestration.facts.payments import check_pay
from orchestration.facts.people import PeopleError, Person, check_assignee, find_person, is_same_person, read_people
from orchestration.facts.period_decisions import checked_content, draft_of, refuse_changed_draft
from orchestration.facts.reasons import Vocabulary, nearest, vocabulary
from orchestration.facts.standing import StandingDecision, answers, is_in_effect, is_proposal, standing
from orchestration.facts.subjects import SubjectError

__all__ = [
    "ANSWERS", "Decision", "DecisionError", "DecisionKind", "Recorded", "StandingDecision",
    "build", "decision_kinds", "pending", "record", "standing",
]  # fmt: skip

ANSWERS = ("approve", "reject")


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision as somebody gives it. `kind` may be propose (with values `what`), approve, reject or any kind.

    Subjects are `<kind>:<id>`, a cdr_key or `<period>|<partner>`; approve and reject have none, they
    name the proposal's entry in `answers`. `login` is the authenticated identity where there is one.
    `group` says of which group of the exception queue the subjects were the cases; the subjects alone count.
    """

    kind: str
    by: str
    subjects: Sequence[str] = ()
    reason: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    note: str | None = None
    answers: int | None = None
    login: str | None = None
    expected: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of it: the entry, whether it is new, and whether it waits for a second person."""

    entry: Entry
    is_new: bool
    needs_approval: bool


def record(home: Home, decision: Decision, at: str | datetime) -> Recorded:
    """Append a decision to the ledger, unless the same one is already in effect or waiting.

    `at` may not precede the ledger's head. Raises DecisionError, PeopleError, SubjectError,
    LedgerError or LockHeld, each one sentence.
    """
    with writer_lock(home):
        entries = ledger.read_all(home)
        body = build(entries, read_people(home), decision)
        needs_approval = body["kind"] == "propose"
        _refuse_past(body, at)
        same = _same_in_effect(entries, body, at)
        if same is not None:
            return Recorded(same, is_new=False, needs_approval=needs_approval and same.seq not in answers(entries))
        entry = ledger.append(home, "decision", body, actor=body["by"], at=at)
    return Recorded(entry, is_new=True, needs_approval=needs_approval)


def build(
    entries: Sequence[Entry],
    people: Mapping[str, Person],
    decision: Decision,
    words: Vocabulary | None = None,
) -> dict[str, Any]:
    """The body of the decision's entry, after every check that the ledger and people.yaml allow.

    A kind that needs two people becomes `propose` with values `what`. Raises DecisionError,
    PeopleError or SubjectError.
    """
    words = words or vocabulary()
    person = find_person(people, decision.by)
    if decision.kind in ANSWERS:
        return _answer(entries, people, decision, person, words)
    if decision.answers is not None:
        raise DecisionError(f"{decision.kind} answers nothing: only approve and reject name a proposal.")
    kind, values = _kind_and_values(decision)
    check_values(kind, values, words)
    check_reason(decision.reason, kind.reason == "required", kind.name, words)
    _check_role(person, kind)
    named = _subjects(entries, kind, decision.subjects)
    if kind.name == "dispute" or any(subject.startswith("dispute:") for subject in named):
        _check_outcome(kind, values, decision.reason)
        # An act may be said again later in the same words: it is told apart by what it follows.
        decision = replace(decision, expected=disputes.check_act(entries, kind.name, named))
    if "period" in kind.subjects and kind.slot == "approval":
        if kind.name == "period":
            values["content"] = checked_content(entries, named, values.get("content"))
        else:
            draft_of(entries, named)
    if kind.name == "pay":
        check_pay(entries, named)
    if kind.name == "assign":
        check_assignee(people, values["to"], kind.roles)
    if kind.name == "terms" and "version" not in values:
        values["version"] = _terms_as_taken_in(entries, named)
    if kind.people == 2:
        return _body("propose", decision, person, named, {"what": kind.name, **values})
    return _body(kind.name, decision, person, named, values)


def pending(entries: Sequence[Entry]) -> list[Entry]:
    """Proposals that nobody has answered, oldest first."""
    answered = answers(entries)
    return [entry for entry in entries if is_proposal(entry) and entry.seq not in answered]


def _kind_and_values(decision: Decision) -> tuple[DecisionKind, dict[str, str]]:
    values = {name: value for name, value in decision.values.items() if name != "what"}
    name = decision.kind
    if name == "propose":
        if "what" not in decision.values:
            two = ", ".join(kind.name for kind in decision_kinds().values() if kind.people == 2)
            raise DecisionError(f"A proposal must say what it proposes: add --set what= with one of {two}.")
        name = decision.values["what"]
    kind = decision_kinds().get(name)
    if kind is None:
        known = ["propose", *ANSWERS, *decision_kinds()]
        hint = nearest(name, known) or f": the kinds are {', '.join(known)}."
        raise DecisionError(f"{name!r} is not a kind of decision that has an effect{hint}")
    if decision.kind == "propose" and kind.people == 1:
        raise DecisionError(f"{name} needs no proposal: one person decides it, with `evsettle decide {name} …`.")
    return kind, values


def _check_role(person: Person, kind: DecisionKind) -> None:
    if not person.roles & set(kind.roles):
        act = "propose" if kind.people == 2 else "decide"
        raise PeopleError(
            f"{person.name} may not {act} {kind.name}: that needs the role {' or '.join(kind.roles)} in "
            f"master/people.yaml, and {person.name} has {', '.join(sorted(person.roles))}."
        )


def _subjects(entries: Sequence[Entry], kind: DecisionKind, given: Sequence[str]) -> list[str]:
    if not given:
        raise DecisionError(f"{kind.name} needs a subject: name a {' or '.join(kind.subjects)}.")
    named: list[str] = []
    for text in given:
        what, identifier = subjects.parse(text)
        if what not in kind.subjects:
            raise SubjectError(f"{kind.name} cannot be about {text!r}, a {what}: name a {' or '.join(kind.subjects)}.")
        if subjects.is_bare_cdr_id(what, identifier):
            raise SubjectError(f"{text!r} does not say whose CDR it is: give the cdr_key, as nl/emo|{identifier}.")
        if what in ("file", "record"):
            _check_arrived(entries, subjects.record_place(identifier)[0] if what == "record" else identifier)
        named.append(subjects.written(what, identifier))
    return sorted(set(named))


def _check_outcome(kind: DecisionKind, values: Mapping[str, str], reason: str | None) -> None:
    """A dispute's reason is one of its own, and its outcome says what is owed."""
    prefixes = {"dispute": "D_", "ask": "WAIT_", "resolve": "R_"}
    prefix = prefixes.get(kind.name)
    if prefix is not None and reason is not None and not reason.startswith(prefix):
        raise DecisionError(f"{reason} is not a reason to {kind.name}: use one that begins with {prefix}.")
    if kind.name == "resolve" and reason in ("R_UPHELD", "R_PARTIAL") and "amount" not in values:
        raise DecisionError(f"{reason} changes what is owed: add --set amount= with the net amount from now on.")
    if kind.name == "resolve" and reason == "R_REJECTED" and "amount" in values:
        raise DecisionError("R_REJECTED leaves the amount as it was billed: take --set amount= out.")


def _check_arrived(entries: Sequence[Entry], name: str) -> None:
    arrived = {
        f"{file['source']}/{file['feed']}/{file['file_name']}"
        for entry in entries
        if entry.kind == "arrival"
        for file in entry.body.get("files", [])
    }
    if name not in arrived:
        hint = nearest(name, arrived) or ": run `evsettle run` first if it has just landed."
        raise SubjectError(f"No file {name!r} has been taken in{hint}")


def _terms_as_taken_in(entries: Sequence[Entry], named: Sequence[str]) -> str:
    """The SHA-256 of the partner's file: what is approved is what was proposed, whatever lands in between."""
    if len(named) > 1:
        raise DecisionError("terms approves the file of one partner at a time: name one partner.")
    partner = named[0].partition(":")[2]
    path = f"master/partners/{partner}.yaml"
    taken = [
        change["sha256"]
        for entry in entries
        if entry.kind == "master"
        for change in entry.body.get("changes", [])
        if change["path"] == path
    ]
    if not taken or taken[-1] is None:
        raise SubjectError(f"{path} has not been taken in: write it and run `evsettle run` first.")
    return str(taken[-1])


def _answer(
    entries: Sequence[Entry],
    people: Mapping[str, Person],
    decision: Decision,
    person: Person,
    words: Vocabulary,
) -> dict[str, Any]:
    if decision.answers is None:
        raise DecisionError(f"{decision.kind} must name the proposal: `evsettle decide {decision.kind} SEQ`.")
    if decision.subjects or decision.values:
        raise DecisionError(
            f"{decision.kind} takes the number of a proposal and nothing else: the proposal stands as is."
        )
    proposal = next((entry for entry in entries if entry.seq == decision.answers), None)
    if proposal is None or not is_proposal(proposal):
        waiting = ", ".join(str(entry.seq) for entry in pending(entries)) or "none"
        raise DecisionError(f"Entry {decision.answers} is not a proposal; what waits for an answer: {waiting}.")
    check_reason(decision.reason, decision.kind == "reject", decision.kind, words)
    if "approver" not in person.roles:
        approvers = ", ".join(known.name for known in people.values() if "approver" in known.roles) or "nobody"
        raise PeopleError(
            f"{person.name} may not {decision.kind}: that needs the role approver in master/people.yaml, "
            f"which these have: {approvers}."
        )
    # The proposer may have left people.yaml since; the name in the entry is then all there is.
    proposer = people.get(proposal.body["by"].casefold(), Person(proposal.body["by"], frozenset(), None))
    if decision.kind == "approve" and is_same_person(person, proposer):
        raise DecisionError(
            f"DOC_APPROVER_SAME: {person.name} proposed entry {proposal.seq} and cannot approve it: "
            "a second person must, so ask another approver."
        )
    earlier = answers(entries).get(proposal.seq)
    if earlier is None and (decision.kind, proposal.body["values"]["what"]) == ("approve", "resolve"):
        disputes.check_act(entries, "resolve", proposal.body["subjects"])
    is_repeat = earlier is not None and (earlier.body["kind"], earlier.body["by"]) == (decision.kind, person.name)
    if earlier is not None and not is_repeat:
        raise DecisionError(
            f"Entry {proposal.seq} was already answered: {earlier.body['by']} gave {earlier.body['kind']} in entry "
            f"{earlier.seq}; propose again if it must change."
        )
    if decision.kind == "approve" and proposal.body["values"]["what"] == "period" and not is_repeat:
        refuse_changed_draft(entries, proposal)
    return _body(decision.kind, decision, person, proposal.body["subjects"], {"what": proposal.body["values"]["what"]})


def _body(
    kind: str, decision: Decision, person: Person, named: Sequence[str], values: Mapping[str, str]
) -> dict[str, Any]:
    content = {
        "kind": kind,
        "subjects": list(named),
        "values": dict(values),
        "reason": decision.reason,
        "answers": decision.answers,
        "by": person.name,
        "expected": decision.expected,
    }
    # The note, the group and the login are left out: the same decision typed again stays the same.
    key = sha256_of(ledger.canonical(content))
    group = {} if decision.group is None else {"group": decision.group}
    return content | group | {"note": decision.note, "login": decision.login, "idempotency_key": key}


def _refuse_past(body: Mapping[str, Any], at: str | datetime) -> None:
    until = body["values"].get("until")
    if until is not None and datetime.fromisoformat(until) <= _moment(at):
        raise DecisionError(f"until={until} is not after the decision itself: name a later end, or leave it out.")


def _moment(at: str | datetime) -> datetime:
    return datetime.fromisoformat(at) if isinstance(at, str) else at


def _same_in_effect(entries: Sequence[Entry], body: Mapping[str, Any], at: str | datetime) -> Entry | None:
    """The entry of the same decision while it waits or stands; rejected, overruled or used up, it may come again."""
    for entry in reversed(entries):
        if entry.kind == "decision" and entry.body.get("idempotency_key") == body["idempotency_key"]:
            return entry if is_in_effect(entries, entry, _moment(at)) else None
    return None
