"""`evsettle explain`: the story of a session, a statement or a file, as a page in the terminal, as HTML, or as JSON."""

import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from orchestration.cli.as_of import as_of_option, read_at, sentence, told
from orchestration.cli.explain_sample import show_sample
from orchestration.cli.show import show_json, shown_path
from orchestration.facts.home import Home, HomeError, open_home
from orchestration.pseudonyms import PseudonymError
from orchestration.published import Snapshot
from orchestration.story.landed import file_story, record_story
from orchestration.story.landed_page import file_page, record_page
from orchestration.story.page import Page, html, show
from orchestration.story.session import session_story
from orchestration.story.session_page import session_page
from orchestration.story.statement import statement_story
from orchestration.story.statement_page import statement_page
from orchestration.story.subject import find


def _told(home: Home, name: str) -> tuple[dict[str, Any], Page]:
    """The story of what is named, and its page. Raises HomeError."""
    snapshot = Snapshot(home)
    found = find(snapshot, name)
    match found.kind:
        case "session":
            session = session_story(home, snapshot, found.row)
            return asdict(session), session_page(session)
        case "statement":
            statement = statement_story(snapshot, found.row)
            return asdict(statement), statement_page(statement)
        case "file":
            file = file_story(snapshot, found.place)
            return asdict(file), file_page(file)
        case "record":
            record = record_story(home, snapshot, found.row)
            return asdict(record), record_page(record)


@click.command(
    "explain",
    epilog="""\b
Examples:
  evsettle explain CDR-000123                        a session, by its CDR's id
  evsettle explain 'nl/evs|cdr-000123' --html cdr.html
  evsettle explain 2026-10-emo-R-EUR                 a statement
  evsettle explain emo/cdrs/cdrs-2026-10-01.json     a file, as under landing/
  evsettle explain 'emo/cdrs/cdrs-2026-10-01.json#3' --json
  evsettle explain CDR-000123 --as-of 2026-11-05     what we knew then
  evsettle explain --sample 100                      any hundred, and whether all sums are right
""",
)
@click.argument("name", metavar="CDR|STATEMENT|FILE", required=False)
@click.option("--sample", "count", type=click.IntRange(min=1), help="Explain N sessions taken at random, check sums.")
@click.option("--seed", help="With --sample: which sessions. The same word takes the same ones again.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
@click.option("--html", "html_file", type=click.Path(path_type=Path, dir_okay=False), help="Write a page to this file.")
@as_of_option
@click.pass_obj
def command(
    home_path: Path | None,
    name: str | None,
    count: int | None,
    seed: str | None,
    as_json: bool,
    html_file: Path | None,
    as_of: str | None,
) -> None:
    """The whole story of a session, a statement, or a file.

    A session: its file and line, revisions, findings, tariff version, each price line, claim, decisions, statement. It
    is named by its CDR's id, or its key (party|id) where two parties use the same id. A statement: what is on it, what
    is not and why, and who signed. A file: where each of its records went.

    With --sample N, sessions taken at random: each must have its tariff, its price lines must add up to its price, what
    is settled of it to its line, and the lines to their statement. Exit 1 names each sum that is another.
    """
    if (name is None) == (count is None):
        raise click.UsageError("name a session, statement or file, or give --sample N.")
    try:
        home = open_home(home_path)
        if count is not None or name is None:
            if html_file is not None or as_of is not None:
                raise click.UsageError("--sample goes with --seed and --json alone.")
            sys.exit(0 if show_sample(home, count or 0, seed, as_json) else 1)
        name = name.removeprefix(f"{home.landing}/")
        then = None if as_of is None else read_at(home, as_of)
        story, page = _told(home if then is None else then.home, name)
    except (HomeError, PseudonymError) as error:
        raise click.UsageError(str(error)) from error
    if then is not None:
        story["as_of"] = told(then)
        page = replace(page, lead=[sentence(then), *page.lead])
    if as_json:
        show_json(story)
    elif html_file is None:
        show(page)
    else:
        html_file.write_text(html(page), encoding="utf-8")
        click.echo(f"Written: {shown_path(html_file.resolve())}")
