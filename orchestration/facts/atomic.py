"""Files of the ledger that are there whole or not at all.

Bytes go to a temporary file of the same file system, are flushed to disk, and get their name by
a hard link, which fails when the name is taken. What a crash leaves is a temporary file under
`ledger/tmp/`: nobody reads that folder, and the next writer empties it.
"""

import os
import secrets
from pathlib import Path

from orchestration.facts.home import Home


def write_new(home: Home, data: bytes, target: Path) -> None:
    """Give `data` the name `target`, durably. Raises FileExistsError when the name is taken.

    Call it under the home's writer lock.
    """
    folder = _temporary_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{os.getpid()}-{secrets.token_hex(8)}"
    try:
        _write_durably(temporary, data)
        os.link(temporary, target)
        sync_folder(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def clean_leftovers(home: Home) -> None:
    """Remove temporary files of processes that ended half-way. Call it under the writer lock."""
    folder = _temporary_folder(home)
    if not folder.is_dir():
        return
    own = f"{os.getpid()}-"
    for left in folder.iterdir():
        # Another thread of ours may be writing; any other process cannot, we hold the lock.
        if not left.name.startswith(own):
            left.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _temporary_folder(home: Home) -> Path:
    return home.ledger_dir / "tmp"


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
