"""Which statement a session is on: cut-offs, late ones, cleared ones, history, internal ones, and rounding."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from orchestration.dbt import invoke
from tests.settle.by_hand import Books

AS_OF = datetime(2026, 11, 20, 6, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Books:
    books = Books(tmp_path_factory.mktemp("periods") / "evsettle.duckdb", as_of=AS_OF, history_before=date(2026, 7, 1))
    money = {"claim": "5.00", "rated": "5.00"}
    october = {"started_at": at("2026-10-15T09:00"), "ended_at": at("2026-10-15T10:00")}
    books.session("in_time", **money, **october, received_at=at("2026-11-05T22:59"))
    books.session("late", **money, **october, received_at=at("2026-11-05T23:00"))
    books.session("new_month", **money, ended_at=at("2026-10-31T23:00"), received_at=at("2026-11-01T10:00"))
    books.session("old_month", **money, ended_at=at("2026-10-31T22:59"), received_at=at("2026-11-01T10:00"))
    books.session("history", **money, ended_at=at("2026-06-15T10:00"), received_at=at("2026-11-19T10:00"))
    books.session("too_old", **money, ended_at=at("2026-07-15T10:00"), received_at=at("2026-11-19T10:00"))
    books.session("never_too_old", **money, ended_at=at("2026-07-15T10:00"), received_at=at("2026-11-19T10:00"),
                  terms={"late_days": None})  # fmt: skip
    books.session("no_terms", **money, **october, terms={"contract_version": None, "is_contract_approved": False})
    books.session("nobody", **money, **october, partner=None)
    books.session("internal", **money, **october, direction="internal")
    for key in ("cleared_by_decision", "cleared_by_master", "held_still"):
        books.session(key, claim="6.00" if key != "cleared_by_master" else "5.00", rated="5.00", **october)
        books.raw.setdefault("raw_cdr_history", []).append(
            {"run_end_seq": 9, "as_of": at("2026-11-02T06:00"), "cdr_key": key, "revision": 1, "state_to": "held"}
        )
    books.decide("waive", "cleared_by_decision", rule_id="PRICE_TOTAL_DIFF", effective_at=at("2026-11-04T09:00"))
    whole = {"rounding_level": "statement", "rounding_mode": "half-even"}
    for key in ("third_1", "third_2", "third_3"):
        books.session(key, claim="1.004", rated="1.004", partner="acme", terms=whole, **october)
    books.other_record("quarantined")
    books.other_record("superseded", "in_time", claimed_excl_tax="4.00")
    books.build()
    return books


PERIODS = {
    "in_time": ("valid", "2026-10", "2026-10"),
    "late": ("valid", "2026-10", "2026-11"),
    "new_month": ("valid", "2026-11", "2026-11"),
    "old_month": ("valid", "2026-10", "2026-10"),
    "history": ("valid", "2026-06", "2026-06"),
    "too_old": ("excluded", "2026-07", "2026-11"),
    "never_too_old": ("valid", "2026-07", "2026-11"),
    "no_terms": ("held", "2026-10", "2026-10"),
    "nobody": ("held", "2026-10", "2026-10"),
    "internal": ("valid", "2026-10", "2026-10"),
    "cleared_by_decision": ("valid", "2026-10", "2026-10"),
    "cleared_by_master": ("valid", "2026-10", "2026-11"),
    "held_still": ("held", "2026-10", "2026-10"),
}


@pytest.mark.parametrize("key", PERIODS)
def test_a_session_is_billed_in_the_first_period_open_for_it(settled: Books, key: str) -> None:
    rows = settled.query(f"select state, service_period, period from settle.cdr_outcomes where cdr_key = '{key}'")
    assert rows == [PERIODS[key]]


def test_gate_3_finds_terms_and_lateness(settled: Books) -> None:
    found = settled.query("select cdr_key, rule_id, severity from settle.gate_findings order by cdr_key, rule_id")
    assert found == [
        ("late", "PERIOD_LATE_CDR", "warn"),
        ("never_too_old", "PERIOD_LATE_CDR", "warn"),
        ("no_terms", "TERMS_MISSING", "hold"),
        ("nobody", "TERMS_MISSING", "hold"),
        ("too_old", "PERIOD_LATE_CDR", "warn"),
        ("too_old", "PERIOD_TOO_OLD", "reject"),
    ]


def test_an_internal_session_settles_but_is_on_no_statement(settled: Books) -> None:
    rows = settled.query(
        "select state, settled_excl_tax, statement_id, partner from settle.cdr_outcomes where cdr_key = 'internal'"
    )
    assert rows == [("valid", Decimal(5), None, None)]
    steps = settled.query(
        "select step, sessions, amount_excl_tax from settle.waterfall "
        "where partner = 'own' and sessions <> 0 order by step_no"
    )
    assert steps == [
        ("received", 1, Decimal(5)), ("sessions", 1, Decimal(5)), ("billable", 1, Decimal(5)),
        ("no_statement", -1, Decimal(-5)),
    ]  # fmt: skip


def test_a_statement_that_is_rounded_whole_has_a_line_for_it(settled: Books) -> None:
    lines = settled.query(
        "select line_no, kind, amount_excl_tax from settle.statement_lines "
        "where statement_id = '2026-10-acme-R-EUR' order by line_no"
    )
    third = Decimal("1.004")
    assert lines == [
        (1, "session", third),
        (2, "session", third),
        (3, "session", third),
        (4, "rounding", Decimal("-0.002")),
    ]
    total = settled.query("select amount_excl_tax, sessions from settle.statements where partner = 'acme'")
    assert total == [(Decimal("3.01"), 3)]


def test_every_waterfall_adds_up_and_quarantined_records_are_unknown(settled: Books) -> None:
    invoke(["test", "--select", "assert_waterfall_adds_up", "assert_every_session_has_one_fate"], settled.path)
    unknown = settled.query(
        "select step, sessions from settle.waterfall where partner = 'unknown' and sessions <> 0 "
        "and period = 'unknown' order by step_no"
    )
    assert unknown == [("received", 1), ("quarantined", -1)]
    superseded = settled.query(
        "select sessions, amount_excl_tax from settle.waterfall where partner = 'emo' and period = '2026-10' "
        "and step = 'superseded'"
    )
    assert superseded == [(-1, Decimal(-4))]


def test_the_dbt_unit_tests_of_reconcile_and_settle_pass(settled: Books) -> None:
    invoke(["test", "--select", "group:reconcile,test_type:unit", "group:settle,test_type:unit"], settled.path)
