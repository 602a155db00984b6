"""`evsettle tariff`: checks, compares, approves and tries tariffs. Each command is imported only when called."""

import importlib

import click

COMMANDS = {
    "lint": "check tariffs for dead elements, gaps and slips; no home needed for a file",
    "diff": "what changes between two tariffs, in words",
    "show": "a tariff's versions: prices, validity, approval, publication",
    "propose": "put a tariff of ours forward for approval",
    "approve": "approve a proposed tariff, as a second person",
    "reject": "send a proposed tariff back",
    "simulate": "price a past period again under a draft",
}


class TariffCommands(click.Group):
    """The commands about tariffs, each a module orchestration.cli.tariff_<name>."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = "approve" if cmd_name in ("propose", "reject") else cmd_name
        command = getattr(importlib.import_module(f"orchestration.cli.tariff_{module}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group("tariff", cls=TariffCommands)
def command() -> None:
    """Check a tariff, compare two, approve one as two people, and try a draft on a past period.

    \b
    From a draft to a price that counts:
      evsettle tariff lint draft.json
      evsettle tariff diff AC-BASIC draft.json
      evsettle tariff simulate draft.json --period 2026-10
      cp draft.json data/master/tariffs/AC-BASIC.json
      evsettle tariff propose AC-BASIC --by "Noor Bakker"
      evsettle tariff approve AC-BASIC --by "Sem de Wit"
      evsettle run
    """
