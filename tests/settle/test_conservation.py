"""Nothing is lost: the check and the dbt tests go red when a row is."""

from pathlib import Path

import pytest

from orchestration.dbt import DbtFailed, invoke
from orchestration.defs.settle.conservation import check
from orchestration.warehouse import open_warehouse
from tests.settle.by_hand import Books

BREAKS = {
    "a session is lost": "delete from settle.cdr_outcomes where cdr_id = 'S07'",
    "a settled session is lost": "delete from settle.cdr_outcomes where cdr_id = 'S12'",
    "a record is lost on arrival": "delete from ingest.raw_records where position = 3",
    "a claim is changed": "update settle.cdr_outcomes set claimed_excl_tax = 7.99 where cdr_id = 'S02'",
    "energy becomes unknown": "update settle.cdr_outcomes set energy_kwh = null where cdr_id = 'S02'",
    "a session counts twice": "insert into settle.cdr_outcomes select * from settle.cdr_outcomes where cdr_id = 'S04'",
    "a state nobody knows": "update settle.cdr_outcomes set state = 'lost' where cdr_id = 'S01'",
    "a line is lost": "delete from settle.statement_lines where cdr_key = 'nl/emo|s12'",
    "a line is doubled": "insert into settle.statement_lines select * from settle.statement_lines where line_no = 1",
    "a total is changed": "update settle.statements set amount_excl_tax = amount_excl_tax + 0.01",
    "a verdict is lost": "delete from inspect.gate_verdicts where cdr_key = 'nl/emo|s12'",
    "a step is wrong": "update settle.waterfall set amount_excl_tax = amount_excl_tax + 1 where step = 'held'",
}


def test_the_law_holds_for_the_fifteen_sessions(fifteen: Books) -> None:
    with open_warehouse(fifteen.path) as connection:
        assert check(connection) == []


@pytest.mark.parametrize("sql", BREAKS.values(), ids=BREAKS.keys())
def test_the_check_says_what_is_missing(fifteen_copy: Path, sql: str) -> None:
    with open_warehouse(fifteen_copy) as connection:
        connection.execute(sql)
        assert check(connection) != []


def test_a_deleted_row_fails_the_dbt_test(fifteen_copy: Path) -> None:
    with open_warehouse(fifteen_copy) as connection:
        connection.execute("delete from settle.cdr_outcomes where cdr_id = 'S12'")
    with pytest.raises(DbtFailed) as failure:
        invoke(["test", "--select", "test_type:singular,group:settle", "assert_*"], fifteen_copy)
    assert "assert_every_session_has_one_fate" in str(failure.value)
    assert "assert_lines_sum_to_statement" in str(failure.value)


def test_the_sentence_names_feed_currency_and_amounts(fifteen_copy: Path) -> None:
    with open_warehouse(fifteen_copy) as connection:
        connection.execute("delete from settle.cdr_outcomes where cdr_id = 'S07'")
        (sentence,) = check(connection)
    assert sentence.startswith("feed cdrs (EUR): received less accounted for is 1 records, 20.00000000 kWh")
    assert "6.00000000 net" in sentence
