"""Of a file that cannot be read: whether its end is missing, so that more of it may come, or not."""

import gzip
import io
import json
import os
import time
import zipfile
from pathlib import Path

import pytest

from orchestration.defs.ingest.file_ends import is_end_there
from orchestration.defs.ingest.landing import take_in
from tests.small_home import at, land, make_home

LINES = b"".join(b'{"id": "%d", "what": "%d"}\n' % (number, number * 7919) for number in range(200))
PACKED = gzip.compress(LINES)


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.ndjson", LINES)
        archive.writestr("b.ndjson", LINES[:500])
    return file.getvalue()


def spoiled(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("name", "data", "is_there"),
    [
        ("a.json", b"", False), ("a.json.gz", b"", False),
        ("cut.ndjson.gz", PACKED[:-50], False), ("cut-trailer.ndjson.gz", PACKED[:-3], False),
        ("middle.ndjson.gz", spoiled(PACKED, len(PACKED) // 2), True), ("sum.ndjson.gz", spoiled(PACKED, -6), True),
        ("no.json.gz", b"this is no gzip", True),
        ("cut.zip", zipped()[:-100], False), ("middle.zip", spoiled(zipped(), 80), True), ("no.zip", b"<html>", True),
        ("cut.ndjson", b'{"a": 1}\n{"b":', False), ("broken.ndjson", b'{"a": 1}\n{"b":\n', True),
        ("cut.csv", b"a,b\n1,'", False), ("broken.csv", b"a,b\n1,'\n", True),
        ("cut.json", b'[{"a": 1}, {"b":', False), ("between.json", b'[{"a": 1}', False),
        ("broken.json", b'\xef\xbb\xbf[{"a": 1}, {"b":]\r\n', True), ("utf16.json", '[{"a": 1}]'.encode("utf-16"), True),
    ],
)  # fmt: skip
def test_whether_the_end_is_there(tmp_path: Path, name: str, data: bytes, is_there: bool) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert is_end_there(path) is is_there


def test_a_damaged_file_is_taken_in_at_once_and_a_cut_one_waits(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    fresh = time.time() - 10
    for name, data in (("middle.zip", spoiled(zipped(), 80)), ("cut.zip", zipped()[:-100]), ("whole.json", b"[]")):
        os.utime(land(home, f"emo/cdrs/{name}", data), (fresh, fresh))
    taken = take_in(home, at(0))
    assert {file["file_name"] for file in taken.entries[-1].body["files"]} == {
        "middle.zip", "middle.zip!b.ndjson", "whole.json",
    }  # fmt: skip
    assert len([problem for problem in taken.problems if "cut.zip: may still be coming" in problem]) == 1
    # A manifest that states more holds back even what ends as it should.
    os.utime(land(home, "emo/cdrs/short.json", b"[ ]"), (fresh, fresh))
    land(home, "emo/cdrs/short.json.manifest.json", json.dumps({"record_count": 2}))
    assert "short.json: may still be coming (it has 0 of 2 records" in " ".join(take_in(home, at(1)).problems)
