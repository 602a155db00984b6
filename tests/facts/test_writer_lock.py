import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestration.facts.home import Home
from orchestration.facts.lock import LockHeld, writer_lock

REPOSITORY = Path(__file__).resolve().parents[2]

_HOLD = """
import sys
from pathlib import Path
from orchestration.facts.home import Home
from orchestration.facts.lock import writer_lock

with writer_lock(Home(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def another_process_holding(home: Home) -> Iterator[subprocess.Popen[str]]:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(home.root), "run", "--period", "2026-10"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    try:
        yield holder
    finally:
        holder.kill()
        holder.communicate()


def test_the_message_names_who_holds_the_lock(home: Home) -> None:
    with another_process_holding(home) as holder, pytest.raises(LockHeld) as raised, writer_lock(home, wait_seconds=0):
        pass
    assert f"pid {holder.pid} on " in str(raised.value)
    assert "run --period 2026-10" in str(raised.value)


def test_the_lock_ends_with_its_holder(home: Home) -> None:
    with another_process_holding(home) as holder:
        holder.kill()
        holder.wait()
        with writer_lock(home, wait_seconds=5):
            pass


def test_it_waits_for_another_process_that_soon_ends(home: Home) -> None:
    with another_process_holding(home) as holder:
        assert holder.stdin is not None
        stdin = holder.stdin

        def let_go() -> None:
            stdin.write("\n")
            stdin.flush()

        threading.Timer(0.2, let_go).start()
        with writer_lock(home, wait_seconds=20):
            pass


def test_blocks_of_one_process_nest_on_any_thread(home: Home) -> None:
    entered = []

    def nest() -> None:
        with writer_lock(home, wait_seconds=0):
            entered.append(True)

    with writer_lock(home, wait_seconds=0):
        nest()
        thread = threading.Thread(target=nest)
        thread.start()
        thread.join()
    assert entered == [True, True]
    with another_process_holding(home):
        pass


def test_a_forked_child_does_not_inherit_the_right_to_write(home: Home) -> None:
    with writer_lock(home):
        child = os.fork()
        if child == 0:
            try:
                with writer_lock(home, wait_seconds=0):
                    os._exit(1)
            except LockHeld:
                os._exit(0)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
