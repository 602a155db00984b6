import io
import itertools
import random
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.facts import objects
from orchestration.facts.home import Home
from orchestration.facts.merkle import merkle_root, proof, root_from_proof
from orchestration.facts.objects import ObjectError


def stored(home: Home, sha256: str) -> Path:
    return home.objects_dir / f"{sha256}.zst"


@pytest.mark.parametrize("data", [b"", b"x", b"session " * 100_000])
def test_bytes_come_back_as_they_were(home: Home, data: bytes) -> None:
    assert objects.get(home, objects.put(home, data)) == data


def test_the_name_is_the_hash_of_the_content(home: Home) -> None:
    assert objects.put(home, b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_storing_the_same_bytes_again_writes_nothing(home: Home) -> None:
    sha256 = objects.put(home, b"once")
    before = stored(home, sha256).stat()
    assert objects.put(home, b"once") == sha256
    assert stored(home, sha256).stat() == before
    assert len(list(home.objects_dir.iterdir())) == 1


def test_a_missing_object_is_named(home: Home) -> None:
    with pytest.raises(ObjectError, match=f"ledger/objects/{'a' * 64}.zst is missing"):
        objects.get(home, "a" * 64)


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize("data", [b"", b"a record of a session, " * 30, bytes(range(256)) * 8])
def test_no_bit_of_a_stored_file_changes_unnoticed(home: Home, data: bytes, is_streamed: bool) -> None:
    sha256 = objects.put_stream(home, io.BytesIO(data))[0] if is_streamed else objects.put(home, data)
    path = stored(home, sha256)
    whole = path.read_bytes()
    for position, bit in itertools.product(range(len(whole)), range(8)):
        changed = bytearray(whole)
        changed[position] ^= 1 << bit
        path.write_bytes(changed)
        with pytest.raises(ObjectError, match=sha256):
            objects.get(home, sha256)


def test_a_stored_file_is_read_by_any_zstandard_tool(home: Home) -> None:
    whole = stored(home, objects.put(home, b"a session")).read_bytes()
    with zstandard.ZstdDecompressor().stream_reader(whole, read_across_frames=True) as reader:
        assert reader.read() == b"a session"


def test_a_stored_file_of_an_earlier_version_is_read(home: Home) -> None:
    sha256 = objects.put(home, b"a session")
    stored(home, sha256).write_bytes(zstandard.ZstdCompressor(level=6, write_checksum=True).compress(b"a session"))
    assert objects.get(home, sha256) == b"a session"


@pytest.mark.parametrize("size", [objects.PIECE_BYTES * 2, objects.PIECE_BYTES * 2 - 60])
def test_the_end_of_a_stored_file_may_lie_in_two_pieces(home: Home, size: int) -> None:
    """Bytes that do not shrink: the second frame stands across the bound of a piece, or just behind it."""
    for more in range(0, 60, 7):
        data = random.Random(more).randbytes(size + more)
        assert objects.get(home, objects.put(home, data)) == data


@pytest.mark.parametrize("name", ["", "a" * 63, "A" * 64, "../" * 21 + "a"])
def test_a_name_that_is_no_hash_is_refused(home: Home, name: str) -> None:
    with pytest.raises(ObjectError, match="not a SHA-256"):
        objects.get(home, name)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 10_000), mask=st.integers(1, 255))
def test_a_changed_byte_never_gives_other_content(home: Home, position: int, mask: int) -> None:
    data = bytes(range(256)) * 3
    sha256 = objects.put(home, data)
    path = stored(home, sha256)
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[position % len(changed)] ^= mask
    path.write_bytes(changed)
    try:
        assert objects.get(home, sha256) == data
    except ObjectError as error:
        assert sha256 in str(error)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("tail", [b"\0", b"more"])
def test_bytes_added_to_an_object_are_found(home: Home, tail: bytes) -> None:
    path = stored(home, objects.put(home, b"content"))
    path.write_bytes(path.read_bytes() + tail)
    with pytest.raises(ObjectError, match="damaged"):
        objects.get(home, path.stem)


def test_a_truncated_object_is_found(home: Home) -> None:
    path = stored(home, objects.put(home, bytes(1000)))
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ObjectError, match="damaged"):
        objects.get(home, path.stem)


hashes = st.lists(st.binary(min_size=1, max_size=4).map(objects.sha256_of), min_size=1, max_size=40)


@given(records=hashes, data=st.data())
def test_a_record_is_proven_by_its_siblings_alone(records: list[str], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(records) - 1))
    assert root_from_proof(records[index], proof(records, index)) == merkle_root(records)


@given(records=hashes, data=st.data())
def test_the_root_changes_with_any_record(records: list[str], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(records) - 1))
    other = [*records[:index], objects.sha256_of(b"another"), *records[index + 1 :]]
    assert merkle_root(other) != merkle_root(records)


def test_a_repeated_last_record_is_not_the_shorter_file() -> None:
    one, two = objects.sha256_of(b"1"), objects.sha256_of(b"2")
    assert merkle_root([one, two, two]) != merkle_root([one, two])
    assert merkle_root([]) == objects.sha256_of(b"")
