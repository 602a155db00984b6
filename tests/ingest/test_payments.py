"""Bank statements: what is read of camt.053, and what is refused unread."""

from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from orchestration.defs.ingest.bulk import Gathered
from orchestration.defs.ingest.payments import load_payments, split_payments
from orchestration.defs.ingest.unpack import FileError
from orchestration.warehouse import RAW_TABLES_SQL

ENTRY = """
<Ntry>
  <Amt Ccy="EUR">121.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>
  <BookgDt><Dt>2026-12-01</Dt></BookgDt><ValDt><Dt>2026-12-02</Dt></ValDt><AcctSvcrRef>B-1</AcctSvcrRef>
  <NtryDtls><TxDtls>
    <Refs><EndToEndId>E2E-7</EndToEndId></Refs>
    <RltdPties><Dbtr><Nm>eMobility Operator</Nm></Dbtr><DbtrAcct><Id><IBAN>NL31EMOB0000000042</IBAN></Id></DbtrAcct></RltdPties>
    <RmtInf><Ustrd>invoice nlevs 2026/</Ustrd><Ustrd>000001</Ustrd><Strd><CdtrRefInf><Ref>RF18 5390</Ref></CdtrRefInf></Strd></RmtInf>
  </TxDtls></NtryDtls>
</Ntry>"""
# Version 8: the status and the party stand one level deeper; two transactions in one entry, no texts.
BATCH = """
<Ntry>
  <Amt Ccy="EUR">5.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
  <BookgDt><DtTm>2026-12-03T01:00:00+01:00</DtTm></BookgDt>
  <NtryDtls>
    <TxDtls><Amt Ccy="EUR">2</Amt><RltdPties><Cdtr><Pty><Nm>Polderlaad</Nm></Pty></Cdtr></RltdPties></TxDtls>
    <TxDtls><AmtDtls><TxAmt><Amt Ccy="EUR">3.00</Amt></TxAmt></AmtDtls></TxDtls>
  </NtryDtls>
</Ntry>"""


def camt(*entries: str, version: str = "02", head: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}">'
        f"<BkToCstmrStmt><Stmt><Acct><Id><IBAN>NL52DEMO0000000001</IBAN></Id></Acct>{''.join(entries)}</Stmt>"
        "</BkToCstmrStmt></Document>"
    ).encode()


def loaded(data: bytes) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect() as connection:
        connection.execute(RAW_TABLES_SQL.read_text())
        gathered = Gathered(connection)
        load_payments(gathered, 3, data)
        gathered.flush()
        return {
            "payments": connection.execute("select * from ingest.raw_payments order by all").fetchall(),
            "problems": connection.execute(
                "select position, is_typed, problem from ingest.raw_records order by position"
            ).fetchall(),
        }


def test_booked_entries_become_payments_and_pending_ones_do_not() -> None:
    pending = ENTRY.replace("BOOK", "PDNG")
    found = loaded(camt(ENTRY, pending, BATCH, version="08"))
    first, record = 3 << 32 | 1, 3 << 32 | 3
    ours, none = "NL52DEMO0000000001", [None] * 5
    assert found["payments"] == [
        (first, 1, ours, date(2026, 12, 1), date(2026, 12, 2), "EUR", Decimal("121.00"), True, "eMobility Operator",
         "NL31EMOB0000000042", "E2E-7", "RF18 5390", "invoice nlevs 2026/ 000001",
         "RF185390|E2E7|INVOICENLEVS2026000001", "B-1"),
        (record, 1, ours, date(2026, 12, 3), None, "EUR", Decimal("2.00"), False, "Polderlaad", *none[:4], "", None),
        (record, 2, ours, date(2026, 12, 3), None, "EUR", Decimal("3.00"), False, None, *none[:4], "", None),
    ]  # fmt: skip
    assert found["problems"] == [(1, True, None), (2, True, None), (3, True, None)]


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("<Amt Ccy=\"EUR\">2</Amt>", "<Amt Ccy=\"EUR\">1</Amt>", "do not add up to its amount 5.00"),
        (">5.00<", ">5.001<", "Amt is no amount"),
        (">5.00<", ">-5.00<", "Amt is no amount"),
        (">5.00<", ">NaN<", "Amt is no amount"),
        ("DBIT", "DEBIT", "CdtDbtInd is 'DEBIT', expected CRDT or DBIT"),
        ("2026-12-03T01:00:00+01:00", "03.12.2026 01:00", "BookgDt is '03.12.2026', expected a day"),
        ("<BookgDt><DtTm>2026-12-03T01:00:00+01:00</DtTm></BookgDt>", "", "BookgDt is missing"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_set_aside_and_costs_no_other(before: str, after: str, sentence: str) -> None:
    assert before in BATCH
    found = loaded(camt(BATCH.replace(before, after), ENTRY))
    assert [len(found["payments"]), found["problems"][1]] == [1, (2, True, None)]
    position, is_typed, problem = found["problems"][0]
    assert (position, is_typed) == (1, False)
    assert sentence in problem


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            camt(ENTRY, head='<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>').replace(b"E2E-7", b"&x;"),
            "entities",
        ),
        (camt(ENTRY, head=f'<!DOCTYPE d [<!ENTITY l0 "ha">{LAUGHS}]>').replace(b"E2E-7", b"&l11;"), "entities"),
        (camt(ENTRY, head='<!DOCTYPE d SYSTEM "http://127.0.0.1:9/d.dtd">'), "document type"),
        (camt(ENTRY)[:-20], "is not XML"),
        (b"\x00\x01", "is not XML"),
        (b"<Document><CstmrCdtTrfInitn/></Document>", "is a Document and no bank statement"),
    ],
)
def test_a_hostile_or_foreign_file_is_refused_whole(data: bytes, sentence: str) -> None:
    with pytest.raises(FileError, match=sentence):
        split_payments(data)
