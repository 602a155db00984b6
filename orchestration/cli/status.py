"""`evsettle status`: where every session and period stands."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from orchestration.as_of import AsOf
from orchestration.cli.as_of import as_of_option, read_at, sentence, told
from orchestration.cli.channels import hand_off_sentence, hand_offs
from orchestration.cli.show import home_option, show_json, show_table, shown_path, text
from orchestration.close_state import close_state, missed_checkpoints, who_acts_next
from orchestration.exception_queue import totals
from orchestration.facts import ledger
from orchestration.facts.home import Home, HomeError, open_home
from orchestration.facts.ledger import Entry
from orchestration.published import Snapshot
from orchestration.quality import headline, percent

_STATES = """
    select state, direction, count(*) as sessions, sum(coalesce(settled_energy_kwh, energy_kwh)) as energy_kwh
    from cdrs
    group by state, direction
    order by case state when 'valid' then 1 when 'adjusted' then 2 when 'credited' then 3 when 'held' then 4 else 5 end,
        direction
"""

_RECORDS = """
    select feed, disposition, reason, count(*) as records
    from records
    where disposition in ('quarantined', 'superseded')
    group by feed, disposition, reason
    order by feed, disposition, records desc, reason
"""

_STATEMENTS = """
    select statement_id, statements.partner, statements.period, statements.direction, statements.currency,
        statements.status, sessions, energy_kwh, statements.amount_excl_tax, disputed_excl_tax
    from statements
    inner join statement_balances using (statement_id)
    order by statements.period, statements.partner, statements.direction, statements.currency, statement_id
"""

_PERIODS = """
    select period, partner, status, approved_by, sealed_by, sessions_held, held_excl_tax, is_approval_lost,
        draft_due_at, approval_due_at, close_due_at,
        case when status = 'sealed' then null when status = 'approved' then 'seal' else 'approval' end as next_step,
        case when status = 'sealed' then null when status = 'approved' then close_due_at else approval_due_at end
            as due_at
    from periods
    order by period, partner
"""

_DIFFERENCES = """
    select period, partner, currency, cause, count(*) as sessions, sum(open_excl_tax) as open_excl_tax
    from sealed_differences
    where open_excl_tax is null or open_excl_tax <> 0
    group by period, partner, currency, cause
    order by period, partner, currency, cause
"""


def left_aside(home: Home, entries: Sequence[Entry]) -> dict[str, list[str]]:
    """What stands wrong in master and landing, and which terms nobody approved, a sentence each.

    It was left aside, and the last good version stands.
    """
    from orchestration.defs.ingest.contract_changes import unapproved_terms
    from orchestration.defs.ingest.landing import landing_problems
    from orchestration.defs.ingest.load import MasterError
    from orchestration.defs.ingest.master_data import fold_master
    from orchestration.defs.ingest.rules import overridable, read_rules
    from orchestration.version import suites

    try:
        folded = fold_master(home, entries, overridable(read_rules(suites())))
        master = [sentence for sentence, _ in folded.problems.values()]
        terms = unapproved_terms(folded.contracts, entries)
    except MasterError as error:
        master, terms = [str(error)], []
    return {"problems": [*master, *landing_problems(home)], "unapproved_terms": terms}


def summary(home: Home, then: AsOf | None = None) -> dict[str, Any]:
    """States, quarantine, statements and open exceptions of a home's last published run, or as they stood then."""
    if then is not None:
        home = then.home
    now = datetime.now(UTC) if then is None else then.at
    snapshot = Snapshot(home)
    entries = ledger.read_all(home)
    last = next((entry for entry in reversed(entries) if entry.kind == "run-end"), None)
    periods = who_acts_next(snapshot, entries, snapshot.records(_PERIODS))
    return {
        "home": str(home.root),
        "last_run": None if last is None else {"seq": last.body["run"], "at": last.at, "outcome": last.body["outcome"]},
        "states": snapshot.records(_STATES),
        "set_aside": snapshot.records(_RECORDS),
        "statements": snapshot.records(_STATEMENTS),
        "close": close_state(snapshot),
        "periods": [_with_lateness(period, now) for period in periods],
        "missed_checkpoints": missed_checkpoints(periods, now),
        "sealed_differences": snapshot.records(_DIFFERENCES),
        "exceptions": totals(snapshot),
        "quality": _quality(snapshot),
        "hand_offs": hand_offs(snapshot),
        # What is wrong in landing and master now says nothing of then.
        **(left_aside(home, entries) if then is None else {"problems": [], "unapproved_terms": []}),
        **({} if then is None else {"as_of": told(then)}),
    }


def _with_lateness(period: dict[str, Any], now: datetime) -> dict[str, Any]:
    due_at = period["due_at"]
    return period | {"is_late": due_at is not None and due_at <= now}


def _quality(snapshot: Snapshot) -> dict[str, Any]:
    total, alarms = headline(snapshot.named)
    return total | {"alarms": [alarm["sentence"] for alarm in alarms]}


def _show_quality(found: dict[str, Any], home: Home) -> None:
    """One line, and one for each alarm."""
    count = len(found["alarms"])
    if found["records"]:
        click.echo(
            f"Quality: {percent(found['without_person'], found['records'])} of {found['records']:,} records decided "
            f"without a person, {percent(found['faulty'], found['records'])} with a fault, "
            f"{count} {'alarm' if count == 1 else 'alarms'}   (evsettle{home_option(home)} quality)"
        )
    for alarm in found["alarms"]:
        click.secho(f"Alarm: {alarm}", fg="yellow")


