"""Rules on draft statements: what holds one, who may let it pass, and that nothing is published unjudged."""

import json
import shutil
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.dbt import invoke
from orchestration.defs.settle.closing_gate import judge_statements
from orchestration.defs.settle.sealing import open_drafts
from orchestration.facts import ledger
from orchestration.facts.home import Home
from orchestration.gate import GateBroken
from orchestration.warehouse import open_warehouse
from tests.conftest import evsettle_here
from tests.settle.by_hand import Books
from tests.settle.sealed_month import CLOSED_AT, DAAN, NOOR, SEM, done, refused

# October, two days after its cut-off: partner, its sessions (key, net amount, held?), its minimum.
PARTNERS: dict[str, tuple[tuple[tuple[str, str, bool], ...], str]] = {
    "least": ((("least", "25.00", False),), "25"),
    "under": ((("under", "24.99", False),), "25"),
    "lent": ((("lent", "100.00", False), ("lent_held", "2.00", True)), "0"),
    "much": ((("much", "100.00", False), ("much_held", "2.01", True)), "0"),
    "minus": ((("minus", "5.00", False), ("taken", "3.00", False)), "0"),
}


@pytest.fixture(scope="module")
def drafts(tmp_path_factory: pytest.TempPathFactory) -> Books:
    books = Books(tmp_path_factory.mktemp("drafts") / "evsettle.duckdb", as_of=datetime(2026, 11, 8, tzinfo=UTC))
    books.raw["raw_settlement_terms"] = [
        {"partner": partner, "contract_version": "v1", "minimum_amount": minimum}
        for partner, (_, minimum) in PARTNERS.items()
    ]
    books.raw["raw_contract_fees"] = [
        {"partner": "lent", "contract_version": "v1", "name": "hub", "per": "session", "rate": "0.25",
         "direction": "receivable"}
    ]  # fmt: skip
    # No tax is due on anything here, but it is decided: these become documents of ours.
    books.raw["raw_own_parties"] = [{"party": "NL/EVS", "role": "CPO", "country": "NL"}]
    books.raw["raw_tax_rules"] = [
        {"valid_from": "2026-01-01", "category": "E", "rate_percent": "0", "known_from": "2026-01-01 00:00:00+00"}
    ]
    for partner, (sessions, _) in PARTNERS.items():
        for key, claim, is_held in sessions:
            books.session(key, claim=claim, rated=claim, partner=partner)
            if is_held:
                books.verdicts[key] = "hold"
    # Somebody decided that a session is worth less than nothing: 5.00 less 5.01.
    books.decide("adjust", "taken", amount_excl_tax="-5.01", reason_code="ADJ_SUM")
    books.build()
    return books


@pytest.fixture
def drafts_copy(drafts: Books, tmp_path: Path) -> Path:
    return Path(shutil.copy2(drafts.path, tmp_path / "evsettle.duckdb"))


def found(path: Path, columns: str = "subject_id, rule_id, severity, status") -> list[tuple[Any, ...]]:
    with open_warehouse(path) as connection:
        return connection.execute(f"select {columns} from settle.closing_findings order by 1, 2").fetchall()


def again(path: Path) -> None:
    """What is said of the statements, computed once more."""
    told = ("statement_proofs", "statement_fees", "statement_deadlines", "line_traces")
    invoke(["run", "--select", *(f"{model}+1" for model in told), "statement_checks+1"], path)


def test_a_statement_is_held_or_noted_from_the_first_cent_past_the_limit(drafts: Books) -> None:
    assert found(drafts.path, "subject_id, rule_id, severity, observed") == [
        ("2026-10-minus-R-EUR", "NET_NEGATIVE", "hold", "-0.01 EUR, and it corrects no sealed statement"),
        ("2026-10-much-R-EUR", "PERIOD_OPEN_HOLDS", "warn", "2.01 EUR held (sessions: 1) beside 100.00 EUR net"),
        ("2026-10-under-R-EUR", "NET_BELOW_MINIMUM", "warn", "24.99 EUR: carried on, 1 of 3 periods"),
    ]
    with open_warehouse(drafts.path) as connection:
        counts = {rule.rule_id: (rule.failed, rule.evaluated) for rule in judge_statements(connection)}
    assert counts["NET_BELOW_MINIMUM"] == (1, 2)
    assert counts["NET_NEGATIVE"] == counts["PERIOD_OPEN_HOLDS"] == (1, 5)
    assert counts["DOC_ARITHMETIC"] == counts["DOC_TRACE_MISSING"] == counts["DOC_ISSUE_DEADLINE"] == (0, 5)
    assert counts["TERMS_FEE_DIFF"] == (0, 1)
    assert counts["DOC_CREDIT_UNLINKED"] == (0, 0)


