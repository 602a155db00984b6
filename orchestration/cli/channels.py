"""`evsettle channels`: sessions by app, hub and direct, and which hand-off on their way is late or broken."""

from pathlib import Path
from typing import Any

import click

from orchestration.cli.reconcile import refuse_unknown
from orchestration.cli.show import home_option, show_json
from orchestration.cli.view_files import file_options, show_view
from orchestration.facts.home import HomeError, open_home
from orchestration.pages.views import Table, View
from orchestration.published import Snapshot

_WANTED = "($period is null or period = $period) and ($partner is null or partner = $partner)"
_SUMS = """sum(sessions)::bigint as sessions, sum(sessions_settled)::bigint as sessions_settled,
        sum(energy_kwh) as energy_kwh, sum(claimed_excl_tax) as claimed_excl_tax,
        sum(settled_excl_tax) as settled_excl_tax"""

_CHANNELS = f"""
    select currency, direction, channel, {_SUMS}
    from channels
    where {_WANTED}
    group by rollup (currency, direction, channel)
    having currency is not null and direction is not null
    order by currency, direction, channel nulls last
"""  # noqa: S608 - our own words

_SITES = f"""
    select currency, direction, location_id, channel, {_SUMS}
    from channels
    where {_WANTED}
    group by currency, direction, location_id, channel
    order by currency, direction, location_id, channel
"""  # noqa: S608 - our own words

# Late, broken and unknown hand-offs, the longest of each with the session to look at.
_HAND_OFFS = f"""
    select hop_no, hop, coalesce(source, '-') as source, coalesce(channel, '-') as channel,
        count(*)::bigint as sessions, count(*) filter (standing = 'late')::bigint as late,
        count(*) filter (standing = 'broken')::bigint as broken,
        count(*) filter (standing = 'unknown')::bigint as unknown,
        count(*) filter (standing = 'history')::bigint as history,
        round(median(lag_seconds) / 3600, 1)::decimal(18, 1) as usual_hours,
        round(max(lag_seconds) / 3600, 1)::decimal(18, 1) as longest_hours,
        arg_max(subject_id, (lag_seconds, subject_id)) filter (lag_seconds is not null) as longest
    from handoff_lag
    where {_WANTED}
    group by hop_no, hop, source, channel
    order by hop_no, source, channel
"""  # noqa: S608 - our own words

_WORST = """
    select hop, count(*) filter (standing = 'broken')::bigint as broken,
        count(*) filter (standing = 'late')::bigint as late,
        arg_max(coalesce(source, partner), (lag_seconds, subject_id)) filter (standing in ('late', 'broken')) as source,
        round(max(lag_seconds) filter (standing in ('late', 'broken')) / 3600)::bigint as longest_hours
    from handoff_lag
    group by hop_no, hop
    having count(*) filter (standing in ('late', 'broken')) > 0
    order by hop_no
"""


def hand_offs(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Each hand-off that is late or broken anywhere; nothing of a run by a version that did not publish them."""
    try:
        return snapshot.named(_WORST, {})
    except HomeError:
        return []


def hand_off_sentence(found: dict[str, Any]) -> str:
    """delivery: 2 broken, 40 late, the longest 768 h (gridlink)."""
    return (
        f"{found['hop']}: {found['broken']:,} broken, {found['late']:,} late, the longest {found['longest_hours']:,} h "
        f"({found['source']})"
    )


def _view(told: dict[str, list[dict[str, Any]]]) -> View:
    measures = [">sessions", ">settled", ">kWh", ">claimed net", ">settled net"]

    def sums(row: dict[str, Any]) -> list[Any]:
        return [row["sessions"], row["sessions_settled"], row["energy_kwh"], row["claimed_excl_tax"],
                row["settled_excl_tax"]]  # fmt: skip

    return View(
        title="Sessions by channel, and their hand-offs",
        lead="A session is a CDR that counts, in any state; settled is net of tax. What is late, the contract says "
        "(handoff; a day by default).",
        pictures=(),
        tables=[
            Table(
                "By channel",
                ["currency", "direction", "channel", *measures],
                [[row["currency"], row["direction"], row["channel"] or "all", *sums(row)] for row in told["channels"]],
            ),
            Table(
                "Hand-offs",
                ["hand-off", "from", "channel", ">sessions", ">late", ">broken", ">history", ">unknown", ">usual h",
                 ">longest h", "longest"],
                [
                    [row["hop"], row["source"], row["channel"], row["sessions"], row["late"], row["broken"],
                     row["history"], row["unknown"], row["usual_hours"], row["longest_hours"], row["longest"]]
                    for row in told["hand_offs"]
                ],
            ),
            Table(
                "By site and channel",
                ["currency", "direction", "site", "channel", *measures],
                [
                    [row["currency"], row["direction"], row["location_id"], row["channel"], *sums(row)]
                    for row in told["sites"]
                ],
            ),
        ],
    )  # fmt: skip


@click.command(
    "channels",
    epilog="Examples:\n\n  evsettle channels\n\n  evsettle channels 2026-10 emo --html channels.html",
)
@click.argument("period", required=False)
@click.argument("partner", required=False)
@file_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
@click.pass_obj
def command(
    home_path: Path | None,
    period: str | None,
    partner: str | None,
    html_path: Path | None,
    xlsx_path: Path | None,
    as_json: bool,
) -> None:
    """Sessions, kWh and money by app, hub and direct and by site, and which hand-off is late or broken, by how much.

    Hand-offs are: record (end of the session to the operator's CDR), hub (to the file of a hub), delivery (to us) and
    clearing (until it is billable). Broken is what is held, or was told as a session and never came; history what was
    there before its source first delivered here. Times that cannot be are unknown.
    """
    try:
        home = open_home(home_path)
        snapshot = Snapshot(home)
        refuse_unknown(snapshot, period, partner)
        wanted = {"period": period, "partner": partner}
        told = {
            "channels": snapshot.named(_CHANNELS, wanted),
            "hand_offs": snapshot.named(_HAND_OFFS, wanted),
            "sites": snapshot.named(_SITES, wanted),
        }
    except HomeError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        show_json(told)
        return
    show_view(_view(told), html_path, xlsx_path)
    click.echo(f"Next: evsettle{home_option(home)} explain <longest>; what it costs: leakage --by hand-off")
