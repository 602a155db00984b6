"""`evsettle parallel`: a closed month of another platform, rebuilt here and compared to the cent."""

import csv
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from orchestration.cli.reconcile import refuse_unknown
from orchestration.cli.show import show_json
from orchestration.cli.view_files import file_options, show_view
from orchestration.facts.home import HomeError, open_home
from orchestration.pages.views import Picture, Step, Table, View
from orchestration.parallel import Compared, Stated, compare
from orchestration.published import Snapshot

_NEEDED = ("partner", "period", "direction", "currency", "amount_excl_tax")
_DIRECTIONS = ("receivable", "payable")


def read_totals(path: Path) -> list[Stated]:
    """The statements of a CSV with columns partner, period, direction, currency, amount_excl_tax and, if it likes,
    sessions. Raises HomeError, one sentence with the line."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            missing = [name for name in _NEEDED if name not in (rows.fieldnames or ())]
            if missing:
                raise HomeError(f"{path} has no column {', '.join(missing)}: it needs {', '.join(_NEEDED)}.")
            found = list(_stated(path, rows))
    except UnicodeDecodeError as error:
        raise HomeError(f"{path} is not UTF-8: save it as CSV in UTF-8.") from error
    except (OSError, csv.Error) as error:
        raise HomeError(f"{path} cannot be read: {error}.") from error
    if not found:
        raise HomeError(f"{path} states no total: it needs a row for each statement.")
    return found


def _stated(path: Path, rows: "csv.DictReader[str]") -> Iterator[Stated]:
    known: set[tuple[str, ...]] = set()
    for row in rows:
        place = f"{path}, line {rows.line_num}"
        key = partner, period, direction, currency = (
            (row["partner"] or "").strip(), (row["period"] or "").strip(), (row["direction"] or "").strip(),
            (row["currency"] or "").strip(),
        )  # fmt: skip
        if not all(key):
            raise HomeError(f"{place}: {_NEEDED[key.index('')]} is empty.")
        if direction not in _DIRECTIONS:
            raise HomeError(f"{place}: direction is {direction}, expected receivable or payable.")
        if key in known:
            raise HomeError(f"{place}: {' '.join(key)} is stated twice.")
        known.add(key)
        amount = _number(place, "amount_excl_tax", row["amount_excl_tax"])
        sessions = (row.get("sessions") or "").strip()
        if sessions and not sessions.isdecimal():
            raise HomeError(f"{place}: sessions is {sessions}, expected a whole number.")
        yield Stated(partner, period, direction, currency, amount, int(sessions) if sessions else None)


def _number(place: str, name: str, text: str | None) -> Decimal:
    try:
        number = Decimal((text or "").strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= Decimal(10) ** 15:
        raise HomeError(f"{place}: {name} is {text or 'empty'}, expected an amount like 1234.56.")
    return number


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


@click.command(
    "parallel",
    epilog="Examples:\n\n  evsettle parallel october-totals.csv\n\n"
    "  evsettle parallel totals.csv --line-scale 4 --xlsx compared.xlsx",
)
@click.argument("totals", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--line-scale", type=click.IntRange(0, 8), default=2, show_default=True,
              help="Decimals to which each line of theirs was rounded.")  # fmt: skip
@file_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
@click.pass_obj
def command(
    home_path: Path | None, totals: Path, line_scale: int, html_path: Path | None, xlsx_path: Path | None, as_json: bool
) -> None:
    """A closed month of another platform beside ours: equal, or each differing CDR with its cause and its cents.

    Its CDR export lands as any files do and is run (set `history_before` in network.yaml). TOTALS is a CSV with what
    its statements say: partner, period, direction, currency, amount_excl_tax, and sessions if known. Theirs plus all
    differences is ours, exactly.
    """
    try:
        stated = read_totals(totals)
        snapshot = Snapshot(open_home(home_path))
        for one in stated:
            refuse_unknown(snapshot, one.period, one.partner)
        results = [compare(snapshot, one, line_scale) for one in stated]
    except HomeError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        show_json({"statements": [_as_json(one) for one in results]})
    else:
        show_view(_view(results), html_path, xlsx_path)
