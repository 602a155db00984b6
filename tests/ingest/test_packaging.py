"""The same records are the same sessions, however they are split, packed, repeated and interrupted."""

import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from factories import a_cdr, a_period, a_tariff

from orchestration.defs.ingest import load
from orchestration.defs.ingest.landing import take_in
from orchestration.defs.ingest.load import load_from_ledger
from orchestration.facts.home import Home
from orchestration.warehouse import open_warehouse
from tests.small_home import at, land, make_home, rows

# What a session is, whatever file it came in; each once, as repetitions are told apart later.
CONTENT = {
    "raw_cdrs": "select distinct * exclude (record_id, file_seq, position) from ingest.raw_cdrs",
    "raw_charging_periods": "select distinct cdr_key, periods.* exclude (record_id)"
    " from ingest.raw_charging_periods as periods join ingest.raw_cdrs as cdrs using (record_id)",
    "raw_cdr_tariffs": "select distinct cdr_key, tariffs.* exclude (record_id)"
    " from ingest.raw_cdr_tariffs as tariffs join ingest.raw_cdrs as cdrs using (record_id)",
    "raw_tariff_bodies": "select * from ingest.raw_tariff_bodies",
    "raw_records": "select distinct record_sha256, raw_text, is_typed, problem from ingest.raw_records",
}


def the_records() -> list[str]:
    """Sessions of three versions, whole, odd and broken within, as their text."""
    objects: list[dict[str, Any]] = [
        a_cdr(version, id=f"{version}-{number}", tariffs=[a_tariff(version, id=f"T{number % 3}")])
        for version in ("2.1.1", "2.2.1", "2.3.0")
        for number in range(4)
    ]
    objects += [
        a_cdr(id="comma", total_energy="12,5"), a_cdr(id="long", total_energy=1234567890.12345678), {"id": None},
        a_cdr(id="power", charging_periods=[a_period(ENERGY=1, POWER=7)]), a_cdr(id="none", charging_periods=None),
        a_cdr(id="again"), a_cdr(id="again", total_energy=9.5), a_cdr(id="stamp", start_date_time="2026-10-05T08:00:00"),
    ]  # fmt: skip
    return [json.dumps(item, ensure_ascii=False) for item in objects]


def lines(texts: Sequence[str]) -> bytes:
    return "\n".join(texts).encode()


def array(texts: Sequence[str]) -> bytes:
    return ("[" + " ,\n ".join(texts) + "]").encode()


def envelope(texts: Sequence[str]) -> bytes:
    return f'{{"data": [{",".join(texts)}], "status_code": 1000, "timestamp": "2026-11-01T00:00:00Z"}}'.encode()


FORMS: list[Callable[[Sequence[str]], bytes]] = [lines, array, envelope]


def zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def packages(texts: Sequence[str], chance: random.Random) -> dict[str, bytes]:
    """The records in files of random sizes and forms, some of them sent twice."""
    sent = [*texts, *chance.sample(list(texts), 4)]
    chance.shuffle(sent)
    files: dict[str, bytes] = {}
    while sent:
        count = chance.randint(1, 6)
        content = chance.choice(FORMS)(sent[:count])
        sent = sent[count:]
        name = f"{len(files):02}"
        match chance.choice(("plain", "gz", "zip")):
            case "plain":
                files[f"{name}.json"] = content
            case "gz":
                files[f"{name}.json.gz"] = gzip.compress(content)
            case "zip":
                more, sent = sent[:2], sent[2:]
                files[f"{name}.zip"] = zipped({"a.json": content} | ({"b/c.ndjson": lines(more)} if more else {}))
    return files


def content_of(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[Any, ...]]]:
    return {table: rows(connection, f"{sql} order by all") for table, sql in CONTENT.items()}


def loaded_at_once(folder: Path, texts: Sequence[str]) -> dict[str, list[tuple[Any, ...]]]:
    home = make_home(folder)
    land(home, "emo/cdrs/all.ndjson", lines(texts))
    take_in(home, at(0))
    with open_warehouse(home.warehouse) as connection:
        load_from_ledger(home, connection)
        return content_of(connection)


def load_interrupted(
    home: Home, connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, chance: random.Random
) -> None:
    """A load that dies after one of its arrivals, and goes on."""
    real = load.load_files

    def dies(*arguments: Any) -> None:
        real(*arguments)
        if chance.random() < 0.5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(load, "load_files", dies)
        try:
            load_from_ledger(home, connection)
        except KeyboardInterrupt:
            connection.execute("select 1")
    load_from_ledger(home, connection)


@pytest.mark.parametrize("seed", [1, 2, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 20))])
def test_any_packaging_gives_the_same_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    chance = random.Random(seed)
    texts = the_records()
    expected = loaded_at_once(tmp_path / "whole", texts)
    assert len(expected["raw_cdrs"]) == len(texts) - 1
    home = make_home(tmp_path / "parts")
    files = list(packages(texts, chance).items())
    with open_warehouse(home.warehouse) as connection:
        for hour, (name, data) in enumerate(files):
            land(home, f"emo/cdrs/{name}", data)
            if chance.random() < 0.3 or hour == len(files) - 1:
                take_in(home, at(hour))
                load_interrupted(home, connection, monkeypatch, chance)
        assert content_of(connection) == expected
