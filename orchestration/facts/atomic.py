"""Files of the ledger that are there whole or not at all.

Bytes go to a temporary file of the same file system, are flushed to disk, and get their name by
a hard link, which fails when the name is taken. What a crash leaves is a temporary file under
`ledger/tmp/`: nobody reads that folder, and the next append removes it.
"""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path

from orchestration.facts.home import Home


def write_new(home: Home, data: bytes, target: Path) -> None:
    """Give `data` the name `target`, durably. Raises FileExistsError when the name is taken.

    Call it under the home's writer lock.
    """
    with unnamed_file(home) as file:
        file.write(data)
        give_name(file, target)


@contextmanager
def unnamed_file(home: Home) -> Iterator[BufferedRandom]:
    """A temporary file beside the ledger, removed at the end; `give_name` makes it one that stays."""
    folder = _temporary_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(8)}"
    try:
        with temporary.open("x+b") as file:
            yield file
    finally:
        temporary.unlink(missing_ok=True)


def give_name(file: BufferedRandom, target: Path) -> None:
    """Give an unnamed file, as far as it is written, the name `target`, durably; FileExistsError as in write_new."""
    file.flush()
    os.fsync(file.fileno())
    target.parent.mkdir(parents=True, exist_ok=True)
    os.link(file.name, target)
    sync_folder(target.parent)


def clean_leftovers(home: Home) -> None:
    """Remove temporary files of processes of this host that ended half-way."""
    folder = _temporary_folder(home)
    for left in folder.iterdir() if folder.is_dir() else ():
        host, _, rest = left.name.rpartition("-")[0].rpartition("-")
        if host == socket.gethostname() and rest.isdecimal() and not _is_running(int(rest)):
            left.unlink(missing_ok=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def sync_folder(folder: Path) -> None:
    """Make names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _temporary_folder(home: Home) -> Path:
    return home.ledger_dir / "tmp"
