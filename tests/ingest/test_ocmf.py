"""Signed meter values: what is read of them, and that only the key we hold proves them."""

import base64
import re
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from orchestration.defs.ingest.ocmf import is_signed_by, parse_ocmf
from tests.ocmf_values import ocmf_text, public_key_text

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "real" / "samples" / "ocmf"
KEY = ec.generate_private_key(ec.SECP256R1())


def test_a_signed_transaction_gives_its_readings() -> None:
    value = parse_ocmf(ocmf_text(KEY, [("B", "10.5"), ("E", "20.75")], serial="M1", page="T12"))
    assert value is not None
    assert (value.meter_serial, value.page, value.page_no) == ("M1", "T12", 12)
    assert [(reading.context, reading.reading_kwh) for reading in value.readings] == [
        ("B", Decimal("10.5")), ("E", Decimal("20.75")),
    ]  # fmt: skip
    assert [reading.time_status for reading in value.readings] == ["S", "S"]
    first = value.readings[0]
    assert first.read_at is not None and first.read_at.isoformat() == "2026-10-10T09:00:00+00:00"


@pytest.mark.parametrize(("unit", "kwh"), [("kWh", "1500"), ("Wh", "1.5"), ("sec", None)])
def test_a_reading_is_in_kwh_whatever_its_unit(unit: str, kwh: str | None) -> None:
    value = parse_ocmf(ocmf_text(KEY, [("B", "1500")], unit=unit))
    assert value is not None
    assert [reading.reading_kwh for reading in value.readings] == ([Decimal(kwh)] if kwh else [])


def test_a_reading_takes_what_it_leaves_out_from_the_one_before() -> None:
    value = parse_ocmf('OCMF|{"RD":[{"TM":"2026-10-10T11:00:00,000+0200 U","TX":"B","RV":1,"RU":"kWh","ST":"G"},'
                       '{"TX":"E","RV":2.25}]}|{"SD":"00"}')  # fmt: skip
    assert value is not None
    last = value.readings[1]
    assert (last.context, last.reading_kwh, last.status, last.time_status) == ("E", Decimal("2.25"), "G", "U")


def test_only_the_registered_key_proves_a_value() -> None:
    text = ocmf_text(KEY, [("B", "1"), ("E", "2")])
    value, changed = parse_ocmf(text), parse_ocmf(text.replace('"RV":"2"', '"RV":"3"'))
    assert value is not None and changed is not None
    assert is_signed_by(value, public_key_text(KEY)) is True
    assert is_signed_by(value, public_key_text(ec.generate_private_key(ec.SECP256R1()))) is False
    assert is_signed_by(changed, public_key_text(KEY)) is False


def test_a_key_is_read_in_hexadecimal_and_base64_with_and_without_its_wrapping() -> None:
    value = parse_ocmf(ocmf_text(KEY, [("B", "1")]))
    assert value is not None
    point = KEY.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )  # fmt: skip
    wrapped = base64.b64decode(public_key_text(KEY))
    for text in (point.hex(), base64.b64encode(point).decode(), wrapped.hex().upper(), public_key_text(KEY)):
        assert is_signed_by(value, text) is True
    for text in ("", "no key", "04aa"):
        assert is_signed_by(value, text) is None


def test_base64_around_a_value_is_opened() -> None:
    text = ocmf_text(KEY, [("B", "1")])
    assert parse_ocmf(base64.b64encode(text.encode()).decode()) == parse_ocmf(text)


@pytest.mark.parametrize(
    "text", ["", "OCMF", "OCMF|", "OCMF|{", "OCMF|[]|{}", 'OCMF|{"RD":1}|[]', "<xml/>", "OCMF|" + "[" * 100_000]
)
def test_what_is_no_ocmf_is_none(text: str) -> None:
    assert parse_ocmf(text) is None


def test_a_value_without_signature_is_not_signed() -> None:
    value = parse_ocmf('OCMF|{"RD":[]}|{}')
    assert value is not None and is_signed_by(value, public_key_text(KEY)) is False
    assert hashes.SHA256.name == "sha256"


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real samples are not here")
def test_payloads_of_real_meters_prove_by_the_keys_beside_them() -> None:
    text = (SAMPLES / "xml" / "OCMF_Test_Data_00.xml").read_text()
    pairs = re.findall(r"<signedData[^>]*>(OCMF[^<]*)</signedData>\s*<publicKey[^>]*>([^<]*)</publicKey>", text)
    assert len(pairs) >= 2
    for signed, key in pairs:
        value = parse_ocmf(signed)
        assert value is not None and value.readings
        assert is_signed_by(value, key) is True
