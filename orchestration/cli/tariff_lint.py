"""`evsettle tariff lint`: what is wrong with a tariff, before anybody is charged by it."""

from pathlib import Path
from typing import Any

import click

from orchestration.cli.show import counted, show_json
from orchestration.tariffs.lint import Linted
from orchestration.tariffs.lint import lint as lint_text
from orchestration.tariffs.sources import Given, SourceError, given_tariffs, known_windows

_COLOURS = {"error": "red", "warn": "yellow", "info": "cyan"}


@click.command(
    "lint",
    epilog="""\b
Examples:
  evsettle tariff lint draft.json
  evsettle tariff lint feed.json --strict
  evsettle tariff lint AC-BASIC NL/EVS:DC-FAST
  evsettle tariff lint draft.json --json | jq '.tariffs[].problems[].message'
""",
)
@click.argument("named", metavar="FILE|TARIFF-ID...", nargs=-1, required=True)
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
@click.pass_obj
def lint(home_path: Path | None, named: tuple[str, ...], strict: bool, as_json: bool) -> None:
    """Check tariffs: dead elements, gaps in the week, overlaps, windows that never hold, odd steps, missing VAT.

    Beside the other versions of its id (in the FILE, or those the home knows): when none is valid, when two are, and
    a version that charges the same as the one before.

    A FILE holds one OCPI tariff, a list of them, an OCPI response or one tariff a line; no home is needed for it. A
    TARIFF-ID is one of the home: of ours in master/tariffs, else the last version that a partner sent. Places are
    1-based elements and components, as in price lines, and a JSON path.

    Exit code 0: nothing that must be mended; 1: errors (with --strict also warnings); 2: the call was wrong.
    """
    try:
        results = [result for name in named for result in _linted(name, home_path)]
    except SourceError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        show_json(_as_json(results))
    else:
        for given, linted in results:
            _show(given, linted)
        _summary(results)
    if any(linted.errors or (strict and linted.warnings) for _, linted in results):
        click.get_current_context().exit(1)


def _linted(name: str, home_path: Path | None) -> list[tuple[Given, Linted]]:
    tariffs = given_tariffs(name, home_path)
    known = known_windows(name, tariffs, home_path)
    return [(given, lint_text(given.text, known)) for given in tariffs]


def _as_json(results: list[tuple[Given, Linted]]) -> dict[str, Any]:
    return {
        "tariffs": [
            {
                "from": given.place,
                "tariff_id": linted.tariff.tariff_id if linted.tariff else None,
                "party": linted.tariff.party if linted.tariff else None,
                "tariff_body": linted.tariff.body if linted.tariff else None,
                "errors": linted.errors,
                "warnings": linted.warnings,
                "problems": [problem.as_json() for problem in linted.problems],
            }
            for given, linted in results
        ],
        "errors": sum(linted.errors for _, linted in results),
        "warnings": sum(linted.warnings for _, linted in results),
    }


def _show(given: Given, linted: Linted) -> None:
    name = linted.tariff.tariff_id if linted.tariff and linted.tariff.tariff_id else "a tariff"
    click.secho(f"{name}  ({given.place})", bold=True)
    for problem in linted.problems:
        click.echo("  " + click.style(f"{problem.severity:5}", fg=_COLOURS[problem.severity]), nl=False)
        click.echo(f"  {problem.place}: {problem.message}")
        click.echo(f"         {problem.remedy}  [{problem.code} {problem.path}]")
    if not linted.problems:
        click.echo("  nothing to say: every element counts, and no situation is left without a price")
    click.echo()


def _summary(results: list[tuple[Given, Linted]]) -> None:
    errors, warnings = (sum(getattr(linted, what) for _, linted in results) for what in ("errors", "warnings"))
    click.echo(f"{counted(len(results), 'tariff')}: {counted(errors, 'error')}, {counted(warnings, 'warning')}.")
