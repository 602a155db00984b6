"""`evsettle run`: takes in what is new and runs the five stages through Dagster in this process."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from orchestration.cli.show import home_option, show_json
from orchestration.facts import ledger
from orchestration.facts.home import Home, HomeError, open_home

_OUR_CLASS = re.compile(r"\Aorchestration\.[\w.]+: ")
_PERIOD = re.compile(r"\d{4}-(?:(?:0[1-9]|1[0-2])(?:-H[12])?|W[0-5]\d)")


def check_period(text: str | None) -> None:
    """Refuse what no period is called. Raises UsageError."""
    if text and not _PERIOD.fullmatch(text):
        raise click.UsageError(f"{text} is no period; write it as 2026-10, 2026-10-H1 or 2026-W41.")


def parse_instant(text: str | None) -> datetime:
    """An ISO 8601 instant with offset or Z; none is now. Raises click.BadParameter."""
    if text is None:
        return datetime.now(UTC)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not an ISO 8601 time such as 2026-11-03T06:00:00Z") from error
    if instant.tzinfo is None:
        raise click.BadParameter(f"{text!r} has no zone: write {text}Z for UTC, or an offset such as +01:00")
    return instant.astimezone(UTC)


@click.command(
    "run",
    epilog="Examples:\n\n  evsettle run\n\n  evsettle run --period 2026-10\n\n"
    "  evsettle --home /srv/settle run --as-of 2026-11-03T06:00:00Z --json",
)
@click.option("--period", default="", help="Limit statements and reports to one period, e.g. 2026-10.")
@click.option("--as-of", "as_of", help="The run's clock, and the time of what arrives (ISO 8601). Default: now.")
@click.option("--full", is_flag=True, help="Run all stages although nothing is new.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
@click.pass_obj
def command(home_path: Path | None, period: str, as_of: str | None, full: bool, as_json: bool) -> None:
    """Take in what is new in landing and master, run the five stages, leave drafts for every unsealed period."""
    instant = parse_instant(as_of)
    check_period(period)
    try:
        home = open_home(home_path)
    except HomeError as error:
        raise click.ClickException(str(error)) from error
    ran = settle(home, instant, period, full)
    from orchestration.cli.status import show_summary, summary

    if as_json:
        show_json({"ran": ran, **summary(home)})
    else:
        if not ran:
            click.echo("Nothing new: the last run stands (`evsettle run --full` runs all stages anyway).\n")
        show_summary(home)


def settle(home: Home, instant: datetime, period: str = "", full: bool = False) -> bool:
    """Take in what is new and run; whether it ran. Raises ClickException with what is to be done."""
    from orchestration import pseudonyms
    from orchestration.facts.ledger import LedgerError
    from orchestration.facts.lock import LockHeld, writer_lock
    from orchestration.suite import SuiteError
    from orchestration.suite_check import check_suites

    try:
        # A rule that cannot be judged would bill what it should hold: nothing starts with one.
        check_suites()
        if pseudonyms.key() is None:
            click.echo(f"Note: {pseudonyms.NO_KEY}", err=True)
        with writer_lock(home):
            return _run(home, instant, period, full)
    except (SuiteError, HomeError, LockHeld, LedgerError, pseudonyms.PseudonymError) as error:
        raise click.ClickException(str(error)) from error


def _run(home: Home, instant: datetime, period: str, full: bool) -> bool:
    """Take in, then run the job unless the last run already covers everything. Returns whether it ran."""
    from orchestration.defs.ingest.landing import take_in
    from orchestration.run_entries import is_up_to_date

    taken = take_in(home, instant)
    for problem in taken.problems:
        click.echo(f"Warning: {problem}", err=True)
    if taken.file_count or taken.master_changes:
        click.echo(f"Taken in: {taken.file_count} files, {taken.master_changes} master files", err=True)
    if not full and not period and is_up_to_date(home, ledger.read_all(home), instant):
        return False
    click.echo("Running ingest → inspect → rate → reconcile → settle (loading Dagster takes a few seconds)", err=True)
    execute(home, instant, period)
    return True


def execute(home: Home, instant: datetime, period: str) -> None:
    """The settlement job in this process. Raises ClickException with what failed and where to look."""
    from orchestration.cli.dev import prepare_instance

    prepare_instance(home.dagster_dir)
    os.environ["DAGSTER_HOME"] = str(home.dagster_dir.resolve())
    os.environ["EVSETTLE_HOME"] = str(home.root.resolve())

    import dagster as dg

    from orchestration import dbt

    try:
        # The definitions are made of what dbt read; `make setup` reads it, a bare checkout has nothing yet.
        dbt.ensure_parsed()
    except (dbt.DbtFailed, OSError) as error:
        raise click.ClickException(f"The dbt project cannot be read: {error}. Mend it, or run `make setup`.") from error
    from orchestration.definitions import defs
    from orchestration.defs.schedules import SETTLEMENT_JOB, run_config

    before = ledger.head(home)
    _make_room(home)
    with dg.DagsterInstance.get() as instance:

        def job() -> dg.ExecuteInProcessResult:
            return defs.resolve_job_def(SETTLEMENT_JOB).execute_in_process(
                instance=instance,
                run_config=run_config(str(home.root.resolve()), instant.isoformat(), period),
                raise_on_error=False,
            )

        result = job()
        if not result.success and _make_room(home):
            result = job()
    if not result.success:
        raise click.ClickException(
            f"{_failures(result)}\nThe ledger and what arrived are safe; mend it and run again. "
            f"`evsettle{home_option(home)} dev` shows run {result.run_id}."
        )
    last = ledger.head(home)
    if last is None or last == before or last.kind != "run-end":
        raise click.ClickException("The run ended without its run-end entry: nothing of it counts. Run it again.")


def _make_room(home: Home) -> bool:
    """Throw away a warehouse that cannot go on, and say so; the ledger rebuilds it. Raises ClickException."""
    from orchestration.layout import WarehouseInUse, discard_other_layout

    try:
        why = discard_other_layout(home.warehouse)
    except WarehouseInUse as error:
        raise click.ClickException(str(error)) from error
    if why is not None:
        click.echo(
            f"The tables of {home.relative(home.warehouse.parent)}/ are all built again from the ledger: {why}.",
            err=True,
        )
    return why is not None


def _failures(result: Any) -> str:
    lines = []
    for event in result.get_step_failure_events() if hasattr(result, "get_step_failure_events") else _failed(result):
        data = event.step_failure_data
        message = data.user_failure_data.description if data.user_failure_data else data.error.message
        cause = data.error.cause if data.error and not data.user_failure_data else None
        # Dagster puts the name of an error's class before its sentence; ours say all themselves.
        said = _OUR_CLASS.sub("", (cause.message if cause else message).strip())
        lines.append(f"{event.step_key.replace('__', '/')}: {said}")
    return "\n".join(lines) or "The run failed."


def _failed(result: Any) -> list[Any]:
    return [event for event in result.all_events if event.is_step_failure]
