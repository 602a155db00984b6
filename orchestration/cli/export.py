"""`evsettle export`: the whole history as open files."""

from pathlib import Path

import click

from orchestration.cli.show import show_json
from orchestration.facts.home import HomeError, open_home


@click.command(
    "export",
    epilog="Examples:\n\n  evsettle export /backup/settle-2026\n\n  evsettle export settle.zip --ocpi 2.3.0",
)
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--ocpi", "versions", multiple=True, type=click.Choice(["2.2.1", "2.3.0"]),
    help="OCPI version of the CDRs, may be repeated. Default: both.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a sentence.")
@click.pass_obj
def command(home_path: Path | None, target: Path, versions: tuple[str, ...], as_json: bool) -> None:
    """Write everything to TARGET, a new folder or a new .zip: facts as they are, published tables as Parquet and CSV
    with a data dictionary, CDRs as OCPI, checksums, and a Frictionless data package descriptor.

    `evsettle import` makes a home of it again, with the same state and the same bytes.
    """
    from orchestration.archive.ocpi import VERSIONS
    from orchestration.archive.sink import ExportError
    from orchestration.archive.write import export
    from orchestration.facts.ledger import LedgerError
    from orchestration.facts.lock import LockHeld

    chosen = [version for version in VERSIONS if version in (versions or VERSIONS)]
    try:
        counts = export(open_home(home_path), target, chosen)
    except (HomeError, ExportError, LedgerError, LockHeld) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        show_json({"target": str(target), **counts})
        return
    cdrs = f", {counts['cdrs']:,} CDRs as OCPI {' and '.join(chosen)}" if counts["cdrs"] else ""
    click.echo(
        f"Exported to {target}: {counts['facts']:,} files of facts, reports and published tables,"
        f" {counts['tables']} tables as CSV{cdrs}. README.txt says what is where."
    )
    if counts["not_said"]:
        click.echo(f"{counts['not_said']:,} CDRs have no form in a version: ocpi/<version>/not-exported.csv says why.")
