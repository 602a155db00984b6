"""`evsettle parallel`: a closed month of another platform, rebuilt here and compared to the cent."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from orchestration.cli.parallel_totals import read_totals
from orchestration.cli.reconcile import refuse_unknown
from orchestration.cli.run import parse_instant, settle
from orchestration.cli.show import show_json
from orchestration.cli.view_files import file_options, show_view
from orchestration.facts.home import HomeError, open_home
from orchestration.pages.views import Picture, Step, Table, View
from orchestration.parallel import Compared, compare
from orchestration.parallel_export import land_export
from orchestration.published import Snapshot


def _view(results: list[Compared]) -> View:
    place = ("partner", "period", "direction", "currency")
    equal = sum(1 for one in results if not one.difference and not one.rows)
    causes: dict[tuple[str, ...], tuple[int, Decimal]] = {}
    for one in results:
        for row in one.rows:
            key = (one.stated.partner, one.stated.period, one.stated.direction, one.stated.currency, row["cause"])
            lines, amount = causes.get(key, (0, Decimal(0)))
            causes[key] = (lines + 1, amount + row["difference"])
    return View(
        title="Another platform's month beside ours",
        lead=f"{equal} of {len(results)} statements are equal, CDR by CDR. Differences are ours less theirs.",
        pictures=[
            Picture(
                f"{one.stated.partner}, {one.stated.period}, {one.stated.direction}, {one.stated.currency}",
                [
                    Step("theirs", one.stated.amount_excl_tax, is_level=True),
                    *(
                        Step(f"{key[4]} ({lines:,})", amount, is_level=False)
                        for key, (lines, amount) in causes.items()
                        if key[:4] == tuple(getattr(one.stated, name) for name in place)
                    ),
                    Step("ours", one.our_excl_tax, is_level=True),
                ],
            )
            for one in results
        ],
        tables=[
            Table(
                "Totals",
                [*place, ">stated sessions", ">sessions", ">equal", ">theirs", ">ours", ">difference"],
                [
                    [*(getattr(one.stated, name) for name in place), one.stated.sessions, one.sessions,
                     one.equal_sessions, one.stated.amount_excl_tax, one.our_excl_tax, one.difference]
                    for one in results
                ],
            ),
            Table(
                "Causes", [*place, "cause", ">lines", ">difference"],
                [[*key, lines, amount] for key, (lines, amount) in causes.items()],
            ),
            Table(
                "Each that differs",
                ["partner", "period", "CDR or line", "cause", ">claimed", ">expected", ">theirs", ">ours",
                 ">difference"],
                [
                    [one.stated.partner, one.stated.period, row["line"], row["cause"], row["claimed_excl_tax"],
                     row["expected_excl_tax"], row["their_excl_tax"], row["our_excl_tax"], row["difference"]]
                    for one in results
                    for row in one.rows
                ],
            ),
        ],
    )  # fmt: skip


def _as_json(one: Compared) -> dict[str, Any]:
    return {
        "partner": one.stated.partner, "period": one.stated.period, "direction": one.stated.direction,
        "currency": one.stated.currency, "their_excl_tax": one.stated.amount_excl_tax,
        "our_excl_tax": one.our_excl_tax, "difference": one.difference, "stated_sessions": one.stated.sessions,
        "sessions": one.sessions, "equal_sessions": one.equal_sessions, "differing": one.rows,
    }  # fmt: skip


def _exports(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> list[tuple[str, Path]]:
    """SOURCE=PATH each: whose folder of landing, and a file or a folder of files."""
    found = []
    for each in given:
        source, _, path = each.partition("=")
        if not source or "/" in source or not Path(path or "?").exists():
            raise click.BadParameter(f"{each!r} is not SOURCE=PATH of a file or folder, as own=october.ndjson.")
        found.append((source, Path(path)))
    return found


@click.command(
    "parallel",
    epilog="Examples:\n\n  evsettle parallel october-totals.csv\n\n"
    "  evsettle --home october parallel totals.xlsx --cdrs own=export/ours.ndjson --cdrs nordlade=export/nordlade\n\n"
    "  evsettle parallel totals.csv --line-scale 4 --xlsx compared.xlsx",
)
@click.argument("totals", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--cdrs", "exports", multiple=True, metavar="SOURCE=PATH", callback=_exports,
              help="Its CDR export, landed and run first: a file or folder of own, a partner, a hub.")  # fmt: skip
@click.option("--line-scale", type=click.IntRange(0, 8), default=2, show_default=True,
              help="Decimals to which each line of theirs was rounded.")  # fmt: skip
@file_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
@click.pass_obj
def command(
    home_path: Path | None,
    totals: Path,
    exports: list[tuple[str, Path]],
    line_scale: int,
    html_path: Path | None,
    xlsx_path: Path | None,
    as_json: bool,
) -> None:
    """A closed month of another platform beside ours: equal, or each differing CDR with its cause and its cents.

    TOTALS says what its statements say, as CSV, JSON or XLSX: partner, period, direction, currency, amount_excl_tax,
    and sessions if known. With --cdrs its CDR export is taken into this home and run, which must have no other CDRs and
    `history_before` in network.yaml; without, that was done before. Theirs plus all differences is ours, exactly.
    """
    try:
        stated = read_totals(totals)
        home = open_home(home_path)
        if exports:
            count = land_export(home, exports, stated)
            click.echo(f"Landed: {count} files of the export", err=True)
            settle(home, parse_instant(None))
        snapshot = Snapshot(home)
        for one in stated:
            refuse_unknown(snapshot, one.period, one.partner)
        results = [compare(snapshot, one, line_scale) for one in stated]
    except HomeError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        show_json({"statements": [_as_json(one) for one in results]})
    else:
        show_view(_view(results), html_path, xlsx_path)
