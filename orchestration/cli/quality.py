"""`evsettle quality`: how good the records are that partners send, by day, partner and rule, and what has jumped."""

from datetime import datetime
from pathlib import Path

import click

from orchestration.cli.show import home_option, money, show_json, show_table, shown_path
from orchestration.facts.home import Home, HomeError, open_home
from orchestration.published import Snapshot
from orchestration.quality import Row, Scope, catalogue, per_thousand, percent, report


def _show(home: Home, found: Row, scope: Scope, limit: int) -> None:
    total, waiting = found["total"], found["waiting"]
    click.echo(
        f"{total['records']:,} records charged from {total['first_on']} to {total['last_on']}: "
        f"{total['faulty']:,} ({percent(total['faulty'], total['records'])}) with a fault that holds or rejects, "
        f"{total['without_person']:,} ({percent(total['without_person'], total['records'])}) decided without a person, "
        f"{total['held']:,} held now."
    )
    click.echo(
        f"{waiting['cases']:,} cases wait in {waiting['groups']:,} groups that one decision each may end: "
        f"{per_thousand(waiting['groups'], total['records'])} for 1,000 records.\n"
    )
    for alarm in [*found["alarms"], *found["firmware"]]:
        click.secho(f"Alarm: {alarm['sentence']}", fg="yellow")
    if not found["alarms"] and not found["firmware"]:
        compared = sum(count for standing, count in found["compared"].items() if standing != "too few")
        click.echo(f"No alarm: {compared} comparisons with a history, {found['compared'].get('too few', 0)} without.")
    click.echo()
    if scope.partner is None and scope.rule is None:
        show_table(
            "By partner",
            ["partner", ">records", ">with a fault", ">share", ">held now", ">rejected", ">without a person"],
            [
                (row["partner"], row["records"], row["faulty"], percent(row["faulty"], row["records"]), row["held"],
                 row["rejected"], percent(row["without_person"], row["records"]))
                for row in found["partners"]
            ],
        )  # fmt: skip
    show_table(
        f"By day of the session, the last {min(limit, len(found['days']))} of {len(found['days'])}",
        ["day", ">records", ">with a fault", ">share", f">findings{f' of {scope.rule}' if scope.rule else ''}"],
        [
            (row["day"], row["records"], row["faulty"], percent(row["faulty"], row["records"]), row["findings"])
            for row in found["days"][-limit:]
        ],
    )
    show_table(
        f"By rule, {min(limit, len(found['rules']))} of {len(found['rules'])}",
        ["rule", "severity", "owner", ">findings", ">open", ">roots", ">in a day", ">partners", ">sites", "from", "to"],
        [
            (row["rule_id"], row["severity"], row["owner"], row["findings"], row["open_findings"],
             row["root_findings"], row["found_within_a_day"], row["partners"], row["sites"], row["first_on"],
             row["last_on"])
            for row in found["rules"][:limit]
        ],
    )  # fmt: skip
    if found["chargers"]:
        show_table(
            f"What happened at chargers, {min(limit, len(found['chargers']))} of {len(found['chargers'])}",
            ["event", "charger", "site", "from", "to", ">sessions", ">offline", ">unbilled", ">at stake", "cur."],
            [
                (" ".join(filter(None, (row["event"], row["value"]))), row["evse_uid"], row["location_id"],
                 row["from_at"], row["to_at"], row["sessions"], row["authorised_offline"], row["unbilled"],
                 row["at_stake_excl_tax"], row["currency"])
                for row in found["chargers"][:limit]
            ],
        )  # fmt: skip
    for row in found["incidents"][:limit]:
        click.echo(f"{row['group']}  {row['likely_cause']}")
        if row["amount_at_stake"] is not None:
            click.echo(f"  {row['currency'] or ''} {money(row['amount_at_stake'])} at stake; {row['owner']} acts.")
    if found["incidents"]:
        group = found["incidents"][0]["group"].partition("@")[0]
        click.echo(f"\nOne of these: evsettle{home_option(home)} exceptions --group {group}")
    click.echo(f"Pages: {shown_path(home.reports / 'quality')}/")


def _scope(snapshot: Snapshot, partner: str | None, rule: str | None, since: datetime | None) -> Scope:
    """Raises click.BadParameter for a partner or a rule that nobody knows."""
    if rule is not None and rule not in catalogue():
        raise click.BadParameter(f"{rule} is not a rule: `evsettle rules` lists them.", param_hint="--rule")
    known = [name for (name,) in snapshot.rows("select distinct partner from quality_days order by partner")]
    if partner is not None and partner not in known:
        raise click.BadParameter(
            f"{partner} has sent no record: those that have are {', '.join(known) or 'none'}.", param_hint="--partner"
        )
    return Scope(partner, rule, since.date() if since else None)


@click.command(
    "quality",
    epilog="""\b
Examples:
  evsettle quality                                     all partners, the last thirteen weeks
  evsettle quality --partner emo --since 2026-10-01    one partner since a day
  evsettle quality --rule LOC_UNKNOWN                  since when, at how many sites
  evsettle quality --json | jq .alarms                 what has jumped
""",
)
@click.option("--partner", help="Only this partner (its folder name; `own` for sessions between our own parties).")
@click.option("--rule", metavar="RULE_ID", help="Findings of this rule only; records are counted as they are.")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), metavar="2026-10-01",
    help="Sessions charged on this day or later, in the network's zone. Default: the last 91 days.",
)  # fmt: skip
@click.option("--limit", default=14, show_default=True, type=click.IntRange(1), help="How many days, rules, incidents.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
@click.pass_obj
def command(
    home_path: Path | None, partner: str | None, rule: str | None, since: datetime | None, limit: int, as_json: bool
) -> None:
    """How good the records are that came, by partner, day of the session and rule; what has jumped against a partner's
    own history; and which sessions wait for one cause."""
    try:
        home = open_home(home_path)
        snapshot = Snapshot(home)
    except HomeError as error:
        raise click.ClickException(str(error)) from error
    scope = _scope(snapshot, partner, rule, since)
    found = report(snapshot.named, scope)
    if as_json:
        show_json(found)
    elif not found["total"]["records"]:
        click.echo("No record of a session stands there: nothing came, or nothing since that day.")
    else:
        _show(home, found, scope, limit)
