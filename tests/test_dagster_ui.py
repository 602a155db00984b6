"""The Dagster UI of a finished home in a real browser: one statement, and the way from it to the files."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import conftest
import duckdb
import pytest
from websockets.sync.client import connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=5).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def address(finished_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`evsettle dev` on a copy of the finished home."""
    home = tmp_path_factory.mktemp("ui") / "home"
    shutil.copytree(finished_home, home)
    port = free_port()
    command = [str(conftest.EVSETTLE), "--home", str(home), "dev", "--port", str(port)]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/server_info"), 180)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


class Browser:
    """A headless Chromium with one page, told what to do over its own protocol."""

    def __init__(self, folder: Path) -> None:
        command = [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
            "--disable-background-networking", "--disable-component-update", "--window-size=1600,2400",
            f"--user-data-dir={folder}", "--remote-debugging-port=0", "about:blank",
        ]  # fmt: skip
        self._process = subprocess.Popen(
            command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        port_file = folder / "DevToolsActivePort"
        wait_for(lambda: port_file.exists() and "\n" in port_file.read_text(), 60)
        port = port_file.read_text().split("\n")[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=10) as answer:
            [target] = [one for one in json.load(answer) if one["type"] == "page"]
        self._socket = connect(target["webSocketDebuggerUrl"], max_size=None)
        self._count = 0

    def _call(self, method: str, **parameters: object) -> dict[str, Any]:
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": parameters}))
        while True:
            answer: dict[str, Any] = json.loads(self._socket.recv(timeout=60))
            if answer.get("id") == self._count:
                return answer["result"]

    def text_of(self, address: str, *awaited: str) -> str:
        """What a reader sees on a page once it shows all of the awaited words; fails when it does not."""
        self._call("Page.navigate", url=address)
        wait_for(lambda: self._shows(awaited), 90)
        return self._text()

    def _shows(self, awaited: Sequence[str]) -> bool:
        text = self._text()
        return all(words in text for words in awaited)

    def _text(self) -> str:
        result = self._call("Runtime.evaluate", expression="document.body ? document.body.innerText : ''")
        return str(result["result"].get("value", ""))

    def close(self) -> None:
        self._socket.close()
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.5)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    one = Browser(tmp_path / "profile")
    yield one
    one.close()


def test_a_statement_can_be_followed_to_its_files(
    address: str, published: duckdb.DuckDBPyConnection, browser: Browser
) -> None:
    period, partner, statement_id = published.execute(
        "select period, partner, statement_id from statements order by statement_id limit 1"
    ).fetchall()[0]
    partition = f"{address}/assets/settle/statement?view=partitions&partition={period}%7C{partner}"
    shown = browser.text_of(partition, f"{period}|{partner}", statement_id, "waterfall", "explain a line")
    assert "Unsynced" not in shown
    upstream = f"{address}/assets/settle/statement?view=lineage&lineageScope=upstream&lineageDepth=2"
    browser.text_of(upstream, "statement_files", "statement_lines", "waterfall", "cdr_outcomes")
    arrivals = f"{address}/assets/ingest/arrivals?view=overview"
    browser.text_of(arrivals, "files_by_feed", "platform@evsettle.example", "every file as it came")


def test_the_results_of_a_gate_are_a_page_that_its_check_names(
    address: str, finished_home: Path, browser: Browser
) -> None:
    checks = f"{address}/assets/inspect/gate_verdicts?view=checks&checkDetail=judged"
    assert "inspect.html" in browser.text_of(checks, "judged", "results")
    [run] = (finished_home / "reports" / "gates").iterdir()
    shown = browser.text_of((run / "inspect.html").as_uri(), "Gate results: inspect", "Rules that failed:")
    assert "Internal: this page names several partners." in shown


def test_the_pages_of_quality_open_by_themselves(finished_home: Path, browser: Browser) -> None:
    index = finished_home / "reports" / "quality" / "index.html"
    shown = browser.text_of(index.as_uri(), "Data quality", "By partner", "By rule", "Money at risk by week")
    assert "decided without a person" in shown
    browser.text_of(index.with_name("emo.html").as_uri(), "Data quality: emo", "By day of the session")
