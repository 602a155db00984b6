"""`evsettle decide`: record a decision in the ledger."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestration.cli.decide_group import GROUP, about_group
from orchestration.cli.proposed import accepted
from orchestration.cli.published_subjects import PublishedSubjects
from orchestration.cli.run import parse_instant
from orchestration.cli.show import home_option, show_json
from orchestration.facts import decisions, ledger, objects, subjects
from orchestration.facts.decision_kinds import DecisionError, decision_kinds
from orchestration.facts.decisions import Decision, Recorded
from orchestration.facts.home import Home, HomeError, open_home
from orchestration.facts.ledger import LedgerError
from orchestration.facts.lock import LockHeld
from orchestration.facts.people import PeopleError
from orchestration.facts.reasons import vocabulary
from orchestration.facts.seals import SealRefused
from orchestration.facts.standing import is_proposal
from orchestration.facts.subjects import SubjectError

if TYPE_CHECKING:
    from orchestration.defs.settle.sealing import Sealed


class Refused(click.ClickException):
    """The call was wrong: nothing was written."""

    exit_code = 2


def _values(pairs: Sequence[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise DecisionError(f"--set {pair} is not KEY=VALUE: write it as --set rule=ENERGY_ABS_LIMIT.")
        if key in values:
            raise DecisionError(f"--set {key}= is given twice: keep one.")
        values[key] = value
    return values


def _decisions(
    home: Home, kind: str, named: Sequence[str], by: str, reason: str | None, pairs: Sequence[str], note: str | None
) -> Iterator[Decision]:
    """The decisions that one call gives: one for each proposal it answers, else one about all subjects."""
    values = _values(pairs)
    login = _login()
    if kind in decisions.ANSWERS:
        for text in named:
            if not text.isdecimal():
                raise DecisionError(f"{text!r} is not the number of a proposal: `evsettle decide {kind} 17 --by NAME`.")
            if kind == "approve":
                _refuse_alias(home, int(text))
            yield Decision(kind, by, (), reason, values, note, answers=int(text), login=login)
        return
    if any(text.startswith(GROUP) for text in named):
        decision = about_group(home, Decision(kind, by, named, reason, values, note, login=login))
        _refuse_unfit(home, kind, decision.subjects, values)
        yield decision
        return
    _refuse_unfit(home, kind, named, values)
    sessions = PublishedSubjects(home.published / "cdrs.parquet")
    resolved = [sessions.resolve(text) for text in named]
    yield from accepted(home, Decision(kind, by, resolved, reason, values, note, login=login))


def _refuse_unfit(home: Home, kind: str, named: Sequence[str], values: dict[str, str]) -> None:
    """What other files than the ledger say against a decision."""
    if "terms" in (kind, values.get("what")):
        _refuse_incomplete(home, named)
    if "alias" in (kind, values.get("what")):
        # Tables and DuckDB are read only when an alias is given.
        from orchestration.cli.alias_check import check_alias

        check_alias(home, named, values)


def _refuse_alias(home: Home, seq: int) -> None:
    """An alias is looked at again when it is approved: the files may have changed since it was proposed."""
    proposal = next((entry for entry in ledger.read_all(home) if entry.seq == seq and is_proposal(entry)), None)
    if proposal is not None and proposal.body["values"].get("what") == "alias":
        from orchestration.cli.alias_check import check_alias

        check_alias(home, proposal.body["subjects"], proposal.body["values"], but=seq)


def _refuse_incomplete(home: Home, named: Sequence[str]) -> None:
    """Nobody approves the terms of a partner whose file lacks what a statement needs, or is not the one taken in."""
    from orchestration.defs.ingest.landing import standing_master
    from orchestration.defs.ingest.partner_check import check_partner

    taken = standing_master(ledger.read_all(home))
    for text in named:
        path = home.master / "partners" / f"{text.removeprefix('partner:')}.yaml"
        if not path.is_file():
            continue
        if problems := check_partner(path, home.master).problems:
            raise DecisionError(f"{problems[0]} Until then nobody can approve these terms ({len(problems)} to mend).")
        name = home.relative(path)
        if name in taken and taken[name] != objects.sha256_of(path.read_bytes()):
            raise DecisionError(
                f"{name} has changed since it was taken in, and what is approved is what was taken in: "
                f"`evsettle{home_option(home)} run` takes it in first."
            )


def _login() -> str | None:
    try:
        return getuser()
    except (OSError, KeyError):
        # A container user without a name: the operating system vouches for nobody.
        return None


def _as_json(recorded: Recorded) -> dict[str, Any]:
    entry = recorded.entry
    return {
        "seq": entry.seq,
        "at": entry.at,
        "kind": entry.body["kind"],
        "what": entry.body["values"].get("what"),
        "subjects": entry.body["subjects"],
        "by": entry.body["by"],
        "is_new": recorded.is_new,
        "needs_approval": recorded.needs_approval,
        "hash": entry.hash,
    }


def _show(home: Home, recorded: Recorded) -> None:
    entry = recorded.entry
    body = entry.body
    about = ", ".join(body["subjects"][:3]) + (f" and {len(body['subjects']) - 3} more" * (len(body["subjects"]) > 3))
    what = body["values"].get("what")
    verb = f"{body['kind']} {what}" if what else body["kind"]
    if recorded.is_new:
        click.echo(f"Entry {entry.seq}: {verb} {about}, by {body['by']}, at {entry.at}.")
    else:
        click.echo(f"Nothing written: entry {entry.seq} already says {verb} {about}, by {body['by']}, at {entry.at}.")
    if recorded.needs_approval:
        click.echo(
            f"It needs approval by a second person: evsettle{home_option(home)} decide approve {entry.seq} --by NAME"
        )
    elif recorded.is_new:
        click.echo(f"It takes effect with the next run: evsettle{home_option(home)} run")


def _seal(home: Home, named: Sequence[str], by: str, pairs: Sequence[str], at: datetime, as_json: bool) -> None:
    """Close periods, one after another; each is closed or not, whatever becomes of the next."""
    from orchestration.defs.settle.sealing import seal

    if pairs:
        raise DecisionError("seal takes no --set: it closes what was approved, as it was approved.")
    results: list[Sealed] = []
    for text in named:
        kind, identifier = subjects.parse(text)
        if kind != "period":
            raise SubjectError(f"seal cannot be about {text!r}: name a period of a partner, as `2026-10|emo`.")
        period, _, partner = identifier.partition("|")
        results.append(seal(home, period, partner, by, at))
        if not as_json:
            _show_seal(home, results[-1])
    if as_json:
        shown = [{"seq": one.entry.seq, "at": one.entry.at, "is_new": one.is_new, **one.entry.body} for one in results]
        show_json(shown[0] if len(shown) == 1 else {"seals": shown})


def _show_seal(home: Home, sealed: "Sealed") -> None:
    entry, body = sealed.entry, sealed.entry.body
    subject = f"{body['period']}|{body['partner']}"
    if not sealed.is_new:
        click.echo(f"Nothing written: entry {entry.seq} sealed {subject} already, by {entry.actor}, at {entry.at}.")
        return
    click.echo(
        f"Entry {entry.seq}: sealed {subject}, by {entry.actor}, at {entry.at}: {', '.join(body['statements'])}.\n"
        f"Its report is final: {home.relative(home.reports)}/{body['period']}/{body['partner']}/ (manifest"
        f" {body['manifest_sha256'][:12]})."
    )
    for document in body["documents"]:
        click.echo(
            f"Issued {document['kind'].replace('_', ' ')} {document['number']} over {document['amount_incl_tax']}"
            f" {document['currency']} for {document['statement_id']}."
        )
    if body["carried"]:
        click.echo(f"Still held and moved to the next open period: {body['carried']} sessions.")
    click.echo(f"The tables show it with the next run: evsettle{home_option(home)} run")


class _DecideCommand(click.Command):
    """Lists the kinds and codes from their own files, so that help and checks cannot differ."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        kinds = decision_kinds().values()
        for people, title in ((2, "Kinds that a second person must approve"), (1, "Kinds that one person decides")):
            with formatter.section(title):
                formatter.write_dl([(kind.name, _kind_help(kind)) for kind in kinds if kind.people == people])
        with formatter.section("Answers to a proposal"):
            formatter.write_dl([("approve SEQ", "The decision stands."), ("reject SEQ", "It does not.")])
        with formatter.section("Closing"):
            formatter.write_dl([("seal PERIOD|PARTNER", "Close what was approved for good; late records move on.")])
        codes = [code for code in vocabulary().reasons if code not in vocabulary().rules]
        with formatter.section("Reason codes, besides every rule id"):
            formatter.write_text(" ".join(codes))
        super().format_epilog(ctx, formatter)


