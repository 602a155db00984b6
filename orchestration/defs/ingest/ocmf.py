"""Signed meter values in OCMF: what a meter said of itself, and whether the registered key signed it.

Pure: texts and keys in, values out. What does not belong here: which key is registered (signed_values) and any
judgement (inspect). Source: Open Charge Metering Format 1.0 to 1.3 of S.A.F.E.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

_PREFIX = "OCMF|"
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}),?(\d{3})?\s*([+-]\d{4})\s*([UISR])?")
_PAGE = re.compile(r"([A-Za-z]?)(\d+)")
_UNITS = {"kwh": Decimal(1), "wh": Decimal("0.001"), "mwh": Decimal(1000)}
_LIMIT = Decimal(10) ** 9
# A field that a reading leaves out is that of the reading before it.
_INHERITED = ("TM", "TX", "RI", "RU", "EF", "ST")


@dataclass(frozen=True, slots=True)
class Reading:
    """One energy reading. read_at is UTC; time_status U, I, S or R; context B at the start, E and others at the end."""

    reading_kwh: Decimal | None
    loss_kwh: Decimal | None
    register_id: str | None
    context: str | None
    read_at: datetime | None
    time_status: str | None
    status: str | None
    error_flags: str


@dataclass(frozen=True, slots=True)
class Ocmf:
    """One signed text: whose meter, its page, its energy readings, and what the signature covers."""

    meter_serial: str | None
    page: str | None
    page_no: int | None
    readings: tuple[Reading, ...]
    signed_text: str
    algorithm: str
    signature: bytes | None


def parse_ocmf(text: str) -> Ocmf | None:
    """Read a signed value: OCMF as it is, or Base64 of it. None when it is another format, or broken."""
    plain = text.strip()
    if not plain.startswith(_PREFIX):
        plain = _decoded(plain)
    if not plain.startswith(_PREFIX):
        return None
    decoder = json.JSONDecoder(parse_float=str, parse_int=str)
    try:
        body, end = decoder.raw_decode(plain, len(_PREFIX))
        rest = plain[end:].lstrip()
        seal = json.loads(rest[1:]) if rest.startswith("|") else {}
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict) or not isinstance(seal, dict):
        return None
    page = _text(body.get("PG"))
    numbered = _PAGE.fullmatch(page or "")
    return Ocmf(
        meter_serial=_text(body.get("MS")),
        page=page,
        page_no=int(numbered.group(2)) if numbered and len(numbered.group(2)) < 16 else None,
        readings=tuple(_readings(body.get("RD"))),
        # The bytes as sent: the signature covers them, not what they mean.
        signed_text=plain[len(_PREFIX) : end],
        algorithm=_text(seal.get("SA")) or "ECDSA-secp256r1-SHA256",
        signature=_signature(seal),
    )


def is_signed_by(value: Ocmf, public_key: str) -> bool | None:
    """Whether the key signed the value; None when this cannot be told: no such curve, or no readable key."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    if value.signature is None:
        return False
    hashed = {"SHA256": hashes.SHA256(), "SHA384": hashes.SHA384(), "SHA512": hashes.SHA512()}
    try:
        key = _public_key(public_key, value.algorithm)
        algorithm = hashed[value.algorithm.upper().rsplit("-", 1)[-1]]
        if key is None:
            return None
        key.verify(value.signature, value.signed_text.encode(), ec.ECDSA(algorithm))
    except InvalidSignature:
        return False
    except (KeyError, ValueError, UnsupportedAlgorithm):
        return None
    return True


def _public_key(text: str, algorithm: str) -> Any:
    """A key as SubjectPublicKeyInfo or as a bare point, in hexadecimal or Base64."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    compact = "".join(text.split())
    data = _bytes(compact)
    if data is None:
        return None
    if data[:1] == b"\x30":
        key = load_der_public_key(data)
        return key if isinstance(key, ec.EllipticCurvePublicKey) else None
    curves: dict[str, Any] = {
        "secp192r1": ec.SECP192R1, "secp256r1": ec.SECP256R1, "secp256k1": ec.SECP256K1, "secp384r1": ec.SECP384R1,
        "brainpoolp256r1": ec.BrainpoolP256R1, "brainpoolp384r1": ec.BrainpoolP384R1,
    }  # fmt: skip
    curve = curves[algorithm.lower().split("-")[1]]
    return ec.EllipticCurvePublicKey.from_encoded_point(curve(), data)


def _signature(seal: Mapping[str, Any]) -> bytes | None:
    text = _text(seal.get("SD"))
    if text is None:
        return None
    if (_text(seal.get("SE")) or "hex").lower() == "base64":
        return _base64(text)
    return _bytes(text)


def _bytes(text: str) -> bytes | None:
    if re.fullmatch(r"(?:[0-9A-Fa-f]{2})+", text):
        return bytes.fromhex(text)
    return _base64(text)


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _decoded(text: str) -> str:
    data = _base64("".join(text.split()))
    try:
        return data.decode() if data else ""
    except UnicodeDecodeError:
        return ""


def _readings(listed: Any) -> list[Reading]:
    """The energy readings; one of another quantity, such as seconds, is none of them."""
    found = []
    before: dict[str, Any] = {}
    for item in listed if isinstance(listed, list) else []:
        if not isinstance(item, dict):
            continue
        whole = {name: before[name] for name in _INHERITED if name in before} | item
        before = whole
        unit = _UNITS.get((_text(whole.get("RU")) or "").lower())
        if unit is None:
            continue
        read_at, time_status = _time(_text(whole.get("TM")))
        found.append(
            Reading(
                reading_kwh=_kwh(whole.get("RV"), unit),
                loss_kwh=_kwh(item.get("CL"), unit),
                register_id=_text(whole.get("RI")),
                context=_text(whole.get("TX")),
                read_at=read_at,
                time_status=time_status,
                status=_text(whole.get("ST")),
                error_flags=_text(whole.get("EF")) or "",
            )
        )
    return found


def _kwh(value: Any, unit: Decimal) -> Decimal | None:
    try:
        number = Decimal(str(value).strip()) * unit
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < _LIMIT else None


def _time(text: str | None) -> tuple[datetime | None, str | None]:
    found = _TIME.fullmatch((text or "").strip())
    if not found:
        return None, None
    day, milliseconds, offset, status = found.groups()
    try:
        moment = datetime.strptime(f"{day}.{milliseconds or '000'}{offset}", "%Y-%m-%dT%H:%M:%S.%f%z")
        return moment.astimezone(UTC), status
    except (ValueError, OverflowError):
        return None, status


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
