"""Whether the facts are what they were: the chain, the objects behind it, and the reports.

What does not belong here: what a run derived (orchestration/derived.py), and recomputing anything. A report is
compared with the hashes that were written down for it, not with the tables it came from.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.facts import erasures, ledger, objects
from orchestration.facts.documents import series_problems
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry, LedgerError
from orchestration.facts.merkle import merkle_root
from orchestration.facts.seals import objects_of
from orchestration.facts.verify_reports import Problem, check_reports
from orchestration.version import engine_version

# What the two entries of a run name, by the name in their body.
_OF_RUNS = {
    "computed_by": "rules and models",
    "changes": "changes",
    "warehouse": "fingerprints of the tables",
}
_ENTRY = re.compile(r"ledger/\d{9}\.json")
# Arrival entry, its file (as in the entry's body) and the file's bytes → SHA-256 of each record, in order.
RecordHashes = Callable[[Entry, Mapping[str, Any], bytes], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Verification:
    """What was looked at, and what was wrong with it."""

    entries: int
    objects: int
    reports: int
    problems: tuple[Problem, ...]
    landed: int = 0
    notes: tuple[str, ...] = ()

    @property
    def first_broken_link(self) -> str | None:
        """The first entry of the chain that is not what was written, by its file."""
        names = (problem.subject for problem in self.problems)
        return next((name for name in names if _ENTRY.fullmatch(name)), None)


def verify(home: Home, period: str | None = None, record_hashes: RecordHashes | None = None) -> Verification:
    """Check the whole chain and its objects, and the reports of all periods or of one.

    `record_hashes` splits a landed file into its records, for the Merkle roots; without it they
    are left unchecked.
    """
    notes: list[str] = []
    problems = [Problem(_first_word(text), text) for text in ledger.check_chain(home)]
    try:
        entries = ledger.read_all(home)
    except LedgerError:
        # The entry that cannot be read is among the problems; what follows from the others would mislead.
        return Verification(0, 0, 0, tuple(problems))
    problems += [Problem("documents", text) for text in series_problems(entries)]
    referenced = _referenced(entries)
    problems += _object_problems(home, referenced)
    problems += [Problem(name, text) for name, text in erasures.problems(home, entries).items()]
    if record_hashes is not None:
        damaged = {problem.subject for problem in problems}
        whole = {sha256 for sha256 in referenced if f"ledger/objects/{sha256}.zst" not in damaged}
        problems += _root_problems(home, entries, record_hashes, whole, notes)
    landed, landing_problems = _inbox(home, entries)
    reports, report_problems = check_reports(home, entries, period)
    problems += [*landing_problems, *report_problems]
    return Verification(len(entries), len(referenced), reports, tuple(problems), landed, tuple(notes))


def _is_of_another_version(entries: Sequence[Entry], arrival: Entry) -> bool:
    """Whether the first run after an arrival was one of another version of evsettle."""
    run = next((entry for entry in entries if entry.seq > arrival.seq and entry.kind == "run"), None)
    return run is not None and run.body.get("engine_version") not in (None, engine_version())


def noted_head(entries: Sequence[Entry], noted: str) -> Entry | None:
    """The entry whose hash begins as somebody noted it, or none: then the chain was cut off or written anew."""
    return next((entry for entry in reversed(entries) if entry.hash.startswith(noted.lower())), None)


def _inbox(home: Home, entries: Sequence[Entry]) -> tuple[int, list[Problem]]:
    """How many landed and master files were taken in and still stand, and which of them are others now.

    What is gone from there is no problem: the ledger has it. Nor is what a run has not seen yet.
    """
    known: dict[str, dict[str, int]] = {}
    gone = erasures.erased(entries)
    for entry in entries:
        match entry.kind:
            case "arrival":
                taken = [(file["path"], file["sha256"]) for file in entry.body["files"]]
            case "master":
                # Of master data only the last content stands.
                taken = [(change["path"], change["sha256"]) for change in entry.body["changes"]]
                for path, _ in taken:
                    known.pop(path, None)
            case _:
                continue
        for path, sha256 in taken:
            if sha256 is not None:
                known.setdefault(path, {})[gone[sha256].replacement if sha256 in gone else sha256] = entry.seq
    standing = {name: hashes for name, hashes in known.items() if (home.root / name).is_file()}
    problems = []
    for name, hashes in standing.items():
        try:
            is_known = objects.sha256_of_file(home.root / name) in hashes
        except OSError as error:
            problems.append(Problem(name, f"{name} cannot be read ({error.strerror})."))
            continue
        if not is_known:
            sha256, seq = list(hashes.items())[-1]
            message = (
                f"{name} was changed after entry {seq} took it in, whose bytes are ledger/objects/{sha256}.zst: "
                "put those back, or, if the change is meant, `evsettle run` takes it in as something new."
            )
            problems.append(Problem(name, message))
    return len(standing), problems


def _first_word(text: str) -> str:
    return text.split(" ", 1)[0]


def _referenced(entries: list[Entry]) -> dict[str, str]:
    """Every object the ledger names, by hash, with what it is for. An erased one stands there as its replacement."""
    named: dict[str, str] = {}
    for entry in entries:
        for sha256, what in _objects_of(entry):
            named.setdefault(sha256, what)
    gone = erasures.erased(entries)
    superseded = {sha256 for one in gone.values() for sha256 in one.superseded}
    return {sha256: what for sha256, what in named.items() if sha256 not in superseded}


def _objects_of(entry: Entry) -> Iterator[tuple[str, str]]:
    """Every object that an entry names, with what it is for."""
    match entry.kind:
        case "arrival":
            for file in entry.body.get("files", []):
                yield file["sha256"], f"{file['path']} (entry {entry.seq})"
        case "master":
            present = (change for change in entry.body.get("changes", []) if change["sha256"] is not None)
            yield from ((change["sha256"], f"{change['path']} (entry {entry.seq})") for change in present)
        case "run" | "run-end":
            run = entry.body.get("run", entry.seq)
            for name, what in _OF_RUNS.items():
                if entry.body.get(name):
                    yield entry.body[name], f"the {what} of run {run} (entry {entry.seq})"
        case "decision":
            if entry.body.get("values", {}).get("evidence"):
                yield entry.body["values"]["evidence"], f"the evidence of decision {entry.seq}"
        case "seal":
            yield from objects_of(entry)
        case "erasure":
            for item in entry.body["objects"]:
                yield item["replacement"], f"what entry {entry.seq} put in the place of {item['object'][:12]}"


def _object_problems(home: Home, referenced: Mapping[str, str]) -> list[Problem]:
    problems = []
    for sha256, what in referenced.items():
        try:
            objects.get(home, sha256)
        except objects.ObjectError as error:
            name = f"ledger/objects/{sha256}.zst"
            problems.append(Problem(name, f"{error} It holds {what}."))
    return problems


def _root_problems(
    home: Home, entries: Sequence[Entry], record_hashes: RecordHashes, whole: set[str], notes: list[str]
) -> list[Problem]:
    """Files whose records are others now; a note where another version took one in, for its bytes are the same."""
    problems = []
    gone = erasures.erased(entries)
    for entry in entries:
        for file in entry.body.get("files", []) if entry.kind == "arrival" else []:
            # A replay has no records of its own; a damaged or erased object cannot be split.
            if file.get("replays") is not None or file["sha256"] not in whole:
                continue
            name = file["path"]
            try:
                hashes = record_hashes(entry, file, objects.get(home, file["sha256"]))
            except Exception as error:
                # Whatever a reader stumbles on, the file is named and the others are still checked.
                problems.append(Problem(name, f"{name} (entry {entry.seq}) cannot be split into records: {error}."))
                continue
            if file["sha256"] in gone:
                hashes = gone[file["sha256"]].hashes(hashes)
            if merkle_root(hashes) == file["merkle_root"]:
                continue
            if _is_of_another_version(entries, entry):
                notes.append(
                    f"{name} (entry {entry.seq}) is split otherwise by this version than by the one that took it in."
                )
            else:
                message = (
                    f"{name} (entry {entry.seq}) no longer gives the Merkle root of its records: "
                    "it is split otherwise than when it was taken in."
                )
                problems.append(Problem(name, message))
    return problems
