"""Bank statements (camt.053, any version) as payments: each booked entry of an account is a record.

A file with a document type or entities in it is refused whole: nothing of it is expanded. An entry that is not booked
yet is a record without payments. What does not belong here: what a payment is for (settle).
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from datetime import date
from decimal import Decimal
from xml.etree.ElementTree import Element, ParseError, tostring

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from orchestration.defs.ingest.bulk import Gathered
from orchestration.defs.ingest.csv_cdrs import RECORD_COLUMNS
from orchestration.defs.ingest.raw_record import RawRecord
from orchestration.defs.ingest.unpack import FileError

_AMOUNT = re.compile(r"\d{1,15}(\.\d{1,2})?")
_NOT_A_KEY = re.compile(r"[^A-Z0-9]")


@dataclass(frozen=True, slots=True)
class Payment:
    """One transaction of a booked entry. amount is positive; is_credit: it came in.

    reference_key: all that the payer wrote, capitals and digits only, to find numbers of documents in.
    """

    account_iban: str | None
    booked_on: date
    value_on: date | None
    currency: str
    amount: Decimal
    is_credit: bool
    counterparty_name: str | None
    counterparty_iban: str | None
    end_to_end_id: str | None
    reference: str | None
    remittance: str | None
    reference_key: str
    bank_reference: str | None


PAYMENT_COLUMNS = ("record_id", "payment_no", *(field.name for field in fields(Payment)))


class _EntryError(ValueError):
    """What is wrong with an entry, as a sentence."""


def split_payments(data: bytes) -> list[RawRecord]:
    """The entries of a bank statement, one record each. Raises FileError when it is none, or a dangerous one."""
    return [record for record, _ in _entries(data)]


def load_payments(gathered: Gathered, file_seq: int, data: bytes) -> None:
    """Gather the file's rows. Raises FileError as split_payments does."""
    for record, payments in _entries(data):
        record_id = file_seq << 32 | record.position
        problem = (None, None) if record.problem is None else ("SCHEMA_TYPE_INVALID", record.problem)
        gathered.add("raw_records", RECORD_COLUMNS, [(
            record_id, file_seq, record.position, record.sha256, record.text, record.problem is None, *problem
        )])  # fmt: skip
        gathered.add("raw_payments", PAYMENT_COLUMNS, [
            (record_id, number, *astuple(payment)) for number, payment in enumerate(payments, start=1)
        ])  # fmt: skip


def reference_key(*texts: str | None) -> str:
    """What somebody wrote, as it is compared: capitals and digits, a bar between texts."""
    return "|".join(_NOT_A_KEY.sub("", text.upper()) for text in texts if text)


def _entries(data: bytes) -> Iterator[tuple[RawRecord, list[Payment]]]:
    position = 0
    for statement in _document(data).iterfind("Stmt"):
        account = _text(statement, "Acct/Id/IBAN")
        for entry in statement.iterfind("Ntry"):
            position += 1
            text = tostring(entry, encoding="unicode")
            sha256 = hashlib.sha256(text.encode()).hexdigest()
            try:
                payments, problem = _payments(account, entry), None
            except _EntryError as error:
                payments, problem = [], str(error)
            yield RawRecord(position, text, sha256, problem), payments


def _document(data: bytes) -> Element:
    """The BkToCstmrStmt of a file, all its names without their namespace."""
    try:
        root: Element = ElementTree.fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        raise FileError("it has a document type or entities in it, which no bank sends; ask the bank for it.") from None
    except (ParseError, ValueError, LookupError) as error:
        raise FileError(f"it is not XML ({error}); ask the bank for it again.") from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    found = root.find("BkToCstmrStmt")
    if found is None:
        raise FileError(f"it is a {root.tag} and no bank statement; ask the bank for camt.053.")
    return found


def _payments(account: str | None, entry: Element) -> list[Payment]:
    """The transactions of an entry. Raises _EntryError."""
    # Version 8 and later put the code of the status into an element of its own.
    status = _text(entry, "Sts/Cd") or _text(entry, "Sts")
    if status in ("PDNG", "INFO", "FUTR"):
        return []
    details = list(entry.iterfind("NtryDtls/TxDtls")) or [entry]
    payments = [_payment(account, entry, detail, len(details) == 1) for detail in details]
    total, _ = _amount(entry, "Amt")
    if sum(payment.amount for payment in payments) != total:
        raise _EntryError(f"its transactions do not add up to its amount {total}; ask the bank for it again")
    return payments


def _payment(account: str | None, entry: Element, detail: Element, is_only: bool) -> Payment:
    side = _text(detail, "CdtDbtInd") or _text(entry, "CdtDbtInd")
    if side not in ("CRDT", "DBIT"):
        raise _EntryError(f"CdtDbtInd is {side!r}, expected CRDT or DBIT; ask the bank for it again")
    amount, currency = _amount(entry, "Amt") if is_only else _amount(detail, "Amt", "AmtDtls/TxAmt/Amt")
    # Who paid when it came in, whom we paid when it went out.
    role = "Dbtr" if side == "CRDT" else "Cdtr"
    reference = _text(detail, "RmtInf/Strd/CdtrRefInf/Ref")
    texts = " ".join(one.text.strip() for one in detail.iterfind("RmtInf/Ustrd") if one.text)
    remittance = texts or _text(entry, "AddtlNtryInf")
    end_to_end = _text(detail, "Refs/EndToEndId")
    booked_on = _day(entry, "BookgDt")
    if booked_on is None:
        raise _EntryError("BookgDt is missing; ask the bank for it again")
    return Payment(
        account_iban=account,
        booked_on=booked_on,
        value_on=_day(entry, "ValDt"),
        currency=currency,
        amount=amount,
        is_credit=side == "CRDT",
        # Version 8 and later put the party into an element of its own.
        counterparty_name=_text(detail, f"RltdPties/{role}/Nm") or _text(detail, f"RltdPties/{role}/Pty/Nm"),
        counterparty_iban=_text(detail, f"RltdPties/{role}Acct/Id/IBAN"),
        end_to_end_id=end_to_end,
        reference=reference,
        remittance=remittance,
        reference_key=reference_key(reference, end_to_end, remittance),
        bank_reference=_text(detail, "Refs/AcctSvcrRef") or _text(entry, "AcctSvcrRef"),
    )


def _amount(element: Element, *paths: str) -> tuple[Decimal, str]:
    for path in paths:
        found = element.find(path)
        text = (found.text or "").strip() if found is not None else ""
        if found is not None and _AMOUNT.fullmatch(text):
            currency = found.get("Ccy", "")
            if re.fullmatch("[A-Z]{3}", currency):
                return Decimal(text).quantize(Decimal("0.01")), currency
    raise _EntryError("Amt is no amount with its currency; ask the bank for it again")


def _day(entry: Element, name: str) -> date | None:
    text = _text(entry, f"{name}/Dt") or (_text(entry, f"{name}/DtTm") or "")[:10]
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise _EntryError(f"{name} is {text!r}, expected a day; ask the bank for it again") from None


def _text(element: Element, path: str) -> str | None:
    return (element.findtext(path) or "").strip() or None
