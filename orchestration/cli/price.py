"""`evsettle price`: what CDRs cost by their tariffs. No home needed."""

import sys
from pathlib import Path
from typing import Literal

import click

_ZIP = b"PK\x03\x04"


class _WrongCallError(click.ClickException):
    """What was asked for cannot be read; no run failed."""

    exit_code = 2


@click.command(name="price")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--tariff", "tariffs", multiple=True, metavar="FILE",
    help="Tariffs for CDRs that embed none, and in place of an embedded one of the same id. May be repeated.",
)  # fmt: skip
@click.option("--time-zone", metavar="ZONE", help="IANA zone of CDRs that name none, such as Europe/Amsterdam.")
@click.option(
    "--ocpi", "ocpi_version", type=click.Choice(["2.1.1", "2.2.1", "2.3.0"]),
    help="OCPI version of the CDRs. Default: told from the fields of each one.",
)  # fmt: skip
@click.option(
    "--period-policy", type=click.Choice(["as_sent", "split"]), default="as_sent", show_default=True,
    help="split: cut a period that crosses a boundary of its tariff there, and share its volumes by time.",
)  # fmt: skip
def command(
    files: tuple[str, ...],
    tariffs: tuple[str, ...],
    time_zone: str | None,
    ocpi_version: str | None,
    period_policy: Literal["as_sent", "split"],
) -> None:
    """Price the CDRs of FILEs by their charging periods and tariffs, one line of JSON for each.

    A FILE is a CDR, a list of them, an OCPI response or one CDR a line (.gz too); - reads standard input. The lines
    come in the order of the input. A CDR that cannot be priced has null totals and "problems" that say why.
    The CDR's own totals are never read.

    \b
    Examples:
      evsettle price cdr.json
      evsettle price cdrs.ndjson.gz --time-zone Europe/Berlin
      evsettle price cdrs.json --tariff tariffs.json | jq .total_cost
      evsettle price cdrs.json --period-policy split
      curl -s $URL/cdrs | evsettle price - --ocpi 2.1.1
    """
    from orchestration.defs.ingest.records import FileError, RawRecord, decompress, split
    from orchestration.defs.ingest.zones import is_zone
    from orchestration.engine.price import PriceError, price, read_tariffs

    if time_zone is not None and not is_zone(time_zone):
        raise click.UsageError(f"{time_zone} is not an IANA time zone; write one like Europe/Amsterdam.")

    def records(name: str) -> list[RawRecord]:
        content = _read(name)
        if content.startswith(_ZIP):
            raise FileError(f"{name} is a zip archive: unpack it, and give the files that were in it.")
        return split(decompress(name, content))

    try:
        given = [tariff for name in tariffs for tariff in read_tariffs(records(name), name)]
        for tariff in given:
            for number in tariff.rounded:
                click.echo(f"Note: tariff {tariff.tariff_id}: {number}; give at most 8 decimals.", err=True)
        cdrs = [record for name in files for record in records(name)]
        if not cdrs:
            raise PriceError(f"{', '.join(files)}: there is no CDR in it; give a file with OCPI CDRs.")
        for answer in price(cdrs, given, time_zone, ocpi_version, period_policy):
            click.echo(answer)
    except (FileError, PriceError) as error:
        raise _WrongCallError(str(error)) from error


def _read(name: str) -> bytes:
    """The bytes of a file, - is standard input. Raises UsageError when there is no such file."""
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise click.UsageError(f"{name} cannot be read ({reason}); give the path of a JSON file.") from error
