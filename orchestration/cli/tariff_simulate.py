"""`evsettle tariff simulate`: what a past period would have cost under a draft."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from orchestration.cli.run import check_period
from orchestration.cli.show import show_json, show_table
from orchestration.facts.home import Home, HomeError, open_home
from orchestration.tariffs.diff import changes
from orchestration.tariffs.repricing import Draft, Group, Repricing, RepricingError, Scope, reprice, steps
from orchestration.tariffs.sources import Given, SourceError, given_tariffs, own_party, standing_text

_VIEWS = (("partner", ("partner", "direction")), ("site", ("site",)), ("hour of the start", ("local_hour",)))
_ROWS_SHOWN = 30
_FILES = ("simulation.html", "differences.csv", "sessions.csv")


@click.command(
    "simulate",
    epilog="""\b
Examples:
  evsettle tariff simulate draft.json --period 2026-10
  evsettle tariff simulate draft.json --period 2026-10 --partner emo --out /tmp/draft
  evsettle tariff simulate new-id.json --replaces AC-BASIC --from 2026-10-01 --to 2026-11-01
  evsettle tariff simulate draft.json --json | jq .totals
""",
)
@click.argument("draft", metavar="DRAFT")
@click.option("--period", metavar="P", help="Sessions of this service period: 2026-10 (its halves too), 2026-W41.")
@click.option("--from", "from_day", type=click.DateTime(["%Y-%m-%d"]), help="Sessions started on this day or later.")
@click.option("--to", "to_day", type=click.DateTime(["%Y-%m-%d"]), help="Sessions started before this day (UTC).")
@click.option("--partner", metavar="NAME", help="Only sessions with this partner.")
@click.option("--replaces", metavar="ID", help="The tariff whose place the draft takes. Default: that of its own id.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help=f"A folder for {', '.join(_FILES)}.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
@click.pass_obj
def simulate(
    home_path: Path | None,
    draft: str,
    period: str | None,
    from_day: datetime | None,
    to_day: datetime | None,
    partner: str | None,
    replaces: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Price the sessions of a past period again under DRAFT, and show the difference by partner, site and hour.

    DRAFT is a file with one tariff or several, or a tariff's id in the home. It takes the place of the tariff with
    its id, wherever sessions used that one, whatever the validity of either. The models that settle are run over a copy
    of the sessions in memory: nothing of the home is changed. Amounts are expected prices (discounts taken off), net.
    """
    check_period(period)
    if from_day is not None and to_day is not None and to_day <= from_day:
        raise click.UsageError(f"--to {to_day:%Y-%m-%d} is not after --from {from_day:%Y-%m-%d}; swap them.")
    try:
        home = open_home(home_path)
        given = given_tariffs(draft, home_path)
        drafts = [_draft(home, each, replaces) for each in given]
        scope = Scope(period, _utc(from_day), _utc(to_day), partner)
        with _progress() as progress:
            task = progress.add_task("", total=steps())
            with reprice(
                home, drafts, scope, lambda text: progress.update(task, advance=1, description=text)
            ) as result:
                said = _changes(home, drafts)
                progress.stop()
                _report(draft, scope, said, result, out, as_json)
    except SourceError as error:
        raise click.UsageError(str(error)) from error
    except (HomeError, RepricingError) as error:
        raise click.ClickException(str(error)) from error


def _progress() -> Progress:
    """On standard error, and only where somebody watches: the answer is on standard output."""
    console = Console(stderr=True)
    bar = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*bar, console=console, transient=True, disable=not console.is_terminal)


def _utc(day: datetime | None) -> datetime | None:
    return None if day is None else day.replace(tzinfo=UTC)


def _draft(home: Home, given: Given, replaces: str | None) -> Draft:
    tariff = given.tariff()
    if tariff.problems:
        raise SourceError(f"{given.place}: {tariff.problems[0]}; `evsettle tariff lint` says what to mend.")
    named = replaces or tariff.tariff_id
    if named is None:
        raise SourceError(f"{given.place} has no id: say with --replaces whose place it takes.")
    party, _, tariff_id = named.rpartition(":")
    whose = party or tariff.party or own_party(home)
    if whose is None:
        raise SourceError(f"{given.place} names no party: name the tariff as --replaces NL/EVS:{tariff_id}.")
    return Draft(tariff, whose, tariff_id)


