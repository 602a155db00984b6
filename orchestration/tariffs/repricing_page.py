"""What a draft would have cost, as a page that needs nothing but itself, and as CSV. No amounts are worked out here."""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape

from orchestration.defs.settle.statement_csv import safe_text
from orchestration.tariffs.repricing import Group, Repricing

GROUPS = (("partner", ("partner", "direction")), ("site", ("site",)), ("hour", ("local_hour",)))
_SITES_SHOWN = 20
_UP, _DOWN = "#1b7f5c", "#b3402a"


def group_rows(result: Repricing) -> list[tuple[str, Group]]:
    """Every group of the three views and the total, with the view's name."""
    rows = [("total", group) for group in result.groups()]
    return rows + [(view, group) for view, columns in GROUPS for group in result.groups(*columns)]


def groups_csv(rows: Iterable[tuple[str, Group]]) -> bytes:
    """One row a view, group and currency; exact decimals, UTF-8, CRLF."""
    header = ("view", "group", "currency", "sessions", "sessions_changed", "sessions_unpriced", "energy_kwh",
              "now_excl_tax", "draft_excl_tax", "difference", "lowest_difference", "highest_difference")  # fmt: skip
    return _csv(header, (
        (view, " ".join(group.names), group.currency, group.sessions, group.changed, group.unpriced, group.energy_kwh,
         group.now_excl_tax, group.draft_excl_tax, group.difference, group.lowest, group.highest)
        for view, group in rows
    ))  # fmt: skip


def sessions_csv(sessions: Iterable[dict[str, Any]]) -> bytes:
    """One row a session with both prices and the exact difference; what is not known is empty."""
    header = ("cdr_key", "cdr_id", "partner", "direction", "state", "service_period", "statement_id",
              "statement_status", "site", "local_hour", "started_at", "currency", "energy_kwh", "claimed_excl_tax",
              "now_excl_tax", "draft_excl_tax", "difference")  # fmt: skip
    return _csv(header, ([session[name] for name in header] for session in sessions))


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([[_cell(value) for value in row] for row in rows])
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value.normalize() + 0, "f")
    return safe_text(value) if isinstance(value, str) else str(value)


def page(title: str, changes: Sequence[str], result: Repricing) -> str:
    """The whole page: what changes, the totals, three pictures and their tables."""
    rows = group_rows(result)
    views = []
    for view, _ in GROUPS:
        groups = [group for name, group in rows if name == view]
        for currency in sorted({group.currency for group in groups}):
            shown = [group for group in groups if group.currency == currency]
            views.append({"view": view, "currency": currency, "groups": shown, "picture": _picture(view, shown)})
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=select_autoescape(["html"]), trim_blocks=True
    )
    environment.filters["money"] = lambda amount: f"{amount:,.2f}"
    environment.filters["signed"] = lambda amount: f"{amount:+,.2f}"
    return environment.get_template("repricing.html").render(
        title=title,
        changes=changes,
        totals=[group for name, group in rows if name == "total"],
        views=views,
        problems=result.problems(),
    )


def _picture(view: str, groups: Sequence[Group]) -> str:
    """Bars of the difference by group as SVG; sites by the size of their difference, the largest first."""
    import altair
    import vl_convert

    if view == "site":
        groups = sorted(groups, key=lambda group: (-abs(group.difference), group.names))[:_SITES_SHOWN]
    # A picture is drawn in floats; every figure in words and tables is exact.
    values = [{"group": " ".join(group.names), "difference": float(group.difference)} for group in groups]
    bars = altair.Chart(altair.Data(values=values)).mark_bar()  # type: ignore[no-untyped-call]
    category = altair.Axis(title={"hour": "hour of the start, local time"}.get(view, view), labelLimit=180)
    amount = altair.Axis(title=f"draft less now, {groups[0].currency}", grid=True)
    colour = altair.condition("datum.difference >= 0", altair.value(_UP), altair.value(_DOWN))
    if view == "hour":
        hours = [str(hour) for hour in range(24)]
        chart = bars.encode(
            x=altair.X("group:O", sort=None, axis=category, scale=altair.Scale(domain=hours)),
            y=altair.Y("difference:Q", axis=amount), color=colour,
        ).properties(width=680, height=220)  # fmt: skip
    else:
        chart = bars.encode(
            y=altair.Y("group:N", sort=None, axis=category), x=altair.X("difference:Q", axis=amount), color=colour
        ).properties(width=560, height=max(40, 22 * len(values)))
    return str(vl_convert.vegalite_to_svg(chart.to_dict()))
