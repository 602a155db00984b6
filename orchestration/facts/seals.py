"""Seals: which period of which partner is closed, as the ledger says.

A seal is an entry of its own. It names the manifest of the report, the report's files and the rows of the tables that
stood then, all of them objects of the ledger, so that a closed period can be rebuilt from the ledger alone. What does
not belong here: making a seal (defs/settle/sealing.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orchestration.facts.ledger import Entry, parse_at

# The tables whose rows a seal keeps, each one object; the names of ingest.raw_sealed_<table>.
TABLES = ("outcomes", "fates", "statements", "lines")


class SealRefused(Exception):
    """A period cannot be closed; one sentence with what to do."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A finding that stands against a draft statement being approved."""

    statement_id: str
    rule_id: str
    severity: str
    finding_id: str
    observed: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What stood as draft of one period and partner when the last run ended, and what stands against it."""

    content: str
    cut_off_at: datetime | None
    against: tuple[Standing, ...] = ()


def subject_of(period: str, partner: str) -> str:
    """A period of a partner as decisions, events and partitions write it."""
    return f"{period}|{partner}"


def seals(entries: Sequence[Entry]) -> dict[str, Entry]:
    """The seal of each `<period>|<partner>`; the first one stands."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if entry.kind == "seal":
            found.setdefault(subject_of(entry.body["period"], entry.body["partner"]), entry)
    return found


def drafts(entries: Sequence[Entry]) -> dict[str, Draft]:
    """The drafts of the last run that ended well, by `<period>|<partner>`; sealed periods have none."""
    for entry in reversed(entries):
        if entry.is_finished_run:
            listed: Mapping[str, Mapping[str, Any]] = entry.body.get("drafts", {})
            sealed = seals(entries)
            return {
                subject: Draft(
                    str(draft["content"]),
                    parse_at(draft["cut_off_at"]) if draft["cut_off_at"] else None,
                    tuple(Standing(**finding) for finding in draft.get("against", ())),
                )
                for subject, draft in listed.items()
                if subject not in sealed
            }
    return {}


def stands_against(subject: str, draft: Draft) -> str | None:
    """Why drafts may be neither approved nor sealed, as one sentence; None: nothing stands against it."""
    if not draft.against:
        return None
    # What nobody can waive is told first: waiving the others would be in vain.
    first = min(draft.against, key=lambda found: (found.severity != "reject", found.statement_id, found.rule_id))
    others = len(draft.against) - 1
    also = f" and {others} more of its findings {'stands' if others == 1 else 'stand'} against it" if others else ""
    does = "rejects" if first.severity == "reject" else "holds"
    act = f"{first.rule_id} {does} {first.statement_id} ({first.observed}){also}"
    todo = "mend what `evsettle exceptions --owner finance` says and run again"
    if first.severity != "reject":
        todo += (
            f", or let two people waive it (`evsettle decide waive finding:{first.finding_id} --set"
            f" rule={first.rule_id} --reason WAIVED --by NAME`) and run again"
        )
    return f"{subject} can be neither approved nor sealed: {act}; {todo}."


def objects_of(seal: Entry) -> Iterator[tuple[str, str]]:
    """Every object of a seal with what it is, for whoever checks them."""
    subject = subject_of(seal.body["period"], seal.body["partner"])
    yield seal.body["manifest_sha256"], f"the sealed manifest of {subject} (entry {seal.seq})"
    for name, sha256 in seal.body["files"].items():
        yield sha256, f"the sealed {name} (entry {seal.seq})"
    for name, sha256 in seal.body["tables"].items():
        yield sha256, f"the sealed {name} of {subject} (entry {seal.seq})"
    if seal.body.get("lines"):
        yield seal.body["lines"]["stories"], f"what the sealed lines of {subject} came from (entry {seal.seq})"