def _changes(home: Home, drafts: Sequence[Draft]) -> list[str]:
    """In words, against the version of each tariff that stands now; nothing where none is known."""
    said = []
    for draft in drafts:
        before = standing_text(home, f"{draft.party}:{draft.replaces}")
        if before is not None:
            kinds = [c for c in changes(before.tariff(), draft.tariff) if c.kind != "validity"]
            said += [f"{draft.replaces}: {change.sentence()}" for change in kinds]
    return said


def _report(draft: str, scope: Scope, said: Sequence[str], result: Repricing, out: Path | None, as_json: bool) -> None:
    written = [] if out is None else _write(draft, scope, said, result, out)
    if as_json:
        show_json(_as_json(said, result) | {"files": written})
        return
    for sentence in said:
        click.echo(f"  {sentence}")
    _show_groups(f"What it would have cost, {_scope_words(scope)}", "", result.groups())
    for name, columns in _VIEWS:
        _show_groups(f"By {name}", name, result.groups(*columns))
    for rule_id, count in result.problems():
        click.echo(f"Without a price under the draft because of {rule_id}, so in no sum above: {count}.")
    if count := result.differs_from_the_run():
        click.echo(f"Priced otherwise now than in the last run, because something came since: {count}.")
    for path in written:
        click.echo(f"Written: {path}")


def _show_groups(title: str, name: str, groups: Sequence[Group]) -> None:
    columns = ([name] if name else []) + [
        "currency", ">sessions", ">changed", ">unpriced", ">kWh", ">now", ">draft", ">difference", ">lowest",
        ">highest",
    ]  # fmt: skip
    shown = sorted(groups, key=lambda g: -abs(g.difference))[:_ROWS_SHOWN] if len(groups) > _ROWS_SHOWN else groups
    rest = f" (the {_ROWS_SHOWN} largest of {len(groups)})" if len(groups) > _ROWS_SHOWN else ""
    show_table(title + rest, columns, [
        (*([" ".join(g.names)] if name else []), g.currency, g.sessions, g.changed, g.unpriced, g.energy_kwh,
         g.now_excl_tax, g.draft_excl_tax, f"{g.difference:+,.2f}", f"{g.lowest:+,.2f}", f"{g.highest:+,.2f}")
        for g in shown
    ])  # fmt: skip


def _scope_words(scope: Scope) -> str:
    parts = [f"service period {scope.period}"] if scope.period else []
    parts += [f"from {scope.from_time:%Y-%m-%d}"] if scope.from_time else []
    parts += [f"before {scope.to_time:%Y-%m-%d}"] if scope.to_time else []
    parts += [f"with {scope.partner}"] if scope.partner else []
    return ", ".join(parts) or "all sessions"


def _as_json(said: Sequence[str], result: Repricing) -> dict[str, Any]:
    def rows(*columns: str) -> list[dict[str, Any]]:
        names = [name for name in Group.__slots__ if name != "names"]
        return [
            dict(zip(columns, group.names, strict=True)) | {name: getattr(group, name) for name in names}
            for group in result.groups(*columns)
        ]

    return {
        "changes": list(said),
        "totals": rows(),
        "by_partner": rows("partner", "direction"),
        "by_site": rows("site"),
        "by_hour": rows("local_hour"),
        "unpriced_because": dict(result.problems()),
        "sessions_other_than_in_last_run": result.differs_from_the_run(),
    }


def _write(draft: str, scope: Scope, said: Sequence[str], result: Repricing, out: Path) -> list[str]:
    from orchestration.tariffs.repricing_page import group_rows, groups_csv, page, sessions_csv

    title = f"{Path(draft).stem} on past sessions: {_scope_words(scope)}"
    contents = (page(title, said, result).encode(), groups_csv(group_rows(result)), sessions_csv(result.sessions()))
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in zip(_FILES, contents, strict=True):
            (out / name).write_bytes(content)
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written ({error.strerror}): name another --out folder.") from error
    return [str(out / name) for name in _FILES]
