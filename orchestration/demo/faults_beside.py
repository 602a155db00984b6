"""Faults that only show beside the CDR: in sessions, answers, charger events and receipts."""

from collections.abc import Callable
from random import Random

from orchestration.demo.cdrs import Fields
from orchestration.demo.clock import iso
from orchestration.demo.fault import Beside, Fault
from orchestration.demo.sessions import Session, Wish


def _status(word: str) -> Callable[[Beside, Session], None]:
    def tell(beside: Beside, session: Session) -> None:
        beside.session["status"] = f'"{word}"'

    return tell


def _answer(word: str) -> Callable[[Beside, Session], None]:
    def tell(beside: Beside, session: Session) -> None:
        for answer in beside.answers:
            answer["allowed"] = f'"{word}"'

    return tell


def _other_reference(beside: Beside, session: Session) -> None:
    for answer in beside.answers:
        answer["authorization_reference"] = f'"B{session.session_id[-20:]}"'


def _stopped_by(reason: str) -> Callable[[Beside, Session], None]:
    def tell(beside: Beside, session: Session) -> None:
        for event in beside.events:
            if event["event"] == "stop":
                event["value"] = reason

    return tell


def _drift(beside: Beside, session: Session) -> None:
    for event in beside.events:
        if event["event"] in ("start", "stop"):
            event["recorded_at"] = iso((session.start if event["event"] == "start" else session.end) + 420)


def _held_back(beside: Beside, session: Session) -> None:
    for event in beside.events:
        if event["event"] == "pause_start":
            event["value"] = "EVSE"


def _is_parked_at_a_fee(session: Session) -> bool:
    claim = session.connector.tariff.price(session.periods, session.connector.clock)
    return session.parking_seconds > 600 and bool(claim.parking)


def _of_before(session: Session) -> str:
    assert session.earlier is not None
    return f'"A{session.earlier.session_id[:20]}"'


def _reference_again(fields: Fields, session: Session, rng: Random) -> None:
    fields["authorization_reference"] = _of_before(session)


def _told_again(beside: Beside, session: Session) -> None:
    for told in (beside.session, *beside.answers):
        told["authorization_reference"] = _of_before(session)


def _is_by_app(session: Session) -> bool:
    return session.token.kind == "APP_USER"


def _paid_at_terminal(beside: Beside, session: Session) -> None:
    operator = session.connector.operator.party
    beside.receipts.append({
        "session_id": session.session_id, "cpo_party": operator, "kind": "charged", "shown_at": iso(session.end + 30),
        "started_at": iso(session.start), "ended_at": iso(session.end), "currency": session.connector.tariff.currency,
        "terminal_id": f"TERM-{session.connector.location_id}",
    })  # fmt: skip


SEQUEL_DAYS = 4  # a driver comes again within so many days
_TOLD = Wish(sources=("own", "fahrstrom", "alpenstrom", "gridlink"))
_OURS = Wish(sources=("own",))
BESIDE_FAULTS = (
    Fault("session_invalid", "OUTCOME_FAILED_BILLED", _TOLD, tell=_status("INVALID")),
    Fault("session_open", "OUTCOME_NOT_FINAL", _TOLD, tell=_status("ACTIVE")),
    Fault("answer_expired", "AUTH_TOKEN_EXPIRED", _TOLD, tell=_answer("EXPIRED")),
    Fault("answer_not_allowed", "AUTH_SITE_NOT_ALLOWED", _TOLD, tell=_answer("NOT_ALLOWED")),
    Fault("answer_offline", "AUTH_WHITELIST_MISUSE", _TOLD, tell=_answer("ALLOWED_OFFLINE")),
    Fault("other_reference", "AUTH_REFERENCE_MISMATCH", _TOLD, tell=_other_reference),
    Fault(
        "reference_again",
        "AUTH_REFERENCE_REUSED",
        Wish(sources=("own",), days_left=SEQUEL_DAYS),
        fits=_is_by_app,
        has_sequel=True,
        change=_reference_again,
        tell=_told_again,
    ),
    Fault("emergency_stop", "OUTCOME_INTERRUPTED", _OURS, tell=_stopped_by("EmergencyStop")),
    Fault("clock_drift", "TIME_CLOCK_DRIFT", _OURS, tell=_drift),
    Fault("held_back", "PARKING_EVSE_PAUSED", _OURS, tell=_held_back, fits=_is_parked_at_a_fee),
    Fault("paid_at_terminal", "AUTH_ADHOC_DUPLICATE", _OURS, tell=_paid_at_terminal),
)
