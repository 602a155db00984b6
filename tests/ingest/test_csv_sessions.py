"""CSV rows into typed sessions: lines, ids, numbers, local times, and dates whose day and month may be swapped."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.defs.ingest.csv_cdrs import CDR_COLUMNS, PERIOD_COLUMNS, READING_COLUMNS, CsvRows, read_rows
from orchestration.defs.ingest.csv_cells import CENTURY_REPAIR, LOCAL_REPAIR, SWAP_REPAIR
from orchestration.defs.ingest.csv_records import split_lines
from orchestration.defs.ingest.mapping import MappingError, read_mapping
from tests.small_home import MAPPING

EXAMPLE = Path(__file__).resolve().parent.parent.parent / "examples/perth-kinross"


def read(data: str, mapping: str = MAPPING, *repairs: str) -> CsvRows:
    lines = split_lines(data.encode())
    return read_rows(1, lines[0], lines[1:], read_mapping("m.yaml", mapping.encode()), frozenset(repairs))


def cdrs(rows: CsvRows) -> list[dict[str, Any]]:
    return [dict(zip(CDR_COLUMNS, row, strict=True)) for row in rows.cdrs]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def test_a_row_is_a_session_with_one_period() -> None:
    rows = read("cp,start,end,kwh\r\nA,2026-10-01 10:00,2026-10-01 11:30,7.5\n")
    (cdr,) = cdrs(rows)
    assert cdr["cdr_key"] == "nl/emo|a-2026-10-01_10:00"
    assert (cdr["started_at"], cdr["ended_at"]) == (utc(2026, 10, 1, 8), utc(2026, 10, 1, 9, 30))
    assert (cdr["energy_kwh"], cdr["currency"], cdr["party_source"]) == (Decimal("7.5"), "EUR", "mapping")
    assert (cdr["time_form"], cdr["is_time_ambiguous"], cdr["is_test"]) == (None, False, None)
    (period,) = [dict(zip(PERIOD_COLUMNS, row, strict=True)) for row in rows.periods]
    assert (period["tariff_id"], period["time_hours"], period["energy_kwh"]) == ("T1", Decimal("1.5"), Decimal("7.5"))
    assert rows.records[0][2:5] == (2, split_lines(b"x\nA,2026-10-01 10:00,2026-10-01 11:30,7.5")[1].sha256,
                                    "A,2026-10-01 10:00,2026-10-01 11:30,7.5")  # fmt: skip


@pytest.mark.parametrize(
    ("when", "tests"), [("equals: Test", ["test", "TEST"]), ("starts_with: te", ["test", "TEST", "Tesla"])]
)
def test_a_test_is_told_by_its_word_in_any_capitals(when: str, tests: list[str]) -> None:
    words = ["test", "TEST", "Tesla", "a test", ""]
    lines = [f"A,2026-10-0{day} 10:00,2026-10-0{day} 11:30,7.5,{word}" for day, word in enumerate(words, 1)]
    found = cdrs(read("\n".join(["cp,start,end,kwh,who", *lines]), MAPPING + f"test_when: {{column: who, {when}}}\n"))
    assert [word for word, cdr in zip(words, found, strict=True) if cdr["is_test"]] == tests


def test_positions_count_the_header_blank_lines_and_lines_inside_quotes() -> None:
    data = b'a,b\r\n1,2\n\n"x\ny",3\r\n4,5" wide\n6,7\n'
    records = split_lines(data)
    assert [(record.position, record.text) for record in records] == [
        (1, "a,b"), (2, "1,2"), (4, '"x\ny",3'), (6, '4,5" wide'), (7, "6,7"),
    ]  # fmt: skip


def test_a_stray_quote_costs_its_own_line() -> None:
    rows = read('cp,start,end,kwh\n"A,2026-10-01 10:00,2026-10-01 11:00,1\nB,2026-10-01 10:00,2026-10-01 11:00,1\n')
    assert [record[5] for record in rows.records] == [False, True]
    assert rows.records[0][6] == "SCHEMA_TYPE_INVALID"


def test_a_row_with_too_few_cells_is_one_problem_record() -> None:
    rows = read("cp,start,end,kwh\nA,2026-10-01 10:00\nB,2026-10-01 10:00,2026-10-01 11:00,1\n")
    assert [record[5:] for record in rows.records] == [
        (False, "SCHEMA_TYPE_INVALID", "line 2 has 2 cells, expected 4 as in the header."),
        (True, None, None),
    ]


def test_a_repeated_id_gets_an_occurrence_number() -> None:
    line = "A,2026-10-01 10:00,2026-10-01 11:00,{}\n"
    rows = read("cp,start,end,kwh\n" + "".join(line.format(number) for number in range(3)))
    base = "A-2026-10-01_10:00"
    assert [cdr["cdr_id"] for cdr in cdrs(rows)] == [base, f"{base}#2", f"{base}#3"]


def test_what_cannot_be_read_is_a_sentence_and_what_is_not_there_is_missing() -> None:
    (cdr,) = cdrs(read("cp,start,end,kwh\nA,2026-13-01 10:00,,abc\n"))
    assert cdr["type_problems"] == (
        "kwh is 'abc', expected a number like 12.5; "
        "start is '2026-13-01 10:00', expected a date and time as %Y-%m-%d %H:%M."
    )
    assert cdr["missing_fields"] == "end_date_time"


def test_units_and_decimal_commas() -> None:
    mapping = MAPPING.replace("energy_kwh: kwh", "energy_kwh: {column: kwh, unit: Wh, decimal: ',', thousands: '.'}")
    mapping += "format: {delimiter: ';'}\n"
    (cdr,) = cdrs(read("cp;start;end;kwh\nA;2026-10-01 10:00;2026-10-01 11:00;12.345,6\n", mapping))
    assert cdr["energy_kwh"] == Decimal("12.3456")


def test_a_repeated_hour_is_read_as_the_first_and_marked() -> None:
    (cdr,) = cdrs(read("cp,start,end,kwh\nA,2026-10-25 02:30,2026-10-25 03:30,1\n"))
    assert (cdr["started_at"], cdr["is_time_ambiguous"]) == (utc(2026, 10, 25, 0, 30), True)


def test_a_skipped_hour_is_shifted_or_refused_as_the_mapping_says() -> None:
    data = "cp,start,end,kwh\nA,2026-03-29 02:30,2026-03-29 04:00,1\n"
    (cdr,) = cdrs(read(data))
    assert (cdr["started_at"], cdr["is_time_ambiguous"]) == (utc(2026, 3, 29, 1, 30), False)
    (cdr,) = cdrs(read(data, MAPPING + "nonexistent_times: refuse\n"))
    assert cdr["started_at"] is None
    assert cdr["type_problems"] == "start is 2026-03-29 02:30:00, which the clocks of Europe/Amsterdam skip."


def test_both_readings_of_a_date_are_kept_and_a_repair_chooses() -> None:
    data = "cp,start,end,kwh\nA,2026-01-09 10:00,2026-01-09 11:00,1\nB,2026-09-13 10:00,2026-09-13 11:00,1\n"
    as_written, repaired = read(data), read(data, MAPPING, SWAP_REPAIR)
    assert [cdr["started_at"] for cdr in cdrs(as_written)] == [utc(2026, 1, 9, 9), utc(2026, 9, 13, 8)]
    assert [cdr["started_at"] for cdr in cdrs(repaired)] == [utc(2026, 9, 1, 8), utc(2026, 9, 13, 8)]
    assert [cdr["cdr_key"] for cdr in cdrs(repaired)] == [cdr["cdr_key"] for cdr in cdrs(as_written)]
    readings = [dict(zip(READING_COLUMNS, row, strict=True)) for row in as_written.readings]
    assert [(reading["is_swappable"], reading["started_at_swapped"]) for reading in readings] == [
        (True, utc(2026, 9, 1, 8)), (False, utc(2026, 9, 13, 8)),
    ]  # fmt: skip
    assert [reading[2:7] for reading in repaired.readings] == [reading[2:7] for reading in as_written.readings]


def test_a_column_that_the_file_lacks_is_one_sentence() -> None:
    with pytest.raises(MappingError) as caught:
        read("cp,start,end,energy\nA,2026-01-09 10:00,2026-01-09 11:00,1\n")
    assert str(caught.value) == (
        "the column 'kwh' of the mapping is not in the file, which has cp, start, end, energy; "
        "correct the mapping, or ask for the file again."
    )


def test_the_sample_of_the_example_reads_whole() -> None:
    mapping = read_mapping("m.yaml", (EXAMPLE / "master/mappings/pkc.cdrs.yaml").read_bytes())
    lines = split_lines((EXAMPLE / "sample/sep2016_aug2017_sample.csv").read_bytes())
    rows = read_rows(1, lines[0], lines[1:], mapping, frozenset({SWAP_REPAIR}))
    found = cdrs(rows)
    assert len(found) == len(lines) - 1 == 189
    assert all(record[5] for record in rows.records)
    assert min(cdr["started_at"] for cdr in found) >= utc(2016, 8, 31, 23)
    assert max(cdr["started_at"] for cdr in found) < utc(2017, 8, 31, 23)
    assert sum(cdr["is_test"] for cdr in found) >= 1
    assert {cdr["missing_fields"] for cdr in found} == {None, "end_date_time,total_energy"}
    assert not any("," in cdr["location_id"] or cdr["location_id"] != cdr["location_id"].strip() for cdr in found)


ZONED = """
columns:
  started_at: {column: start, format: "%Y/%m/%d %H:%M:%S%z", zone: zone}
  ended_at: {column: end, format: "%Y/%m/%d %H:%M:%S%z", zone: zone}
  total_time_hours: {column: lasted, unit: "h:mm:ss"}
  energy_kwh: kwh
  evse_uid: cp
