"""`evsettle tariff propose`, `approve` and `reject`: a tariff of ours counts once two people have decided it."""

from collections.abc import Callable
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import Any

import click

from orchestration.cli.run import parse_instant
from orchestration.cli.show import home_option, show_json
from orchestration.facts import objects
from orchestration.facts.decision_kinds import DecisionError
from orchestration.facts.decisions import Recorded
from orchestration.facts.home import Home, HomeError, open_home
from orchestration.facts.ledger import Entry, LedgerError
from orchestration.facts.lock import LockHeld
from orchestration.facts.people import PeopleError
from orchestration.facts.subjects import SubjectError
from orchestration.tariffs import approval
from orchestration.tariffs.diff import changes
from orchestration.tariffs.impact import Impact, backdated_impact
from orchestration.tariffs.sources import Given, SourceError, one_tariff, one_version, standing_text

_BY = click.option("--by", required=True, metavar="NAME", help="Who decides, as in master/people.yaml.")
_NOTE = click.option("--note", metavar="TEXT", help="Words beside the reason.")
_AS_OF = click.option("--as-of", metavar="TIME", help="When it is decided, 2026-11-01T09:00:00Z; now when left out.")
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")


class Refused(click.ClickException):
    """The call was wrong: nothing was written."""

    exit_code = 2


def _recorded(act: Callable[[Home, datetime], Recorded], home_path: Path | None, as_of: str | None) -> Recorded:
    """Run an act on the home at the given time, with every refusal as one sentence."""
    at = parse_instant(as_of) or datetime.now(UTC).replace(microsecond=0)
    try:
        return act(open_home(home_path), at)
    except (DecisionError, PeopleError, SubjectError, SourceError) as error:
        raise Refused(str(error)) from error
    except (HomeError, LockHeld) as error:
        raise click.ClickException(str(error)) from error
    except LedgerError as error:
        raise click.ClickException(f"{error} (--as-of gives the time of a decision.)") from error


@click.command(
    "propose",
    epilog="""\b
Examples:
  evsettle tariff propose AC-BASIC --by "Noor Bakker"
  evsettle tariff propose AC-BASIC --by "Noor Bakker" --reason T_RETRO --note "agreed with EMO on 3 November"
  evsettle tariff propose AC-BASIC --by "Lotte Visser" --reason T_WITHDRAWN
""",
)
@click.argument("named", metavar="FILE|TARIFF-ID")
@_BY
@click.option("--reason", metavar="CODE", help="T_RETRO for a backdated one, T_WITHDRAWN to take one back.")
@_NOTE
@_AS_OF
@_JSON
@click.pass_obj
def propose(
    home_path: Path | None, named: str, by: str, reason: str | None, note: str | None, as_of: str | None, as_json: bool
) -> None:
    """Put a tariff forward for approval: its content and its start, by their hash and time.

    TARIFF-ID is one of ours as it stands in master/tariffs, else the last version of a partner whose contract says
    tariff_approval: manual (or ID@VERSION). A tariff with errors of `tariff lint` is refused. One that starts before
    now needs --reason T_RETRO by somebody of finance; what it changes is listed, and the ledger keeps the list.
    """
    shown: dict[str, Any] = {}

    def act(home: Home, at: datetime) -> Recorded:
        candidate = approval.candidate(home, _given(named, home_path))
        impact = backdated_impact(home, candidate) if reason == approval.RETRO else None
        before = standing_text(home, candidate.subject)
        sentences = [change.sentence() for change in changes(before.tariff(), candidate.tariff)] if before else []
        shown.update(home=home, impact=impact, sentences=sentences)
        evidence = objects.put(home, impact.listing) if impact is not None else None
        return approval.propose(home, candidate, by, at, reason, note, _login(), evidence)

    recorded = _recorded(act, home_path, as_of)
    if as_json:
        show_json(_as_json(recorded) | {"changes": shown["sentences"], "impact": _impact_json(shown["impact"])})
        return
    _say(recorded)
    for sentence in shown["sentences"]:
        click.echo(f"  {sentence}")
    _say_impact(shown["impact"])
    if recorded.needs_approval:
        tariff_id = recorded.entry.body["subjects"][0].rpartition(":")[2]
        click.echo(
            f"A second person approves it: evsettle{home_option(shown['home'])} tariff approve {tariff_id} --by NAME"
        )


def _given(named: str, home_path: Path | None) -> Given:
    return one_version(named, home_path) if "@" in named and not Path(named).exists() else one_tariff(named, home_path)


