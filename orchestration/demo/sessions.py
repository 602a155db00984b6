"""Sessions of the demo month: when people charge, for how long, how much, cut into charging periods.

No two sessions share a connector or a token at one time, power stays within the connector's
rating, and a period ends wherever a price of its tariff may change.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from orchestration.demo.clock import HOUR, TICK, LocalClock, Month
from orchestration.demo.network import DC_SHARE, Connector, Network, Token
from orchestration.demo.parties import OPERATORS, OWN_CPO, OWN_EMSP, PARTNERS
from orchestration.demo.tariffs import Period

CONNECTOR_GAP = 6 * 60
TOKEN_GAP = 45 * 60
MONTH_MARGIN = 60
LONGEST_DRAW = 11 * HOUR

# Starts by local hour, per thousand: people plug in at work and after it, and stop for a fast charge by day.
_AC_WEEKDAY = (8, 5, 3, 3, 4, 10, 28, 70, 110, 70, 45, 40, 42, 40, 38, 45, 62, 90, 95, 75, 50, 35, 20, 12)
_AC_WEEKEND = (12, 8, 5, 4, 4, 6, 12, 22, 40, 62, 78, 80, 76, 74, 70, 66, 66, 70, 66, 56, 46, 34, 24, 19)
_DC_WEEKDAY = (6, 4, 3, 3, 6, 14, 30, 48, 56, 58, 62, 68, 72, 68, 66, 70, 78, 82, 72, 54, 36, 22, 13, 9)
_DC_WEEKEND = (8, 5, 4, 3, 4, 6, 14, 26, 44, 64, 82, 92, 92, 88, 86, 88, 84, 72, 56, 38, 22, 12, 7, 3)
_AC_DAYS = (100, 104, 106, 104, 100, 78, 64)
_DC_DAYS = (88, 84, 88, 94, 122, 116, 112)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a drawn session must have, so that a planted fault breaks its own rule and no other."""

    takes_csv: bool = False  # faults are planted in JSON
    sources: tuple[str, ...] = ()
    is_dc: bool | None = None
    power_w: int | None = None
    is_plain: bool = False
    has_embedded_tariff: bool = False
    days_left: int = 0  # days between its end and the month's, so that a later file can hold an echo
    hours: tuple[int, int] | None = None  # shortest and longest stay, in ninths of an hour
    site: str = ""  # at chargers where nobody else comes
    is_over_change: bool = False  # begins within two hours before the clocks change


CLEAN = Wish(takes_csv=True)


@dataclass(slots=True)
class Session:
    """One charging session as its CDR tells it. Times are UTC seconds, energy Wh; `sent_at` is when it was sent."""

    connector: Connector
    token: Token
    start: int
    end: int
    periods: list[Period]
    sent_at: int
    fault: str = ""
    cdr_id: str = ""
    session_id: str = ""
    other: Token | None = None  # another driver, free at that time
    earlier: "Session | None" = None  # of the same driver

    @property
    def energy_wh(self) -> int:
        """Sum over its periods."""
        return sum(period.energy_wh for period in self.periods)

    @property
    def parking_seconds(self) -> int:
        """Time parked without charging."""
        return sum(period.end - period.start for period in self.periods if period.is_parking)


