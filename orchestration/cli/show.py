"""How the command line shows tables, money and JSON. What does not belong here: any query."""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from orchestration.facts.home import DEFAULT_HOME, Home


def home_option(home: Home) -> str:
    """What a suggested command needs to reach this home: nothing for ./data, else ` --home PATH`."""
    if home.root == Path(DEFAULT_HOME).resolve():
        return ""
    return f" --home {shown_path(home.root)}"


def shown_path(path: Path) -> str:
    """A path as a person would type it from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def money(amount: Decimal | None) -> str:
    """An amount with two decimals and thousands apart; an unknown one as a dash."""
    return "-" if amount is None else f"{amount:,.2f}"


def counted(number: int, thing: str) -> str:
    """A number of things as a sentence has it: 1 case, 2 cases."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def text(value: object) -> str:
    """One cell: nothing for null, counts with thousands apart, dates as ISO."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return money(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return value.isoformat() if isinstance(value, date) else str(value)


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; columns whose name starts with '>' are right-aligned numbers."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column.lstrip(">"), justify="right" if column.startswith(">") else "left", overflow="fold")
    for row in rows:
        table.add_row(*(text(value) for value in row))
    console = Console(highlight=False, width=None if Console().is_terminal else 140, markup=False)
    console.print(table)
    console.print()


def show_json(value: Any) -> None:
    """One JSON object; decimals and times as strings, so that no reader makes floats of them."""
    click.echo(json.dumps(value, default=_plain, ensure_ascii=False))


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form here")
