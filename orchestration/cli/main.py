"""`evsettle`: the command line. Each command is a module of this package and is imported only when called,
so that `evsettle price` never pays for Dagster.
"""

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import click

from orchestration.facts.home import HomeError

COMMANDS = {
    "demo": "write a home with a believable month of sessions",
    "run": "take in what is new and run the five stages",
    "status": "where every session and period stands",
    "exceptions": "what waits for whom",
    "quality": "how good the records are that came, and what has jumped",
    "disputes": "what is disputed, by whom, and by when it must be answered",
    "invoices": "invoices and credit notes that were issued",
    "reconcile": "our statements against partners' invoices, line by line",
    "closing": "days to close, accruals, expected cash, who does what",
    "journal": "the double-entry journal as CSV",
    "payments": "open items and ageing, bank statements, reminders, orders for the bank",
    "price": "price CDRs of a file; no home needed",
    "explain": "the whole story of a session, a statement or a file",
    "diff": "what changed between two runs, and because of what",
    "parallel": "a closed month of another platform, rebuilt here and compared",
    "channels": "sessions by app, hub and direct, and late or broken hand-offs",
    "waterfall": "from claimed to paid, step by step, by partner, period and site",
    "leakage": "every euro that is not billed as it was sent, and why",
    "tariff": "check, compare, approve and try tariffs",
    "partner": "add a partner, check and compare its terms",
    "master": "what master data says as of a date, and what is wrong with it",
    "rules": "list the rules that decide what is billed",
    "decide": "record a decision in the ledger",
    "decisions": "what was decided, and what it changed",
    "proof": "one line of a sealed statement, to be checked by anybody",
    "export": "write the whole history as open files",
    "import": "make a home from an export",
    "erase": "take a person out of all that was received",
    "verify": "check the ledger, its objects and the reports",
    "dev": "open the Dagster UI on this home",
}

# A word of Python is no name of a module.
MODULES = {"import": "import_home"}


class LazyCommands(click.Group):
    """A group whose commands are imported when they are called, not when help is shown."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"orchestration.cli.{MODULES.get(cmd_name, cmd_name)}").command
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except HomeError as error:
            raise click.ClickException(str(error)) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyCommands)
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="EVSETTLE_HOME",
    help="The folder with landing, master, ledger and reports. Default: $EVSETTLE_HOME, else data.",
)
@click.version_option(package_name="evsettle")
@click.pass_context
def evsettle(ctx: click.Context, home: Path | None) -> None:
    """Settlement of EV charging sessions that both sides can explain.

    \b
    A first look:
      evsettle demo data        a month of six partners, with planted faults
      evsettle run              the five stages; drafts in data/reports
      evsettle status           where everything stands
      evsettle explain CDR-ID   one session, from file line to statement
    """
    ctx.obj = home


def main() -> None:
    """Entry point. Exit codes: 0 done, 1 a run failed, 2 the call was wrong. Never a traceback for the user."""
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    try:
        evsettle.main(prog_name="evsettle", standalone_mode=True)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # `evsettle price … | head` closes our output early; that is no failure.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get("EVSETTLE_TRACEBACK"):
            raise
        click.echo(
            f"Error: {type(error).__name__}: {error} "
            "(this is a defect of evsettle; EVSETTLE_TRACEBACK=1 shows where, nothing in the ledger was changed)",
            err=True,
        )
        sys.exit(1)