class Rhythm:
    """Hours of the month with the weight of a start in each, for AC and DC."""

    def __init__(self, month: Month, clock: LocalClock) -> None:
        self._hours = list(range(month.starts_at, month.ends_at, HOUR))
        self._weights: dict[bool, list[int]] = {False: [], True: []}
        for is_dc, totals in self._weights.items():
            total = 0
            for at in self._hours:
                weekday, hour = clock.weekday_and_hour(at)
                weekend, week = (_DC_WEEKEND, _DC_WEEKDAY) if is_dc else (_AC_WEEKEND, _AC_WEEKDAY)
                total += (weekend if weekday >= 5 else week)[hour] * (_DC_DAYS if is_dc else _AC_DAYS)[weekday]
                totals.append(total)

    def start(self, rng: Random, is_dc: bool) -> int:
        """A start at some tick of some hour."""
        hour = rng.choices(self._hours, cum_weights=self._weights[is_dc])[0]
        return hour + TICK * rng.randrange(HOUR // TICK)


@dataclass
class Draw:
    """Draws sessions one by one. The same seed, month and wishes give the same sessions."""

    rng: Random
    month: Month
    network: Network
    rhythm: Rhythm
    shares: list[int] = field(default_factory=lambda: [operator.share for operator in OPERATORS])
    visitors: list[str] = field(default_factory=lambda: [p.party for p in PARTNERS if p.driver_share])
    visits: list[int] = field(default_factory=lambda: [p.driver_share for p in PARTNERS if p.driver_share])

    def session(self, wish: Wish = CLEAN, is_blocked: bool = False) -> Session:
        """One more session that fits the wish. `is_blocked` takes a token that is not valid."""
        while True:
            connector = self._connector(wish)
            start = self.rhythm.start(self.rng, connector.is_dc)
            if wish.is_over_change:
                start = connector.clock.changes[-1] - TICK * self.rng.randint(20, 700)
            stay, charging, energy = self._stay(connector, wish)
            end = start + stay
            if end > self.month.ends_at - MONTH_MARGIN - wish.days_left * 86_400:
                continue
            # A local stamp in the hour that the clock shows twice would be a fault of its own.
            if (
                connector.is_csv
                and not wish.is_over_change
                and (connector.clock.is_repeated(start) or connector.clock.is_repeated(end))
            ):
                continue
            token = self.token_for(connector, is_blocked)
            if is_free(connector.busy, start, end, CONNECTOR_GAP) and is_free(token.busy, start, end, TOKEN_GAP):
                return self.place(connector, token, start, end, charging, energy)

    def place(self, connector: Connector, token: Token, start: int, end: int, charging: int, energy_wh: int) -> Session:
        """Enter a session into the timelines of its connector and token."""
        insort(connector.busy, (start, end))
        insort(token.busy, (start, end))
        periods = cut(connector, start, start + charging, end, energy_wh)
        return Session(connector, token, start, end, periods, end + self.rng.randrange(40, 1500))

    def token_for(self, connector: Connector, is_blocked: bool = False) -> Token:
        """A driver who may come to this connector: a partner's at ours, ours at a partner's."""
        emsp = OWN_EMSP
        if connector.operator.party == OWN_CPO:
            emsp = self.rng.choices(self.visitors, weights=self.visits)[0]
        return self.rng.choice((self.network.blocked if is_blocked else self.network.tokens)[emsp])

    def _connector(self, wish: Wish) -> Connector:
        while True:
            operator = self.rng.choices(OPERATORS, weights=self.shares)[0]
            if wish.sources and operator.source not in wish.sources:
                continue
            if operator.layout == "csv" and not wish.takes_csv:
                continue
            if wish.has_embedded_tariff and not operator.takes_embedded_tariff:
                continue
            if wish.site:
                return self.rng.choice(self.network.special[wish.site])
            is_dc = self.rng.randrange(100) < DC_SHARE if wish.is_dc is None else wish.is_dc
            connector = self.rng.choice(self.network.connectors[operator.party, is_dc])
            if wish.power_w is not None and connector.power_w != wish.power_w:
                continue
            if not wish.is_plain or connector.tariff.is_plain:
                return connector

    def _stay(self, connector: Connector, wish: Wish) -> tuple[int, int, int]:
        """Seconds plugged in, seconds charging, Wh."""
        if connector.is_dc:
            stay = self.rng.randint(100, 330) if wish.hours is None else self.rng.randint(*wish.hours) * 400 // 9
            charging = stay if self.rng.randrange(10) < 7 or connector.is_csv else stay - self.rng.randint(20, 60)
            power = min(connector.power_w * self.rng.randint(55, 80) // 100, self.rng.randint(60_000, 150_000))
            return stay * TICK, charging * TICK, power * charging * TICK // HOUR
        stay = (
            int(self.rng.triangular(400, 3600, 1100))
            if wish.hours is None
            else self.rng.randint(*wish.hours) * 400 // 9
        )
        power = connector.power_w * self.rng.choice((33, 65, 90)) // 100
        wanted = self.rng.randint(4_000, 58_000)
        charging = min(stay, wanted * HOUR // (power * TICK))
        # A car that is nearly full at the end still charges: short idling is not shown as parking.
        if stay - charging < 70 or connector.is_csv:
            charging = stay
        return stay * TICK, charging * TICK, power * charging * TICK // HOUR


def is_free(busy: list[tuple[int, int]], start: int, end: int, gap: int) -> bool:
    """Whether a span keeps its distance from every other one of a timeline without overlaps."""
    at = bisect_left(busy, (start, end))
    return (at == 0 or busy[at - 1][1] + gap <= start) and (at == len(busy) or end + gap <= busy[at][0])


def cut(connector: Connector, start: int, charged_at: int, end: int, energy_wh: int) -> list[Period]:
    """The periods of a session: the charging curve in steps, then parking, both cut where a price may change."""
    levels = _levels(connector, start, charged_at)
    stops = {stop for stop, _ in levels} | set(connector.tariff.cuts(start, end, connector.clock)) | {end}
    spans = list(_spans(start, sorted(stops), levels))
    weight = sum((to - since) * level for since, to, level in spans)
    periods = []
    done = given = 0
    for since, to, level in spans:
        done += (to - since) * level
        # Shares are cut from the running total, so that they add up to it to the watt-hour.
        total = energy_wh * done // weight if level else given
        periods.append(Period(since, to, total - given, level == 0))
        given = total
    return periods


def _levels(connector: Connector, start: int, charged_at: int) -> list[tuple[int, int]]:
    """(until, relative power) along the charging curve."""
    ticks = (charged_at - start) // TICK
    steps: tuple[tuple[int, int], ...]
    if connector.is_csv:
        steps = ((100, 100),)
    elif connector.is_dc:
        steps = ((40, 110), (75, 105), (100, 80))
    elif ticks > 800:
        steps = ((85, 103), (100, 82))
    else:
        steps = ((100, 100),)
    return [(start + ticks * percent // 100 * TICK, level) for percent, level in steps]


def _spans(start: int, stops: list[int], levels: list[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    since = start
    for to in stops:
        yield since, to, next((level for until, level in levels if to <= until), 0)
        since = to


def number(sessions: list[Session], month: Month, digest: Callable[[str], str]) -> None:
    """Order sessions by when they were sent and give them ids; `digest` makes a session id of a text."""
    sessions.sort(key=lambda session: (session.sent_at, session.connector.evse_uid, session.start))
    counters: dict[str, int] = {}
    for session in sessions:
        party = session.connector.operator.party.split("/")[1]
        counters[party] = counters.get(party, 0) + 1
        session.cdr_id = f"{party}-{month.first:%y%m}-{counters[party]:07}"
        session.session_id = digest(f"{session.cdr_id}|{session.start}")
