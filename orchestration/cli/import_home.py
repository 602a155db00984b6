"""`evsettle import`: a home from an export, with the same state and the same bytes."""

import os
import sys
from pathlib import Path

import click

from orchestration.cli.show import home_option, show_json
from orchestration.facts.home import DEFAULT_HOME, HOME_VARIABLE, Home


@click.command("import", epilog="Examples:\n\n  evsettle --home data import /backup/settle-2026.zip")
@click.argument("source", type=click.Path(path_type=Path, exists=True))
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
@click.pass_obj
def command(home_path: Path | None, source: Path, as_json: bool) -> None:
    """Make the home (--home, which must be new or empty) from SOURCE, a folder or .zip that `evsettle export` wrote.

    Every file is checked against the export's checksums, then the home as `evsettle verify` does. The warehouse is
    built by the next `evsettle run`; until then all that is published stands as it was. Exit 1 names what changed.
    """
    from orchestration.archive.read import ImportRefused, import_home
    from orchestration.cli.verify import checked

    home = Home((home_path or Path(os.environ.get(HOME_VARIABLE) or DEFAULT_HOME)).expanduser().resolve())
    try:
        imported = import_home(source, home)
    except ImportRefused as error:
        raise click.ClickException(str(error)) from error
    answer = checked(home)
    if as_json:
        show_json({"checked": imported.checked, "files": imported.files, "verification": answer})
    else:
        click.echo(f"Imported {imported.files:,} files; all {imported.checked:,} of the export have their hash.")
        for problem in answer["problems"]:
            click.echo(f"  {problem['message']}")
        if not answer["problems"]:
            click.echo(f"The ledger is whole up to {(answer['head'] or 'nothing')[:12]}, and all it names is there.")
            click.echo(f"Next: evsettle{home_option(home)} run --full   (builds the warehouse from the ledger)")
    sys.exit(0 if answer["is_intact"] else 1)
