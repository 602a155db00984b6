"""Files into records: shapes, positions, exact bytes, and what a broken file costs."""

import gzip
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.defs.ingest import raw_record
from orchestration.defs.ingest.records import FileError, decompress, split

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
json_objects = st.dictionaries(st.text(), json_values, min_size=1, max_size=4)


def shown(data: bytes) -> list[tuple[int, str, bool]]:
    return [(record.position, record.text, record.problem is None) for record in split(data)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b" \n\t\n", []),
        (b"[]", []),
        (b'{"a":1}', [(1, '{"a":1}', True)]),
        (b'\xef\xbb\xbf{"a":1}\n', [(1, '{"a":1}', True)]),
        (b'[{"a":1} , {"b":2}]', [(1, '{"a":1}', True), (2, '{"b":2}', True)]),
        (b'{"status_code":1000,"data":[{"a":1},{"b":2}]}', [(1, '{"a":1}', True), (2, '{"b":2}', True)]),
        (b'{"status_code":1000,"data":{"a":1}}', [(1, '{"a":1}', True)]),
        (b'{"status_code":1000,"data":null}', []),
        (b'{"status_code":1000,"timestamp":"t"}', []),
        (b'{"status_code":2000,"timestamp":"t"}', [(1, '{"status_code":2000,"timestamp":"t"}', False)]),
        (
            b'{"id":"a","status_code":2000,"timestamp":"t"}',
            [(1, '{"id":"a","status_code":2000,"timestamp":"t"}', True)],
        ),
        (b'{"data":[1]}', [(1, '{"data":[1]}', True)]),
        (b'\n{"a":1}\r\n\n{"b":2}', [(2, '{"a":1}', True), (4, '{"b":2}', True)]),
        (b'[{"a":NaN},{"b":1}]', [(1, '{"a":NaN}', True), (2, '{"b":1}', True)]),
        (b'{"data":[{"a":NaN}],"status_code":1000}', [(1, '{"a":NaN}', True)]),
        (b"[1,null]", [(1, "1", True), (2, "null", True)]),
        # Arrays one a line: each element is a record, counted through the file.
        (b'[{"a":1},{"b":2}]\n\n[{"c":3}]\r\n', [(1, '{"a":1}', True), (2, '{"b":2}', True), (3, '{"c":3}', True)]),
        (b'[{"a":1}]\n  [{"b":2}]', [(1, '{"a":1}', True), (2, '{"b":2}', True)]),
        (b'[{"a":1}]\n[{"b":\n[]\n[{"c":3}]', [(1, '{"a":1}', True), (2, '[{"b":', False), (3, '{"c":3}', True)]),
        (b'[{"a":1}]\n{"b":2}\n', [(1, '{"a":1}', True), (2, '\n{"b":2}\n', False)]),
        (b'[{"a":1}]\n[{"b":2}]\n{"c":3}\n', [(1, '{"a":1}', True), (2, '{"b":2}', True), (3, '{"c":3}', True)]),
        (b'[{"a":1}]\n[{"b":2},{"c', [(1, '{"a":1}', True), (2, '{"b":2}', True), (3, '{"c', False)]),
        (
            b'[{"a":1}]\n[{"b":NaN},{"c":2}]\n[3]',
            [
                (1, '{"a":1}', True),
                (2, '{"b":NaN}', True),
                (3, '{"c":2}', True),
                (4, "3", True),
            ],
        ),
        (b"[[1]\n,[2]\n]", [(1, "[1]", True), (2, "[2]", True)]),
    ],
)
def test_every_shape_gives_its_records_with_positions(data: bytes, expected: list[tuple[int, str, bool]]) -> None:
    assert shown(data) == expected


@given(st.lists(json_objects, min_size=2, max_size=6), st.booleans())
def test_lines_give_back_every_object_and_its_bytes(objects: list[dict[str, object]], spaced: bool) -> None:
    lines = [json.dumps(item, ensure_ascii=False) if spaced else json.dumps(item) for item in objects]
    found = split("\n".join(lines).encode())
    assert [json.loads(record.text) for record in found] == objects
    assert [record.sha256 for record in found] == [hashlib.sha256(line.encode()).hexdigest() for line in lines]


@given(st.lists(json_values, max_size=6))
def test_an_array_gives_back_every_element(values: list[object]) -> None:
    found = split(json.dumps(values, indent=1).encode())
    assert [json.loads(record.text) for record in found] == values
    assert [record.position for record in found] == list(range(1, len(values) + 1))


@given(st.lists(json_objects, min_size=1, max_size=4), st.integers(min_value=0, max_value=60))
def test_a_cut_array_keeps_its_whole_elements_and_says_that_it_is_cut(values: list[object], cut: int) -> None:
    data = json.dumps(values).encode()
    found = split(data[: max(1, len(data) - 1 - cut)])
    whole = [json.loads(record.text) for record in found if record.problem is None]
    assert whole == values[: len(whole)]
    assert [record for record in found if record.problem is not None], "a cut file never looks whole"


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    for start in (b"", b"[", b'{"data":[', b'{"a":1}\n'):
        split(start + data)


