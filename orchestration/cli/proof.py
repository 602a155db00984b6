"""`evsettle proof`: one line of a sealed statement with all that it came from, in one file that anybody can check."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from orchestration.cli.show import shown_path
from orchestration.facts.home import HomeError, open_home


@click.command(
    "proof",
    epilog="Examples:\n\n  evsettle proof 2026-10-emo-R-EUR 27\n\n  evsettle verify 2026-10-emo-R-EUR-27.proof.json",
)
@click.argument("statement")
@click.argument("line", type=click.IntRange(min=1))
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Default: STATEMENT-LINE.proof.json.")
@click.pass_obj
def command(home_path: Path | None, statement: str, line: int, output: Path | None) -> None:
    """Write the proof of LINE of the sealed STATEMENT: the raw bytes of its record, the tariff it was priced with, each
    price step, its findings and the line, with their hashes and the two entries of the ledger that they hang on.

    `evsettle verify FILE` checks it anywhere, without a home. It holds the record as it was sent, token included: it is
    for the two parties of the statement.
    """
    from orchestration.facts import ledger
    from orchestration.facts.ledger import LedgerError
    from orchestration.facts.objects import ObjectError
    from orchestration.proof import ProofError, make_proof

    try:
        home = open_home(home_path)
        data = make_proof(home, ledger.read_all(home), statement, line)
    except (HomeError, LedgerError, ObjectError, ProofError) as error:
        raise click.ClickException(str(error)) from error
    target = output or Path(f"{statement}-{line}.proof.json")
    target.write_bytes(data)
    click.echo(f"Wrote {shown_path(target)} ({len(data):,} bytes). Anybody can check it: evsettle verify {target}")


def show_checked(path: Path, as_json: bool) -> bool:
    """Check a proof and tell what it shows. Returns whether it holds."""
    from orchestration.cli.show import show_json
    from orchestration.proof import check_proof

    found = check_proof(path.read_bytes())
    if as_json:
        show_json(
            {
                "is_intact": not found.problems,
                "problems": list(found.problems),
                "story": found.story,
                "seal": None if found.seal is None else {"seq": found.seal.seq, "hash": found.seal.hash},
                "priced_excl_tax": found.priced,
                "not_priced": found.not_priced,
            }
        )
        return not found.problems
    for problem in found.problems:
        click.echo(f"{path} proves nothing. {problem}")
    if found.problems or found.seal is None:
        return False
    story, session = found.story, found.story["session"]
    about = f"session {session['cdr_id']}, {session['state']}" if session else story["kind"]
    tax = f", tax {story['tax']}, gross {story['amount_incl_tax']}" if story["tax"] else ""
    click.echo(
        f"{story['statement_id']}, line {story['line_no']}: {about},"
        f" {story['amount_excl_tax']} {story['currency']} net{tax}"
    )
    if found.arrival is not None and found.record is not None:
        at = story["record"]
        place = f"{at['source']}/{at['feed']}/{at['file_name']}#{at['position']}"
        taken = f"of a file that entry {found.arrival.seq} took in at {found.arrival.at}"
        size = len(found.record.encode())
        click.echo(f"  record    {place}, {size:,} bytes, sha256 {at['record_sha256'][:12]}: {taken}")
    for use in story["tariffs"]:
        by = f", approved by {use['approved_by']}" if use["approved_by"] else ""
        click.echo(f"  tariff    {use['tariff_id']}, version {use['tariff_version'][:12]}{by}")
    _show_steps(story)
    for finding in story["findings"]:
        click.echo(f"  finding   {finding['rule_id']} ({finding['severity']}, {finding['status']})")
    if found.priced is not None:
        click.echo(f"  priced    again here, by the models of `evsettle price`: {found.priced}, each step the same")
    elif found.not_priced:
        click.echo(f"  priced    not again: {found.not_priced}")
    seal = found.seal
    click.echo(f"  sealed    by {seal.actor} at {seal.at} in entry {seal.seq}")
    click.echo(f"Every byte is as it was written. Compare the seal with the one you were given: {seal.hash}")
    return True


def _show_steps(story: Mapping[str, Any]) -> None:
    for step in story["price_lines"]:
        told = f"{step['volume']} x {step['unit_price']}" if step["unit_price"] is not None else step["kind"]
        of = step["dimension"] or step["kind"]
        click.echo(f"  step {step['line_no']:>3}  {of}: {told} = {step['amount_excl_tax']}")
    for step in story["discount_lines"]:
        click.echo(f"  discount  {step['granted_by']}, {step['discount_percent']} %: {step['amount_excl_tax']}")
