"""One page of an explanation, told once and shown as text or as HTML that needs nothing but itself.

What does not belong here: what is told (session_page, statement_page, file_page).
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import click

from orchestration.cli.show import show_table

_WIDTH = 118
_RAW_SHOWN = 1500
# Columns that hold money.
_MONEY = frozenset(
    f">{name}"
    for name in (
        "net", "tax", "gross", "claimed", "expected", "difference", "settled", "billed", "now", "corrected", "open",
        "disputed", "resolved",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with, in this order: labelled facts, sentences, a table, text as it stands in a file.

    A column whose name starts with '>' holds numbers.
    """

    title: str
    facts: Sequence[tuple[str, str | None]] = ()
    sentences: Sequence[str] = ()
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()
    raw: str | None = None

    @property
    def is_empty(self) -> bool:
        """Nothing to tell: the heading is left out."""
        return not (self.rows or self.sentences or self.raw or any(text for _, text in self.facts))


@dataclass(frozen=True, slots=True)
class Page:
    """A title, what matters most in a sentence or two, and the sections that have something to tell."""

    title: str
    subtitle: str
    lead: Sequence[str]
    sections: Sequence[Section] = field(default_factory=list)

    @property
    def told(self) -> list[Section]:
        """The sections that are not empty."""
        return [section for section in self.sections if not section.is_empty]


def plain(value: Decimal | None, unknown: str = "-") -> str:
    """A number as it is, without needless zeros."""
    return unknown if value is None else format(value.normalize() + 0, "f")


def instant(value: datetime | None) -> str:
    """2026-10-01 14:37:12Z, or `unknown`."""
    return "unknown" if value is None else f"{value:%Y-%m-%d %H:%M:%S}Z"


def amount(value: Decimal | None, unknown: str = "-") -> str:
    """Money: every digit that it has, and two decimals at least."""
    if value is None:
        return unknown
    whole, _, decimals = plain(value).partition(".")
    return f"{whole}.{decimals:0<2}"


def cell(value: object, column: str = "") -> str:
    """One cell of a table: exact numbers, money with its cents, UTC times, nothing for what is not known."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return amount(value) if column in _MONEY else plain(value)
    if isinstance(value, datetime):
        return instant(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def show(page: Page) -> None:
    """Print the page."""
    click.secho(page.title, bold=True, nl=False)
    click.echo(f"  {page.subtitle}")
    for sentence in page.lead:
        _wrapped(sentence, "  ")
    click.echo()
    for section in page.told:
        if section.columns and section.rows and not section.facts and not section.sentences:
            _table(section.title, section)
        else:
            click.secho(section.title, bold=True)
            _facts(section.facts)
            for sentence in section.sentences:
                _wrapped(sentence, "  ")
            if section.rows:
                _table("", section)
        if section.raw is not None:
            left = len(section.raw) - _RAW_SHOWN
            click.echo(f"  {section.raw[:_RAW_SHOWN]}{f' … and {left} more characters' if left > 0 else ''}")
        if not section.rows:
            click.echo()


def _table(title: str, section: Section) -> None:
    rows = [[cell(value, column) for value, column in zip(row, section.columns, strict=True)] for row in section.rows]
    show_table(title, section.columns, rows)


def _facts(facts: Sequence[tuple[str, str | None]]) -> None:
    width = max((len(label) for label, text in facts if text), default=0) + 2
    for label, text in facts:
        if text:
            _wrapped(text, f"  {label + ':':{width}}", " " * (width + 2))


def _wrapped(text: str, first: str, others: str | None = None) -> None:
    indent = first if others is None else others
    lines = textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    click.echo("\n".join(lines))


def html(page: Page) -> str:
    """The page as one HTML file: every text escaped, no script, nothing from elsewhere."""
    from jinja2 import Environment, FileSystemLoader, select_autoescape

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=select_autoescape(["html"]), trim_blocks=True
    )
    environment.filters["cell"] = cell
    return environment.get_template("page.html").render(page=page)
