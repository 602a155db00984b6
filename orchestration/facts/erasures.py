"""Erasures: which objects of the ledger were replaced by others in which a person is not named any more.

An entry says what was replaced by what, and keeps the hash of each record as it was: so the Merkle root of its file,
and the chain, stand as they did. Readers ask for an object by the name it always had and get what stands in its place.
What does not belong here: finding a person in an object (orchestration/erase.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orchestration.facts import objects
from orchestration.facts.atomic import write_new
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry, canonical
from orchestration.facts.lock import writer_lock
from orchestration.facts.objects import object_path, read_redirect, redirect_path


@dataclass(slots=True)
class Erased:
    """What stands in an object's place, the hashes of its records as they were by their number in the file (from 0) and
    by their position, what stood there in between, and the last entry that said so."""

    replacement: str
    seq: int
    leaves: dict[int, str] = field(default_factory=dict)
    positions: dict[int, str] = field(default_factory=dict)
    superseded: list[str] = field(default_factory=list)

    @property
    def redirect(self) -> bytes:
        """The file that readers find under the old name."""
        records = {str(position): leaf for position, leaf in self.positions.items()}
        return canonical({"replacement": self.replacement, "records": records})

    def hashes(self, now: Sequence[str]) -> list[str]:
        """The hashes of the file's records as they were taken in."""
        return [self.leaves.get(place, sha256) for place, sha256 in enumerate(now)]


def erased(entries: Sequence[Entry]) -> dict[str, Erased]:
    """By the hash of the object that was replaced."""
    found: dict[str, Erased] = {}
    for entry in entries:
        for item in entry.body["objects"] if entry.kind == "erasure" else ():
            before = found.get(item["object"])
            leaves = {place: leaf for place, _, leaf in item["records"]}
            positions = {position: leaf for _, position, leaf in item["records"]}
            found[item["object"]] = Erased(
                item["replacement"],
                entry.seq,
                # The first hash of a record is the one it came with.
                leaves | (before.leaves if before else {}),
                positions | (before.positions if before else {}),
                [*(before.superseded if before else []), *([before.replacement] if before else [])],
            )
    return found


def kept_hashes(home: Home) -> Iterator[tuple[str, int, str]]:
    """Object, position and hash, as it came, of each record from which a person was erased.

    From the redirects: a replay reads the ledger of a time when nothing was erased.
    """
    for path in sorted(home.objects_dir.glob("*.erased")):
        for position, leaf in read_redirect(home, path)["records"].items():
            yield path.stem, int(position), leaf


def finish(home: Home, entries: Sequence[Entry]) -> None:
    """Take away what was erased, and say what stands in its place: again and again the same."""
    with writer_lock(home):
        for sha256, one in erased(entries).items():
            path = redirect_path(home, sha256)
            if not path.is_file() or path.read_bytes() != one.redirect:
                path.unlink(missing_ok=True)
                write_new(home, one.redirect, path)
            for gone in (sha256, *one.superseded):
                if gone != one.replacement:
                    object_path(home, gone).unlink(missing_ok=True)


def problems(home: Home, entries: Sequence[Entry]) -> Mapping[str, str]:
    """What of erasures is not done, or was undone: a sentence by the file."""
    found: dict[str, str] = {}
    for sha256, one in erased(entries).items():
        path = redirect_path(home, sha256)
        name = home.relative(path)
        if not path.is_file() or path.read_bytes() != one.redirect:
            found[name] = f"{name} does not name what entry {one.seq} put in its place: `evsettle erase --finish`."
        for gone in (sha256, *one.superseded):
            if gone != one.replacement and objects.has(home, gone):
                there = home.relative(object_path(home, gone))
                found[there] = f"{there} was erased by entry {one.seq} and is there: `evsettle erase --finish`."
    return found
