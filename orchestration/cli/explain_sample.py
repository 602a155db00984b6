"""`evsettle explain --sample N`: how many of the sessions taken tell what, and which sums are not right."""

import secrets
import sys
from dataclasses import asdict

import click

from orchestration.cli.show import show_json, show_table
from orchestration.facts.home import Home
from orchestration.published import Snapshot
from orchestration.story.sample import Sample, sample


def show_sample(home: Home, count: int, seed: str | None, as_json: bool) -> bool:
    """Explain that many sessions and say what was found; whether everything is right."""
    seed = secrets.token_hex(4) if seed is None else seed
    with click.progressbar(length=count, label="Explaining", file=sys.stderr) as bar:
        found = sample(home, Snapshot(home), count, seed, lambda: bar.update(1))
    if as_json:
        show_json({"is_right": found.is_right, **asdict(found)})
    else:
        _show(found)
    return found.is_right


def _show(found: Sample) -> None:
    sessions = found.sessions
    rows = [
        (state, len(its), *(sum(getattr(one, name) for one in its) for name in _TOLD), sum(one.sums for one in its))
        for state in sorted({one.state for one in sessions})
        if (its := [one for one in sessions if one.state == state])
    ]
    columns = ("state", ">sessions", ">with tariff", ">with meter", ">with authorization", ">sums")
    show_table(f"{len(sessions):,} sessions taken at random (--seed {found.seed} takes them again)", columns, rows)
    for session in sessions:
        for problem in session.problems:
            click.echo(f"{session.cdr_key}: {problem}")
    for problem in found.statement_problems:
        click.echo(problem)
    count = sum(one.sums for one in sessions)
    if found.is_right:
        click.echo(f"All {count:,} sums are right, and so are the {found.statements:,} statements that they stand on.")
    else:
        click.echo("Not everything is right: evsettle explain SESSION shows the whole of it.")


_TOLD = ("has_tariff", "has_meter", "has_authorization")
