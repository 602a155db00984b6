"""Files read piece by piece give the records they give as a whole, and memory has a bound."""

import hashlib
import io
import json
import tracemalloc
from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orchestration.defs.ingest import csv_records, raw_record, record_chunks, record_stream
from orchestration.defs.ingest.csv_records import split_lines, stream_lines
from orchestration.defs.ingest.mapping import Format
from orchestration.defs.ingest.raw_record import RawRecord
from orchestration.defs.ingest.record_stream import stream_chunks
from orchestration.defs.ingest.records import split
from orchestration.defs.ingest.unpack import FileError

LINES = st.lists(
    st.sampled_from([
        b'{"a":1}', b'{"a":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}', b"", b"  ", b'{"a":', b'{"b":NaN}', b"\xff", b"3",
        b'\t{"a":2} \r', b"[1]", b'{"status_code":1000,"data":[{"a":1}]}', b"[", b"]", b'{"a":"' + b"y" * 90 + b'"}  ',
    ]),
    max_size=9,
)  # fmt: skip


@pytest.fixture(params=[7, 64, 1000])
def chunk_bytes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Chunks, documents and records of a size that small files reach."""
    size: int = request.param
    monkeypatch.setattr(record_stream, "BLOCK_BYTES", size)
    monkeypatch.setattr(record_chunks, "CHUNK_BYTES", size)
    for module in (raw_record, record_stream):
        monkeypatch.setattr(module, "RECORD_BYTES_MAX", 60)
    monkeypatch.setattr(record_stream, "PIECE_BYTES", 11)
    return size


def streamed(data: bytes) -> list[RawRecord]:
    return [record for chunk in stream_chunks(1, "x.json", io.BytesIO(data)) for record in chunk.records()]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(lines=LINES, bom=st.booleans(), end=st.sampled_from([b"", b"\n", b"\r\n"]))
@example(lines=[b'{"a":1}', b'{"a":"' + b"y" * 90 + b'"}  ', b"", b'{"a":1}'], bom=False, end=b"\n")
def test_pieces_give_the_same_records_as_the_whole(chunk_bytes: int, lines: list[bytes], bom: bool, end: bytes) -> None:
    data = (b"\xef\xbb\xbf" if bom else b"") + b"\n".join(lines) + end
    assert streamed(data) == split(data)


@pytest.mark.parametrize("indent", [None, 1])
def test_documents_are_read_up_to_their_cap(monkeypatch: pytest.MonkeyPatch, indent: int | None) -> None:
    monkeypatch.setattr(record_stream, "BLOCK_BYTES", 50)
    monkeypatch.setattr(record_stream, "DOCUMENT_BYTES_MAX", 500)
    small, large = (json.dumps([{"a": number} for number in range(count)], indent=indent) for count in (20, 200))
    assert streamed(small.encode()) == split(small.encode())
    with pytest.raises(FileError, match="more than 500 bytes in one document; ask for several files, or for NDJSON"):
        streamed(large.encode())


def test_lines_are_read_in_any_size_even_after_a_broken_first_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_stream, "BLOCK_BYTES", 50)
    monkeypatch.setattr(record_stream, "DOCUMENT_BYTES_MAX", 500)
    data = b'{"a":\n' + b'{"a":1}\n' * 200
    assert streamed(data) == split(data)


class Endless:
    """A line of so many bytes that nobody should hold."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1, /) -> bytes:
        size = min(size, self.left)
        self.left -= size
        return b"x" * size


def test_a_line_of_a_hundred_megabytes_is_one_broken_record_and_never_in_memory() -> None:
    class File(Endless):
        start: Iterator[bytes] = iter([b'{"a":1}\n{"b":2}\n'])

        def read(self, size: int = -1, /) -> bytes:
            return next(self.start, b"") or super().read(size)

    tracemalloc.start()
    found = [record for chunk in stream_chunks(1, "x", File(100_000_000)) for record in chunk.records()]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [record.problem for record in found] == [
        None, None, "the record has 100000000 bytes, at most 8388608 are read"
    ]  # fmt: skip
    assert len(found[2].text) <= raw_record.BROKEN_TEXT_MAX
    assert peak < 5 * record_chunks.CHUNK_BYTES


class Dripping:
    """A stream that gives a few bytes at a time, whatever is asked for."""

    def __init__(self, data: bytes, size: int) -> None:
        self._stream, self._size = io.BytesIO(data), size

    def read(self, size: int = -1, /) -> bytes:
        return self._stream.read(self._size if size < 0 else min(size, self._size))


@given(
    st.lists(st.sampled_from(["a;1", 'b;"x', 'y";2', "", " ", "ü;5'6", '"q"";7"', "\0;1"]), max_size=70),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"]),
    st.integers(min_value=1, max_value=9),
)
def test_csv_that_comes_in_pieces_has_the_same_lines(lines: list[str], end: str, encoding: str, size: int) -> None:
    data = end.join(["head;er", *lines]).encode(encoding)
    form = Format(delimiter=";", encoding=encoding)
    found = list(stream_lines(lambda: nullcontext(Dripping(data, size)), form))
    assert found == split_lines(data, form)
    # Every line that is not blank is in one record, at its own number.
    whole, covered = ["head;er", *lines], set[int]()
    for record in found:
        last = record.position + record.text.count("\n")
        text = "\n".join(whole[record.position - 1 : last])
        assert record.text.replace("\r", "") == text.replace("\0", "\ufffd")
        covered |= set(range(record.position, last + 1))
    assert {number for number, line in enumerate(whole, start=1) if line.strip()} <= covered


def test_a_line_of_csv_that_is_too_long_costs_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_records, "RECORD_BYTES_MAX", 100)
    monkeypatch.setattr(csv_records, "BROKEN_TEXT_MAX", 10)
    long = b"x" * 5000
    data = b'a,b\n1,"\n' + long + b'\n2,"q\nr"\n'
    for size in (1, 64, 10**6):
        first, quote, broken, whole = stream_lines(lambda size=size: nullcontext(Dripping(data, size)))  # type: ignore[misc]
        assert (first.text, quote.text, whole.position, whole.text) == ("a,b", '1,"', 4, '2,"q\nr"')
        assert broken.problem == "line 3 has 5000 bytes, at most 100 are read."
        assert (broken.position, broken.text) == (3, "x" * 10)
        assert broken.sha256 == hashlib.sha256(long).hexdigest()