@click.command(
    "approve",
    epilog="""\b
Examples:
  evsettle tariff approve AC-BASIC --by "Sem de Wit"
  evsettle tariff approve 17 --by "Sem de Wit" --note "seen the simulation of October"
""",
)
@click.argument("named", metavar="TARIFF-ID|SEQ")
@_BY
@_NOTE
@_AS_OF
@_JSON
@click.pass_obj
def approve(home_path: Path | None, named: str, by: str, note: str | None, as_of: str | None, as_json: bool) -> None:
    """Approve a proposed tariff. Another person than the proposer, with the role approver, must do it.

    From the next run on the version counts for sessions that start when it holds; a backdated one (T_RETRO) re-rates
    what is not on a sealed statement.
    """
    _answer("approve", home_path, named, by, None, note, as_of, as_json)


@click.command(
    "reject",
    epilog="""\b
Example:
  evsettle tariff reject AC-BASIC --by "Sem de Wit" --note "the night price lacks VAT"
""",
)
@click.argument("named", metavar="TARIFF-ID|SEQ")
@_BY
@click.option("--reason", metavar="CODE", default=approval.REWORK, show_default=True, help="Why it is sent back.")
@_NOTE
@_AS_OF
@_JSON
@click.pass_obj
def reject(
    home_path: Path | None, named: str, by: str, reason: str, note: str | None, as_of: str | None, as_json: bool
) -> None:
    """Send a proposed tariff back; it may be proposed again, changed or not."""
    _answer("reject", home_path, named, by, reason, note, as_of, as_json)


def _answer(
    kind: str, home_path: Path | None, named: str, by: str, reason: str | None, note: str | None, as_of: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    shown: dict[str, Any] = {}

    def act(home: Home, at: datetime) -> Recorded:
        proposal = _one_waiting(home, named)
        shown.update(home=home, proposal=proposal)
        return approval.answer(home, kind, proposal, by, at, reason, note, _login())

    recorded = _recorded(act, home_path, as_of)
    proposal = shown["proposal"]
    if as_json:
        show_json(_as_json(recorded) | {"proposal": proposal.seq, "proposed_by": proposal.body["by"]})
        return
    _say(recorded)
    values = proposal.body["values"]
    start = f", from {values['valid_from']}" if "valid_from" in values else ""
    click.echo(f"  Proposed by {proposal.body['by']} in entry {proposal.seq}: content {values['body'][:12]}{start}.")
    if kind == "approve":
        click.echo(f"It takes effect with the next run: evsettle{home_option(shown['home'])} run")


def _one_waiting(home: Home, named: str) -> Entry:
    found = approval.waiting(home, named)
    if not found:
        raise DecisionError(
            f"No proposal about {named} waits for an answer: `evsettle tariff propose {named}` makes one."
        )
    if len(found) > 1:
        numbers = ", ".join(f"{entry.seq} ({entry.body['values']['body'][:12]})" for entry in found)
        raise DecisionError(f"{len(found)} proposals about {named} wait: name one by its number, of {numbers}.")
    return found[0]


def _login() -> str | None:
    try:
        return getuser()
    except (OSError, KeyError):
        return None


def _say(recorded: Recorded) -> None:
    body = recorded.entry.body
    subject = body["subjects"][0].removeprefix("tariff:")
    reason = f" ({body['reason']})" if body["reason"] else ""
    if recorded.is_new:
        click.echo(
            f"Entry {recorded.entry.seq}: {body['kind']} {subject}{reason}, by {body['by']}, at {recorded.entry.at}."
        )
    else:
        click.echo(
            f"Nothing written: entry {recorded.entry.seq} already says {body['kind']} {subject}, by {body['by']}."
        )


def _say_impact(impact: Impact | None) -> None:
    if impact is None:
        return
    for line in impact.sentences():
        click.echo(f"  {line}")


def _impact_json(impact: Impact | None) -> dict[str, Any] | None:
    return None if impact is None else impact.as_json()


def _as_json(recorded: Recorded) -> dict[str, Any]:
    entry = recorded.entry
    return {
        "seq": entry.seq,
        "at": entry.at,
        "kind": entry.body["kind"],
        "subject": entry.body["subjects"][0],
        "body": entry.body["values"].get("body"),
        "valid_from": entry.body["values"].get("valid_from"),
        "reason": entry.body["reason"],
        "by": entry.body["by"],
        "is_new": recorded.is_new,
        "needs_approval": recorded.needs_approval,
        "hash": entry.hash,
    }
