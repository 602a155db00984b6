"""Payment orders for the bank: pain.001 for what we pay, pain.008 for what we collect under a mandate.

One file for each approved payment, own party and kind. Its bytes depend on the decision and on what is still due, so a
file that is written again is the same, with the same message id, and no bank takes it twice. SEPA moves euros only.
What does not belong here: deciding to pay (facts/payments).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import register_namespace, tostring

from defusedxml import ElementTree
from sepaxml import SepaDD, SepaTransfer
from stdnum import iban
from text_unidecode import unidecode

TRANSFER, DIRECT_DEBIT = "pain.001.001.03", "pain.008.001.02"
# The characters that every bank of SEPA takes.
_OTHER = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")


class PaymentFileError(Exception):
    """An item cannot be paid by a file; one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Account:
    """A bank account, ours or a partner's."""

    iban: str
    bic: str | None
    holder: str
    creditor_id: str | None = None
    mandate_id: str | None = None
    mandate_signed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """One item of an approved payment: what is still due of it, in euros, and when."""

    item_id: str
    direction: str
    party: str
    partner: str
    amount: Decimal
    on: date


def payment_files(
    seq: int, at: datetime, items: Sequence[Due], ours: Mapping[str, Account], theirs: Mapping[str, Account]
) -> dict[str, bytes]:
    """The files of one approved payment by name. Raises PaymentFileError for the first item that cannot be paid."""
    grouped: dict[tuple[str, str], list[Due]] = {}
    for item in sorted(items, key=lambda one: one.item_id):
        grouped.setdefault((item.party, item.direction), []).append(item)
    files = {}
    for (party, direction), group in sorted(grouped.items()):
        schema = TRANSFER if direction == "payable" else DIRECT_DEBIT
        account = _account(ours, party, "bank_account of master/network.yaml")
        message_id = f"EVSETTLE-{seq}-{party.replace('/', '')}-{schema[5:8]}"
        order = _transfer(account) if direction == "payable" else _direct_debit(party, account)
        for item in group:
            other = _account(theirs, item.partner, f"payment.iban of master/partners/{item.partner}.yaml")
            order.add_payment(_payment(item, other, direction))
        files[f"{schema}-{seq}-{party.replace('/', '')}.xml"] = _fixed(order.export(), message_id, at)
    return files


def _account(accounts: Mapping[str, Account], owner: str, place: str) -> Account:
    found = accounts.get(owner)
    if found is None or not iban.is_valid(found.iban):
        what = "is missing" if found is None else f"is {found.iban}, which is no IBAN"
        raise PaymentFileError(f"The {place} {what}: correct it, then `evsettle run`.")
    return found


def _transfer(account: Account) -> SepaTransfer:
    return SepaTransfer(_config(account), schema=TRANSFER, clean=True)


def _direct_debit(party: str, account: Account) -> SepaDD:
    if account.creditor_id is None or account.bic is None:
        raise PaymentFileError(
            f"{party} cannot collect: master/network.yaml must say bank_account: {{iban: …, bic: …, creditor_id: …}}; "
            "add what is missing, then `evsettle run`."
        )
    config = _config(account) | {"creditor_id": account.creditor_id, "instrument": "B2B"}
    return SepaDD(config, schema=DIRECT_DEBIT, clean=True)


def _config(account: Account) -> dict[str, Any]:
    bic = {} if account.bic is None else {"BIC": account.bic}
    return {"name": _plain(account.holder, 70), "IBAN": account.iban, "batch": True, "currency": "EUR", **bic}


def _payment(item: Due, other: Account, direction: str) -> dict[str, Any]:
    payment = {
        "name": _plain(other.holder, 70),
        "IBAN": other.iban,
        "amount": int(item.amount * 100),
        "description": item.item_id,
        "endtoend_id": item.item_id[:35],
        **({} if other.bic is None else {"BIC": other.bic}),
    }
    if direction == "payable":
        return payment | {"execution_date": item.on}
    if other.mandate_id is None or other.mandate_signed_on is None:
        raise PaymentFileError(
            f"{item.item_id} cannot be collected: master/partners/{item.partner}.yaml has no mandate (payment.method "
            "direct_debit with mandate_id and mandate_signed_on)."
        )
    mandate = {"mandate_id": other.mandate_id, "mandate_date": other.mandate_signed_on}
    return payment | {"type": "RCUR", "collection_date": item.on, **mandate}


def _plain(text: str, length: int) -> str:
    return " ".join(_OTHER.sub(" ", unidecode(text)).split())[:length] or "-"


def _fixed(data: bytes, message_id: str, at: datetime) -> bytes:
    """The order with ids and a time of its own instead of the library's random ones."""
    root = ElementTree.fromstring(data, forbid_dtd=True)
    namespace = root.tag.partition("}")[0].lstrip("{")
    register_namespace("", namespace)
    for element in root.iter():
        name = element.tag.rpartition("}")[2]
        if name == "MsgId":
            element.text = message_id
        elif name == "CreDtTm":
            element.text = at.strftime("%Y-%m-%dT%H:%M:%S")
    for number, element in enumerate(root.iterfind(f".//{{{namespace}}}PmtInfId"), start=1):
        element.text = f"{message_id}-{number}"
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode").encode() + b"\n"
