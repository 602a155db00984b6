"""OCMF texts of our own making, signed with a key of the test."""

import base64
import json
from collections.abc import Sequence

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def ocmf_text(
    key: ec.EllipticCurvePrivateKey,
    readings: Sequence[tuple[str, str]],
    *,
    serial: str = "M1",
    page: str = "T1",
    unit: str = "kWh",
    status: str = "G",
    time_status: str = "S",
    error_flags: str = "",
) -> str:
    """A signed text of (context, value) readings, all of nine in the morning UTC."""
    listed = [
        {
            "TM": f"2026-10-10T11:00:00,000+0200 {time_status}", "TX": context, "RV": value, "RI": "1-b:1.8.0",
            "RU": unit, "RT": "AC", "EF": error_flags, "ST": status,
        }
        for context, value in readings
    ]  # fmt: skip
    body = json.dumps({"FV": "1.0", "PG": page, "MS": serial, "RD": listed}, separators=(",", ":"))
    signature = key.sign(body.encode(), ec.ECDSA(hashes.SHA256())).hex()
    return f'OCMF|{body}|{{"SA":"ECDSA-secp256r1-SHA256","SD":"{signature}"}}'


def public_key_text(key: ec.EllipticCurvePrivateKey) -> str:
    """The public key as a meter's register has it."""
    data = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(data).decode()
