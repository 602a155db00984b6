"""One writer at a time in a home, between processes.

The lock is the operating system's (flock): it ends with its holder, however that ends, so there
is never a stale lock to remove. The file's text only serves the message that names the holder.
"""

import fcntl
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestration.facts.home import Home

WAIT_SECONDS = 10.0
POLL_SECONDS = 0.02


class LockHeld(Exception):
    """Another process writes to this home; the message names it and says what to do."""


class _Holding:
    """A lock this process holds: the descriptor, and how many blocks are inside it."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.pid = os.getpid()
        self.depth = 1


_held: dict[Path, _Holding] = {}
_guard = threading.Lock()


@contextmanager
def writer_lock(home: Home, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the home's writer lock for the block; blocks of the same process may nest, on any thread.

    Waits up to `wait_seconds` for another process, then raises LockHeld naming its pid, host and
    command.
    """
    path = home.root.resolve() / ".lock"
    _enter(path, wait_seconds)
    try:
        yield
    finally:
        _leave(path)


def _enter(path: Path, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        # The guard covers one attempt, not the wait: a thread that waits for another process
        # must not stop the thread of ours that already holds the lock from nesting.
        with _guard:
            holding = _held.get(path)
            # A forked child inherits this dictionary, but not the right to write.
            if holding is not None and holding.pid == os.getpid():
                holding.depth += 1
                return
            descriptor = _try(path)
            if descriptor is not None:
                _held[path] = _Holding(descriptor)
                return
        if time.monotonic() >= deadline:
            raise LockHeld(_message(path))
        time.sleep(POLL_SECONDS)


def _try(path: Path) -> int | None:
    """The locked descriptor, or None when another process holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "command": _command()}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(holder).encode(), 0)
    return descriptor


def _command() -> str:
    """The command as a person would type it, without the path of the interpreter."""
    program = Path(sys.argv[0] or "python").name
    return " ".join([program, *sys.argv[1:]])[:200]


def _leave(path: Path) -> None:
    with _guard:
        holding = _held.get(path)
        if holding is None or holding.pid != os.getpid():
            return
        holding.depth -= 1
        if holding.depth == 0:
            del _held[path]
            os.ftruncate(holding.descriptor, 0)
            # Closing releases: an explicit unlock would also release it for a forked child.
            os.close(holding.descriptor)


def _message(path: Path) -> str:
    try:
        holder = json.loads(path.read_bytes())
        who = f"pid {holder['pid']} on {holder['host']}, running `{holder['command']}`"
    except (OSError, ValueError, KeyError, TypeError):
        # The holder has the lock but has not written its name yet.
        who = "it has not given its name"
    return f"Another process is writing to {path.parent} ({who}): wait until it ends and try again."
