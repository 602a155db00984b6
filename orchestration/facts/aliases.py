"""Aliases that people decide: when two of them cannot both hold, told from the ledger and rows of master/aliases.csv.

What does not belong here: whether the id that an alias leads to is known (cli/alias_check) and what it does (inspect).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestration.facts.ledger import Entry
from orchestration.facts.standing import answers, ever_standing, is_proposal

# How many parts an id has that is written in full: NL/EVS|EVSE-7|1 has three.
_PARTS = {"connector": 3, "evse": 2, "location": 2, "token": 2}


@dataclass(frozen=True, slots=True)
class Alias:
    """One id that stands for another one, when, and where that is said: `entry 12` or `master/aliases.csv`."""

    kind: str
    old_id: str
    canonical_id: str
    since: datetime | None
    until: datetime | None
    said_by: str
    is_pending: bool = False
    is_decided: bool = False

    def __str__(self) -> str:
        return f"The {self.kind} {self.old_id} is {self.canonical} by {self.said_by}"

    @property
    def is_take_back(self) -> bool:
        """Whether it takes an alias back: an id that stands for itself."""
        return is_same_id(self.old_id, self.canonical)

    @property
    def canonical(self) -> str:
        """What it leads to, with the parts that are not written as the old id has them."""
        return completed(self.kind, self.canonical_id, self.old_id)


def completed(kind: str, canonical_id: str, old_id: str) -> str:
    """`1` for `NL/EVS|E1|9` is `NL/EVS|E1|1`: a part that is not written stays as the old id has it."""
    parts, old = canonical_id.split("|"), old_id.split("|")
    missing = min(len(old), _PARTS.get(kind, 1)) - len(parts)
    return "|".join([*old[:missing], *parts]) if missing > 0 else canonical_id


def is_same_id(one: str, other: str) -> bool:
    """Whether two ids may mean one thing: E1|9 and NL/EVS|E1|9 may."""
    shorter, longer = sorted((one.casefold().split("|"), other.casefold().split("|")), key=len)
    return longer[-len(shorter) :] == shorter


def is_at_once(one: Alias, other: Alias) -> bool:
    """Whether there is a moment at which both hold."""
    return (one.since is None or other.until is None or one.since < other.until) and (
        other.since is None or one.until is None or other.since < one.until
    )


def decided(entries: Sequence[Entry], but: int | None = None) -> Iterator[Alias]:
    """What people have decided and not taken back, and what they have proposed and nobody has answered."""
    standing: list[Alias] = []
    for decision, values in ever_standing(entries, "alias"):
        one = _alias(decision.subject_kind, decision.subject_id, values, f"entry {decision.seq}", is_decided=True)
        standing = [other for other in standing if not is_ended(other, one)]
        standing += [] if one.is_take_back else [one]
    yield from standing
    answered = answers(entries)
    for entry in entries:
        values = entry.body["values"] if is_proposal(entry) else {}
        if values.get("what") == "alias" and entry.seq not in answered and entry.seq != but:
            for subject in entry.body["subjects"]:
                kind, _, old_id = subject.partition(":")
                one = _alias(kind, old_id, values, f"entry {entry.seq}, which waits for an approver", is_pending=True)
                if not one.is_take_back:
                    yield one


def is_ended(earlier: Alias, later: Alias) -> bool:
    """Whether a later decision about the same id takes the place of an earlier one, or takes it back."""
    is_same = earlier.kind == later.kind and earlier.old_id.casefold() == later.old_id.casefold()
    return is_same and (later.is_take_back or is_at_once(earlier, later))


def proposed(subjects: Iterable[str], values: Mapping[str, str]) -> Iterator[Alias]:
    """The aliases that a decision is about to say."""
    for subject in subjects:
        kind, _, old_id = subject.partition(":")
        yield _alias(kind, old_id, values, "this decision")


def contradiction(one: Alias, known: Iterable[Alias]) -> str | None:
    """Why an alias cannot hold beside those that are known, with what to do; None when it can."""
    for other in known:
        if other.kind != one.kind or not is_at_once(one, other):
            continue
        if is_same_id(one.old_id, other.old_id):
            # A decision takes the place of an earlier one about the same id.
            if not is_same_id(one.canonical, other.canonical) and not other.is_decided:
                return (
                    f"{other}, so it cannot be {one.canonical} at the same time: {_undo(other)}, or bound one of them."
                )
        elif is_same_id(one.canonical, other.old_id):
            return f"{other}, so nothing can stand for {other.old_id}: name {other.canonical}, or {_undo(other)} first."
        elif is_same_id(one.old_id, other.canonical):
            return (
                f"{other}, so {one.old_id} cannot stand for another one: name {one.canonical} for "
                f"{other.old_id} too, or {_undo(other)} first."
            )
    return None


def _undo(other: Alias) -> str:
    if other.is_pending:
        return "have that proposal rejected"
    if other.is_decided:
        return f"take it back (evsettle decide alias '{other.kind}:{other.old_id}' --set 'canonical={other.old_id}')"
    return "change its line there"


def _alias(
    kind: str, old_id: str, values: Mapping[str, str], said_by: str, is_pending: bool = False, is_decided: bool = False
) -> Alias:
    since, until = moment(values.get("from")), moment(values.get("to"))
    return Alias(kind, old_id, values["canonical"], since, until, said_by, is_pending, is_decided)


def moment(value: str | datetime | None) -> datetime | None:
    """A day is its midnight in UTC here: near enough to say whether two aliases meet."""
    if value is None:
        return None
    found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
