"""Numbers of invoices and credit notes: gapless by own party, kind and year, whatever is interrupted."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from orchestration.facts import decisions, ledger
from orchestration.facts.decision_kinds import DecisionError
from orchestration.facts.decisions import Decision
from orchestration.facts.documents import Document, as_fact, documents, numbered, series_problems
from orchestration.facts.home import Home
from orchestration.facts.ledger import LedgerError

INVOICE = Document(
    kind="invoice",
    statement_id="2026-10-emo-R-EUR",
    party="NL/EVS",
    partner="emo",
    issued_on=date(2026, 11, 6),
    due_on=date(2026, 12, 6),
    currency="EUR",
    amount_excl_tax=Decimal("100.00"),
    tax=Decimal("21.00"),
    amount_incl_tax=Decimal("121.00"),
    preceding=(),
)
CREDIT = replace(INVOICE, kind="credit_note", statement_id="2026-11-emo-R-EUR-A1", preceding=("NLEVS-2026-000001",))


def pay(home: Home, statement: str) -> int:
    decision = Decision("pay", "Ada Jansen", (f"statement:{statement}",), None, {}, None)
    return decisions.record(home, decision, "2026-11-07T08:00:00Z").entry.seq


def seal(home: Home, *drafts: Document, after: int | None = None) -> list[str]:
    """Seal with the next numbers; returns these."""
    given = numbered(ledger.read_all(home), drafts)
    body = {"period": "2026-10", "partner": "emo", "statements": [one.statement_id for one in drafts],
            "documents": [as_fact(one) for one in given]}  # fmt: skip
    ledger.append(home, "seal", body, "Ada", "2026-11-06T08:00:00Z", after)
    return [one.number for one in given]


def test_each_party_kind_and_year_counts_for_itself(home: Home) -> None:
    assert seal(home, INVOICE, replace(INVOICE, statement_id="b"), replace(INVOICE, party="DE/EVS")) == [
        "NLEVS-2026-000001", "NLEVS-2026-000002", "DEEVS-2026-000001",
    ]  # fmt: skip
    assert seal(home, CREDIT, INVOICE, replace(INVOICE, issued_on=date(2027, 1, 1))) == [
        "NLEVS-C-2026-000001", "NLEVS-2026-000003", "NLEVS-2027-000001",
    ]  # fmt: skip
    assert series_problems(ledger.read_all(home)) == []
    assert next(document for _, document in documents(ledger.read_all(home))) == replace(INVOICE, sequence=1)


def test_what_is_issued_in_a_supplier_s_name_counts_apart(home: Home) -> None:
    theirs = replace(INVOICE, statement_id="2026-10-emo-P-EUR", supplier="NL/EMO")
    assert seal(home, INVOICE, theirs, replace(theirs, supplier="DE/DUO"), theirs) == [
        "NLEVS-2026-000001", "NLEVS-SB-NLEMO-2026-000001", "NLEVS-SB-DEDUO-2026-000001", "NLEVS-SB-NLEMO-2026-000002",
    ]  # fmt: skip
    credit = replace(theirs, kind="credit_note", preceding=("NLEVS-SB-NLEMO-2026-000001",))
    assert seal(home, credit) == ["NLEVS-SBC-NLEMO-2026-000001"]
    assert series_problems(ledger.read_all(home)) == []
    facts = [as_fact(one)["type_code"] for _, one in documents(ledger.read_all(home))]
    assert facts == ["380", "389", "389", "389", "261"]


def test_a_kill_before_or_after_the_entry_neither_loses_nor_doubles_a_number(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(home, INVOICE)

    def killed(*_arguments: object) -> None:
        raise KeyboardInterrupt

    # Before the entry has its name the number is still free; after, it is taken.
    for step in ("clean_leftovers", "_render", "write_new"):
        with monkeypatch.context() as patch:
            patch.setattr(ledger, step, killed)
            with pytest.raises(KeyboardInterrupt):
                seal(home, INVOICE)
        assert len(list(documents(ledger.read_all(home)))) == 1
    write_new = ledger.write_new

    def written_then_killed(*arguments: object) -> None:
        write_new(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "write_new", written_then_killed)
        with pytest.raises(KeyboardInterrupt):
            seal(home, INVOICE)
    assert seal(home, INVOICE) == ["NLEVS-2026-000003"]
    assert series_problems(ledger.read_all(home)) == []
    assert ledger.check_chain(home) == []


def test_numbers_of_a_ledger_that_has_grown_meanwhile_are_not_taken(home: Home) -> None:
    seal(home, INVOICE)
    seal(home, INVOICE)
    with pytest.raises(LedgerError, match="grown since entry 1: nothing was written"):
        seal(home, INVOICE, after=1)
    assert len(ledger.read_all(home)) == 2


def test_gaps_repeats_and_unlinked_credit_notes_are_named(home: Home) -> None:
    wrong = [
        replace(INVOICE, sequence=1),
        replace(INVOICE, sequence=3),
        replace(INVOICE, sequence=3),
        replace(CREDIT, sequence=1, preceding=()),
        replace(CREDIT, sequence=2, preceding=("NLEVS-2026-000009",)),
    ]
    body = {"period": "2026-10", "partner": "emo", "documents": [as_fact(one) for one in wrong]}
    ledger.append(home, "seal", body, "Ada", "2026-11-06T08:00:00Z")
    assert [problem.partition(" comes")[0].partition(", so")[0] for problem in series_problems(ledger.read_all(home))] == [
        "DOC_NUMBER_GAP: NLEVS-2026-000003 (entry 1)",
        "DOC_NUMBER_GAP: NLEVS-2026-000003 (entry 1)",
        "DOC_CREDIT_UNLINKED: NLEVS-C-2026-000001 (entry 1) names no invoice",
        "DOC_CREDIT_UNLINKED: NLEVS-C-2026-000002 (entry 1) names NLEVS-2026-000009",
    ]  # fmt: skip


def test_a_statement_is_paid_once_and_only_when_it_is_sealed(home: Home) -> None:
    with pytest.raises(DecisionError, match="2026-10-emo-R-EUR is no sealed statement"):
        pay(home, "2026-10-emo-R-EUR")
    seal(home, INVOICE)
    first = pay(home, "2026-10-emo-R-EUR")
    with pytest.raises(DecisionError, match=f"is in the payment of entry {first} already"):
        pay(home, "2026-10-emo-R-EUR")
    answer = Decision("reject", "Bo de Vries", (), "REDRAFT", {}, None, answers=first)
    decisions.record(home, answer, "2026-11-07T08:00:00Z")
    decisions.record(home, Decision("approve", "Bo de Vries", (), None, {}, None, answers=pay(home, "2026-10-emo-R-EUR")),
                     "2026-11-07T08:00:00Z")  # fmt: skip
    with pytest.raises(DecisionError, match="what was approved goes to the bank once"):
        pay(home, "2026-10-emo-R-EUR")
