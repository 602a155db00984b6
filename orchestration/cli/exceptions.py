"""`evsettle exceptions`: what waits for whom, grouped by likely cause, with the command that ends it."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from orchestration.cli.show import counted, home_option, money, show_json, show_table
from orchestration.defs.settle.statement_csv import safe_text
from orchestration.exception_queue import NOBODY, GroupError, Wanted, cases, groups
from orchestration.facts.decision_kinds import decision_kinds
from orchestration.facts.home import Home, HomeError, open_home
from orchestration.facts.reasons import vocabulary
from orchestration.published import Snapshot


def _not_taken_in(home: Home) -> list[str]:
    """What no arrival can name yet: a sentence for each, its path first."""
    from orchestration.defs.ingest.landing import landing_problems

    return landing_problems(home)


def _stake(row: Mapping[str, Any]) -> str:
    """The money of a group or case, in words; unknown is said, not counted as nothing."""
    parts = []
    if row["amount_at_stake"] is not None:
        parts.append(f"{row['currency'] or 'unknown currency'} {money(row['amount_at_stake'])} at stake")
    if row["claimed_excl_tax"] is not None and row["expected_excl_tax"] is not None:
        parts.append(f"claimed {money(row['claimed_excl_tax'])}, expected {money(row['expected_excl_tax'])}")
    if row["unknown_amounts"]:
        parts.append(f"{row['unknown_amounts']} of unknown amount")
    return ", ".join(parts) or "no amount"


def _due(row: Mapping[str, Any]) -> str:
    if row["due_at"] is None:
        return f"open for {row['age_days']} days"
    late = row.get("late_cases", row.get("is_late"))
    # The deadline is the midnight that ends a day in the network's zone.
    return f"{'LATE, was due' if late else 'due'} by {row['due_at']:%Y-%m-%d %H:%M}Z, open for {row['age_days']} days"


def _who(decide_kind: str | None) -> str:
    """Who may give the command, and who must agree."""
    kind = decision_kinds().get(decide_kind or "")
    if kind is None:
        return ""
    second = ", then an approver (evsettle decide approve SEQ)" if kind.people == 2 else ""
    return f" (role {' or '.join(kind.roles)}{second})"


def _here(command: str, home: Home) -> str:
    """A command of the table as it must be typed to reach this home."""
    return command.replace("evsettle ", f"evsettle{home_option(home)} ", 1)


def _show_groups(home: Home, found: Sequence[Mapping[str, Any]], limit: int) -> None:
    for row in found[:limit]:
        click.secho(f"{row['group']}  {row['owner']}, {row['severity']} {row['rule_id'] or 'proposal'}", bold=True)
        assigned = f"; with {row['assigned_to']}" if row["assigned_to"] else ""
        click.echo(f"  {row['likely_cause']}")
        if row["observed"]:
            expected = f" Expected: {row['expected'].rstrip('.')}." if row["expected"] else ""
            click.echo(f"  Found: {row['observed'].rstrip('.')}.{expected}")
        click.echo(f"  {_stake(row)}; {_due(row)}{assigned}")
        click.echo(f"  To do: {row['action']}")
        words = row["command"].split(" ")
        click.echo(f"  {_here(row['command'], home)}{_who(words[2]) if words[1] == 'decide' else ''}\n")
    if len(found) > limit:
        click.echo(f"… and {counted(len(found) - limit, 'more group')}: --limit {len(found)} shows all.")


def _show_cases(home: Home, found: Sequence[Mapping[str, Any]], limit: int) -> None:
    show_table(
        counted(len(found), "open case"),
        ["subject", "rule", "site", "observed", "expected", ">claimed", ">expected", "cur.", "due", "with"],
        [
            (row["subject_id"], row["rule_id"], row["location_id"], row["observed"], row["expected"],
             row["claimed_excl_tax"], row["expected_excl_tax"], row["currency"],
             f"{row['due_at']:%Y-%m-%d}{' LATE' if row['is_late'] else ''}" if row["due_at"] else "",
             row["assigned_to"])
            for row in found[:limit]
        ],
    )  # fmt: skip
    for row in found[:limit]:
        click.echo(f"  {_here(row['command'], home)}")
    if len(found) > limit:
        click.echo(f"… and {counted(len(found) - limit, 'more case')}: --limit {len(found)} shows all.")


def _nothing(snapshot: Snapshot, wanted: Wanted) -> str:
    """Why the list is empty: a misspelt name must not read as good news."""
    waiting = len(groups(snapshot, Wanted()))
    if not waiting:
        return "Nothing waits."
    if wanted.group:
        return str(GroupError.not_open(wanted.group))
    named = {"owner": wanted.owner, "partner": wanted.partner, "rule": wanted.rule, "period": wanted.period}
    asked = [f"{name} {value}" for name, value in {**named, "what is with": wanted.assigned}.items() if value]
    late = "is past its deadline" if wanted.late else "waits"
    of = f" of {', '.join(asked)}" if asked else ""
    return f"Nothing{of} {late}; {counted(waiting, 'group')} in all."


def _csv(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    for number, row in enumerate(found):
        if number == 0:
            writer.writerow(row)
        writer.writerow([_cell(value) for value in row.values()])
    yield text.getvalue()


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case Decimal():
            return format(value.normalize(), "f")
        case datetime():
            return f"{value:%Y-%m-%dT%H:%M:%SZ}"
        case str():
            return safe_text(value)
    return str(value)


@click.command(
    "exceptions",
    epilog="""\b
