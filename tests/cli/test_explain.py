"""`evsettle explain` on the finished demo home: sessions, statements, files, and what it says to a wrong name."""

import json
import shutil
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def explain(cli_here: Cli, finished_home: Path) -> Callable[..., str]:
    def run(*arguments: object) -> str:
        result = cli_here("--home", finished_home, "explain", *arguments)
        assert result.returncode == 0, result.stderr
        return result.stdout

    return run


def one(published: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """The first row of a query that orders its rows; a single column as its value."""
    row = published.execute(f"{sql} limit 1").fetchone()
    assert row is not None, f"the demo has none: {sql}"
    return row[0] if len(row) == 1 else row


def test_the_lines_of_a_price_add_up_to_what_is_settled(
    explain: Callable[..., str], published: duckdb.DuckDBPyConnection
) -> None:
    key, period, line_no = one(
        published,
        "select cdr_key, period, line_no from cdrs inner join statement_lines using (cdr_key)"
        " where state = 'valid' and direction = 'receivable' order by cdr_key",
    )
    story = json.loads(explain(key, "--json"))
    lines = [Decimal(line["amount_excl_tax"]) for line in story["price_lines"]]
    assert lines and sum(lines) == Decimal(story["cdr"]["rated_excl_tax"])
    text = explain(key)
    assert "Price by the tariff" in text and f"Line {line_no} of draft statement {period}" in text
    assert "approved by" in text and "the claim is" in text


def test_a_credit_and_what_it_takes_back_name_each_other(
    explain: Callable[..., str], published: duckdb.DuckDBPyConnection
) -> None:
    credit, original = one(
        published,
        "select cdr_key, credit_of from cdrs where state = 'credited' and is_credit order by cdr_key",
    )
    assert f"It takes back {original}; together they net to zero" in explain(credit)
    assert f"It is taken back by {credit}; together they net to zero" in explain(original)


def test_a_held_session_says_by_what_and_what_to_do(
    explain: Callable[..., str], published: duckdb.DuckDBPyConnection
) -> None:
    key, rule, action = one(
        published,
        "select cdr_key, rule_id, action from exceptions where subject_kind = 'cdr' and severity = 'hold'"
        " and rule_id = 'LOC_CONNECTOR_DRIFT' order by cdr_key",
    )
    words = " ".join(explain(key).split())
    assert f"Held by {rule}" in words and action in words
    # Whoever reads it has the command that ends it.
    assert f"{rule}, due 2026-11-10: evsettle decide alias 'connector:" in words


def test_another_record_of_the_same_id_says_what_it_changed(
    explain: Callable[..., str], published: duckdb.DuckDBPyConnection
) -> None:
    key = one(
        published,
        "select records.cdr_key from records inner join cdrs using (cdr_key)"
        " where records.disposition = 'superseded' and records.reason = 'ID_REUSED_CHANGED' order by cdr_key",
    )
    story = json.loads(explain(key, "--json"))
    changed = {change["field"] for revision in story["revisions"] for change in revision["changes"]}
    assert "last_updated" in changed and len(changed) > 1
    page = " ".join(explain(key).split())
    assert "superseded (ID_REUSED_CHANGED)" in page
    assert "has the same id and another " in page and "it does not count (ID_REUSED_CHANGED)" in page


def test_a_record_that_came_twice_is_told_to_count_once(
    explain: Callable[..., str], published: duckdb.DuckDBPyConnection
) -> None:
    key = one(
        published,
        "select records.cdr_key from records inner join cdrs using (cdr_key)"
        " where records.disposition = 'superseded' and records.reason = 'DUP_EXACT' order by cdr_key",
    )
    assert "The same record came 2 times and counts once." in explain(key)


def test_a_statement_says_what_is_not_on_it_and_why(
    explain: Callable[..., str], published: duckdb.DuckDBPyConnection
) -> None:
    story = json.loads(explain("2026-10-emo-R-EUR", "--json"))
    # What was received is on it, or told with the reason why not; superseded records are no sessions.
    left_out = sum(row["sessions"] for row in story["left_out"])
    steps = {row["step"]: row["sessions"] for row in story["waterfall"]}
    assert left_out and steps["sessions"] == left_out + story["statement"]["sessions"]
    net = one(published, "select amount_excl_tax from statements where statement_id = '2026-10-emo-R-EUR' order by 1")
    text = explain("2026-10-EMO-r-eur")
    assert f"emo owes us {net:,.2f} EUR net" in text and "approved: not yet" in text


def test_a_file_says_where_each_record_went(
    explain: Callable[..., str], published: duckdb.DuckDBPyConnection, finished_home: Path
) -> None:
    file, position, reason = one(
        published,
        "select source || '/' || feed || '/' || file_name, position, reason from records"
        " where feed = 'cdrs' and disposition = 'quarantined' order by record_id",
    )
    story = json.loads(explain(finished_home / "landing" / file, "--json"))
    counted = published.execute(
        "select count(*) from records where source || '/' || feed || '/' || file_name = ?", [file]
    ).fetchone()
    assert (len(story["records"]),) == counted
    assert f"quarantined: {reason}" in explain(file)
    assert f"Quarantined by {reason}." in explain(f"{file}#{position}")


def test_a_token_is_never_shown(
    explain: Callable[..., str], published: duckdb.DuckDBPyConnection, finished_home: Path
) -> None:
    key = one(published, "select cdr_key from cdrs where state = 'valid' order by cdr_key")
    with duckdb.connect(str(finished_home / "warehouse/evsettle.duckdb"), read_only=True) as warehouse:
        row = warehouse.execute("select token_uid, contract_id from inspect.cdrs where cdr_key = ?", [key]).fetchone()
    assert row is not None
    told = explain(key) + explain(key, "--json")
    assert all(value not in told for value in row)


def test_a_page_needs_nothing_but_itself(
    explain: Callable[..., str], published: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    key = one(published, "select cdr_key from cdrs where state = 'valid' order by cdr_key")
    explain(key, "--html", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "<script" not in page and "src=" not in page and "http" not in page.replace("http-equiv", "")
    assert "&#34;country_code&#34;" in page, "the record's text is escaped"


def test_a_wrong_name_is_answered_with_the_nearest(
    cli_here: Cli, finished_home: Path, published: duckdb.DuckDBPyConnection
) -> None:
    name = one(published, "select cdr_id from cdrs where state = 'valid' order by cdr_key")
    result = cli_here("--home", finished_home, "explain", f"{name[:-1]}Q")
    assert result.returncode == 2 and name in result.stderr


def test_an_id_of_two_parties_asks_which(
    cli_here: Cli, finished_home: Path, published: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(finished_home, home, ignore=shutil.ignore_patterns("warehouse", "landing", "objects"))
    keys = [f"{one(published, 'select cdr_key from cdrs order by cdr_key')}", "xx/two|same"]
    with duckdb.connect() as connection:
        connection.execute(
            f"create table cdrs as from '{finished_home}/published/cdrs.parquet' order by cdr_key limit 1"
        )
        connection.execute("insert into cdrs select * replace ('xx/two|same' as cdr_key) from cdrs")
        connection.execute(f"copy cdrs to '{home}/published/cdrs.parquet'")
        (identifier,) = connection.execute("select distinct cdr_id from cdrs").fetchall()[0]
    result = cli_here("--home", home, "explain", identifier)
    assert result.returncode == 2 and all(key in result.stderr for key in keys)


def test_a_failed_session_says_how_it_ended_and_who_answers_for_it(
    explain: Callable[..., str], published: duckdb.DuckDBPyConnection
) -> None:
    key, operator = one(
        published,
        "select cdr_key, cpo_party from findings inner join cdrs using (cdr_key)"
        " where rule_id = 'OUTCOME_INTERRUPTED' and observed = 'stopped by EmergencyStop' order by cdr_key",
    )
    text = explain(key)
    assert "outcome:        broken off by the charger" in text and "stop reason:    EmergencyStop" in text
    assert "last event:     stop EmergencyStop at " in text
    assert f"answers for it: the operator, {operator}: the charger or its supply stopped it" in text
    key = one(
        published,
        "select cdr_key from findings where rule_id = 'OUTCOME_FAILED_BILLED' and starts_with(observed, 'session')"
        " order by cdr_key",
    )
    ending = json.loads(explain(key, "--json"))["ending"]
    assert (ending["is_failed"], ending["liable_side"]) == (True, "operator")


def test_each_part_in_a_session_has_a_name(explain: Callable[..., str], published: duckdb.DuckDBPyConnection) -> None:
    for direction, order in (("receivable", "asc"), ("payable", "desc")):
        key, cpo, emsp = one(
            published,
            "select cdr_key, cpo_party, emsp_party from cdrs where state = 'valid' and tariff_id is not null"
            f" and direction = '{direction}' order by cdr_key {order}",
        )
        parts = {part["part"]: part for part in json.loads(explain(key, "--json"))["parts"]}
        assert [parts[name]["party"] for name in ("authorising", "metering", "invoicing", "paying")] == [
            emsp, cpo, cpo, emsp,
        ]  # fmt: skip
        assert "displaying the price" in parts and parts["delivering the record"]["party"]
    assert parts["invoicing"]["known_by"].endswith("sends us the invoice")


def test_any_sessions_are_explained_and_their_sums_are_right(
    cli_here: Cli, finished_home: Path, home_copy: Path, published: duckdb.DuckDBPyConnection
) -> None:
    def sampled(home: Path, *more: str) -> tuple[int, dict[str, Any]]:
        result = cli_here("--home", home, "explain", "--sample", 10, "--seed", "any", "--json", *more)
        return result.returncode, json.loads(result.stdout)

    code, answer = sampled(finished_home)
    assert (code, answer["is_right"], len(answer["sessions"])) == (0, True, 10)
    assert sum(session["sums"] for session in answer["sessions"]) > 40
    valid = next(session["cdr_key"] for session in answer["sessions"] if session["state"] == "valid")
    # One price line and one statement line are others by a cent.
    for table, where in (("price_lines", "reading = 'base' and line_no = least_line"), ("statement_lines", "true")):
        path = home_copy / "published" / f"{table}.parquet"
        with duckdb.connect() as connection:
            connection.execute(f"create table t as from '{path}'")
            least = f"(select min(line_no) from t where cdr_key = '{valid}')"
            condition = f"cdr_key = '{valid}' and {where}".replace("least_line", least)
            connection.execute(f"update t set amount_excl_tax = amount_excl_tax + 0.01 where {condition}")
            connection.execute(f"copy t to '{path}'")
    code, wrong = sampled(home_copy)
    keys = [[session["cdr_key"] for session in each["sessions"]] for each in (answer, wrong)]
    assert keys[0] == keys[1], "the same seed takes the same ones"
    assert (code, wrong["is_right"]) == (1, False)
    said = next(session["problems"] for session in wrong["sessions"] if session["cdr_key"] == valid)
    assert len(said) == 4, said
    assert sum("price lines: " in each or each.startswith("line ") for each in said) == 2
    assert sum("settled, rounded: " in each or "net and tax of " in each for each in said) == 2
    assert len(wrong["statement_problems"]) == 1 and "amount excl tax" in wrong["statement_problems"][0]
    assert [session["cdr_key"] for session in wrong["sessions"] if session["problems"]] == [valid]


def test_a_sample_has_no_name_and_a_name_no_sample(cli_here: Cli, finished_home: Path) -> None:
    for arguments in ((), ("x", "--sample", 3), ("--sample", 3, "--as-of", "2026-11-05")):
        result = cli_here("--home", finished_home, "explain", *arguments)
        assert result.returncode == 2 and "--sample" in result.stderr
