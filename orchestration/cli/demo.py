"""`evsettle demo`: writes a home with a believable month of sessions and planted faults."""

import sys
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

DEFAULT_SESSIONS = 6000
MOST_SESSIONS = 2_000_000
DEFAULT_SEED = 1
PER_MILLION = 1_000_000


def _rate(context: click.Context, parameter: click.Parameter, text: str) -> int:
    """A share as parts per million."""
    try:
        rate = Decimal(text)
    except InvalidOperation as error:
        raise click.BadParameter(f"{text!r} is not a number between 0 and 0.5, such as 0.04") from error
    if not 0 <= rate <= Decimal("0.5"):
        raise click.BadParameter(f"{text} is not between 0 and 0.5: it is the share of sessions with a fault")
    return int(rate * PER_MILLION)


@click.command(
    "demo",
    epilog="Examples:\n\n  evsettle demo data\n\n"
    "  evsettle demo /tmp/october --month 2026-10 --sessions 20000 --faults 0",
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--sessions",
    type=click.IntRange(100, MOST_SESSIONS),
    default=DEFAULT_SESSIONS,
    show_default=True,
    help="How many charging sessions.",
)
@click.option("--seed", type=int, default=DEFAULT_SEED, show_default=True, help="The same seed gives the same bytes.")
@click.option("--month", metavar="YYYY-MM", help="The month of the sessions. Default: the one before today.")
@click.option("--faults", "rate_ppm", callback=_rate, default="0.04", show_default=True, help="Share with a fault.")
def command(folder: Path, sessions: int, seed: int, month: str | None, rate_ppm: int) -> None:
    """Write a home in DIR: partners in four tax areas, tariffs, chargers, drivers, a month of sessions.

    Faults are planted among them; DIR/truth.csv says which, where, and the rule that must find each.
    """
    from orchestration.demo.clock import month_before, parse_month
    from orchestration.demo.write import DemoError, Options, refuse_used, write_demo

    try:
        chosen = parse_month(month) if month else month_before(datetime.now(UTC).date())
    except ValueError as error:
        raise click.BadParameter(f"{month!r} is not a month such as 2026-10", param_hint="--month") from error
    try:
        refuse_used(folder)
    except DemoError as error:
        raise click.ClickException(str(error)) from error
    label = f"Writing {sessions:,} sessions of {chosen.text}"
    with click.progressbar(length=2 * sessions, label=label, file=sys.stderr, update_min_steps=500) as bar:
        written = write_demo(folder, Options(chosen, sessions, seed, rate_ppm), bar.update)
    click.echo(
        f"{folder}: {written.records:,} CDRs of {written.partners} partners for {chosen.text} "
        f"in {written.files} files, {written.faults:,} sessions with a planted fault (truth.csv says which)."
    )
    click.echo(f"Next: evsettle --home {folder} run")
