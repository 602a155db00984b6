"""`evsettle explain`: the whole story of one session, as a page in the terminal, as HTML, or as JSON."""

from dataclasses import asdict
from pathlib import Path

import click

from orchestration.cli.show import show_json, shown_path
from orchestration.facts.home import HomeError, open_home
from orchestration.published import Snapshot
from orchestration.story.page import html, show
from orchestration.story.session import session_story
from orchestration.story.session_page import session_page
from orchestration.story.subject import find_session


@click.command(
    "explain",
    epilog="Examples:\n\n  evsettle explain CDR-000123\n\n  evsettle explain 'nl/evs|cdr-000123' --json\n\n"
    "  evsettle explain CDR-000123 --html cdr.html",
)
@click.argument("cdr")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
@click.option("--html", "html_file", type=click.Path(path_type=Path, dir_okay=False), help="Write a page to this file.")
@click.pass_obj
def command(home_path: Path | None, cdr: str, as_json: bool, html_file: Path | None) -> None:
    """The whole story of one session: file, revisions, findings, tariff version, each price line, decisions, statement.

    CDR is a CDR's id, or its key (party|id) where two parties use the same id.
    """
    try:
        home = open_home(home_path)
        snapshot = Snapshot(home)
        story = session_story(home, snapshot, find_session(snapshot, cdr))
    except HomeError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        show_json(asdict(story))
        return
    page = session_page(story)
    if html_file is None:
        show(page)
        return
    html_file.write_text(html(page), encoding="utf-8")
    click.echo(f"Written: {shown_path(html_file.resolve())}")
