"""Whether the facts are what they were: the chain, the objects behind it, and the reports.

What does not belong here: what a run derived (orchestration/derived.py), and recomputing anything. A report is
compared with the hashes that were written down for it, not with the tables it came from.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from orchestration.facts import ledger, objects
from orchestration.facts.documents import series_problems
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry, LedgerError
from orchestration.facts.merkle import merkle_root
from orchestration.facts.seals import objects_of, seals

MANIFEST = "manifest.json"
_ENTRY = re.compile(r"ledger/\d{9}\.json")
# Arrival entry, its file (as in the entry's body) and the file's bytes → SHA-256 of each record, in order.
RecordHashes = Callable[[Entry, Mapping[str, Any], bytes], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that changed: its file (from the home's root) and one sentence."""

    subject: str
    message: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What was looked at, and what was wrong with it."""

    entries: int
    objects: int
    reports: int
    problems: tuple[Problem, ...]
    landed: int = 0

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
    problems = [Problem(_first_word(text), text) for text in ledger.check_chain(home)]
    try:
        entries = ledger.read_all(home)
    except LedgerError:
        # The entry that cannot be read is among the problems; what follows from the others would mislead.
        return Verification(0, 0, 0, tuple(problems))
    problems += [Problem("documents", text) for text in series_problems(entries)]
    referenced = _referenced(entries)
    problems += _object_problems(home, referenced)
    if record_hashes is not None:
        damaged = {problem.subject for problem in problems}
        whole = {sha256 for sha256 in referenced if f"ledger/objects/{sha256}.zst" not in damaged}
        problems += _root_problems(home, entries, record_hashes, whole)
    landed, landing_problems = _inbox(home, entries)
    reports, report_problems = _reports(home, entries, period)
    problems += [*landing_problems, *report_problems]
    if period is None:
        loose, loose_problems = _loose_problems(home, entries)
        reports, problems = reports + loose, [*problems, *loose_problems]
    return Verification(len(entries), len(referenced), reports, tuple(problems), landed)


def noted_head(entries: Sequence[Entry], noted: str) -> Entry | None:
    """The entry whose hash begins as somebody noted it, or none: then the chain was cut off or written anew."""
    return next((entry for entry in reversed(entries) if entry.hash.startswith(noted.lower())), None)


def _inbox(home: Home, entries: Sequence[Entry]) -> tuple[int, list[Problem]]:
    """How many landed and master files were taken in and still stand, and which of them are others now.

    What is gone from there is no problem: the ledger has it. Nor is what a run has not seen yet.
    """
    known: dict[str, dict[str, int]] = {}
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
                known.setdefault(path, {})[sha256] = entry.seq
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
    """Every object the ledger names, by hash, with what it is for. An erased object is no longer expected."""
    named: dict[str, str] = {}
    erased: set[str] = set()
    for entry in entries:
        for sha256, what in _objects_of(entry):
            named.setdefault(sha256, what)
        if entry.kind == "erasure" and entry.body.get("object"):
            erased.add(entry.body["object"])
    return {sha256: what for sha256, what in named.items() if sha256 not in erased}


def _objects_of(entry: Entry) -> Iterator[tuple[str, str]]:
    """Every object that an entry names, with what it is for."""
    match entry.kind:
        case "arrival":
            for file in entry.body.get("files", []):
                yield file["sha256"], f"{file['path']} (entry {entry.seq})"
        case "master":
            for change in entry.body.get("changes", []):
                if change["sha256"] is not None:
                    yield change["sha256"], f"{change['path']} (entry {entry.seq})"
        case "run-end":
            for name, what in (("changes", "changes"), ("warehouse", "fingerprints of the tables")):
                if entry.body.get(name):
                    yield entry.body[name], f"the {what} of run {entry.body['run']} (entry {entry.seq})"
        case "decision":
            if entry.body.get("values", {}).get("evidence"):
                yield entry.body["values"]["evidence"], f"the evidence of decision {entry.seq}"
        case "seal":
            yield from objects_of(entry)


def _object_problems(home: Home, referenced: Mapping[str, str]) -> list[Problem]:
    problems = []
    for sha256, what in referenced.items():
        try:
            objects.get(home, sha256)
        except objects.ObjectError as error:
            name = f"ledger/objects/{sha256}.zst"
            problems.append(Problem(name, f"{error} It holds {what}."))
    return problems


def _root_problems(home: Home, entries: Sequence[Entry], record_hashes: RecordHashes, whole: set[str]) -> list[Problem]:
    problems = []
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
            if merkle_root(hashes) != file["merkle_root"]:
                message = (
                    f"{name} (entry {entry.seq}) no longer gives the Merkle root of its records: "
                    "it is split otherwise than when it was taken in."
                )
                problems.append(Problem(name, message))
    return problems


def _reports(home: Home, entries: list[Entry], period: str | None) -> tuple[int, list[Problem]]:
    """The number of reports on disk, and what differs from their manifests, their seal or the last finished run."""
    sealed = {
        f"reports/{seal.body['period']}/{seal.body['partner']}/{MANIFEST}": seal for seal in seals(entries).values()
    }
    written = dict(_last_run(entries).get("manifests", {})) | {
        name: seal.body["manifest_sha256"] for name, seal in sealed.items()
    }
    present = {home.relative(path): path for path in sorted(home.reports.glob(f"*/*/{MANIFEST}"))}
    problems: list[Problem] = []
    names = sorted(name for name in present.keys() | written.keys() if period is None or _period(name) == period)
    for name in names:
        seal = sealed.get(name)
        if name not in present:
            again = "drafts again" if seal is None else f"what entry {seal.seq} sealed again from the ledger's objects"
            problems.append(Problem(name, f"{name} is missing: `evsettle run` writes {again}."))
            continue
        stored = present[name].read_bytes()
        if seal is not None:
            problems += _sealed_problems(home, present[name], seal)
            continue
        if name not in written:
            problems.append(Problem(name, f"{name} is not from the last finished run: no ledger entry names it."))
        elif hashlib.sha256(stored).hexdigest() != written[name]:
            problems.append(
                Problem(name, f"{name} (draft) was changed after the last run wrote it: `evsettle run` writes it anew.")
            )
        problems += _file_problems(home, present[name], stored)
    return len(names), problems


def loose_reports(home: Home) -> dict[str, str]:
    """SHA-256 of each report that no manifest lists, by its path: such as what partners are told of findings."""
    return {
        home.relative(path): objects.sha256_of_file(path)
        for path in sorted(home.reports.rglob("*"))
        if path.is_file() and not path.name.startswith(".") and not (path.parent / MANIFEST).is_file()
    }


def _loose_problems(home: Home, entries: Sequence[Entry]) -> tuple[int, list[Problem]]:
    """The number of such reports that the last finished run left, and which of them are others now."""
    written = _last_run(entries).get("reports", {})
    now = loose_reports(home)
    problems = []
    for name, sha256 in written.items():
        if now.get(name) != sha256:
            what = "was changed after the last run wrote it" if name in now else "is missing"
            problems.append(Problem(name, f"{name} {what}: `evsettle run --full` writes it anew."))
    return len(written), problems


def _sealed_problems(home: Home, manifest: Path, seal: Entry) -> list[Problem]:
    """What stands in a sealed folder against the seal itself: a manifest that was changed too hides nothing."""
    listed = {MANIFEST: str(seal.body["manifest_sha256"]), **seal.body["files"]}
    problems = []
    for file_name, sha256 in listed.items():
        path = manifest.parent / file_name
        shown, source = home.relative(path), f"ledger/objects/{sha256}.zst holds what was sealed"
        if not path.is_file():
            problems.append(Problem(shown, f"{shown} is missing, but entry {seal.seq} sealed it: {source}."))
        elif hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            problems.append(Problem(shown, f"{shown} was changed after entry {seal.seq} sealed it: {source}."))
    return [*problems, *_added(home, manifest, listed)]


def _added(home: Home, manifest: Path, listed: Mapping[str, str]) -> list[Problem]:
    names = [path for path in sorted(manifest.parent.iterdir()) if path.is_file()]
    shown = [home.relative(path) for path in names if path.name != MANIFEST and path.name not in listed]
    return [Problem(name, f"{name} was added: {home.relative(manifest)} does not list it.") for name in shown]


def _last_run(entries: Sequence[Entry]) -> Mapping[str, Any]:
    """What the last run that ended well says of what it left."""
    ended = (
        entry.body for entry in reversed(entries) if entry.kind == "run-end" and entry.body.get("outcome") == "done"
    )
    return next(ended, {})


def _period(name: str) -> str:
    return PurePosixPath(name).parts[1]


def _file_problems(home: Home, manifest: Path, stored: bytes) -> list[Problem]:
    """What stands beside a manifest against the hashes in it."""
    name = home.relative(manifest)
    try:
        listed = _listed(json.loads(stored))
    except (ValueError, KeyError, TypeError, AttributeError):
        return [Problem(name, f"{name} is not a manifest any more: it does not list files with their hashes.")]
    problems = []
    for file_name, sha256 in sorted(listed.items()):
        path = manifest.parent / file_name
        shown = home.relative(path)
        if not path.is_file():
            problems.append(Problem(shown, f"{shown} is missing, but {name} lists it."))
        elif hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            problems.append(Problem(shown, f"{shown} was changed: its bytes do not give the hash in {name}."))
    return [*problems, *_added(home, manifest, listed)]


def _listed(manifest: Mapping[str, Any]) -> dict[str, str]:
    """File name → SHA-256 of a manifest, whose `files` is a list of {name, sha256} or a mapping of name to hash."""
    files = manifest["files"]
    if isinstance(files, Mapping):
        return {str(name): value if isinstance(value, str) else str(value["sha256"]) for name, value in files.items()}
    return {str(file["name"]): str(file["sha256"]) for file in files}
