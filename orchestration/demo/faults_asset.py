"""Faults of chargers, meters and agreements: what master data says of the place, the meter or the two parties.

They happen at chargers of their own, so that no other session is touched.
"""

import json
from random import Random

from orchestration.defs.ingest.contract_ids import check_digit
from orchestration.demo.cdrs import Fields
from orchestration.demo.fault import Fault, Turn, place
from orchestration.demo.network import RENAMED, RETIRED, SIGNED, SOLD, UNSHOWN, ZONELESS, old_uid
from orchestration.demo.sessions import Session, Wish


def _old_name(fields: Fields, session: Session, rng: Random) -> None:
    place(fields, evse_uid=old_uid(session.connector.evse_uid))


def _of_a_stranger(fields: Fields, session: Session, rng: Random) -> None:
    """A driver of a partner whose drivers we have no agreement about: that one only sells to us."""
    token = json.loads(fields["cdr_token"])
    number = token["contract_id"].split("-")[2]
    contract_id = f"DE-NDL-{number}-{check_digit(f'DENDL{number}')}"
    fields["cdr_token"] = json.dumps(token | {"country_code": "DE", "party_id": "NDL", "contract_id": contract_id})


def _backward(turn: Turn) -> None:
    turn.start_wh -= 3_000
    turn.end_wh -= 3_000


def _gap(turn: Turn) -> None:
    turn.start_wh += 2_000
    turn.end_wh += 2_000


def _other_meter(turn: Turn) -> None:
    turn.serial = f"{turn.serial}-X"


def _substituted(turn: Turn) -> None:
    turn.status = "S"


def _silent(turn: Turn) -> None:
    turn.is_silent = True


def _forged(turn: Turn) -> None:
    turn.is_forged = True


def _more_energy(turn: Turn) -> None:
    turn.end_wh += 1_000


def _in_error(turn: Turn) -> None:
    turn.error_flags = "E"


def _clock_unset(turn: Turn) -> None:
    turn.time_status = "U"


def _pages_skipped(turn: Turn) -> None:
    turn.page += 2


def _is_parked_at_a_fee(session: Session) -> bool:
    return bool(session.connector.tariff.price(session.periods, session.connector.clock).parking)


_SIGNED = Wish(site=SIGNED)
ASSET_FAULTS = (
    Fault("old_name", "LOC_ALIAS_USED", Wish(site=RENAMED), change=_old_name),
    Fault("out_of_service", "LOC_NOT_IN_SERVICE", Wish(site=RETIRED)),
    Fault("sold_charger", "LOC_WRONG_OPERATOR", Wish(site=SOLD)),
    Fault("no_zone_of_site", "TIME_ZONE_MISSING", Wish(site=ZONELESS)),
    Fault("not_shown", "TARIFF_NOT_DISPLAYED", Wish(site=UNSHOWN)),
    Fault("no_agreement", "AUTH_CONTRACT_INACTIVE", Wish(sources=("own",)), change=_of_a_stranger),
    Fault("register_back", "METER_REGISTER_BACKWARD", _SIGNED, meter=_backward),
    Fault("register_gap", "METER_REGISTER_GAP", _SIGNED, meter=_gap),
    Fault("other_meter", "METER_SERIAL_CHANGED", _SIGNED, meter=_other_meter),
    Fault("substituted", "METER_SUBSTITUTE", _SIGNED, meter=_substituted),
    Fault("unsigned", "EVID_SIGNED_MISSING", _SIGNED, meter=_silent),
    Fault("forged", "EVID_SIGNATURE_BAD", _SIGNED, meter=_forged),
    Fault("signed_more", "EVID_VALUE_DIFF", _SIGNED, meter=_more_energy),
    Fault("meter_in_error", "EVID_ERROR_FLAGS", _SIGNED, meter=_in_error),
    Fault("clock_unset", "EVID_TIME_STATUS", _SIGNED, meter=_clock_unset, fits=_is_parked_at_a_fee),
    Fault("pages_skipped", "EVID_PAGINATION_GAP", _SIGNED, meter=_pages_skipped),
)  # fmt: skip
