"""What is told of the demo's sessions beside their CDRs: OCPI sessions, answers, charger events, receipts.

All of it agrees with the session as it was driven; a fault that is planted in a CDR is not repeated here, and one
that is planted here is not in the CDR.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from orchestration.demo.clock import DAY, Month, iso
from orchestration.demo.fault import Beside, Lines
from orchestration.demo.faults import FAULTS
from orchestration.demo.files import record_file
from orchestration.demo.parties import OWN_CPO, OWN_EMSP, Operator
from orchestration.demo.sessions import Session
from orchestration.demo.tariffs import UNITS, decimal_text, object_text, price_text, round_half_up

_EVENTS = ("happened_at", "recorded_at", "event", "value", "evse_uid", "connector_id", "session_id")
_RECEIPTS = (
    "cdr_id", "session_id", "cpo_party", "kind", "shown_at", "started_at", "ended_at", "energy_kwh",
    "amount_excl_tax", "amount_incl_tax", "currency", "terminal_id",
)  # fmt: skip
CENT = 100 * UNITS  # of a claim


def write_evidence(landing: Path, month: Month, sessions: Sequence[Session]) -> int:
    """Write the feeds of a month; returns the number of files. Same sessions, same bytes."""
    # A session that a fault moved out of the month is told of by its CDR alone.
    sessions = [session for session in sessions if session.end < month.ends_at + DAY]
    files: dict[Path, list[str]] = {}
    layouts: dict[Path, tuple[Operator, int]] = {}
    for session in sessions:
        operator = session.connector.operator
        told = beside(session).session
        if operator.layout != "csv" and told:
            number = max(0, session.end - month.starts_at) // (7 * DAY)
            day = month.first + timedelta(days=7 * number)
            ending = "ndjson" if operator.layout == "ndjson" else "json"
            path = landing / operator.source / "sessions" / f"sessions-{day.isoformat()}.{ending}"
            layouts[path] = operator, month.starts_at + (number + 1) * 7 * DAY
            files.setdefault(path, []).append(object_text(told))
    for path in sorted(files):
        operator, at = layouts[path]
        with record_file(path, operator.layout, False, at) as put:
            for text in files[path]:
                put(text)
    own = landing / "own"
    written = len(files)
    written += _by_week(own / "authorizations", month, sessions, "ndjson", "", _answer_lines)
    written += _by_week(own / "charger_events", month, sessions, "csv", ",".join(_EVENTS), _event_lines)
    written += _by_week(own / "receipts", month, sessions, "csv", ",".join(_RECEIPTS), _receipt_lines)
    return written


def _by_week(
    folder: Path,
    month: Month,
    sessions: Sequence[Session],
    ending: str,
    header: str,
    lines_of: Callable[[Session], Iterator[str]],
) -> int:
    """One file a week, by the end of the sessions; none where there is nothing to say."""
    weeks: dict[int, list[str]] = {}
    for session in sessions:
        week = max(0, session.end - month.starts_at) // (7 * DAY)
        weeks.setdefault(week, []).extend(lines_of(session))
    weeks = {week: lines for week, lines in weeks.items() if lines}
    for week, lines in sorted(weeks.items()):
        path = folder / f"{folder.name}-{(month.first + timedelta(days=7 * week)).isoformat()}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([header, *lines] if header else lines) + "\n", encoding="utf-8")
    return len(weeks)


def beside(session: Session) -> Beside:
    """What is told of a session, spoilt where its fault says so."""
    told = Beside(_session(session), list(_answers(session)), list(_events(session)), list(_receipts(session)))
    tell = FAULTS[session.fault].tell if session.fault else None
    if tell is not None:
        tell(told, session)
    return told


def _answer_lines(session: Session) -> Iterator[str]:
    return (object_text(answer) for answer in beside(session).answers)


def _event_lines(session: Session) -> Iterator[str]:
    return _cells(beside(session).events, _EVENTS)


def _receipt_lines(session: Session) -> Iterator[str]:
    return _cells(beside(session).receipts, _RECEIPTS)


def _cells(rows: Lines, columns: Sequence[str]) -> Iterator[str]:
    return (",".join(row.get(column, "") for column in columns) for row in rows)


def _session(session: Session) -> dict[str, str]:
    """The finished session as an OCPI 2.2.1 Session object."""
    connector, token, tariff = session.connector, session.token, session.connector.tariff
    country, party = connector.operator.party.split("/")
    fields = {
        "country_code": f'"{country}"',
        "party_id": f'"{party}"',
        "id": f'"{session.session_id}"',
        "start_date_time": f'"{iso(session.start)}"',
        "end_date_time": f'"{iso(session.end)}"',
        "kwh": decimal_text(session.energy_wh, 3),
        "cdr_token": token.text,
    }
    if token.kind == "APP_USER":
        fields |= {"auth_method": '"COMMAND"', "authorization_reference": f'"{reference(session)}"'}
    else:
        fields["auth_method"] = '"AUTH_REQUEST"'
    claim = tariff.price(session.periods, connector.clock).total
    fields |= {
        "location_id": f'"{connector.location_id}"',
        "evse_uid": f'"{connector.evse_uid}"',
        "connector_id": '"1"',
        "currency": f'"{tariff.currency}"',
        "total_cost": price_text(claim, tariff.vat),
        "status": '"COMPLETED"',
        "last_updated": f'"{iso(session.end + 20)}"',
    }
    return fields


def reference(session: Session) -> str:
    """The reference that the eMSP gave with its command to start."""
    return f"A{session.session_id[:20]}"


def _answers(session: Session) -> Iterator[dict[str, str]]:
    token, connector = session.token, session.connector
    # Somebody whose card is blocked was never allowed to charge: nobody answered for them.
    if not token.is_valid:
        return
    fields = {
        "answered_at": f'"{iso(session.start - 6)}"',
        "allowed": '"ALLOWED"',
        "emsp_party": f'"{token.emsp}"',
        "cpo_party": f'"{connector.operator.party}"',
        "token_uid": f'"{token.uid}"',
        "token_type": f'"{token.kind}"',
        "contract_id": f'"{token.contract_id}"',
        "location_id": f'"{connector.location_id}"',
        "evse_uid": f'"{connector.evse_uid}"',
    }
    if token.kind == "APP_USER":
        fields["authorization_reference"] = f'"{reference(session)}"'
    yield fields


def _events(session: Session) -> Iterator[dict[str, str]]:
    connector = session.connector
    if connector.operator.party != OWN_CPO:
        return
    parked = next((period.start for period in session.periods if period.is_parking), None)
    reason = "Remote" if session.token.kind == "APP_USER" else "EVDisconnected"
    happened = [(session.start, "start", ""), (session.end, "stop", reason)]
    if parked is not None:
        happened.insert(1, (parked, "pause_start", "EV"))
    for at, event, value in happened:
        cells = (iso(at), iso(at + 2), event, value, connector.evse_uid, "1", session.session_id)
        yield dict(zip(_EVENTS, cells, strict=True))


def _receipts(session: Session) -> Iterator[dict[str, str]]:
    """Our drivers with the app are charged what the operator asks, as soon as the session has ended."""
    token, connector, tariff = session.token, session.connector, session.connector.tariff
    if token.kind != "APP_USER" or token.emsp != OWN_EMSP:
        return
    claim = tariff.price(session.periods, connector.clock).total
    net = decimal_text(round_half_up(claim, CENT), 2)
    gross = decimal_text(round_half_up(claim * (1000 + tariff.vat), CENT * 1000), 2)
    cells = (
        session.cdr_id, "" if connector.is_csv else session.session_id, connector.operator.party, "charged",
        iso(session.end + 60), iso(session.start), iso(session.end), decimal_text(session.energy_wh, 3), net, gross,
        tariff.currency, "",
    )  # fmt: skip
    yield dict(zip(_RECEIPTS, cells, strict=True))
