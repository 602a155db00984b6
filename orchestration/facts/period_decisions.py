"""What a decision on a period is about: the drafts that the last run left, none of them sealed.

What does not belong here: who may decide (decisions) and the seal itself (defs/settle/sealing).
"""

from collections.abc import Sequence

from orchestration.facts.decision_kinds import DecisionError
from orchestration.facts.ledger import Entry
from orchestration.facts.reasons import nearest
from orchestration.facts.seals import Draft, drafts, seals, stands_against


def draft_of(entries: Sequence[Entry], named: Sequence[str]) -> Draft:
    """The one draft that is approved or put back, as the last run left it."""
    if len(named) > 1:
        raise DecisionError("One period of one partner is approved at a time: name one.")
    subject = named[0].partition(":")[2]
    seal = seals(entries).get(subject)
    if seal is not None:
        raise DecisionError(
            f"{subject} is sealed (entry {seal.seq}) and never changes: what is late or wrong in it is corrected in"
            " the next open period."
        )
    known = drafts(entries)
    if subject not in known:
        hint = nearest(subject, known) or f": the last run left {', '.join(sorted(known)) or 'none'}."
        raise DecisionError(f"There are no drafts of {subject}{hint}")
    return known[subject]


def approvable(entries: Sequence[Entry], named: Sequence[str]) -> Draft:
    """The one draft that is approved; nothing may stand against it."""
    draft = draft_of(entries, named)
    why = stands_against(named[0].partition(":")[2], draft)
    if why is not None:
        raise DecisionError(why)
    return draft


def checked_content(entries: Sequence[Entry], named: Sequence[str], given: str | None) -> str:
    """The hash of the draft that is approved; whoever names one has looked at that and at no other."""
    content = approvable(entries, named).content
    if given not in (None, content):
        subject = named[0].partition(":")[2]
        raise DecisionError(
            f"The drafts of {subject} are not those with content={given}: the last run left {content}; look at them "
            "and decide about those."
        )
    return content


def refuse_changed_draft(entries: Sequence[Entry], proposal: Entry) -> None:
    """What is approved is what was proposed, and nothing stands against it since."""
    if approvable(entries, proposal.body["subjects"]).content != proposal.body["values"].get("content"):
        subject = proposal.body["subjects"][0].partition(":")[2]
        raise DecisionError(
            f"The drafts of {subject} changed since entry {proposal.seq} proposed them: look at them again and propose"
            f" anew, with `evsettle decide period '{subject}' --by NAME`."
        )
