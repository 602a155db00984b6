"""What tests share: one demo home run through the whole pipeline, and copies of it to break."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).resolve().parent.parent
EVSETTLE = Path(sys.executable).with_name("evsettle")
DEMO_SESSIONS = 300
# One demo for all: tests that write it again compare with the finished one.
DEMO = ("--sessions", DEMO_SESSIONS, "--seed", 7, "--month", "2026-10", "--faults", "0.45")

os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ["EVSETTLE_PSEUDONYM_KEY"] = "the key of the tests"


def pytest_report_header() -> str:
    from importlib.metadata import version

    names = ("dagster", "dbt-core", "dbt-duckdb", "duckdb", "great-expectations", "pandas")
    return "evsettle on " + ", ".join(f"{name} {version(name)}" for name in names)


def evsettle(*arguments: object, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user would, in a process of its own."""
    command = [str(EVSETTLE), *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, cwd=ROOT)


def evsettle_here(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The same command line in this process: Dagster, dbt and Great Expectations are imported once for all tests."""
    from click.testing import CliRunner

    from orchestration.cli.main import evsettle as group

    command = [str(argument) for argument in arguments]
    result = CliRunner().invoke(group, command)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return subprocess.CompletedProcess(command, result.exit_code, result.stdout, result.stderr)


@pytest.fixture(scope="session")
def cli_here() -> Callable[..., subprocess.CompletedProcess[str]]:
    """As `cli`, in this process; for runs whose death is not the subject."""
    return evsettle_here


@pytest.fixture(scope="session")
def cli() -> Callable[..., subprocess.CompletedProcess[str]]:
    """`cli("--home", home, "run")`: the command line in a process of its own."""
    return evsettle


@pytest.fixture(scope="session")
def finished_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demo month after one good run. Read it, never write to it: copy it with `home_copy`."""
    home = tmp_path_factory.mktemp("finished") / "home"
    written = evsettle("demo", home, *DEMO)
    assert written.returncode == 0, written.stderr
    ran = evsettle_here("--home", home, "run", "--as-of", "2026-11-03T06:00:00Z")
    assert ran.returncode == 0, ran.stderr + ran.stdout
    return home


@pytest.fixture
def home_copy(finished_home: Path, tmp_path: Path) -> Path:
    """The finished home, yours to change."""
    copy = tmp_path / "home"
    shutil.copytree(finished_home, copy)
    return copy


@pytest.fixture(scope="session")
def published(finished_home: Path) -> duckdb.DuckDBPyConnection:
    """The finished home's published tables as views."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    for path in sorted((finished_home / "published").glob("*.parquet")):
        connection.read_parquet(str(path)).create_view(path.stem)
    return connection
