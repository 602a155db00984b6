"""Whether the reports on disk are what the last run or a seal wrote.

A report is compared with the hashes that were written down for it, not with the tables it came from.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from orchestration.facts import objects
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry
from orchestration.facts.seals import seals

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that changed: its file (from the home's root) and one sentence."""

    subject: str
    message: str


def check_reports(home: Home, entries: Sequence[Entry], period: str | None) -> tuple[int, list[Problem]]:
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
    if period is not None:
        return len(names), problems
    loose, loose_problems = _loose_problems(home, entries)
    return len(names) + loose, [*problems, *loose_problems]


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
    return next((entry.body for entry in reversed(entries) if entry.is_finished_run), {})


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
