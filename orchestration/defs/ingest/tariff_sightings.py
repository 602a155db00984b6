"""Tariff objects of a tariffs feed or of master/tariffs: their content once, and each time one was seen."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import duckdb

from orchestration.defs.ingest.bulk import insert_rows
from orchestration.defs.ingest.feed_objects import (
    FeedObject,
    ObjectError,
    ObjectReader,
    Sighting,
    load_objects,
    party_of,
)
from orchestration.defs.ingest.records import RawRecord
from orchestration.defs.ingest.tariff import Tariff, TariffError, parse_tariff
from orchestration.defs.ingest.tariff_rows import store_bodies

COLUMNS = (
    "record_id", "sighting_seq", "seen_at", "source", "is_opening", "cpo_party", "tariff_id", "tariff_no",
    "tariff_type", "valid_from", "valid_to", "last_updated",
)  # fmt: skip


def load_tariffs(
    connection: duckdb.DuckDBPyConnection,
    sighting: Sighting,
    records: Iterable[RawRecord],
    read: Callable[[RawRecord], dict[str, Any]] | None = None,
) -> None:
    """A tariffs feed's file into raw_records, raw_tariff_sightings and the tables of tariff content.

    read: see load_objects.
    """
    # By content: a feed that says the same each day brings it once.
    tariffs: dict[str, Tariff] = {}

    def rows_of(item: FeedObject) -> Iterator[tuple[Any, ...]]:
        tariff = read_tariff(item)
        tariffs[tariff.body] = tariff
        yield sighting_row(tariff, item.default_party)

    load_objects(connection, sighting, records, "raw_tariff_sightings", COLUMNS, rows_of, read)
    store_bodies(connection, list(tariffs.values()))


def read_tariff(item: FeedObject) -> Tariff:
    """The tariff in an object. Raises ObjectError when it has no id: nothing could refer to it."""
    try:
        tariff = parse_tariff(item.fields)
    except TariffError as error:
        raise ObjectError(f"{error}; ask the sender for it.") from None
    if tariff.tariff_id is None:
        raise ObjectError("the tariff has no id; ask the sender for it.")
    # Not of the content: when it was written decides nothing but the order of what is said at one time.
    reader = ObjectReader()
    reader.moment(item.fields, "last_updated", "")
    party_of(item.fields, item.default_party, reader)
    reader.refuse("tariff", tariff.tariff_id)
    return tariff


def sighting_row(tariff: Tariff, default_party: str | None) -> tuple[Any, ...]:
    """The columns of a sighting after is_opening."""
    return (
        tariff.party or default_party, tariff.tariff_id, tariff.number, tariff.type,
        tariff.valid_from, tariff.valid_to, tariff.last_updated,
    )  # fmt: skip


def insert_master_sightings(connection: duckdb.DuckDBPyConnection, rows: list[tuple[Any, ...]]) -> None:
    """Rows in the order of COLUMNS, with record_id null."""
    insert_rows(connection, "raw_tariff_sightings", COLUMNS, rows)
