"""October of three partners, small enough to be worked out by hand: disputes, currencies, and the lines that terms add."""

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
    "again": ("9.00", [OPENED, ("assign", "investigating", "2026-10-26", None, None), ("resolve", "resolved", "2026-10-28", "R_PARTIAL", "6.50"),
                       ("escalate", "escalated", "2026-10-29", "ESCALATED", None)]),
    # Closed after October's cut-off, the sixth of November: billed in November.
    "late": ("3.00", [OPENED, ("withdraw", "withdrawn", "2026-11-07", None, None)]),
}  # fmt: skip

# In francs, settled in euros. The 18th is a Sunday: the rate of Friday counts. On the 25th the last rate is too old.
SWISS = (("thursday", "12.345", 15), ("sunday", "4.80", 18), ("too_late", "9.00", 25))

FEES = (("sold", "10.00", "receivable"), ("sold_too", "5.55", "receivable"), ("bought", "7.00", "payable"))


# One session, the same for a company that charges at our sites in three countries, and for one that sells on.
SITES = ("DE", "CH", "GB")
TAX_RULES = (
    ("NL", None, None, "S", "21"), ("CH", None, None, "O", "0"), ("DE", None, None, "S", "19"),
    ("FR", "driver", "DE", "S", "19"), ("FR", "driver", "CH", "S", "8.1"), ("FR", "driver", "GB", "S", "20"),
    ("FR", "reseller", None, "AE", "0"),
)  # fmt: skip


def add_sites(books: Books) -> None:
    for partner, regime in (("fleet", "driver"), ("resale", "reseller")):
        books.raw["raw_settlement_terms"].append(
            {"partner": partner, "contract_version": "t1", "tax_country": "FR", "tax_regime": regime,
             "vat_id": "FR40303265045", "is_vat_id_valid": True}
        )  # fmt: skip
        for site in SITES:
            books.session(
                f"{partner}_{site}", claim="10.00", rated="10.00", terms={"contract_version": "t1"}, partner=partner,
                site=site,
            )  # fmt: skip


