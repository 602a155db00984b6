"""Whether the facts are what they were: the chain, the objects behind it, and the reports.

What does not belong here: recomputing anything. A report is compared with the hashes that were
written down for it, not with the tables it came from.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
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
    reports, report_problems = _reports(home, entries, period)
    return Verification(len(entries), len(referenced), reports, (*problems, *report_problems))


def _first_word(text: str) -> str:
    return text.split(" ", 1)[0]


def _referenced(entries: list[Entry]) -> dict[str, str]:
    """Every object the ledger names, by hash, with what it is for. An erased object is no longer expected."""
    named: dict[str, str] = {}
    erased: set[str] = set()
    for entry in entries:
        if entry.kind == "arrival":
            for file in entry.body.get("files", []):
                named.setdefault(file["sha256"], f"{file['path']} (entry {entry.seq})")
        elif entry.kind == "master":
            for change in entry.body.get("changes", []):
                if change["sha256"] is not None:
                    named.setdefault(change["sha256"], f"{change['path']} (entry {entry.seq})")
        elif entry.kind == "run-end" and entry.body.get("changes"):
            named.setdefault(entry.body["changes"], f"the changes of run {entry.body['run']} (entry {entry.seq})")
        elif entry.kind == "decision" and entry.body.get("values", {}).get("evidence"):
            named.setdefault(entry.body["values"]["evidence"], f"the evidence of decision {entry.seq}")
        elif entry.kind == "seal":
            for sha256, what in objects_of(entry):
                named.setdefault(sha256, what)
        elif entry.kind == "erasure" and entry.body.get("object"):
            erased.add(entry.body["object"])
    return {sha256: what for sha256, what in named.items() if sha256 not in erased}


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
    written = _last_manifests(entries) | {name: seal.body["manifest_sha256"] for name, seal in sealed.items()}
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


def _last_manifests(entries: list[Entry]) -> dict[str, str]:
    """Manifest hashes by path, as the last run that ended well left them."""
    for entry in reversed(entries):
        if entry.kind == "run-end" and entry.body.get("outcome") == "done":
            return dict(entry.body.get("manifests", {}))
    return {}


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