def test_what_is_held_is_a_case_of_finance_with_its_money(drafts: Books) -> None:
    assert drafts.query(
        "select owner, concern, partner, period, direction, currency, expected_excl_tax, amount_at_stake, sessions,"
        " command from settle.exceptions where subject_kind = 'statement'"
    ) == [
        ("finance", "terms", "minus", "2026-10", "receivable", "EUR", Decimal("-0.01"), Decimal("0.01"), 0,
         "evsettle decide assign 'statement:2026-10-minus-R-EUR' --set rule=NET_NEGATIVE --set to=PERSON --by NAME")
    ]  # fmt: skip
    assert drafts.query(
        "select partner, rule_id, findings from settle.quality_findings where rule_id like '%NET_%' or rule_id like"
        " 'PERIOD_OPEN%' order by 1"
    ) == [("minus", "NET_NEGATIVE", 1), ("much", "PERIOD_OPEN_HOLDS", 1), ("under", "NET_BELOW_MINIMUM", 1)]


def test_two_people_waive_a_hold_and_nobody_a_reject(drafts_copy: Path) -> None:
    with open_warehouse(drafts_copy) as connection:
        assert [told["rule_id"] for told in open_drafts(connection)["2026-10|minus"]["against"]] == ["NET_NEGATIVE"]
        connection.execute(
            "update settle.statement_lines set tax = 0.01, tax_category = 'S', tax_percent = 21"
            " where statement_id = '2026-10-least-R-EUR'"
        )
        connection.execute(
            "insert into ingest.raw_decisions (seq, kind, subject_kind, subject_id, rule_id, decided_by)"
            " select 900, 'waive', 'finding', finding_id, rule_id, 'ann' from settle.closing_findings"
            " where rule_id = 'NET_NEGATIVE'"
            " union all select 901, 'waive', 'finding', sha256('statement|2026-10-least-R-EUR|DOC_ARITHMETIC|'),"
            " 'DOC_ARITHMETIC', 'ann'"
        )
    again(drafts_copy)
    assert found(drafts_copy)[:2] == [
        ("2026-10-least-R-EUR", "DOC_ARITHMETIC", "reject", "open"),
        ("2026-10-minus-R-EUR", "NET_NEGATIVE", "hold", "waived"),
    ]
    with open_warehouse(drafts_copy) as connection:
        known = open_drafts(connection)
        assert "against" not in known["2026-10|minus"]
        assert [told["severity"] for told in known["2026-10|least"]["against"]] == ["reject"]
        judge_statements(connection)


def test_fees_days_and_traces_are_judged_anew_in_each_run(drafts_copy: Path) -> None:
    """A fee may be a cent off and a document issued on the fifteenth: two cents and the sixteenth are too much."""
    rules = ("TERMS_FEE_DIFF", "DOC_ISSUE_DEADLINE", "DOC_TRACE_MISSING")
    told = (
        f"rule_id, subject_id, severity, observed from settle.closing_findings where rule_id in {rules} order by 1, 2"
    )
    for rate, day in (("0.26", "2026-11-15"), ("0.27", "2026-11-16")):
        with open_warehouse(drafts_copy) as connection:
            connection.execute("update ingest.raw_contract_fees set rate = ?", [rate])
            connection.execute(f"update ingest.raw_run set as_of = timestamptz '{day} 22:59:59+00'")
        again(drafts_copy)
        with open_warehouse(drafts_copy) as connection:
            judge_statements(connection)
            late = connection.execute(f"select {told}").fetchall()
        assert bool(late) == (rate == "0.27")
    assert late[0] == ("DOC_ISSUE_DEADLINE", "2026-10-least-R-EUR", "warn", "not issued on 2026-11-16")
    assert late[-1] == (
        "TERMS_FEE_DIFF", "2026-10-lent-R-EUR", "hold", "0.25 EUR of fees, one of them off by 0.02 EUR",
    )  # fmt: skip
    assert len(late) == len(PARTNERS) + 1
    with open_warehouse(drafts_copy) as connection:
        connection.execute("delete from rate.price_lines where cdr_key = 'least'")
        connection.execute("update settle.cdr_outcomes set record_id = 0 where cdr_key = 'much'")
    again(drafts_copy)
    with open_warehouse(drafts_copy) as connection:
        lost = [row[1:] for row in connection.execute(f"select {told}").fetchall() if row[0] == "DOC_TRACE_MISSING"]
    assert lost == [
        ("2026-10-least-R-EUR", "reject", "lines without a trace: 1, such as line 1 (least)"),
        ("2026-10-much-R-EUR", "reject", "lines without a trace: 1, such as line 1 (much)"),
    ]