def add_limits(books: Books) -> None:
    """A partner with caps, and one whose invoices we issue."""
    books.raw["raw_settlement_terms"] += [
        {"partner": "cap", "contract_version": "c1", "cap_session": "80", "cap_monthly": "79.99",
         "is_self_billed": False},
        {"partner": "sbn", "contract_version": "s1", "is_self_billed": True, "self_billing_agreement": "SB-1",
         "self_billing_from": "2026-10-15"},
    ]  # fmt: skip
    for key, claim in (("at_cap", "80.00"), ("dear", "80.01")):
        books.session(key, claim=claim, rated=claim, terms={"contract_version": "c1"}, partner="cap")
    for key, day in (("covered", 15), ("before", 14)):
        books.session(
            key, claim="4.00", rated="4.00", terms={"contract_version": "s1"}, partner="sbn", direction="payable",
            cpo_party="DE/SBN", emsp_party="NL/EVS", ended_at=f"2026-10-{day} 10:00:00+00",
        )  # fmt: skip


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Books:
    books = Books(tmp_path_factory.mktemp("disputed") / "evsettle.duckdb", as_of=datetime(2026, 11, 8, tzinfo=UTC))
    books.raw["raw_settlement_terms"] = [
        {"partner": "emo", "contract_version": "v1"},
        {
            "partner": "alp",
            "contract_version": "a1",
            "fx_source": "ECB",
            "fx_rate_date": "session",
            "fx_max_age_days": 3,
        },
    ]
    books.raw["raw_fx_rates"] = [
        {
            "rate_on": day,
            "base": "EUR",
            "quote": "CHF",
            "rate": rate,
            "source": "ECB",
            "known_from": f"{day} 16:00:00+00",
        }
        for day, rate in (("2026-10-15", "0.95"), ("2026-10-16", "0.96"))
    ]
    # Per session, of the net, and for the month; the payable one is no fee of a receivable statement.
    books.raw["raw_contract_fees"] = [
        {"partner": "fee", "contract_version": "f1", "name": name, "per": per, "rate": rate, "direction": direction}
        for name, per, rate, direction in (
            ("roaming", "session", "0.25", "receivable"), ("platform", "percent", "2.5", "receivable"),
            ("base", "period", "40", "receivable"), ("hub", "session", "0.10", "payable"),
        )
    ]  # fmt: skip
    add_limits(books)
    add_sites(books)
    books.raw["raw_settlement_terms"].append(
        {"partner": "fee", "contract_version": "f1", "tax_country": "DE", "credit_limit": "67.15"}
    )
    books.raw["raw_own_parties"] = [{"party": "NL/EVS", "role": "CPO", "country": "NL"}]
    books.raw["raw_tax_rules"] = [
        {"valid_from": "2026-01-01", "customer_country": country, "customer_regime": regime, "site_country": site,
         "category": category, "rate_percent": percent, "known_from": "2026-01-01 00:00:00+00"}
        for country, regime, site, category, percent in TAX_RULES
    ]  # fmt: skip
    for key, claim, direction in FEES:
        books.session(
            key, claim=claim, rated=claim, terms={"contract_version": "f1"}, partner="fee", direction=direction,
            cpo_party="NL/EVS" if direction == "receivable" else "DE/FEE",
            emsp_party="DE/FEE" if direction == "receivable" else "NL/EVS",
        )  # fmt: skip
    for key, claim, day in SWISS:
        books.session(
            key, claim=claim, rated=claim, terms={"contract_version": "a1"}, partner="alp", emsp_party="CH/ALP",
            currency="CHF", started_at=f"2026-10-{day} 09:00:00+00", ended_at=f"2026-10-{day} 10:00:00+00",
        )  # fmt: skip
    books.raw["raw_dispute_events"] = []
    books.session("quiet", claim="10.00", rated="10.00")
    for number, (key, (claim, acts)) in enumerate(STORIES.items(), start=2):
        books.session(key, claim=claim, rated=claim)
        for step, (event, state, day, reason, amount) in enumerate(acts):
            books.raw["raw_dispute_events"].append(
                {
                    "dispute_id": str(100 * number), "seq": 100 * number + step, "event": event, "state_to": state,
                    "happened_at": f"{day} 12:00:00+00", "cdr_key": key, "reason_code": reason,
                    "assigned_to": "operations" if event == "assign" else None, "amount_excl_tax": amount, "claimant": "partner" if step == 0 else None, "decided_by": "ann",
                }
            )  # fmt: skip
    books.build()
    return books


