"""Orders for the bank: what is approved, once, in files that any bank of SEPA reads."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.resources import files

import pytest
import xmlschema
from defusedxml import ElementTree

from orchestration.defs.settle.payment_files import Account, Due, PaymentFileError, payment_files

AT = datetime(2026, 11, 10, 8, tzinfo=UTC)
OURS = {
    "NL/EVM": Account("NL25DEMO0000000002", None, "EVSettle Mobility B.V."),
    "NL/EVS": Account("NL52DEMO0000000001", "DEMONL2A", "EVSettle Charging B.V.", "NL98ZZZ999999990000"),
}
THEIRS = {
    "fahrstrom": Account("DE72120300000000000001", "BYLADEM1001", "Fährstrom & Söhne <GmbH>", None, "M-1",
                         date(2026, 1, 1)),
    "polderlaad": Account("NL31EMOB0000000042", None, "Polderlaad"),
}  # fmt: skip
PAY = Due("2026-10-fahrstrom-P-EUR", "payable", "NL/EVM", "fahrstrom", Decimal("380.44"), date(2026, 12, 7))
PAY_TOO = replace(PAY, item_id="2026-10-polderlaad-P-EUR", partner="polderlaad", amount=Decimal("0.56"))
COLLECT = Due("NLEVS-2026-000002", "receivable", "NL/EVS", "fahrstrom", Decimal("750.91"), date(2026, 12, 7))


def texts(data: bytes, name: str) -> list[str | None]:
    return [one.text for one in ElementTree.fromstring(data).iter() if one.tag.endswith("}" + name)]


def test_an_approved_payment_is_one_file_for_each_own_party_and_kind() -> None:
    written = payment_files(40, AT, [PAY_TOO, COLLECT, PAY], OURS, THEIRS)
    assert list(written) == ["pain.008.001.02-40-NLEVS.xml", "pain.001.001.03-40-NLEVM.xml"][::-1]
    pay, collect = written["pain.001.001.03-40-NLEVM.xml"], written["pain.008.001.02-40-NLEVS.xml"]
    for data, schema in ((pay, "pain.001.001.03"), (collect, "pain.008.001.02")):
        xmlschema.XMLSchema(str(files("sepaxml") / "schemas" / f"{schema}.xsd")).validate(data.decode())
    assert texts(pay, "InstdAmt") == ["380.44", "0.56"]
    assert texts(pay, "EndToEndId") == [PAY.item_id, PAY_TOO.item_id]
    assert set(texts(pay, "CtrlSum")) == {"381.00"}
    assert texts(pay, "MsgId") == ["EVSETTLE-40-NLEVM-001"]
    assert texts(pay, "CreDtTm") == ["2026-11-10T08:00:00"]
    assert "Fahrstrom Sohne GmbH" in texts(pay, "Nm")
    assert [texts(collect, name) for name in ("InstdAmt", "MndtId", "SeqTp")] == [["750.91"], ["M-1"], ["RCUR"]]


def test_the_same_payment_gives_the_same_bytes() -> None:
    # Otherwise a bank would take it for another one and pay twice.
    assert payment_files(40, AT, [PAY, PAY_TOO], OURS, THEIRS) == payment_files(40, AT, [PAY_TOO, PAY], OURS, THEIRS)


@pytest.mark.parametrize(
    ("item", "ours", "theirs", "sentence"),
    [
        (PAY, {}, THEIRS, "bank_account of master/network.yaml is missing"),
        (PAY, {"NL/EVM": Account("NL00DEMO0000000002", None, "x")}, THEIRS, "NL00DEMO0000000002, which is no IBAN"),
        (PAY, OURS, {}, "payment.iban of master/partners/fahrstrom.yaml is missing"),
        (COLLECT, {"NL/EVS": replace(OURS["NL/EVS"], creditor_id=None)}, THEIRS, "NL/EVS cannot collect"),
        (replace(COLLECT, partner="polderlaad"), OURS, THEIRS, "polderlaad.yaml has no mandate"),
    ],
)
def test_what_cannot_be_paid_is_said_in_a_sentence(
    item: Due, ours: dict[str, Account], theirs: dict[str, Account], sentence: str
) -> None:
    with pytest.raises(PaymentFileError, match=sentence):
        payment_files(40, AT, [item], ours, theirs)
