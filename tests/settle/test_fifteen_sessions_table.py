"""Fifteen sessions of money, worked out by hand before any SQL: checked a second, plain way.

What the pipeline makes of them is tested where its stages are. Here only the table is on trial.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

TABLE = Path(__file__).parent / "fifteen_sessions.yml"
FIFTEEN = yaml.safe_load(TABLE.read_text())

Row = Mapping[str, Any]


def amount(text: str | None) -> Decimal | None:
    assert text is None or isinstance(text, str), "amounts are text: a YAML number is a float"
    return None if text is None else Decimal(text)


def known(text: str | None) -> Decimal:
    found = amount(text)
    assert found is not None
    return found


def cdrs_of(contract: str | None = None, rows: str = "all") -> list[tuple[Row, Row]]:
    """(session, CDR) pairs, of one contract or all; rows 'now' leaves out what is shown later."""
    return [
        (session, cdr)
        for session in FIFTEEN["sessions"]
        for cdr in session["cdrs"]
        if contract in (None, session["contract"]) and (rows == "all" or session["shown_by"] == "now")
    ]


def sign_of(cdr: Row) -> int:
    return -1 if "credit_of" in cdr else 1


def cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


@pytest.mark.parametrize(("session", "cdr"), cdrs_of(), ids=lambda row: str(row.get("id", row.get("session"))))
class TestFifteenSessions:
    def test_rated_is_the_tariff_alone(self, session: Row, cdr: Row) -> None:
        tariff = session["tariff"]
        energies = [known(energy) for energy in cdr.get("period_kwh", [cdr["energy_kwh"]])]
        flat = known(tariff.get("flat", "0"))
        rated = sign_of(cdr) * (sum(energies, Decimal(0)) * known(tariff["energy"]) + flat)
        assert known(cdr["rated_excl_tax"]) == rated
        vat = amount(tariff["vat"])
        assert amount(cdr["rated_incl_tax"]) == (None if vat is None else rated * (1 + vat / 100))

    def test_expected_is_rated_less_the_discount(self, session: Row, cdr: Row) -> None:
        percent = known(FIFTEEN["contracts"][session["contract"]]["discount_percent"])
        rated = known(cdr["rated_excl_tax"])
        assert known(cdr["discount_excl_tax"]) == -rated * percent / 100
        assert known(cdr["expected_excl_tax"]) == rated + known(cdr["discount_excl_tax"])

    def test_the_claims_gross_is_its_net_and_the_tariffs_tax(self, session: Row, cdr: Row) -> None:
        net, gross = amount(cdr["claimed_excl_tax"]), amount(cdr["claimed_incl_tax"])
        if net is not None and gross is not None:
            exact = net * (1 + known(session["tariff"]["vat"]) / 100)
            assert gross == exact.quantize(Decimal("0.0001"), ROUND_HALF_UP)

    def test_price_findings_follow_from_tolerance_and_range(self, session: Row, cdr: Row) -> None:
        claimed = amount(cdr["claimed_excl_tax"])
        contract = FIFTEEN["contracts"][session["contract"]]
        expected = known(cdr["expected_excl_tax"])
        percent = known(contract["tolerance_percent"]) / 100
        tolerance = max(known(contract["tolerance_amount"]), abs(expected) * percent)
        low, high = (known(bound) for bound in cdr.get("range", [cdr["expected_excl_tax"]] * 2))
        assert low <= expected <= high
        finding = None
        if claimed is not None and abs(claimed - expected) > tolerance:
            finding = "PRICE_IN_RANGE" if low <= claimed <= high else "PRICE_TOTAL_DIFF"
        assert [rule for rule in cdr["findings"] if rule.startswith("PRICE_")] == ([finding] if finding else [])

    def test_the_range_is_the_lines_rounded_alone(self, session: Row, cdr: Row) -> None:
        if "range" in cdr:
            lines = [known(energy) * known(session["tariff"]["energy"]) for energy in cdr["period_kwh"]]
            assert [known(bound) for bound in cdr["range"]] == sorted([sum(lines), sum(cents(line) for line in lines)])

    def test_settled_follows_from_the_state(self, session: Row, cdr: Row) -> None:
        claimed = amount(cdr["claimed_excl_tax"])
        by_state = {
            "valid": known(cdr["expected_excl_tax"]) if claimed is None else claimed,
            "adjusted": amount(session.get("decision", {}).get("values", {}).get("amount")),
        }
        settled = known(cdr["settled_excl_tax"])
        assert settled == by_state.get(cdr["state"], Decimal(0))
        on_statement = cdr["state"] in ("valid", "adjusted")
        assert cdr["step"] == ("statement" if on_statement else cdr["state"])
        assert known(cdr.get("rounding_excl_tax", "0")) == (cents(settled) - settled if on_statement else 0)
        if "settled_incl_tax" in cdr:
            assert known(cdr["settled_incl_tax"]) == settled + known(cdr["document_tax"])

    def test_a_credit_counts_negative_however_it_was_sent(self, session: Row, cdr: Row) -> None:
        for amount_name, sent_name in (("claimed_excl_tax", "sent_excl_tax"), ("claimed_incl_tax", "sent_incl_tax")):
            if "credit_of" not in cdr:
                assert sent_name not in cdr
                continue
            assert known(cdr[amount_name]) == -abs(known(cdr[sent_name]))
            assert ("CREDIT_SIGN_WRONG" in cdr["findings"]) == (known(cdr[sent_name]) > 0)

    def test_a_paired_credit_and_its_original_net_to_zero(self, session: Row, cdr: Row) -> None:
        if cdr["state"] == "credited":
            assert sum(known(each["claimed_excl_tax"]) for each in session["cdrs"]) == 0
            assert {each["state"] for each in session["cdrs"]} == {"credited"}


def test_there_are_fifteen_sessions_with_ids_of_their_own() -> None:
    assert len(FIFTEEN["sessions"]) == 15
    ids = [cdr["id"] for _, cdr in cdrs_of()]
    assert len(ids) == len(set(ids))


def column(pairs: list[tuple[Row, Row]]) -> list[Decimal]:
    """CDRs, unknown claims, signed kWh and net claims of some rows."""
    claims = [amount(cdr["claimed_excl_tax"]) for _, cdr in pairs]
    return [
        Decimal(len(pairs)),
        Decimal(sum(claim is None for claim in claims)),
        sum((sign_of(cdr) * known(cdr["energy_kwh"]) for _, cdr in pairs), Decimal(0)),
        sum((claim for claim in claims if claim is not None), Decimal(0)),
    ]


@pytest.mark.parametrize("waterfall", FIFTEEN["waterfalls"], ids=lambda each: f"{each['contract']}-{each['rows']}")
class TestWaterfalls:
    def test_each_step_is_the_sum_of_its_sessions(self, waterfall: Row) -> None:
        pairs = cdrs_of(waterfall["contract"], waterfall["rows"])
        billable = [pair for pair in pairs if pair[1]["step"] == "statement"]
        steps = {name: [Decimal(value) for value in values] for name, values in waterfall["steps"].items()}
        assert steps["received"] == steps["sessions"] == column(pairs)
        for name in ("held", "excluded", "credited"):
            assert steps[name] == [-value for value in column([pair for pair in pairs if pair[1]["step"] == name])]
        assert steps["billable"] == column(billable)
        settled = [known(cdr["settled_excl_tax"]) for _, cdr in billable]
        assert steps["rounding"][3] == sum(cents(each) - each for each in settled)
        assert steps["statement"][3] == sum(cents(each) for each in settled)
        unclaimed = [known(cdr["settled_excl_tax"]) for _, cdr in billable if cdr["claimed_excl_tax"] is None]
        assert steps["expected_without_claim"][3] == sum(unclaimed)

    def test_the_steps_add_up_to_the_statement(self, waterfall: Row) -> None:
        steps = {name: [Decimal(value) for value in values] for name, values in waterfall["steps"].items()}

        def total(*names: str) -> list[Decimal]:
            return [sum(values) for values in zip(*(steps[name] for name in names), strict=True)]

        assert total("received", "quarantined", "superseded") == steps["sessions"]
        assert total("sessions", "held", "excluded", "credited") == steps["billable"]
        assert total("billable", "expected_without_claim", "adjustments", "rounding") == steps["statement"]
