"""The inbox and master data as folders: which files stand where files are read, and are at rest.

What does not belong here: what becomes of them (landing), what is in them (arriving).
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from orchestration.defs.ingest.feed_fields import EVIDENCE
from orchestration.facts.home import Home

FEEDS = ("cdrs", "tariffs", "locations", "tokens", "payments", *EVIDENCE)
MANIFEST_ENDING = ".manifest.json"
# A file touched this recently may still be growing; it is looked at twice, this far apart.
_RECENT_SECONDS = 2.0
_SECOND_LOOK_SECONDS = 0.3
# A file whose end is missing may still be coming, so long as it is no older than this.
UNFINISHED_SECONDS = 300.0
_UNFINISHED = (".part", ".tmp", ".partial", ".crdownload", ".swp", "~")


def candidates(home: Home, problems: list[str]) -> Iterator[Path]:
    """Files that stand where a feed's files stand, in order of path; everything else becomes a problem."""
    if not home.landing.is_dir():
        return
    for path in sorted(home.landing.rglob("*")):
        parts = path.relative_to(home.landing).parts
        if any(is_unfinished_name(part) for part in parts) or path.name.endswith(MANIFEST_ENDING):
            if path.name.lower().endswith(_UNFINISHED) and not any(part.startswith(".") for part in parts):
                problems.append(f"{home.relative(path)}: its name says that it is not whole yet; rename it when it is.")
            continue
        problem = not_ours(home, path) or _misplaced(home, path, parts)
        if problem:
            problems.append(problem)
        elif path.is_file() and len(parts) == 3 and parts[1] in FEEDS:
            yield path


def _misplaced(home: Home, path: Path, parts: tuple[str, ...]) -> str | None:
    name = home.relative(path)
    if path.is_dir():
        if len(parts) > 2 and parts[1] in FEEDS and not any(path.iterdir()):
            return f"{name}: is a folder; put files into landing/<source>/<feed>/ themselves."
        if len(parts) == 2 and parts[1] not in FEEDS:
            return (
                f"{name}: {parts[1]} is not a feed that is read; the feeds are {', '.join(FEEDS)}, rename the folder."
            )
        return None
    if len(parts) >= 2 and parts[1] not in FEEDS and len(parts) != 2:
        return None  # its folder has been named already
    if len(parts) != 3:
        return f"{name}: stands outside a feed folder; move it to landing/<source>/<feed>/."
    if not path.is_file():
        return f"{name}: is not a regular file; remove it."
    return None


def not_ours(home: Home, path: Path) -> str | None:
    """Why a path is none of ours: a name that is no text, a link that leads out of the home."""
    name = home.relative(path)
    try:
        name.encode()
    except UnicodeEncodeError:
        shown = name.encode(errors="replace").decode()
        return f"{shown}: its name is not UTF-8; rename it."
    if path.is_symlink() and not path.resolve().is_relative_to(home.root.resolve()):
        return f"{name}: is a link that leads out of the home; put the file itself there."
    return None


def is_unfinished_name(name: str) -> bool:
    """Whether a name says that its file is hidden or still being written."""
    return name.startswith(".") or name.lower().endswith(_UNFINISHED)


def at_rest(home: Home, paths: list[Path], problems: list[str]) -> Iterator[Path]:
    """Without the files that are still being written: those become a problem and are for the next run."""
    recent = {path: stamp(path) for path in paths if age_seconds(path) < _RECENT_SECONDS}
    if recent:
        time.sleep(_SECOND_LOOK_SECONDS)
    for path in paths:
        if path not in recent or recent[path] == stamp(path):
            yield path
        else:
            problems.append(f"{home.relative(path)}: is being written to; the next run takes it in.")


def age_seconds(path: Path) -> float:
    """Seconds since a file was last written, by its own clock."""
    try:
        return abs(time.time() - path.stat().st_mtime)
    except OSError:
        return _RECENT_SECONDS


def stamp(path: Path) -> tuple[int, int] | None:
    """Size and time of the last change of any kind, which nobody can set back; None when the file is gone."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_ctime_ns


def read_bytes(path: Path) -> bytes | None:
    """A small file's bytes; None when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def is_readable(path: Path) -> bool:
    """Whether we may read a file."""
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError:
        return False
    return True


def unreadable(home: Home, path: Path) -> str:
    """The sentence about a file that we may not read."""
    return f"{home.relative(path)}: cannot be read; give evsettle the right to read it."


class Seen:
    """Which bytes stood where at the last look, so that a run opens only what is new: `warehouse/landing.json`.

    Derived like everything in that folder: without it every file is read again and found to be known.
    """

    def __init__(self, home: Home) -> None:
        self._path = home.warehouse.parent / "landing.json"
        self._before = self._read()
        self._now: dict[str, list[object]] = {}

    def sha256(self, name: str, at: tuple[int, int]) -> str | None:
        """The SHA-256 of a file that was not touched since."""
        size, modified, sha256 = self._before.get(name, (None, None, None))
        return str(sha256) if (size, modified) == at else None

    def note(self, name: str, at: tuple[int, int], sha256: str) -> None:
        """Remember a file as it stands."""
        self._now[name] = [*at, sha256]

    def save(self) -> None:
        """Write what was noted, if it is not what was there."""
        if self._now != self._before:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary = self._path.with_suffix(f".{os.getpid()}")
            temporary.write_text(json.dumps(self._now, sort_keys=True))
            temporary.replace(self._path)

    def _read(self) -> dict[str, list[object]]:
        try:
            found = json.loads(self._path.read_text())
            return {str(name): list(value) for name, value in found.items() if len(value) == 3}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}