def _kind_help(kind: decisions.DecisionKind) -> str:
    sets = [f"--set {name}=…" for name in kind.requires] + [f"[--set {name}=…]" for name in kind.may]
    return " ".join([kind.does, f"About a {' or '.join(kind.subjects)}.", *sets])


@click.command(
    "decide",
    cls=_DecideCommand,
    epilog="""\b
Examples:
  evsettle decide waive CDR-0042 --set rule=ENERGY_ABS_LIMIT --reason WAIVED --by "Ada Jansen"
  evsettle decide propose 'nl/emo|CDR-0042' --set what=exclude --reason EXC_FAILED --by "Ada Jansen"
  evsettle decide approve 17 --by "Bo de Vries"
  evsettle decide adjust CDR-0043 --set amount=7.85 --reason ADJ_STEP --by "Ada Jansen"
  evsettle decide adjust CDR-0045 --by "Ada Jansen"
  evsettle decide waive CDR-0046 --set rule=DUP_NEAR --set until=2026-12-31T00:00Z --reason WAIVED --by "Ada Jansen"
  evsettle decide repair file:council/cdrs/2017.csv --set repair=swap-day-month --reason ADJ_ZONE --by "Cem Aydin"
  evsettle decide reprocess file:emo/cdrs/cdrs-2026-10-01.json --reason REPROCESS --by "Cem Aydin"
  evsettle decide assign CDR-0044 --set to=platform --by "Ada Jansen"
  evsettle decide period '2026-10|emo' --by "Ada Jansen"
  evsettle decide seal '2026-10|emo' --by "Ada Jansen"
  evsettle decide release group:7c1d0a9e@5f2c --reason MASTER_FIXED --by "Ada Jansen"
""",
)
@click.argument("kind")
@click.argument("named", metavar="SUBJECT...", nargs=-1, required=True)
@click.option("--by", required=True, metavar="NAME", help="Who decides, as in master/people.yaml.")
@click.option("--reason", metavar="CODE", help="Why; see the codes below. approve, assign and some others need none.")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="What the kind asks for. Repeatable.")
@click.option("--note", metavar="TEXT", help="Words beside the code; they never replace it.")
@click.option("--as-of", metavar="TIME", help="When it is decided, 2026-11-01T09:00:00Z; now when left out.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
@click.pass_obj
def command(
    home_path: Path | None,
    kind: str,
    named: tuple[str, ...],
    by: str,
    reason: str | None,
    pairs: tuple[str, ...],
    note: str | None,
    as_of: str | None,
    as_json: bool,
) -> None:
    """Record a decision about one or more subjects in the ledger.

    SUBJECT is a CDR id, a cdr_key (nl/emo|CDR-0042), <kind>:<id> (cdr, record, file, tariff, partner, ...),
    <period>|<partner>, or a group of `evsettle exceptions` as it was shown: the ledger then keeps the list of
    its cases. Quote what holds a | or a space. An act that moves money or approves
    something is a proposal until a second person with role approver approves it.
    """
    at = parse_instant(as_of)
    try:
        home = open_home(home_path)
        if kind == "seal":
            _seal(home, named, by, pairs, at, as_json)
            return
        recorded: list[Recorded] = []
        for decision in _decisions(home, kind, named, by, reason, pairs, note):
            recorded.append(decisions.record(home, decision, at))
            # Said at once: of several answers a later one may still be refused.
            if not as_json:
                _show(home, recorded[-1])
    except (DecisionError, PeopleError, SubjectError, SealRefused) as error:
        raise Refused(str(error)) from error
    except (HomeError, LockHeld) as error:
        raise click.ClickException(str(error)) from error
    except LedgerError as error:
        raise click.ClickException(f"{error} (--as-of gives the time of a decision.)") from error
    if as_json:
        results = [_as_json(each) for each in recorded]
        show_json(results[0] if len(results) == 1 else {"decisions": results})
