"""Meters of the demo that sign what they show: their register, one signed text a session, and the key that is known.

A meter counts on from session to session, and so do its pages. The key is made up, the same in every home: it proves
nothing but that the demo's own values were not changed.
"""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from orchestration.demo.clock import iso
from orchestration.demo.fault import Turn
from orchestration.demo.faults import FAULTS
from orchestration.demo.network import SIGNED, Connector, Network
from orchestration.demo.sessions import Session
from orchestration.demo.tariffs import decimal_text

_KEY_NUMBER, _OTHER_NUMBER = 20_261_001, 20_261_002


@dataclass
class Meters:
    """The turn of each session at a charger whose meter signs, by session id."""

    turns: dict[str, Turn] = field(default_factory=dict)

    def count(self, sessions: Iterable[Session]) -> None:
        """Let the meters count through the sessions; a fault spoils what its own session shows."""
        registers: dict[str, tuple[int, int]] = {}
        signed = [session for session in sessions if session.connector.site == SIGNED]
        for session in sorted(signed, key=lambda session: session.start):
            serial = serial_of(session.connector)
            register, page = registers.get(serial, (120_000, 0))
            turn = Turn(serial, register, register + session.energy_wh, page + 1)
            spoil = FAULTS[session.fault].meter if session.fault else None
            if spoil is not None:
                spoil(turn)
            # Of what another meter, or none, has shown this one knows nothing.
            if turn.serial == serial and not turn.is_silent:
                registers[serial] = turn.end_wh, turn.page
            self.turns[session.session_id] = turn

    def signed_data(self, session: Session) -> str | None:
        """The CDR's `signed_data` as JSON; None where its meter signs nothing, or says nothing this time."""
        turn = self.turns.get(session.session_id)
        if turn is None or turn.is_silent:
            return None
        value = {"nature": "End", "plain_data": "", "signed_data": ocmf(turn, session)}
        return json.dumps({"encoding_method": "OCMF", "encoding_method_version": 1, "signed_values": [value]})


def serial_of(connector: Connector) -> str:
    """The number of the meter in a charger."""
    return f"MTR-{connector.evse_uid[-7:]}"


def ocmf(turn: Turn, session: Session) -> str:
    """The signed text: what the register showed at both ends."""
    readings = [
        {
            "TM": f"{iso(at)[:-1]},000+0000 {turn.time_status}", "TX": context, "RV": decimal_text(register, 3),
            "RI": "1-b:1.8.0", "RU": "kWh", "RT": "DC", "EF": turn.error_flags, "ST": turn.status,
        }
        for context, at, register in (("B", session.start, turn.start_wh), ("E", session.end, turn.end_wh))
    ]  # fmt: skip
    body = json.dumps({"FV": "1.0", "PG": f"T{turn.page}", "MS": turn.serial, "RD": readings}, separators=(",", ":"))
    key = _key(_OTHER_NUMBER if turn.is_forged else _KEY_NUMBER)
    # RFC 6979: the same text gives the same signature, and the same seed the same bytes.
    signature = key.sign(body.encode(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True)).hex()
    return f'OCMF|{body}|{{"SA":"ECDSA-secp256r1-SHA256","SD":"{signature}"}}'


@cache
def _key(number: int) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(number, ec.SECP256R1())


def meters_csv(network: Network) -> str:
    """master/meters.csv: every meter that signs, with its key."""
    data = _key(_KEY_NUMBER).public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )  # fmt: skip
    key = base64.b64encode(data).decode()
    rows = [f"{serial_of(one)},{one.evse_uid},{key},," for one in network.special[SIGNED]]
    return "\n".join(["meter_id,evse_uid,public_key,valid_from,valid_to", *rows]) + "\n"


def signing(sessions: Sequence[Session]) -> Meters:
    """The meters after a month."""
    meters = Meters()
    meters.count(sessions)
    return meters
