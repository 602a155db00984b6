"""Two people's decisions about a tariff: what may be put forward, and the proposal that a second person answers.

The ledger keeps them as decisions of kind `tariff` that name the content's hash and its start (STATES, tariff version).
What does not belong here: who may decide at all (facts.people) and what an approved version prices (inspect).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestration.defs.ingest.contracts import Rule
from orchestration.defs.ingest.master_data import MasterError, fold_master
from orchestration.defs.ingest.rules import overridable, read_rules
from orchestration.defs.ingest.tariff import Tariff
from orchestration.facts import decisions, ledger
from orchestration.facts.decision_kinds import DecisionError
from orchestration.facts.decisions import Decision, Recorded
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry
from orchestration.facts.people import PeopleError, find_person, read_people
from orchestration.tariffs.lint import lint
from orchestration.tariffs.registry import Registry, RegistryError, Version
from orchestration.tariffs.sources import Given, SourceError, answers_to, own_party
from orchestration.version import suites

RETRO, WITHDRAWN, REWORK = "T_RETRO", "T_WITHDRAWN", "T_REWORK"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tariff that may be put forward, whose it is, and whether it was there when the books were opened."""

    given: Given
    tariff: Tariff
    party: str
    is_opening: bool

    @property
    def subject(self) -> str:
        """As decisions name it: `tariff:NL/EVS:AC-BASIC`."""
        return f"tariff:{self.party}:{self.tariff.tariff_id}"

    def is_backdated(self, at: datetime) -> bool:
        """Whether it is to hold from before it can be approved; opening knowledge is known from its own start."""
        return not self.is_opening and (self.tariff.valid_from is None or self.tariff.valid_from < at)


def candidate(home: Home, given: Given) -> Candidate:
    """The tariff of a text, checked as far as nobody must decide anything. Raises DecisionError or SourceError."""
    tariff = given.tariff()
    party = tariff.party or own_party(home)
    if tariff.tariff_id is None or party is None:
        raise SourceError(f"{given.place} names no {'id' if party else 'party'}: nothing could refer to it.")
    faults = [problem for problem in lint(given.text).problems if problem.severity == "error"]
    if faults:
        more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
        raise DecisionError(
            f"{given.place} has an error ({faults[0].place}: {faults[0].message.rstrip('.')}{more}): mend it first, "
            "`evsettle tariff lint` lists them all."
        )
    entries = ledger.read_all(home)
    _refuse_automatic(home, entries, party)
    return Candidate(given, tariff, party, _is_opening(entries))


def _refuse_automatic(home: Home, entries: Sequence[Entry], party: str) -> None:
    """A partner whose contract approves its tariffs by itself has nothing to be decided."""
    rules: dict[str, Rule] = dict(overridable(read_rules(suites())))
    try:
        master = fold_master(home, entries, rules)
    except MasterError:
        return
    if master.network and party in {own.party for own in master.network.parties}:
        return
    for partner, known in master.current_contracts().items():
        if party in known.contract.parties and known.contract.pricing.tariff_approval == "auto":
            raise DecisionError(
                f"{party} is a party of {partner}, whose contract approves its tariffs by itself (tariff_approval: "
                f"auto in master/partners/{partner}.yaml): there is nothing to decide."
            )


def _is_opening(entries: Sequence[Entry]) -> bool:
    """Before anything has arrived the books are being opened: what is there then was known from its own start."""
    return not any(entry.kind == "arrival" for entry in entries)


def propose(
    home: Home, what: Candidate, by: str, at: datetime, reason: str | None, note: str | None, login: str | None,
    evidence: str | None = None,
) -> Recorded:  # fmt: skip
    """Put a tariff forward, or its withdrawal (reason T_WITHDRAWN). `evidence` is an object of the ledger.

    Raises DecisionError, PeopleError or a ledger's error, each one sentence.
    """
    starts = what.tariff.valid_from
    if reason == WITHDRAWN:
        if starts is None or starts <= at:
            raise DecisionError(
                f"{what.tariff.tariff_id} holds already and cannot be withdrawn: give it an end, or a successor."
            )
    elif what.is_backdated(at):
        _check_backdated(home, what, by, reason)
    elif reason == RETRO:
        raise DecisionError(f"{what.tariff.tariff_id} is not backdated: leave {RETRO} out.")
    if reason != WITHDRAWN:
        _refuse_overlap(home, what)
    values = {"body": what.tariff.body}
    if starts is not None:
        values["valid_from"] = starts.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if evidence is not None:
        values["evidence"] = evidence
    decision = Decision("tariff", by, [what.subject], reason, values, note, login=login)
    return decisions.record(home, decision, at)


def _check_backdated(home: Home, what: Candidate, by: str, reason: str | None) -> None:
    start = (
        "since its last change" if what.tariff.valid_from is None else f"{what.tariff.valid_from:%Y-%m-%d %H:%M} UTC"
    )
    if reason != RETRO:
        raise DecisionError(
            f"{what.tariff.tariff_id} would hold from before its approval ({start}): give it a later start, or propose "
            f"it with --reason {RETRO}, which re-rates what is not sealed."
        )
    person = find_person(read_people(home), by)
    if "finance" not in person.roles:
        raise PeopleError(f"{person.name} may not propose a backdated tariff: that needs the role finance.")


def _refuse_overlap(home: Home, what: Candidate) -> None:
    """Two contents that hold at once with nothing to say which goes first would hold every session."""
    for version in known_versions(home, what.subject):
        ends, starts = version.valid_to, what.tariff.valid_from
        if version.approval is None or version.tariff_body == what.tariff.body or ends is None or starts is None:
            continue
        is_after_its_start = version.valid_from is None or version.valid_from < starts
        if is_after_its_start and starts < ends:
            raise DecisionError(
                f"TARIFF_OVERLAP: the approved version from {_day(version.valid_from)} says that it ends only at "
                f"{_day(ends)}, after this one starts: let it end at {_day(starts)} first."
            )


def _day(value: datetime | None) -> str:
    return "ever" if value is None else f"{value:%Y-%m-%d %H:%M}"


def known_versions(home: Home, name: str) -> list[Version]:
    """The registry's versions as of the last run; none before the first."""
    try:
        with Registry(home) as registry:
            return registry.versions(name)
    except RegistryError:
        return []


def waiting(home: Home, name: str) -> list[Entry]:
    """Proposals about a tariff that nobody has answered: by the proposal's number, or by the tariff's id."""
    entries = [entry for entry in decisions.pending(ledger.read_all(home)) if entry.body["values"]["what"] == "tariff"]
    if name.isdecimal():
        return [entry for entry in entries if entry.seq == int(name)]
    return [
        entry
        for entry in entries
        if any(answers_to(name, *_party_and_id(subject)) for subject in entry.body["subjects"])
    ]


def _party_and_id(subject: str) -> tuple[str, str]:
    party, _, tariff_id = subject.removeprefix("tariff:").partition(":")
    return party, tariff_id


def answer(
    home: Home, kind: str, proposal: Entry, by: str, at: datetime, reason: str | None, note: str | None,
    login: str | None,
) -> Recorded:  # fmt: skip
    """Approve or reject a proposal, as another person. Raises DecisionError or PeopleError."""
    return decisions.record(home, Decision(kind, by, (), reason, {}, note, answers=proposal.seq, login=login), at)