def test_only_what_is_not_disputed_is_payable(settled: Books) -> None:
    rows = settled.query(
        "select cdr_key, state, settled_by, settled_excl_tax, statement_id from settle.cdr_outcomes"
        " where partner = 'emo' order by cdr_key"
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
    assert settled.query(
        "select statement_id, amount_excl_tax from settle.statements where partner = 'emo' order by statement_id"
    ) == [
        ("2026-10-emo-R-EUR", Decimal("24.50")),
        ("2026-11-emo-R-EUR", Decimal("3.00")),
    ]


def test_what_is_disputed_stays_visible(settled: Books) -> None:
    assert settled.query(
        "select step, sessions, amount_excl_tax from settle.waterfall where period = '2026-10' and sessions <> 0"
        " and partner = 'emo' and step in ('sessions', 'held', 'disputed', 'billable', 'statement') order by step_no"
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


def test_francs_are_settled_in_euros_at_the_agreed_rate(settled: Books) -> None:
    assert settled.query(
        "select statement_id, cdr_key, amount_excl_tax, currency, session_excl_tax, session_currency, fx_source,"
        " cast(fx_rate_on as varchar), cast(fx_rate as decimal(18, 6))"
        " from settle.statement_lines where cdr_key in ('thursday', 'sunday') order by cdr_key"
    ) == [
        # 4.80 ÷ 0.96, and 12.345 ÷ 0.95 = 12.99473…
        ("2026-10-alp-R-EUR", "sunday", Decimal("5.00"), "EUR", Decimal("4.80"), "CHF", "ecb", "2026-10-16",
         Decimal("1.041667")),
        ("2026-10-alp-R-EUR", "thursday", Decimal("12.99"), "EUR", Decimal("12.345"), "CHF", "ecb", "2026-10-15",
         Decimal("1.052632")),
    ]  # fmt: skip
    assert settled.query("select statement_id, currency, sessions, amount_excl_tax from settle.statements"
                         " where partner = 'alp'") == [("2026-10-alp-R-EUR", "EUR", 2, Decimal("17.99"))]  # fmt: skip


def test_without_a_rate_a_session_waits_and_says_which_one(settled: Books) -> None:
    assert settled.query("select state, settled_excl_tax, statement_id from settle.cdr_outcomes"
                         " where cdr_key = 'too_late'") == [("held", Decimal(0), None)]  # fmt: skip
    assert settled.query("select cdr_key, observed from settle.gate_findings where rule_id = 'FX_RATE_MISSING'") == [
        ("too_late", "no rate CHF to EUR of ecb on 2026-10-25")
    ]


def test_a_session_above_its_cap_and_one_that_no_agreement_covers_wait(settled: Books) -> None:
    found = (
        "select cdr_key, rule_id, severity, observed, expected from settle.gate_findings"
        " where rule_id in ('CAP_EXCEEDED', 'DOC_SELF_BILL') order by 1"
    )
    assert settled.query(found) == [
        ("before", "DOC_SELF_BILL", "hold", "agreement SB-1 from 2026-10-15, supplied on 2026-10-14",
         "an agreement that covers that day"),
        ("dear", "CAP_EXCEEDED", "hold", "80.01 EUR", "at most 80.00 EUR"),
    ]  # fmt: skip
    assert settled.query(
        "select cdr_key, state from settle.cdr_outcomes where partner in ('cap', 'sbn') order by 1"
    ) == [("at_cap", "valid"), ("before", "held"), ("covered", "valid"), ("dear", "held")]


def test_a_statement_above_a_cap_is_neither_approved_nor_sealed(settled: Books) -> None:
    """80.00 in a month that may come to 79.99; and 67.16 with tax where 67.15 may be open."""
    assert settled.query(
        "select subject_id, severity, observed, expected from settle.closing_findings"
        " where rule_id = 'CAP_EXCEEDED' order by 1"
    ) == [
        ("2026-10-cap-R-EUR", "hold", "80.00 EUR net in the month", "at most 79.99 EUR (caps.monthly)"),
        ("2026-10-fee-R-EUR", "hold", "67.16 EUR unpaid and drafted", "at most 67.15 EUR (caps.credit_limit)"),
    ]


def test_what_is_exchanged_leaves_one_waterfall_and_comes_in_in_the_other(settled: Books) -> None:
    assert settled.query(
        "select currency, step, sessions, energy_kwh, cast(amount_excl_tax as decimal(18, 6)) from settle.waterfall"
        " where partner = 'alp' and step in ('received', 'held', 'exchange', 'rounding', 'statement')"
        " and (sessions <> 0 or amount_excl_tax <> 0) order by currency, step_no"
    ) == [
        ("CHF", "received", 3, Decimal(30), Decimal("26.145")),
        ("CHF", "held", -1, Decimal(-10), Decimal("-9")),
        ("CHF", "exchange", -2, Decimal(-20), Decimal("-17.145")),
        ("EUR", "exchange", 2, Decimal(20), Decimal("17.994737")),
        ("EUR", "rounding", 0, Decimal(0), Decimal("-0.004737")),
        ("EUR", "statement", 2, Decimal(20), Decimal("17.99")),
    ]


def test_each_term_is_a_line_of_its_own_that_names_the_contract(settled: Books) -> None:
    """Two sessions of 0.25; 2.5 % of 15.55 is 0.38875; 40.00 for the month. Tax is that of the customer's country."""
    assert settled.query(
        "select statement_id, line_no, kind, term, contract_version, quantity, amount_excl_tax, tax, tax_percent"
        " from settle.statement_lines where statement_id like '%-fee-%' and kind <> 'session' order by 1, 2"
    ) == [
        ("2026-10-fee-P-EUR", 2, "fee", "fees.hub", "f1", Decimal(1), Decimal("0.10"), Decimal("0.02"), Decimal(21)),
        ("2026-10-fee-R-EUR", 3, "fee", "fees.base", "f1", Decimal(1), Decimal("40.00"), Decimal("7.60"), Decimal(19)),
        ("2026-10-fee-R-EUR", 4, "fee", "fees.platform", "f1", Decimal("15.55"), Decimal("0.39"), Decimal("0.07"),
         Decimal(19)),
        ("2026-10-fee-R-EUR", 5, "fee", "fees.roaming", "f1", Decimal(2), Decimal("0.50"), Decimal("0.10"), Decimal(19)),
        # 19 % of 56.44 is 10.7236; the lines bear 1.90 + 1.05 + 7.60 + 0.07 + 0.10 = 10.72.
    ]  # fmt: skip
    # 10.00 + 5.55 + 40.00 + 0.39 + 0.50, and 7.00 + 0.10.
    assert settled.query(
        "select direction, sessions, amount_excl_tax, tax from settle.statements where partner = 'fee' order by 1"
    ) == [("payable", 1, Decimal("7.10"), Decimal("1.49")), ("receivable", 2, Decimal("56.44"), Decimal("10.72"))]
    assert settled.query(
        "select direction, amount_excl_tax from settle.waterfall where partner = 'fee' and step = 'fees' order by 1"
    ) == [("payable", Decimal("0.10")), ("receivable", Decimal("40.89"))]


def test_one_session_is_taxed_as_the_rule_of_its_site_and_buyer_says(settled: Books) -> None:
    found = settled.query(
        "select due.cdr_key, due.category, due.rate_percent, lines.tax, due.decision_id"
        " from settle.cdr_taxes_due as due inner join settle.statement_lines as lines on due.cdr_key = lines.cdr_key"
        " where due.customer_country = 'FR' order by 1"
    )
    assert [row[:4] for row in found] == [
        ("fleet_CH", "S", Decimal("8.1"), Decimal("0.81")),
        ("fleet_DE", "S", Decimal(19), Decimal("1.90")),
        ("fleet_GB", "S", Decimal(20), Decimal("2.00")),
        ("resale_CH", "AE", Decimal(0), Decimal(0)),
        ("resale_DE", "AE", Decimal(0), Decimal(0)),
        ("resale_GB", "AE", Decimal(0), Decimal(0)),
    ]
    assert len({decision for *_, decision in found}) == len(found)


def test_a_dispute_is_timed_from_hand_to_hand(settled: Books) -> None:
    """What was won and taken up again: finance to the 26th, operations to the 28th, and finance from the 29th on."""
    assert settled.query(
        "select handed_by_holder, holder, handed_by, held_seconds / 86400.0, until_at is null"
        " from settle.dispute_hand_overs where dispute_id = '500' order by hand_over_no"
    ) == [
        (None, "finance", "ann", 1, False),
        ("finance", "operations", "ann", 2, False),
        # To the run on 8 November at midnight.
        (None, "finance", "ann", 9.5, True),
    ]


def test_the_books_add_up(settled: Books) -> None:
    with open_warehouse(settled.path) as connection:
        assert check(connection) == []