def test_a_broken_line_costs_itself() -> None:
    found = split(b'{"a":1}\n{"b":\n{"c":3}\n')
    assert [record.problem is None for record in found] == [True, False, True]
    assert found[1].problem == "the record ends too early, at byte 6: Expecting value"
    assert found[1].sha256 == hashlib.sha256(b'{"b":').hexdigest()


def test_a_broken_first_line_costs_itself() -> None:
    assert [record.problem is None for record in split(b'{"a":tru}\n{"b":2}\n{"c":3}')] == [False, True, True]


def test_a_broken_element_costs_itself_when_its_brackets_close() -> None:
    assert shown(b'[{"a":1},{"b":tru},{"c":3}]') == [
        (1, '{"a":1}', True),
        (2, '{"b":tru}', False),
        (3, '{"c":3}', True),
    ]


def test_after_an_open_quote_nothing_is_guessed() -> None:
    found = split(b'[{"a":1},{"b":"x},{"c":3}]')
    assert [record.problem is None for record in found] == [True, False]
    assert "broken at byte 10" in str(found[1].problem)


def test_a_cut_envelope_keeps_its_whole_elements() -> None:
    found = split(b'{"status_code":1000,"data":[{"a":1},{"b":2},{"c"')
    assert [(record.text, record.problem is None) for record in found] == [
        ('{"a":1}', True),
        ('{"b":2}', True),
        ('{"c"', False),
    ]


@pytest.mark.parametrize(
    ("envelope", "lost", "problem"),
    [
        (b'{"data":[{"a":1}],"status_code":1000} more', " more", "byte 38: expected nothing after the envelope"),
        (b'{"data":[{"a":1}]}}', "}", "byte 19: expected nothing after the envelope"),
        (b'{"data":[{"a":1}],"status_code":1000', ',"status_code":1000', "byte 18: expected the end of the envelope"),
        (b'{"data":[{"a":1}]', "", "byte 18: it ends where the end of the envelope was expected"),
    ],
)
def test_what_stands_after_the_records_of_an_envelope_is_not_lost(envelope: bytes, lost: str, problem: str) -> None:
    found = split(envelope)
    assert [(record.text, record.problem is None) for record in found] == [('{"a":1}', True), (lost, False)]
    assert problem in str(found[1].problem)


def test_an_envelope_that_the_quick_reader_refuses_is_whole() -> None:
    assert shown(b'{"data":[{"a":NaN}], "status_code":1000}\n') == [(1, '{"a":NaN}', True)]


def test_bytes_that_are_not_utf8_cost_their_record() -> None:
    for data in (b'[{"a":"\xff"},{"b":1}]', b'{"a":"\xff"}\n{"b":1}'):
        found = split(data)
        assert [record.problem is None for record in found] == [False, True]
        assert found[0].problem == "byte 7 of the record is not UTF-8"
        assert found[0].sha256 == hashlib.sha256(b'{"a":"\xff"}').hexdigest()


def test_nul_and_deep_nesting_are_problems() -> None:
    assert split(b'{"a":"\x00"}')[0].problem is not None
    assert "\x00" not in split(b'{"a":"\x00"}')[0].text
    assert split(b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}")[0].problem is not None


def test_utf16_is_named() -> None:
    assert split('[{"a":1}]'.encode("utf-16"))[0].problem == "the file is UTF-16, expected UTF-8; ask for it in UTF-8"


def test_a_record_over_the_limit_is_a_problem_and_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_record, "RECORD_BYTES_MAX", 20)
    found = split(b'{"a":1}\n{"b":"' + b"x" * 50 + b'"}\n')
    assert found[0].problem is None
    assert found[1].problem == "the record has 58 bytes, at most 20 are read"


def test_gzip_is_unpacked_by_its_name() -> None:
    assert decompress("cdrs.json.gz", gzip.compress(b"[]")) == b"[]"
    assert decompress("cdrs.json", b"[]") == b"[]"


@pytest.mark.parametrize("data", [b"", b"not gzip", gzip.compress(b"[]")[:-4]])
def test_a_broken_archive_is_one_sentence(data: bytes) -> None:
    with pytest.raises(FileError, match=r"x\.gz is not a whole gzip archive .*; ask for it again\."):
        decompress("x.gz", data)


def test_an_archive_that_unpacks_to_too_much_is_refused() -> None:
    with pytest.raises(FileError, match="unpacks to more than 1000 bytes"):
        decompress("bomb.gz", gzip.compress(b"0" * 100_000), limit=1000)