constants: {cpo_party: NL/EMO, emsp_party: NL/EVS, currency: USD, time_zone: America/Denver, tariff_id: T1}
zone_offsets: {MST: "-07:00", MDT: "-06:00"}
id: {columns: [cp, start]}
"""


def test_a_zone_column_that_contradicts_the_stamp_is_evidence_and_the_repair_reads_by_it() -> None:
    data = "cp,start,end,zone,lasted,kwh\nA,2018/11/04 01:30:00+00,2018/11/04 01:50:00+00,MST,0:20:00,5\n"
    written, repaired = read(data, ZONED), read(data, ZONED, LOCAL_REPAIR)
    started, by_zone = CDR_COLUMNS.index("started_at"), READING_COLUMNS.index("started_at_by_zone")
    assert str(written.cdrs[0][started]) == "2018-11-04 01:30:00+00:00"
    # The clocks show 01:30 twice that night; the zone column says that it is the second time.
    assert str(written.readings[0][by_zone]) == str(repaired.cdrs[0][started]) == "2018-11-04 08:30:00+00:00"
    assert repaired.cdrs[0][CDR_COLUMNS.index("is_time_ambiguous")] is False
    assert repaired.cdrs[0][CDR_COLUMNS.index("total_time_hours")] == Decimal("0.33333333")
    assert written.cdrs[0][CDR_COLUMNS.index("cdr_id")] == repaired.cdrs[0][CDR_COLUMNS.index("cdr_id")]


def test_an_unknown_zone_word_names_its_column() -> None:
    data = "cp,start,end,zone,lasted,kwh\nA,2018/11/04 01:30:00+00,2018/11/04 01:50:00+00,XST,1:2:3,5\n"
    problems = read(data, ZONED).cdrs[0][CDR_COLUMNS.index("type_problems")]
    assert "zone is 'XST', expected an offset like -07:00, or a word of zone_offsets." in problems
    assert "lasted is '1:2:3', expected hours, minutes and seconds like 1:30:00" in problems


def test_a_weekday_says_whether_two_thousand_years_are_missing() -> None:
    mapping = MAPPING.replace("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M").replace(
        "  evse_uid: cp", "  evse_uid: cp\n  weekday: day"
    )
    data = (
        "cp,start,end,kwh,day\nA,0014-11-18 15:40,0014-11-18 17:11,7,Tue\nB,0014-11-19 15:40,0014-11-19 17:11,7,Tue\n"
    )
    written, repaired = read(data, mapping), read(data, mapping, CENTURY_REPAIR)
    right = READING_COLUMNS.index("is_weekday_right")
    assert [row[right] for row in written.readings] == [True, False]
    assert [row[right] for row in repaired.readings] == [None, None]
    assert str(written.readings[0][READING_COLUMNS.index("started_at_in_2000s")]) == "2014-11-18 14:40:00+00:00"
    assert str(repaired.cdrs[0][CDR_COLUMNS.index("started_at")]) == "2014-11-18 14:40:00+00:00"
