"""`evsettle tariff diff`: what changes between two tariffs, in words somebody who sells charging reads."""

from pathlib import Path

import click

from orchestration.cli.show import show_json
from orchestration.defs.ingest.tariff import Tariff
from orchestration.tariffs.diff import changes
from orchestration.tariffs.sources import Given, SourceError, one_tariff, one_version, previous_and_last


@click.command(
    "diff",
    epilog="""\b
Examples:
  evsettle tariff diff old.json new.json
  evsettle tariff diff AC-BASIC draft.json          (ours as it stands in master/tariffs)
  evsettle tariff diff AC-BASIC@2026-10-01 AC-BASIC@2026-11-15   (versions in force on those days)
  evsettle tariff diff NL/EVS:AC-BASIC@3fa9 draft.json           (a version by the start of its hash)
  evsettle tariff diff FS-AC                        (the last two versions that we know)
""",
)
@click.argument("before")
@click.argument("after", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
@click.pass_obj
def diff(home_path: Path | None, before: str, after: str | None, as_json: bool) -> None:
    """Say what changes from BEFORE to AFTER for whom and when: prices, tax, steps, limits, validity.

    Each is a file, a tariff's id in the home, or ID@VERSION: a day (the version in force at its start, UTC), a time,
    or the first digits of a version's or content's hash. With BEFORE alone its last two versions are compared.
    What was only written otherwise, or moved without changing a price, is no change.
    """
    try:
        one, other = (
            previous_and_last(before, home_path)
            if after is None
            else (_given(before, home_path), _given(after, home_path))
        )
        old, new = one.tariff(), other.tariff()
    except SourceError as error:
        raise click.UsageError(str(error)) from error
    found = changes(old, new)
    if as_json:
        show_json(
            {
                "before": _side(one, old),
                "after": _side(other, new),
                "is_same_price": old.body == new.body,
                "changes": [
                    {name: getattr(change, name) for name in ("kind", "what", "before", "after", "percent")}
                    | {"sentence": change.sentence()}
                    for change in found
                ],
            }
        )
        return
    click.secho(f"{old.tariff_id} ({one.place}) -> {new.tariff_id} ({other.place})", bold=True)
    for change in found:
        click.echo(f"  {change.sentence()}")
    if not found:
        click.echo("  Nothing changes: every session costs the same, from the same moment.")


def _given(name: str, home_path: Path | None) -> Given:
    return one_version(name, home_path) if "@" in name and not Path(name).exists() else one_tariff(name, home_path)


def _side(given: Given, tariff: Tariff) -> dict[str, object]:
    return {
        "from": given.place,
        "party": tariff.party,
        "tariff_id": tariff.tariff_id,
        "tariff_body": tariff.body,
        "valid_from": tariff.valid_from,
        "valid_to": tariff.valid_to,
    }
