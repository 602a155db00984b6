"""A sealed month and what is done to it afterwards, through the command line: disputes, and what the books then say."""

import csv
import json
import os
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from tests.conftest import evsettle_here

NOOR, SEM, DAAN = "Noor Bakker", "Sem de Wit", "Daan Mulder"  # finance; finance and approver; approver
CLOSED_AT = "2026-11-06T08:00:00Z"


def called(home: Path, *arguments: object, at: str = CLOSED_AT) -> subprocess.CompletedProcess[str]:
    return evsettle_here("--home", home, *arguments, "--as-of", at)


def done(home: Path, *arguments: object, at: str = CLOSED_AT) -> dict[str, Any]:
    result = called(home, *arguments, "--json", at=at)
    assert result.returncode == 0, result.stderr
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def refused(home: Path, *arguments: object, at: str = CLOSED_AT) -> str:
    result = called(home, *arguments, at=at)
    assert result.returncode == 2, result.stdout
    assert "Traceback" not in result.stderr
    return result.stderr


def rows(home: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for path in (home / "published").glob("*.parquet"):
            connection.read_parquet(str(path)).create_view(path.stem)
        found = connection.execute(sql).fetchall()
    assert len(found) < 2 or "order by" in sql.lower(), f"rows in no stated order: {sql}"
    return found


def disputed(closed: Path) -> list[tuple[str, int, Decimal]]:
    """Two sealed sessions that nothing else changes: cdr_key, line and net amount."""
    return rows(
        closed,
        "select cdr_key, line_no, lines.amount_excl_tax from statement_lines as lines inner join cdrs using (cdr_key)"
        " where lines.statement_id = '2026-10-emo-R-EUR' and tariff_id <> 'AC-BASIC' and cdr_id <> 'EVS-2610-0000032'"
        " and lines.amount_excl_tax > 5 order by line_no limit 2",
    )


def dispute(closed: Path) -> None:
    """Of the first session 1.25 is disputed; all of the second was, and that was upheld."""
    at = "2026-11-10T08:00:00Z"
    (first, _, _), (second, _, billed) = disputed(closed)
    done(closed, "decide", "dispute", first, "--set", "amount=1.25", "--by", NOOR, "--reason", "D_PRICE", at=at)
    seq = done(closed, "decide", "dispute", second, "--set", f"amount={billed}", "--by", NOOR, "--reason",
               "D_OUTCOME", at=at)["seq"]  # fmt: skip
    subject = f"dispute:{seq}"
    done(closed, "decide", "acknowledge", subject, "--by", NOOR, at=at)
    done(closed, "decide", "assign", subject, "--set", "to=finance", "--by", NOOR, at=at)
    outcome = done(closed, "decide", "resolve", subject, "--set", "amount=0", "--by", NOOR, "--reason", "R_UPHELD",
                   at=at)["seq"]  # fmt: skip
    done(closed, "decide", "approve", outcome, "--by", SEM, at=at)


def check_disputes(closed: Path) -> None:
    # All of the hand-overs of the one that was won were on the day, and it waits for nobody.
    held = "select holder, held_seconds, until_at is null from dispute_hand_overs order by seq, hand_over_no"
    assert rows(closed, held)[1:] == [("finance", 0, False)]
    # The statement is what it was; what is open has left its balance, and what was won is a credit of November.
    (first, _, _), (second, line_no, billed) = disputed(closed)
    [(amount, disputed_now, payable)] = rows(
        closed,
        "select amount_excl_tax, disputed_excl_tax, payable_excl_tax from statement_balances"
        " where statement_id = '2026-10-emo-R-EUR'",
    )
    assert (disputed_now, payable) == (Decimal("1.25"), amount - Decimal("1.25"))
    assert rows(closed, "select cdr_key, state, is_open from disputes order by is_open") == [
        (second, "resolved", False),
        (first, "opened", True),
    ]
    assert rows(
        closed,
        f"select statement_id, amount_excl_tax, corrects from statement_lines where cdr_key = '{second}'"
        " and kind = 'adjustment'",
    ) == [("2026-11-emo-R-EUR-A1", -billed, f"2026-10-emo-R-EUR#{line_no}")]


def check_journal(closed: Path) -> None:
    """October's invoice is in the books: what it asks for, and what that is made of."""
    statement = "select amount_excl_tax, tax, amount_incl_tax from statements where statement_id = '2026-10-emo-R-EUR'"
    ((net, tax, gross),) = rows(closed, statement)
    written = evsettle_here("--home", closed, "journal", "--period", "2026-10")
    lines = list(csv.reader(written.stdout.splitlines()))
    entry = ["statement:2026-10-emo-R-EUR", "2026-11-06", "NL/EVS", "NLEVS-2026-000001"]
    assert [
        [line[0], line[2], line[4], line[13], line[6], line[8], line[9]]
        for line in lines[1:]
        if line[0].startswith("statement:")
    ] == [
        [*entry, "1300", f"{gross:.2f}", "0.00"],
        [*entry, "8000", "0.00", f"{net:.2f}"],
        [*entry, "1520", "0.00", f"{tax:.2f}"],
    ]
    # 1.25 is disputed: with 21 % tax 1.5125 stands apart. What was won came back on its day.
    apart = [Decimal(line[8]) - Decimal(line[9]) for line in lines[1:] if line[6] == "1310"]
    assert sum(apart) == Decimal("1.51")


BANK_STATEMENT = """<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>
<Acct><Id><IBAN>NL52DEMO0000000001</IBAN></Id></Acct>
<Ntry><Amt Ccy="EUR">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2026-11-09</Dt></BookgDt><NtryDtls><TxDtls><RmtInf><Ustrd>Inv. NLEVS-2026-000001</Ustrd></RmtInf></TxDtls>
</NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>"""


def pay(closed: Path) -> None:
    """100.00 of the invoice is paid, and somebody sends a bank statement that should harm its reader."""
    payments = closed / "landing/own/payments"
    payments.mkdir(parents=True)
    (payments / "bank.xml").write_text(BANK_STATEMENT)
    hostile = payments / "hostile.xml"
    hostile.write_text('<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Document>&x;</Document>')
    os.utime(hostile, (0, 0))  # What changed just now may still be coming.


def check_payments(closed: Path) -> None:
    # The rest is due on 6 December, a Sunday: expected on Monday. 1.25 at 21 % is disputed.
    statement = "select amount_incl_tax from statements where statement_id = '2026-10-emo-R-EUR'"
    left = rows(closed, statement)[0][0] - 100 - Decimal("1.51")
    told = (
        "select due_amount, paid, status, bucket, cast(expected_on as varchar) from amounts_due where partner = 'emo'"
    )
    assert rows(closed, told) == [(left, Decimal(100), "part_paid", "not_due", "2026-12-07")]
    aged = "select standing, disputes, bucket, amount from ageing where partner = 'emo' order by standing desc"
    assert rows(closed, aged) == [("undisputed", 0, "not_due", left), ("opened", 1, "not_due", Decimal("1.51"))]
    records = "select disposition, reason, file_name from records where feed = 'payments' order by file_name"
    assert rows(closed, records) == [
        ("applied", None, "bank.xml"),
        ("quarantined", "SCHEMA_TYPE_INVALID", "hostile.xml"),
    ]
    assert rows(closed, "select account, debit, credit from journal_lines where entry_kind = 'payment' order by 1") == [
        ("1100", Decimal(100), Decimal(0)),
        ("1300", Decimal(0), Decimal(100)),
    ]


def check_closing(closed: Path) -> None:
    """October was closed on 6 November, on the fifth working day, and what was not billed on 31 October is accrued."""
    found = json.loads(evsettle_here("--home", closed, "closing", "--json").stdout)
    (one,) = found["closed_periods"]
    assert (one["partner"], one["days_to_close"], one["working_days_to_close"]) == ("emo", 6, 5)
    # Nothing was sealed before the month ended: all that October's sessions settled at when it closed is accrued, and
    # taken back. A session of October and a credit came on the tenth: they are of the next month end.
    settled = rows(
        closed,
        "select sum(settled_excl_tax) from cdrs where partner = 'emo' and state in ('valid', 'adjusted')"
        " and ended_at < timestamptz '2026-11-01 00:00:00+01' and is_sealed",
    )
    accrued = [one["amount_excl_tax"] for one in found["accruals"] if one["partner"] == "emo"]
    assert [Decimal(amount) for amount in accrued] == [settled[0][0].quantize(Decimal("0.01"))]
    left = (
        "select role, sum(debit - credit) from journal_lines where entry_kind like 'accrual%' group by role order by 1"
    )
    assert {amount for _, amount in rows(closed, left)} == {Decimal(0)}
    # The drafts of the others should have been sealed on the sixth: on the tenth, 30 days from then.
    told = {(one["expected_on"], one["amount"] != "0", one["is_close_missed"]) for one in found["expected_cash"]}
    assert {one for one in told if one[0] < "2026-12-31"} == {("2026-12-07", True, False), ("2026-12-10", False, True)}
    assert len(found["raci"]) == 12
    assert all(cell for activity in found["raci"] for cell in activity.values())


def check_checkpoints(closed: Path) -> None:
    """Each step of October is timed and signed; what is missed says for how long; a year of them is known before."""
    told = json.loads(evsettle_here("--home", closed, "closing", "2026-10", "--json").stdout)["checkpoints"]
    told = [one for one in told if one["partner"] in ("albion", "emo")]
    assert [
        (
            one["checkpoint"],
            one["due_at"],
            one["happened_at"],
            one["signed_by"],
            one["standing"],
            one["working_days_late"],
        )
        for one in told
        if one["partner"] == "emo"
    ] == [
        ("open", None, "2026-09-30T22:00:00+00:00", "evsettle", "in time", 0),
        ("draft", "2026-11-02T23:00:00+00:00", "2026-11-03T06:00:00+00:00", "evsettle", "late", 1),
        ("cut_off", "2026-11-05T23:00:00+00:00", "2026-11-05T23:00:00+00:00", "evsettle", "in time", 0),
        ("proposal", None, "2026-11-06T08:00:00+00:00", SEM, "in time", 0),
        ("approval", "2026-11-04T23:00:00+00:00", "2026-11-06T08:00:00+00:00", DAAN, "late", 2),
        ("close", "2026-11-06T23:00:00+00:00", "2026-11-06T08:00:00+00:00", NOOR, "in time", 0),
    ]
    # The signature is the entry of the ledger.
    for one in told:
        if one["seq"] is not None:
            entry = json.loads((closed / f"ledger/{one['seq']:09}.json").read_text())
            assert entry["hash"] == one["entry_hash"]
    missed = [(one["checkpoint"], one["working_days_late"]) for one in told if one["standing"] == "missed"]
    assert missed == [("approval", 4), ("close", 2)]
    calendar = json.loads(evsettle_here("--home", closed, "closing", "--calendar", "--json").stdout)["calendar"]
    monthly = [(one["period"], one["close_due_on"]) for one in calendar if one["frequency"] == "monthly"]
    # To the end of the eleventh month after. New Year's Day is off, and so is Ascension Day, the sixth of May.
    assert (len(monthly), monthly[0], monthly[1], monthly[5]) == (
        12, ("2026-11", "2026-12-07"), ("2026-12", "2027-01-08"), ("2027-04", "2027-05-10"),
    )  # fmt: skip


def check_status(closed: Path) -> None:
    """What leadership looks at: days to close, open value, disputes, and who acts next in each period."""
    found = json.loads(evsettle_here("--home", closed, "status", "--json").stdout)
    told = found["close"]
    assert (told["closed"]["periods"], told["closed"]["average_days"], told["closed"]["average_working_days"]) == (
        1, "6", "5",
    )  # fmt: skip
    assert told["disputes"] == {"disputes": 1, "late": 0}
    ((due,),) = rows(closed, "select due_amount from amounts_due where partner = 'emo'")
    mine = next(one for one in told["open_value"] if (one["direction"], one["currency"]) == ("receivable", "EUR"))
    assert (Decimal(mine["due_amount"]), Decimal(mine["disputed"]), mine["overdue"]) == (due, Decimal("1.51"), "0")
    acts = {(one["period"], one["partner"]): (one["act"], one["responsible"]) for one in found["periods"]}
    assert acts["2026-10", "emo"] == (None, None)
    assert {act for subject, act in acts.items() if subject != ("2026-10", "emo")} == {("propose", "finance")}


def check_documents(closed: Path) -> None:
    """November is sealed too: what corrects October becomes a credit note of its own number range."""
    at = "2026-12-07T08:00:00Z"
    proposal = done(closed, "decide", "period", "2026-11|emo", "--by", SEM, at=at)["seq"]
    done(closed, "decide", "approve", proposal, "--by", DAAN, at=at)
    done(closed, "decide", "seal", "2026-11|emo", "--by", NOOR, at=at)
    found = json.loads(evsettle_here("--home", closed, "invoices", "--json").stdout)["documents"]
    told = ("number", "statement_id", "amount_excl_tax", "tax", "amount_incl_tax", "preceding", "due_on")
    # The late session 9.23 less the credit 28.07: 21 % of −18.84 is −3.9564. Due 30 days from the seal.
    # The adjustment run: −0.41 and the dispute that was won, −19.20; 21 % of −19.61 is −4.1181.
    assert [tuple(one[name] for name in told) for one in found[1:]] == [
        ("NLEVS-C-2026-000001", "2026-11-emo-R-EUR", "18.84", "3.96", "22.80", ["NLEVS-2026-000001"], "2027-01-06"),
        ("NLEVS-C-2026-000002", "2026-11-emo-R-EUR-A1", "19.61", "4.12", "23.73", ["NLEVS-2026-000001"], "2027-01-06"),
    ]
    assert evsettle_here("--home", closed, "verify").returncode == 0
