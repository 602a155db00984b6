"""How `evsettle verify PERIOD` tells what a replay of a sealed period gave: three answers for each partner."""

from collections.abc import Mapping
from typing import Any

import click

from orchestration.cli.show import money, show_table
from orchestration.facts import ledger
from orchestration.facts.home import Home
from orchestration.replay import Replayed, ReplayError, replay, sealed_periods

_SHOWN = 20


class Told:
    """One replayed period of one partner."""

    def __init__(self, found: Replayed) -> None:
        self._found = found

    @property
    def is_good(self) -> bool:
        """Equal; or computed by another engine, whose differences are an answer and no fault."""
        return self._found.is_equal or not self._found.is_same_engine

    @property
    def answer(self) -> Mapping[str, Any]:
        """As JSON."""
        found, body = self._found, self._found.seal.body
        return {
            "period": body["period"],
            "partner": body["partner"],
            "seal": found.seal.seq,
            "run": found.run.seq,
            "is_equal": found.is_equal,
            "is_same_engine": found.is_same_engine,
            "sealed_by": found.sealed_by,
            "replayed_by": found.replayed_by,
            "lines": found.lines,
            "records": found.records,
            "files": list(found.files),
            "changed": None if found.changed is None else list(found.changed),
            "judged_otherwise": found.judged_otherwise,
            "differences": [
                {name: getattr(each, name) for name in each.__dataclass_fields__} for each in found.differences
            ],
        }

    def show(self) -> None:
        """The three answers in sentences, then what differs."""
        found, body = self._found, self._found.seal.body
        click.echo(f"\n{body['period']} {body['partner']}, sealed by {found.seal.actor} at {found.seal.at}:")
        entry, count = found.seal.seq, len(body["files"])
        click.echo(f"  Sealed bytes are intact: {count} files and their manifest, as entry {entry} names them.")
        counted = f"{found.lines:,} lines and {found.records:,} records"
        if found.is_equal:
            click.echo(f"  Computed again and equal: {counted} to the last digit, the files byte for byte.")
        elif not found.differences and not found.files:
            click.echo(
                f"  Computed again and equal: {counted} to the last digit, the files byte for byte; but "
                f"{found.judged_otherwise:,} lines passed rules of which some are others now."
            )
        else:
            subjects = {each.subject for each in found.differences}
            files = f"; other bytes in {', '.join(found.files)}" if found.files else ""
            click.echo(f"  Computed again and not equal: {len(subjects):,} of {counted} come out otherwise{files}.")
        if found.is_same_engine:
            click.echo(f"  The engine is the one that sealed it: {found.replayed_by}.")
        else:
            click.echo(f"  The engine is another: sealed by {found.sealed_by}, computed again by {found.replayed_by}.")
        self._show_changed()
        self._show_differences()

    def _show_changed(self) -> None:
        """What of the engine is another, so that a difference has its cause."""
        if self._found.changed is None:
            if not self._found.is_same_engine:
                click.echo("  What of it changed is not known: the run of then did not keep its rules and models.")
            return
        for said in self._found.changed:
            click.echo(f"    changed: {said}")

    def _show_differences(self) -> None:
        found = self._found.differences
        if not found:
            return
        rows = [
            (each.subject, each.line, money(each.sealed_excl_tax), money(each.again_excl_tax), each.cause, each.because)
            for each in found[:_SHOWN]
        ]
        columns = ("session", "line", ">sealed", ">again", "cause", "because")
        show_table(f"What comes out otherwise ({len(found):,})", columns, rows)
        if len(found) > _SHOWN:
            click.echo(f"And {len(found) - _SHOWN:,} more: --json lists all.")
        if not self._found.is_same_engine:
            click.echo(
                "What was sealed stands. To correct it, decide on the session: that is a line of a later period."
            )


def replayed(home: Home, named: str) -> list[Told]:
    """Replay what is sealed of a period, or of one partner's. Says so when nothing is. Raises ClickException."""
    from orchestration.cli.run import execute

    entries = ledger.read_all(home)
    chosen = sealed_periods(entries, named)
    if not chosen:
        click.echo(f"Nothing of {named} is sealed: there is nothing to replay.", err=True)
        return []
    try:
        return [
            Told(found)
            for found in replay(
                home,
                entries,
                chosen,
                lambda again, instant: execute(again, instant, ""),
                lambda text: click.echo(text, err=True),
            )
        ]
    except ReplayError as error:
        raise click.ClickException(str(error)) from error
