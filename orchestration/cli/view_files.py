"""How a command shows a view: in the terminal, or as one page or workbook. What does not belong here: any query."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from orchestration.cli.show import show_table, shown_path
from orchestration.pages.views import View, to_html
from orchestration.pages.workbook import to_workbook

_ROWS_SHOWN = 40


def file_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--html and --xlsx."""
    for name, what in (
        ("xlsx", "a workbook with all rows and charts"),
        ("html", "one page with charts that needs nothing else"),
    ):
        command = click.option(
            f"--{name}", f"{name}_path", type=click.Path(path_type=Path, dir_okay=False), help=f"Write {what}."
        )(command)
    return command


def show_view(view: View, html: Path | None, xlsx: Path | None) -> None:
    """Write what was asked for; else print the tables. Raises UsageError where a file cannot be written."""
    for path, form in ((html, to_html), (xlsx, to_workbook)):
        if path is not None:
            try:
                path.write_bytes(form(view))
            except OSError as error:
                raise click.UsageError(f"{path} cannot be written: {error.strerror}.") from error
            click.echo(f"Wrote {shown_path(path.resolve())}.")
    if html is not None or xlsx is not None:
        return
    click.echo(view.title)
    click.echo(f"  {view.lead}\n")
    for table in view.tables:
        show_table(table.name, table.columns, table.rows[:_ROWS_SHOWN])
        if len(table.rows) > _ROWS_SHOWN:
            click.echo(f"And {len(table.rows) - _ROWS_SHOWN:,} more: --json, --html and --xlsx have them.\n")
