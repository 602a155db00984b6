"""What a dispute does to money: a session of an open period, from its opening to each way it can end."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from orchestration.defs.settle.conservation import check
from orchestration.warehouse import open_warehouse
from tests.settle.by_hand import Books

# October, 21 % tax on nothing here: 10.00 undisputed, and five disputed sessions, each with the acts that followed.
OPENED = ("dispute", "opened", "2026-10-25", "D_PRICE", None)
STORIES: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "open": ("7.00", [OPENED]),
    "lost": ("8.00", [OPENED, ("resolve", "resolved", "2026-10-28", "R_REJECTED", None)]),
    "won": ("9.00", [OPENED, ("resolve", "resolved", "2026-10-28", "R_PARTIAL", "6.504")]),
    "again": ("9.00", [OPENED, ("resolve", "resolved", "2026-10-28", "R_PARTIAL", "6.50"),
                       ("escalate", "escalated", "2026-10-29", "ESCALATED", None)]),
    # Closed after October's cut-off, the sixth of November: billed in November.
    "late": ("3.00", [OPENED, ("withdraw", "withdrawn", "2026-11-07", None, None)]),
}  # fmt: skip


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Books:
    books = Books(tmp_path_factory.mktemp("disputed") / "evsettle.duckdb", as_of=datetime(2026, 11, 8, tzinfo=UTC))
    books.raw["raw_settlement_terms"] = [{"partner": "emo", "contract_version": "v1"}]
    books.raw["raw_dispute_events"] = []
    books.session("quiet", claim="10.00", rated="10.00")
    for number, (key, (claim, acts)) in enumerate(STORIES.items(), start=2):
        books.session(key, claim=claim, rated=claim)
        for step, (event, state, day, reason, amount) in enumerate(acts):
            books.raw["raw_dispute_events"].append(
                {
                    "dispute_id": str(100 * number), "seq": 100 * number + step, "event": event, "state_to": state,
                    "happened_at": f"{day} 12:00:00+00", "cdr_key": key, "reason_code": reason,
                    "amount_excl_tax": amount, "claimant": "partner" if step == 0 else None, "decided_by": "ann",
                }
            )  # fmt: skip
    books.build()
    return books


def test_only_what_is_not_disputed_is_payable(settled: Books) -> None:
    rows = settled.query(
        "select cdr_key, state, settled_by, settled_excl_tax, statement_id from settle.cdr_outcomes order by cdr_key"
    )
    assert rows == [
        ("again", "held", None, Decimal(0), None),
        ("late", "valid", "claim", Decimal(3), "2026-11-emo-R-EUR"),
        ("lost", "valid", "claim", Decimal(8), "2026-10-emo-R-EUR"),
        ("open", "held", None, Decimal(0), None),
        ("quiet", "valid", "claim", Decimal(10), "2026-10-emo-R-EUR"),
        ("won", "adjusted", "decision", Decimal("6.504"), "2026-10-emo-R-EUR"),
    ]
    # 10.00 + 8.00 + 6.50; in November the one that was withdrawn after the cut-off.
    assert settled.query("select statement_id, amount_excl_tax from settle.statements order by statement_id") == [
        ("2026-10-emo-R-EUR", Decimal("24.50")),
        ("2026-11-emo-R-EUR", Decimal("3.00")),
    ]


def test_what_is_disputed_stays_visible_and_the_books_add_up(settled: Books) -> None:
    assert settled.query(
        "select step, sessions, amount_excl_tax from settle.waterfall where period = '2026-10' and sessions <> 0"
        " and step in ('sessions', 'held', 'disputed', 'billable', 'statement') order by step_no"
    ) == [
        ("sessions", 5, Decimal(43)),
        ("disputed", -2, Decimal(-16)),
        ("billable", 3, Decimal(27)),
        ("statement", 3, Decimal("24.50")),
    ]
    assert settled.query(
        "select cdr_key, observed from settle.gate_findings where rule_id = 'DISPUTE_INCLUDED' order by cdr_key"
    ) == [("again", "dispute 500 (D_PRICE)"), ("open", "dispute 200 (D_PRICE)")]
    # One case for each: the dispute, with the acts that answer it.
    assert settled.query("select case_id from settle.open_cases where cdr_key in ('open', 'again') order by 1") == [
        ("dispute-200",),
        ("dispute-500",),
    ]
    with open_warehouse(settled.path) as connection:
        assert check(connection) == []
