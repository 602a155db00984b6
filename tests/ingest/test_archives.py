"""Archives and other hostile files: a quarantine entry that says what and why, the rest goes on."""

import gzip
import io
import json
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.defs.ingest import unpack
from orchestration.defs.ingest.landing import take_in
from orchestration.defs.ingest.load import load_from_ledger
from orchestration.facts import objects
from orchestration.facts.home import Home
from orchestration.facts.verify import verify
from orchestration.warehouse import open_warehouse
from tests.small_home import CSV_HEADER, at, land, make_home, rows

RECORDS = (
    "select file_name || '#' || position, is_typed, problem from ingest.raw_records"
    " join ingest.raw_files using (file_seq) order by file_seq, position"
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


@pytest.fixture
def warehouse(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(home.warehouse) as connection:
        yield connection


def cdr(cdr_id: str, **changed: Any) -> bytes:
    return json.dumps({"country_code": "NL", "party_id": "EMO", "id": cdr_id} | changed).encode()


def zipped(members: dict[str, bytes], **info: Any) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, (2026, 10, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            for key, value in info.items():
                setattr(entry, key, value)
            archive.writestr(entry, content)
    return packed.getvalue()


def loaded(home: Home, warehouse: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    take_in(home, at(0))
    load_from_ledger(home, warehouse)
    assert not verify(home).problems
    return rows(warehouse, RECORDS)


def test_a_member_is_a_file_of_its_own(home: Home, warehouse: duckdb.DuckDBPyConnection) -> None:
    content = {
        "a.json": b"[" + cdr("A") + b", " + cdr("B") + b"]",
        "sub/b.ndjson": cdr("C") + b"\n" + cdr("D") + b"\n",
        "folder/": b"",
        "__MACOSX/._a.json": b"x",
    }
    land(home, "emo/cdrs/month.zip", zipped(content))
    assert loaded(home, warehouse) == [
        ("month.zip!a.json#1", True, None), ("month.zip!a.json#2", True, None),
        ("month.zip!sub/b.ndjson#1", True, None), ("month.zip!sub/b.ndjson#2", True, None),
    ]  # fmt: skip
    assert rows(warehouse, "select file_name, record_count from ingest.raw_files order by file_seq") == [
        ("month.zip", 0), ("month.zip!a.json", 2), ("month.zip!sub/b.ndjson", 2)
    ]  # fmt: skip


def test_a_member_that_came_before_is_a_replay(home: Home, warehouse: duckdb.DuckDBPyConnection) -> None:
    land(home, "emo/cdrs/a.json", cdr("A"))
    land(home, "emo/cdrs/b.zip", zipped({"a.json": cdr("A"), "b.json": cdr("B")}))
    loaded(home, warehouse)
    assert rows(warehouse, "select file_name, replays_file_seq from ingest.raw_files order by file_seq") == [
        ("a.json", None), ("b.zip", None), ("b.zip!a.json", 1), ("b.zip!b.json", None)
    ]  # fmt: skip


def test_csv_members_are_read_by_the_mapping(home: Home, warehouse: duckdb.DuckDBPyConnection) -> None:
    text = CSV_HEADER + "A,2026-10-01 10:00,2026-10-01 11:00,7\n"
    land(home, "council/cdrs/q.zip", zipped({"q.csv": text.encode()}))
    assert loaded(home, warehouse) == [("q.zip!q.csv#2", True, None)]


@pytest.mark.parametrize(
    ("name", "info", "reason"),
    [
        ("../../etc/cron.d/x", {}, "has a name that leads out of the archive; rename it to a plain file name."),
        ("/etc/passwd", {}, "has a name that leads out of the archive; rename it to a plain file name."),
        ("C:evil.json", {}, "has a name that leads out of the archive; rename it to a plain file name."),
        ("a\\b.json", {}, "has a name that leads out of the archive; rename it to a plain file name."),
        ("inner.zip", {}, "is an archive in an archive; send it by itself."),
        ("link.json", {"external_attr": (stat.S_IFLNK | 0o777) << 16}, "is a link; pack the file itself."),
    ],
)
def test_a_suspicious_member_is_refused_and_the_others_are_read(
    home: Home, warehouse: duckdb.DuckDBPyConnection, name: str, info: dict[str, Any], reason: str
) -> None:
    packed = io.BytesIO(zipped({name: b"{}"}, **info))
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("good.json", cdr("A"))
    land(home, "emo/cdrs/x.zip", packed.getvalue())
    assert loaded(home, warehouse) == [("x.zip#1", False, f"{name} {reason}"), ("x.zip!good.json#1", True, None)]
    assert not [path for path in home.root.parent.rglob("*") if path.name in ("x", "passwd", "evil.json")]


def test_a_bomb_costs_no_more_than_its_cap(
    home: Home, warehouse: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack, "RATIO_FREE_BYTES", 100_000)
    bomb = b"0" * 5_000_000
    land(home, "emo/cdrs/a.zip", zipped({"bomb.json": bomb, "good.json": cdr("A")}))
    land(home, "emo/cdrs/b.json.gz", gzip.compress(bomb))
    # The directory of this one lies about the size.
    liar = zipped({"bomb.json": bomb}).replace(len(bomb).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    land(home, "emo/cdrs/c.zip", liar)
    first, second, third, fourth = loaded(home, warehouse)
    assert first == (
        "a.zip#1",
        False,
        "bomb.json unpacks to more than 200 times its size; send it by itself, unpacked.",
    )
    assert second == ("a.zip!good.json#1", True, None)
    assert third[:2] == ("b.json.gz#0", False)
    assert "b.json.gz unpacks to more than" in third[2]
    assert fourth[:2] == ("c.zip#1", False)
    assert fourth[2].startswith("bomb.json is not a whole member (Bad CRC-32")


def test_an_archive_that_is_none_is_one_record(home: Home, warehouse: duckdb.DuckDBPyConnection) -> None:
    whole = zipped({"a.json": cdr("A")})
    land(home, "emo/cdrs/a.zip", b"PK")
    land(home, "emo/cdrs/b.zip", whole[:-10])
    land(home, "emo/cdrs/c.zip", whole.replace(zlib.compress(cdr("A"))[2:10], b"garbage!"))
    found = loaded(home, warehouse)
    assert [row[:2] for row in found] == [("a.zip#0", False), ("b.zip#0", False), ("c.zip#1", False)]
    assert found[0][2] == "a.zip is not a whole zip archive (File is not a zip file); ask for it again."


def test_hostile_content_costs_its_record_or_its_file(home: Home, warehouse: duckdb.DuckDBPyConnection) -> None:
    good = cdr("GOOD")
    deep = b'{"id":"D","party_id":"EMO","country_code":"NL","x":' + b"[" * 5000 + b"]" * 5000 + b"}"
    land(home, "emo/cdrs/1-lines.ndjson", b"\n".join([
        deep, b'{"id":"N\x00"}', b"\xef\xbb\xbf" + good, b'{"id":"caf\xe9"}', good, b'{"id":"' + b"x" * 9_000_000 + b'"}',
        b'{"id":1e400', b'{"id":"E","id":"F","party_id":"EMO","country_code":"NL"}',
    ]))  # fmt: skip
    land(home, "emo/cdrs/2-utf16.json", good.decode().encode("utf-16"))
    land(home, "emo/cdrs/3-empty.json", b"")
    land(home, "emo/cdrs/4-bom.json", b"\xef\xbb\xbf" + cdr("BOM"))
    problems = {name: problem for name, _, problem in loaded(home, warehouse)}
    assert problems.pop("1-lines.ndjson#5") is None
    assert problems.pop("4-bom.json#1") is None
    assert problems == {
        "1-lines.ndjson#1": "the record is nested too deeply",
        "1-lines.ndjson#2": problems["1-lines.ndjson#2"],
        "1-lines.ndjson#3": problems["1-lines.ndjson#3"],
        "1-lines.ndjson#4": "byte 11 of the record is not UTF-8",
        "1-lines.ndjson#6": "the record has 9000009 bytes, at most 8388608 are read",
        "1-lines.ndjson#7": problems["1-lines.ndjson#7"],
        "1-lines.ndjson#8": "the record has the key id twice, so it says two things",
        "2-utf16.json#1": "the file is UTF-16, expected UTF-8; ask for it in UTF-8",
        "3-empty.json#0": "3-empty.json is empty; ask for it again (nothing to send is [] or a header line).",
    }
    assert all(problems.values())


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_named(home: Home) -> None:
    land(home, "emo/cdrs/secret.json", cdr("A")).chmod(0)
    assert take_in(home, at(0)).problems == [
        "landing/emo/cdrs/secret.json: cannot be read; give evsettle the right to read it."
    ]


def test_a_pipe_and_a_link_do_not_stop_the_others(home: Home) -> None:
    land(home, "emo/cdrs/good.json", cdr("A"))
    os.mkfifo(home.landing / "emo/cdrs/pipe.json")
    (home.landing / "emo/cdrs/zero.json").symlink_to("/dev/zero")
    taken = take_in(home, at(0))
    assert taken.file_count == 1
    assert taken.problems == [
        "landing/emo/cdrs/pipe.json: is not a regular file; remove it.",
        "landing/emo/cdrs/zero.json: is a link that leads out of the home; put the file itself there.",
    ]


def test_the_bytes_of_an_archive_are_kept_as_they_came(home: Home) -> None:
    packed = zipped({"a.json": cdr("A")})
    land(home, "emo/cdrs/a.zip", packed)
    (arrival,) = [entry for entry in take_in(home, at(0)).entries if entry.kind == "arrival"]
    archive, member = arrival.body["files"]
    assert objects.get(home, archive["sha256"]) == packed
    assert objects.get(home, member["sha256"]) == cdr("A")