def _show_close(found: dict[str, Any], home: Home) -> None:
    """Days to close, open value and disputes: what those who answer for the close look at first."""
    closed, disputes = found["closed"], found["disputes"]
    if closed["periods"]:
        click.echo(
            f"Close: {closed['periods']} periods sealed, {closed['average_days']} days after their end on average "
            f"({closed['average_working_days']} working days), {closed['days_max']} at most; the last on "
            f"{closed['last_sealed_on']}   (evsettle{home_option(home)} closing)"
        )
    click.echo(
        f"Disputes: {disputes['disputes']} open, {disputes['late']} of them late   "
        f"(evsettle{home_option(home)} disputes)\n"
    )
    show_table(
        "Open value (drafts net, what is billed and not paid gross)",
        ["direction", "currency", ">drafts", ">billed and due", ">of it overdue", ">disputed"],
        [tuple(row.values()) for row in found["open_value"]],
    )


def _show_periods(found: dict[str, Any]) -> None:
    """How far each period is, what is due, and what closed ones would come out at today."""
    show_table(
        "Periods on their way to the seal",
        ["period", "partner", "status", "next", "by", "due", ">held", ">at stake"],
        [
            (
                one["period"], one["partner"], one["status"], one["act"], one["responsible"],
                text(one["due_at"]) + " late" * one["is_late"],
                one["sessions_held"], one["held_excl_tax"],
            )
            for one in found["periods"]
        ],
    )  # fmt: skip
    for missed in found["missed_checkpoints"]:
        click.secho(f"Alarm: {missed['sentence']}", fg="yellow")
    for one in found["periods"]:
        if one["is_approval_lost"]:
            subject = f"{one['period']}|{one['partner']}"
            click.secho(
                f"The drafts of {subject} changed after {one['approved_by']} approved them, so that approval is lost: "
                f"propose them anew with `evsettle decide period '{subject}' --by NAME`.",
                fg="yellow",
            )
    if found["sealed_differences"]:
        show_table(
            "Sealed sessions that would come out otherwise today (they do not change; two people decide)",
            ["period", "partner", "currency", "cause", ">sessions", ">not corrected"],
            [tuple(row.values()) for row in found["sealed_differences"]],
        )


def show_summary(home: Home, then: AsOf | None = None) -> None:
    """The same as tables, with where to look and what to type next."""
    found = summary(home, then)
    if then is not None:
        click.echo(f"{sentence(then)}\n")
    show_table(
        "Sessions by state",
        ["state", "direction", ">sessions", ">kWh"],
        [tuple(row.values()) for row in found["states"]],
    )
    if found["set_aside"]:
        show_table(
            "Records set aside (kept, with their reason)",
            ["feed", "disposition", "reason", ">records"],
            [tuple(row.values()) for row in found["set_aside"]],
        )
    is_disputed = any(row["disputed_excl_tax"] for row in found["statements"])
    show_table(
        "Statements",
        ["statement", "partner", "period", "direction", "currency", "status", ">sessions", ">kWh", ">net amount"]
        + [">disputed"] * is_disputed,
        [tuple(row.values())[: 9 + is_disputed] for row in found["statements"]],
    )
    _show_close(found["close"], home)
    _show_periods(found)
    queue = found["exceptions"]
    show_table(
        "Open cases by owner",
        ["owner", ">cases", ">subjects", ">late", "first due"],
        [tuple(row.values()) for row in queue["by_owner"]],
    )
    show_table(
        "Open cases by concern",
        ["concern", ">cases", ">subjects", ">operations", ">platform", ">finance"],
        [tuple(row.values()) for row in queue["by_concern"]],
    )
    show_table(
        "At stake in them, net of tax",
        ["owner", "currency", ">sessions", ">unknown amounts", ">kWh", ">at stake"],
        [tuple(row.values()) for row in queue["money"]],
    )
    _show_quality(found["quality"], home)
    for hop in found["hand_offs"]:
        click.echo(f"Hand-off {hand_off_sentence(hop)}   (evsettle{home_option(home)} channels)")
    for problem in found["problems"]:
        click.secho(f"To mend: {problem}", fg="yellow")
    option = home_option(home)
    for terms in found["unapproved_terms"]:
        click.secho("To approve: " + terms.replace("`evsettle ", f"`evsettle{option} "), fg="yellow")
    if then is not None:
        click.echo(f"Next:    evsettle{option} explain <cdr id> --as-of {ledger.format_at(then.at)}")
        click.echo(f"         evsettle{option} diff {then.run_end.body['run']}    (what changed since)")
        return
    click.echo(
        f"Reports: {shown_path(home.reports)}/<period>/<partner>/   Tables: {shown_path(home.published)}/*.parquet"
    )
    click.echo(f"Next:    evsettle{option} exceptions --owner platform")
    click.echo(f"         evsettle{option} explain <cdr id>")
    click.echo(f"         evsettle{option} dev    (lineage in the Dagster UI)")


@click.command(
    "status",
    epilog="Examples:\n\n  evsettle status\n\n  evsettle --home /srv/settle status --json | jq .statements\n\n"
    "  evsettle status --as-of 2026-11-05",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
@as_of_option
@click.pass_obj
def command(home_path: Path | None, as_json: bool, as_of: str | None) -> None:
    """Where every session and period stands, after the last run or as it was known at a past moment."""
    try:
        home = open_home(home_path)
        then = None if as_of is None else read_at(home, as_of)
        if as_json:
            show_json(summary(home, then))
        else:
            show_summary(home, then)
    except HomeError as error:
        raise click.ClickException(str(error)) from error
