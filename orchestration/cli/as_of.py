"""`--as-of T` of commands that read a home: what the last run that had ended by then told."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from orchestration.as_of import AsOf, home_at
from orchestration.cli.run import execute, parse_instant
from orchestration.cli.show import shown_path
from orchestration.facts.home import Home

as_of_option: Callable[[Any], Any] = click.option(
    "--as-of",
    "as_of",
    metavar="T",
    help="What was known then, by the last run that had ended (ISO 8601, or a day).",
)


def read_at(home: Home, text: str) -> AsOf:
    """The home as it stood at a moment, or when a day began in UTC. Raises click.BadParameter and HomeError.

    Where the tables are not kept they are built again, with progress on stderr.
    """
    return home_at(home, parse_instant(f"{text}T00:00:00Z" if len(text) == len("2026-01-31") else text), _rebuild)


def _rebuild(scratch: Home, at: datetime) -> None:
    from orchestration.facts.lock import writer_lock

    click.echo(
        f"The tables of that run are not kept: it is run again from the facts it read, in {shown_path(scratch.root)}. "
        "The next question about it is answered at once.",
        err=True,
    )
    with writer_lock(scratch):
        execute(scratch, at, "")


def told(found: AsOf) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "at": found.at,
        "run": found.run_end.body["run"],
        "run_as_of": found.run_end.at,
        "is_rebuilt": found.is_rebuilt,
        "sessions_that_differ": found.differs,
    }


def sentence(found: AsOf) -> str:
    """Whose word it is, and whether this version would say it again."""
    said = f"As of {found.at:%Y-%m-%d %H:%M:%S}Z: what run {found.run_end.body['run']} told, {found.run_end.at}."
    if found.differs:
        said += (
            f" This version of evsettle comes to another state or amount than that run in {found.differs:,} sessions: "
            "`evsettle diff` reads what the runs themselves recorded."
        )
    return said
