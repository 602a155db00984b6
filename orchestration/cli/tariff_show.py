"""`evsettle tariff show`: the truth about one tariff: its versions, prices in words, approval and publication."""

from datetime import UTC, datetime
from pathlib import Path

import click

from orchestration.cli.run import parse_instant
from orchestration.cli.show import show_json
from orchestration.facts.home import HomeError, open_home
from orchestration.tariffs.registry import RegistryError
from orchestration.tariffs.standing import Standing, standing_of


@click.command(
    "show",
    epilog="""\b
Examples:
  evsettle tariff show AC-BASIC
  evsettle tariff show AC-BASIC --as-of 2026-10-15T12:00:00Z
  evsettle tariff show AC-BASIC --as-of 2026-10-15 --known 2026-11-03   (what we knew when we billed)
  evsettle tariff show NL/EVS:AC-BASIC --html ac-basic.html
  evsettle tariff show --html tariffs.html      (all of ours on one page, with who approved them)
""",
)
@click.argument("names", metavar="[TARIFF-ID]...", nargs=-1)
@click.option(
    "--as-of", metavar="TIME", help="Which version is in force then: a day (UTC) or a time. Default: none asked."
)
@click.option("--known", metavar="TIME", help="Only what was known by then: a day (UTC) or a time. Default: all.")
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="Write it as one page.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
@click.pass_obj
def show(
    home_path: Path | None,
    names: tuple[str, ...],
    as_of: str | None,
    known: str | None,
    page: Path | None,
    as_json: bool,
) -> None:
    """Show every version of a tariff: validity, since when it is known, who approved it, who showed it, its prices.

    Without TARIFF-ID all of ours are shown.

    The two clocks are asked apart: --as-of says when a session starts, --known what we knew. An approval or publication
    later than --known is not counted. The version in force is the one that a run would price with.
    """
    moment, then = _moment(as_of), _moment(known)
    try:
        by_name = standing_of(open_home(home_path), names, moment, then)
    except (HomeError, RegistryError) as error:
        raise click.ClickException(str(error)) from error
    for name, standings in by_name.items():
        if not standings:
            raise click.UsageError(
                f"No tariff {name} is known{' by then' if then else ''}: check the id, or run first."
            )
    found = [standing for standings in by_name.values() for standing in standings]
    if page is not None:
        _write(page, found)
    if as_json:
        show_json({"tariffs": [standing.as_json() for standing in found]})
    elif page is None:
        if not found:
            click.echo("There is no tariff of ours: put one into master/tariffs, or name a partner's.")
        for standing in found:
            _show(standing)


def _moment(text: str | None) -> datetime | None:
    """A day is its start in UTC."""
    if text is None:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        return parse_instant(text)
    return day.replace(tzinfo=UTC)


def _write(page: Path, found: list[Standing]) -> None:
    from orchestration.tariffs.standing_page import render

    try:
        page.write_text(render(found), encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{page} cannot be written ({error.strerror}): name another --html file.") from error
    click.echo(f"Written: {page}")


def _show(standing: Standing) -> None:
    click.secho(f"{standing.party}:{standing.tariff_id}", bold=True)
    for sentence in standing.answer():
        click.echo(f"  {sentence}")
    for shown in standing.versions:
        click.echo()
        click.secho(f"  version {shown.number}: {shown.validity}", bold=shown.is_in_force)
        for label, text in shown.facts():
            click.echo(f"    {label + ':':12} {text}")
        for line in shown.prices:
            click.echo(f"      {line}")
    if standing.waiting:
        click.echo()
    for text in standing.waiting:
        click.echo(f"  {text}")
    click.echo()
