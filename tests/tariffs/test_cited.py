"""Where a CDR cites another tariff than the one in force, both prices can be shown."""

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.facts.home import Home
from orchestration.tariffs.cited import cited_price
from tests.factories import a_cdr, a_component, a_tariff

OLD = a_tariff(elements=[{"price_components": [a_component(price=0.25)]}])
NIGHT = a_tariff(elements=[
    {"price_components": [a_component(price=0.10)], "restrictions": {"start_time": "09:30", "end_time": "11:00"}},
    {"price_components": [a_component(price=0.25)]},
])  # fmt: skip


def _home(folder: Path, raw_text: str, zone: str | None) -> Home:
    home = Home(folder)
    home.warehouse.parent.mkdir(parents=True)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("create schema ingest; create schema inspect")
        connection.execute(
            "create table inspect.cdrs as select 'key' as cdr_key, 1 as record_id, $1 as time_zone", [zone]
        )
        connection.execute("create table ingest.raw_records as select 1 as record_id, $1 as raw_text", [raw_text])
    return home


@pytest.mark.parametrize(
    ("raw_text", "zone", "price"),
    [
        # 10 kWh at what the CDR cites; the session starts at 08:00 UTC.
        (json.dumps(a_cdr(tariffs=[OLD])), None, Decimal("2.5000")),
        (json.dumps(a_cdr(tariffs=[NIGHT])), "Europe/Amsterdam", Decimal("1.0000")),
        # Without a zone no window can be held against the clock, without a tariff there is nothing to be told.
        (json.dumps(a_cdr(tariffs=[NIGHT])), None, None),
        (json.dumps(a_cdr(tariffs=None)), None, None),
        ("start;end;kwh", None, None),
    ],
)
def test_the_cited_tariff_prices_the_record_as_it_was_sent(
    tmp_path: Path, raw_text: str, zone: str | None, price: Decimal | None
) -> None:
    assert cited_price(_home(tmp_path, raw_text, zone), "key") == price
    assert cited_price(_home(tmp_path / "other", raw_text, zone), "unknown") is None