Examples:
  evsettle exceptions                                the whole queue, the most urgent first
  evsettle exceptions --owner operations --late      what operations owes since yesterday
  evsettle exceptions --group 7c1d0a9e               the cases of one group, each with its command
  evsettle exceptions --rule PRICE_TOTAL_DIFF --partner emo
  evsettle exceptions --assigned nobody --csv queue.csv
""",
)
@click.option("--owner", type=click.Choice(["operations", "platform", "finance"]), help="Only this owner's queue.")
@click.option("--partner", help="Only this partner's cases (the partner's folder name).")
@click.option("--rule", metavar="RULE_ID", help="Only cases of this rule, one by one.")
@click.option("--group", metavar="ID", help="The cases of one group, one by one.")
@click.option("--period", metavar="2026-10", help="Only sessions of this period.")
@click.option("--late", is_flag=True, help="Only what is past its deadline.")
@click.option("--assigned", metavar="NAME", help=f"Only what is given to this person; {NOBODY}: what is given to none.")
@click.option("--limit", default=20, show_default=True, help="How many groups or cases are shown.")
@click.option(
    "--csv", "csv_path", type=click.Path(path_type=Path, dir_okay=False), help="Write the cases to this file."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
@click.pass_obj
def command(
    home_path: Path | None,
    owner: str | None,
    partner: str | None,
    rule: str | None,
    group: str | None,
    period: str | None,
    late: bool,
    assigned: str | None,
    limit: int,
    csv_path: Path | None,
    as_json: bool,
) -> None:
    """What waits for whom since the last run: cases grouped by likely cause, with deadline, money and the command that
    would end them. Words in capitals in a command are to be filled in."""
    try:
        home = open_home(home_path)
        snapshot = Snapshot(home)
    except HomeError as error:
        raise click.ClickException(str(error)) from error
    if rule and rule not in vocabulary().rules:
        raise click.UsageError(f"There is no rule {rule}; `evsettle rules` lists them.")
    wanted = Wanted(owner, partner, rule, period, assigned, late, group.partition("@")[0] if group else None)
    one_by_one = rule is not None or group is not None
    found = cases(snapshot, wanted) if one_by_one or csv_path else []
    if csv_path:
        # A spreadsheet takes a file without a byte order mark for its own old encoding.
        csv_path.write_text("".join(_csv(found)), encoding="utf-8-sig", newline="")
        click.echo(f"{counted(len(found), 'case')} written to {csv_path}.", err=True)
    together = groups(snapshot, wanted)
    aside = _not_taken_in(home) if wanted in (Wanted(), Wanted(owner="platform")) else []
    if as_json:
        listed = {"cases": found} if one_by_one else {}
        show_json({"groups": together, **listed, "not_taken_in": aside})
        return
    if not together:
        click.echo(_nothing(snapshot, wanted))
    _show_groups(home, together, limit)
    if one_by_one and found:
        _show_cases(home, found, limit)
    if aside:
        show_table("In landing and not taken in (owner: platform)", ["file", "reason and remedy"], [
            tuple(sentence.split(": ", 1)) for sentence in aside
        ])  # fmt: skip
    click.echo("One session: evsettle explain <cdr id>   One group: evsettle exceptions --group <id>")
