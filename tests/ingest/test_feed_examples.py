"""The example files are read as they stand, and the page of feeds names every column."""

import re
from pathlib import Path

from orchestration.defs.ingest.feed_fields import DECLARED_FEEDS
from orchestration.defs.ingest.landing import take_in
from orchestration.defs.ingest.load import load_from_ledger
from orchestration.warehouse import open_warehouse
from tests.small_home import at, land, make_home, rows

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = sorted((ROOT / "examples/feeds").iterdir())


def test_every_feed_has_an_example_that_is_read(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    for path in EXAMPLES:
        land(home, f"emo/{path.stem}/{path.name}", path.read_bytes())
    take_in(home, at(0))
    with open_warehouse(home.warehouse) as connection:
        summary = load_from_ledger(home, connection)
        read = rows(connection, "select feed from ingest.raw_records inner join ingest.raw_files using (file_seq)"
                                " where is_typed order by feed")  # fmt: skip
    assert summary.quarantined == 0
    assert {feed for (feed,) in read} == set(DECLARED_FEEDS)


def test_every_record_that_came_is_typed_quarantined_or_a_repetition(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    for path in EXAMPLES:
        data = path.read_bytes()
        land(home, f"emo/{path.stem}/{path.name}", data)
        land(home, f"emo/{path.stem}/again-{path.name}", data)
        # A line that is none: a record of its own, the rest of an array, or a row of too few cells.
        if b"status_code" not in data:
            land(home, f"emo/{path.stem}/torn-{path.name}", data.rstrip() + b'\n"\n')
        if path.suffix == ".csv":
            land(home, f"emo/{path.stem}/{path.stem}.tsv", data.replace(b",", b"\t"))
    take_in(home, at(0))
    with open_warehouse(home.warehouse) as connection:
        load_from_ledger(home, connection)
        files = rows(connection, "select file_name, replays_file_seq is not null, any_value(record_count), count(record_id),"
                                 " count(*) filter (is_typed) from ingest.raw_files left join ingest.raw_records"
                                 " using (file_seq) group by all order by all")  # fmt: skip
        for name, is_repetition, came, kept, typed in files:
            assert kept == (0 if is_repetition else came), name
            assert typed < kept if name.startswith("torn-") else typed == kept, name
        for feed in DECLARED_FEEDS.keys() - {"invoices"}:
            table = {"locations": "raw_connectors", "tariffs": "raw_tariff_sightings"}.get(feed, f"raw_{feed}")
            lost = (
                f"select count(*) from ingest.raw_records as records join ingest.raw_files using (file_seq) where is_typed"
                f" and feed = '{feed}' and records.record_id not in (select record_id from ingest.{table})"
            )
            assert rows(connection, lost) == [(0,)], feed
    assert sum(is_repetition for _, is_repetition, *_ in files) == len(EXAMPLES)


def test_the_page_of_feeds_names_every_column() -> None:
    page = (ROOT / "docs/feeds.md").read_text()
    section = page.split("## Default columns")[1].split("##")[0]
    for name, feed in DECLARED_FEEDS.items():
        (row,) = re.findall(rf"^\| {name} \| (.*) \|$", section, re.MULTILINE)
        assert set(re.findall(r"[a-z_]{4,}", row)) >= {field.name for field in feed.fields}, name
        assert not [field.name for field in feed.fields if field.is_required and f"**{field.name}**" not in row], name
