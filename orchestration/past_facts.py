"""A home that knows only what the ledger held at some entry, to run again what was run then.

What does not belong here: the run itself, and what is read of it (as_of, replay).
"""

import os
from collections.abc import Sequence
from pathlib import Path

from orchestration.defs.ingest.landing import standing_master
from orchestration.facts import ledger, objects
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry


def lay_out(home: Home, root: Path, entries: Sequence[Entry]) -> Home:
    """A home at `root` of these entries and their objects: master data is as they say, nothing waits in its inbox."""
    past = Home(root.resolve())
    past.objects_dir.mkdir(parents=True)
    past.landing.mkdir()
    # What stands in the place of what was erased is found by a file of the old name.
    for path in [*home.objects_dir.glob("*.zst"), *home.objects_dir.glob("*.erased")]:
        _link(path, past.objects_dir / path.name)
    for entry in entries:
        _link(ledger.entry_path(home, entry.seq), ledger.entry_path(past, entry.seq))
    for name, sha256 in standing_master(entries).items():
        path = past.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(objects.get(home, sha256))
    return past


def _link(path: Path, other: Path) -> None:
    """Entries and objects are never written again, so a second name is a copy; on another disk it points there."""
    try:
        os.link(path, other)
    except OSError:
        other.symlink_to(path.resolve())