def test_a_finding_that_nobody_judged_stops_the_run(drafts_copy: Path) -> None:
    with open_warehouse(drafts_copy) as connection:
        connection.execute("delete from settle.closing_findings where rule_id = 'NET_NEGATIVE'")
        with pytest.raises(GateBroken, match="NET_NEGATIVE fails on 1 statements"):
            judge_statements(connection)
        connection.execute("delete from settle.statement_flags where statement_id = '2026-10-minus-R-EUR'")
        with pytest.raises(GateBroken, match="no row for 1 of 5 subjects"):
            judge_statements(connection)


def against(home: Path, **told: str) -> None:
    """The last run found this about the drafts of emo's October."""
    entries = ledger.read_all(Home(home))
    last = next(entry for entry in reversed(entries) if entry.kind == "run-end")
    drafts = dict(last.body["drafts"])
    drafts["2026-10|emo"] = {**drafts["2026-10|emo"], "against": [told] if told else []}
    ledger.append(Home(home), "run-end", {**last.body, "drafts": drafts}, "evsettle", CLOSED_AT)


def test_what_is_held_is_neither_proposed_nor_approved_nor_sealed(home_copy: Path) -> None:
    held = {
        "statement_id": "2026-10-emo-R-EUR", "rule_id": "NET_NEGATIVE", "severity": "hold", "finding_id": "f" * 64,
        "observed": "-0.01 EUR",
    }  # fmt: skip
    proposal = done(home_copy, "decide", "period", "2026-10|emo", "--by", SEM)["seq"]
    against(home_copy, **held)
    for refusal in (
        refused(home_copy, "decide", "period", "2026-10|emo", "--by", NOOR),
        refused(home_copy, "decide", "approve", proposal, "--by", DAAN),
    ):
        assert "NET_NEGATIVE holds 2026-10-emo-R-EUR (-0.01 EUR)" in refusal
        assert f"evsettle decide waive finding:{'f' * 64} --set rule=NET_NEGATIVE" in refusal
    periods = json.loads(evsettle_here("--home", home_copy, "status", "--json").stdout)["periods"]
    assert [one["act"] for one in periods if one["partner"] == "emo"] == ["clear"]
    against(home_copy)
    done(home_copy, "decide", "approve", proposal, "--by", DAAN)
    against(home_copy, **{**held, "rule_id": "DOC_ARITHMETIC", "severity": "reject"})
    refusal = refused(home_copy, "decide", "seal", "2026-10|emo", "--by", NOOR)
    assert "neither approved nor sealed: DOC_ARITHMETIC rejects" in refusal
    assert "waive" not in refusal


def test_a_run_judges_the_drafts_and_says_so(published: duckdb.DuckDBPyConnection, finished_home: Path) -> None:
    """Of October only the first half is cut off, with much of it held; nothing stands against any draft."""
    told = "select subject_id, rule_id, severity, status, observed from findings where subject_kind = 'statement'"
    assert published.execute(told).fetchall() == [
        ("2026-10-H1-voltreis-R-EUR", "PERIOD_OPEN_HOLDS", "warn", "open",
         "148.82 EUR held (sessions: 7) beside 185.09 EUR net")
    ]  # fmt: skip
    last = next(entry for entry in reversed(ledger.read_all(Home(finished_home))) if entry.kind == "run-end")
    assert last.body["drafts"]
    assert not [draft for draft in last.body["drafts"].values() if "against" in draft]
