"""The catalogue of planted faults, and the sessions that carry them.

Each breaks its own rule and no other as far as that can be: a claim is worked out again after its
energy was changed, a tariff is spoilt only where the embedded one is the only one.
"""

from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from orchestration.demo.clock import DAY, HOUR, LocalClock
from orchestration.demo.fault import Fault
from orchestration.demo.faults_asset import ASSET_FAULTS
from orchestration.demo.faults_beside import BESIDE_FAULTS, SEQUEL_DAYS
from orchestration.demo.faults_complete import COMPLETE_FAULTS
from orchestration.demo.faults_measure import MEASURE_FAULTS
from orchestration.demo.faults_price import PRICE_FAULTS
from orchestration.demo.faults_record import RECORD_FAULTS
from orchestration.demo.faults_terms import TERMS_FAULTS
from orchestration.demo.network import SIGNED, Token
from orchestration.demo.sessions import CONNECTOR_GAP, TOKEN_GAP, Draw, Session, cut, is_free

FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        fault.name: fault
        for faults in (
            RECORD_FAULTS,
            MEASURE_FAULTS,
            TERMS_FAULTS,
            BESIDE_FAULTS,
            PRICE_FAULTS,
            COMPLETE_FAULTS,
            ASSET_FAULTS,
        )
        for fault in faults
    }
)


@dataclass(frozen=True, slots=True)
class ClockChanges:
    """Whether clocks change in the month, and whether they are set back."""

    any: bool
    back: bool

    @classmethod
    def of(cls, clock: LocalClock) -> "ClockChanges":
        """What that clock does."""
        return cls(bool(clock.changes), any(clock.is_repeated(change) for change in clock.changes))


def choose(rng: Random, sessions: int, rate_ppm: int, changes: ClockChanges) -> list[str]:
    """The fault of each session to draw, '' for none: every kind equally often, in random places.

    Some draw two sessions, so the list is shorter by their number.
    """
    count = min(sessions // 2, (sessions * rate_ppm + 500_000) // 1_000_000)
    names = [
        name
        for name, fault in FAULTS.items()
        if (changes.any or not fault.clock_change) and (changes.back or not fault.clock_back)
    ]
    planted = [names[number % len(names)] for number in range(count)]
    clean = sessions - count - sum(_draws_two(FAULTS[name]) for name in planted)
    slots = planted + [""] * clean
    rng.shuffle(slots)
    return slots


def _draws_two(fault: Fault) -> bool:
    return fault.has_intruder or fault.has_double or fault.has_sequel


def draw_session(draw: Draw, name: str) -> list[Session]:
    """The session, or sessions, of one slot, their shape spoilt as the fault says."""
    if not name:
        return [draw.session()]
    fault = FAULTS[name]
    while True:
        session = draw.session(fault.wish, fault.is_blocked)
        if (fault.fits and not fault.fits(session)) or not _keeps_free(session, fault.shift):
            # Nobody comes in its place: the network has room for all that is drawn.
            continue
        if fault.has_other:
            session.other = _other_driver(draw, session)
            if session.other is None:
                continue
        if fault.has_sequel:
            sequel = _sequel(draw, session)
            if sequel is None:
                continue
            sequel.fault = name
            return [session, sequel]
        session.fault = name
        if fault.shape is not None:
            fault.shape(session, draw.rng)
        if not _draws_two(fault):
            return [session]
        intruder = _intruder(draw, session) if fault.has_intruder else _double(draw, session)
        if intruder is not None:
            return [session, intruder]


def openings(draw: Draw) -> list[Session]:
    """A session without a fault at each charger that signs, early in the month: its meter has counted before."""
    found = []
    for connector in draw.network.special[SIGNED]:
        start = draw.month.starts_at + 9 * draw.rng.randint(400, 800)
        token = draw.token_for(connector)
        while not is_free(token.busy, start, start + HOUR, TOKEN_GAP):
            token = draw.token_for(connector)
        found.append(draw.place(connector, token, start, start + HOUR // 2, HOUR // 2, 30_000))
    return found


def _intruder(draw: Draw, session: Session) -> Session | None:
    """Another driver's session inside this one, on the same connector; None when the driver is not free."""
    connector = session.connector
    length = (session.end - session.start) // 27 * 9
    start = session.start + length
    token = draw.token_for(connector)
    if token is session.token or not is_free(token.busy, start, start + length, TOKEN_GAP):
        return None
    energy = connector.power_w * 40 // 100 * length // HOUR
    # Only the token's timeline learns of it: the connector's is kept free of overlaps.
    insort(token.busy, (start, start + length))
    periods = cut(connector, start, start + length, start + length, energy)
    return Session(connector, token, start, start + length, periods, start + length + 90, session.fault)


def _double(draw: Draw, session: Session) -> Session | None:
    """A session of the same token within this one, at another site; None when that charger is taken."""
    operator = session.connector.operator.party
    connector = draw.rng.choice(draw.network.connectors[operator, session.connector.is_dc])
    length = (session.end - session.start) // 27 * 9
    start = session.start + length
    if connector.location_id == session.connector.location_id:
        return None
    if not is_free(connector.busy, start, start + length, CONNECTOR_GAP):
        return None
    insort(connector.busy, (start, start + length))
    energy = connector.power_w * 40 // 100 * length // HOUR
    periods = cut(connector, start, start + length, start + length, energy)
    return Session(connector, session.token, start, start + length, periods, start + length + 90, session.fault)


def _sequel(draw: Draw, session: Session) -> Session | None:
    """A session of the same driver on the same connector, a day or more later; None when one of them is taken."""
    later = draw.rng.randint(1, SEQUEL_DAYS - 1) * DAY + 9 * draw.rng.randint(0, 4000)
    start, end = session.start + later, session.end + later
    connector, token = session.connector, session.token
    if not (is_free(connector.busy, start, end, CONNECTOR_GAP) and is_free(token.busy, start, end, TOKEN_GAP)):
        return None
    charged = max(period.end for period in session.periods if not period.is_parking)
    sequel = draw.place(connector, token, start, end, charged - session.start, session.energy_wh)
    sequel.earlier = session
    return sequel


def _other_driver(draw: Draw, session: Session) -> Token | None:
    """A driver of another mobility provider, with a card, who charges nowhere at that time."""
    token = draw.token_for(session.connector)
    if token.emsp == session.token.emsp or token.kind != "RFID":
        return None
    if not is_free(token.busy, session.start, session.end, TOKEN_GAP):
        return None
    insort(token.busy, (session.start, session.end))
    return token


def _keeps_free(session: Session, shift: int) -> bool:
    """Whether the connector and the token are free for as long after the session; if so they are kept so."""
    if not shift:
        return True
    span, longer = (session.start, session.end), (session.start, session.end + shift)
    busy = (session.connector.busy, session.token.busy)
    for taken in busy:
        after = taken[taken.index(span) + 1 :]
        if after and after[0][0] <= longer[1] + TOKEN_GAP:
            return False
    for taken in busy:
        taken[taken.index(span)] = longer
    return True
