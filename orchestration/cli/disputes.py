"""`evsettle disputes`: what is disputed, how long the clock has run, and the story of one dispute."""

from pathlib import Path
from typing import Any

import click

from orchestration.cli.show import home_option, show_json, show_table
from orchestration.facts.home import HomeError, open_home
from orchestration.published import Snapshot

_DISPUTES = """
    select dispute_id, cdr_key, partner, claimant, reason_code, state, refused_for, currency, billed_excl_tax,
        disputed_excl_tax, resolved_excl_tax, outcome, opened_at, acknowledge_due_at, assigned_to, resolved_at,
        running_seconds, running_limit_seconds, is_open, statement_id, line_no, window_ends_at, withheld_excl_tax
    from disputes
    where ($partner is null or partner = $partner) and ($all or is_open) and ($dispute is null or dispute_id = $dispute)
    order by is_open desc, running_limit_seconds - running_seconds nulls last, dispute_id
"""
_EVENTS = """
    select happened_at, event, state_to, reason_code, amount_excl_tax, assigned_to, decided_by, approved_by, note
    from dispute_events where dispute_id = $dispute order by seq
"""
_HAND_OVERS = """
    select hand_over_no, handed_by_holder, holder, handed_at, handed_by, until_at, held_seconds
    from dispute_hand_overs where dispute_id = $dispute order by hand_over_no
"""
_DAY = 86400
# What usually comes next, from the state a dispute is in.
_NEXT = {
    "opened": "decide acknowledge {subject} --by NAME",
    "acknowledged": "decide assign {subject} --set to=operations --by NAME",
    "investigating": "decide resolve {subject} --reason R_REJECTED --by NAME",
    "waiting": "decide answer {subject} --by NAME",
    "escalated": "decide resolve {subject} --reason R_UPHELD --set amount=0 --by NAME",
}


@click.command(
    "disputes",
    epilog="Examples:\n\n  evsettle disputes --partner emo\n\n  evsettle disputes 17\n\n"
    "  evsettle decide dispute CDR-0042 --reason D_PRICE --set amount=2.50 --by NAME",
)
@click.argument("dispute", required=False)
@click.option("--partner", help="Only this partner's (the partner's folder name).")
@click.option("--all", "with_ended", is_flag=True, help="Ended ones too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
@click.pass_obj
def command(home_path: Path | None, dispute: str | None, partner: str | None, with_ended: bool, as_json: bool) -> None:
    """What is disputed as of the last run; with a number, the story of one dispute."""
    try:
        home = open_home(home_path)
        snapshot = Snapshot(home)
    except HomeError as error:
        raise click.ClickException(str(error)) from error
    number = dispute.removeprefix("dispute:") if dispute else None
    given = {"partner": partner, "all": with_ended or number is not None, "dispute": number}
    disputes = snapshot.named(_DISPUTES, given)
    if number is not None and not disputes:
        raise click.ClickException(
            f"There is no dispute {number} in the last run: `evsettle disputes --all` lists them."
        )
    events = snapshot.named(_EVENTS, {"dispute": number}) if number is not None else []
    hand_overs = snapshot.named(_HAND_OVERS, {"dispute": number}) if number is not None else []
    if as_json:
        story = {"events": events, "hand_overs": hand_overs} if number is not None else {}
        show_json({"disputes": disputes} | story)
        return
    show_table(
        "Disputes" if with_ended or number else "Open disputes",
        [
            "dispute",
            "session",
            "partner",
            "reason",
            "state",
            "owner",
            "cur",
            ">billed",
            ">disputed",
            "held out of",
            ">days",
            "limit",
        ],
        [_row(one) for one in disputes],
    )
    if number is not None:
        show_table(
            f"Dispute {number}, act by act",
            ["when", "act", "state", "reason", ">amount", "to", "by", "approved", "note"],
            [tuple(event.values()) for event in events],
        )
        show_table(
            "From hand to hand",
            ["from", "to", "handed over", "by", "until", ">held"],
            [
                (one["handed_by_holder"], one["holder"], one["handed_at"], one["handed_by"], one["until_at"],
                 _length(one["held_seconds"]))
                for one in hand_overs
            ],
        )  # fmt: skip
    for one in disputes:
        if one["state"] in _NEXT and (number is not None or len(disputes) == 1):
            act = _NEXT[one["state"]].format(subject=f"dispute:{one['dispute_id']}")
            click.echo(f"Next: evsettle{home_option(home)} {act}")


def _held_out_of(one: dict[str, Any]) -> str:
    """Whole sessions of open periods stand on no statement; of a sealed line what is disputed leaves the balance."""
    if not one["is_open"]:
        return ""
    return "the next statement" if one["statement_id"] is None else f"balance of {one['statement_id']}"


def _length(seconds: int) -> str:
    days, rest = divmod(seconds, _DAY)
    return f"{days} d {rest // 3600} h" if days else f"{rest // 3600} h {rest % 3600 // 60} min"


def _row(one: dict[str, Any]) -> tuple[Any, ...]:
    limit = one["running_limit_seconds"]
    late = limit is not None and one["is_open"] and one["running_seconds"] > limit
    state = (
        f"{one['state']} ({one['outcome'] or one['refused_for']})"
        if one["outcome"] or one["refused_for"]
        else one["state"]
    )
    return (
        one["dispute_id"], one["cdr_key"], one["partner"], one["reason_code"], state, one["assigned_to"],
        one["currency"], one["billed_excl_tax"], one["disputed_excl_tax"], _held_out_of(one),
        one["running_seconds"] // _DAY,
        "" if limit is None else f"{limit // _DAY} days" + (" (late)" if late else ""),
    )  # fmt: skip
