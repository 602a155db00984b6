"""Faults of the price: a claim that the tariff does not give, for a reason that has a name.

Most carry a tariff of their own, which only their CDR knows. The wrong claim is worked out here in exact integers, by
the mistake that the rule looks for.
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from orchestration.demo.cdrs import Fields, periods_text, put_costs
from orchestration.demo.clock import DAY, HOUR
from orchestration.demo.fault import Fault, net, scale_claim, ten_thousandths
from orchestration.demo.sessions import Session, Wish
from orchestration.demo.tariffs import UNITS, Band, Claim, Period, Tariff, decimal_text, price_text, round_half_up

STEP = 900
PER_HOUR = 60_000  # 6.00 an hour
LEAST = 60  # seconds: 0.10 at that price, which no tolerance covers


def _carry(fields: Fields, session: Session, tariff: Tariff, claim: Claim | None = None) -> None:
    """The CDR under another tariff of the same id, and its claim; the right one where none is given."""
    fields["tariffs"] = f"[{tariff.ocpi(session.start - 400 * DAY)}]"
    put_costs(fields, session, tariff, claim)


def _right(session: Session, tariff: Tariff) -> Claim:
    return tariff.price(session.periods, session.connector.clock)


def _ceil(seconds: int, step: int = STEP) -> int:
    return -(-seconds // step) * step


def _charging(session: Session) -> list[Period]:
    return [period for period in session.periods if not period.is_parking]


def _with_flat(session: Session) -> Tariff:
    return replace(session.connector.tariff, flat=5000)


def _parts_swapped(fields: Fields, session: Session, rng: Random) -> None:
    tariff = _with_flat(session)
    claim = _right(session, tariff)
    moved = 3000 * UNITS
    _carry(fields, session, tariff, replace(claim, fixed=(claim.fixed or 0) + moved, energy=claim.energy - moved))


def _parts_apart(fields: Fields, session: Session, rng: Random) -> None:
    tariff = _with_flat(session)
    claim = _right(session, tariff)
    little = 150 * UNITS  # of two parts, each within two cents
    _carry(fields, session, tariff, replace(claim, fixed=(claim.fixed or 0) + little, energy=claim.energy + little))


def _timed(session: Session) -> Tariff:
    return replace(session.connector.tariff, time=PER_HOUR, time_step=STEP)


def _step_gap(session: Session) -> int:
    seconds = [period.end - period.start for period in _charging(session)]
    return sum(map(_ceil, seconds)) - _ceil(sum(seconds))


def _steps_each_period(fields: Fields, session: Session, rng: Random) -> None:
    tariff = _timed(session)
    claim = _right(session, tariff)
    more = _step_gap(session) * PER_HOUR * 25
    time = (claim.time or 0) + more
    _carry(fields, session, tariff, replace(claim, time=time, total=claim.total + more))


def _time_step_gap(session: Session) -> int:
    seconds = sum(period.end - period.start for period in _charging(session))
    return _ceil(seconds) - seconds


def _steps_time_too(fields: Fields, session: Session, rng: Random) -> None:
    tariff = replace(_timed(session), parking=PER_HOUR, parking_step=STEP, parking_after=None, parking_hours=None)
    claim = _right(session, tariff)
    more = _time_step_gap(session) * PER_HOUR * 25
    time = (claim.time or 0) + more
    _carry(fields, session, tariff, replace(claim, time=time, total=claim.total + more))


def _without_minimum(fields: Fields, session: Session, rng: Random) -> None:
    tariff = session.connector.tariff
    claim = _right(session, tariff)
    _carry(fields, session, replace(tariff, minimum=claim.total // UNITS + rng.randint(10_000, 30_000)), claim)


def _without_maximum(fields: Fields, session: Session, rng: Random) -> None:
    tariff = session.connector.tariff
    claim = _right(session, tariff)
    _carry(fields, session, replace(tariff, maximum=claim.total // UNITS * rng.randint(50, 80) // 100), claim)


def _local_hours(session: Session) -> tuple[int, int]:
    clock = session.connector.clock
    return clock.weekday_and_hour(session.start)[1], clock.weekday_and_hour(session.end)[1]


def _is_by_day(session: Session) -> bool:
    first, last = _local_hours(session)
    return 9 <= first <= last < 19 and session.end - session.start < 10 * HOUR


def _later_element(fields: Fields, session: Session, rng: Random) -> None:
    base = replace(session.connector.tariff, parking=None)
    tariff = replace(base, energy=(Band(2500, hours=(6, 22)), Band(5500)))
    _carry(fields, session, tariff, _right(session, replace(base, energy=(Band(5500),))))


def _utc_hour(at: int) -> int:
    return at % DAY // HOUR


def _utc_boundary(session: Session) -> int | None:
    """A full hour by which, on a clock of UTC, the first period lies before and the last one after it."""
    starts = [period.start for period in _charging(session)]
    first, last = _utc_hour(starts[0]), _utc_hour(starts[-1])
    here, gone = _local_hours(session)
    is_one_day = session.start // DAY == session.end // DAY
    return last if is_one_day and first < last <= here <= gone < last + 10 and last + 10 < 24 else None


def _bands_in_utc(fields: Fields, session: Session, rng: Random) -> None:
    hour = _utc_boundary(session)
    assert hour is not None
    base = replace(session.connector.tariff, parking=None)
    inside, outside = Band(2500, hours=(hour, hour + 10)), Band(6500)
    energy = sum(
        period.energy_wh * (inside if inside.holds(0, _utc_hour(period.start)) else outside).price
        for period in session.periods
    )
    tariff = replace(base, energy=(inside, outside))
    right = _right(session, tariff)
    _carry(fields, session, tariff, replace(right, energy=energy * 90, total=right.total - right.energy + energy * 90))


def _by_the_hub(fields: Fields, session: Session, rng: Random) -> None:
    fields["remark"] = '"[*] price worked out by the hub"'


def _needs_power(fields: Fields, session: Session, rng: Random) -> None:
    tariff = session.connector.tariff
    price, vat = decimal_text(tariff.energy[-1].price, 4), decimal_text(tariff.vat, 1)
    component = f'{{"type": "ENERGY", "price": {price}, "vat": {vat}, "step_size": 1}}'
    element = f'{{"price_components": [{component}], "restrictions": {{"min_power": 40}}}}, '
    fields["tariffs"] = fields["tariffs"].replace('"elements": [', f'"elements": [{element}')


def _crosses(session: Session) -> bool:
    """Whether energy is taken at two prices, and nothing but energy is priced."""
    clock, tariff = session.connector.clock, session.connector.tariff
    prices = {
        next(band.price for band in tariff.energy if band.holds(*clock.weekday_and_hour(period.start)))
        for period in _charging(session)
    }
    return len(prices) > 1 and not session.parking_seconds and tariff.maximum is None


def _one_period(fields: Fields, session: Session, rng: Random) -> None:
    whole = [Period(session.start, session.end, session.energy_wh, False)]
    merged = replace(session, periods=whole)
    tariff = session.connector.tariff
    fields["charging_periods"] = periods_text(merged, tariff.tariff_id)
    put_costs(fields, merged, tariff)


def _unearned_discount(fields: Fields, session: Session, rng: Random) -> None:
    scale_claim(fields, 85)


def _other_rate(fields: Fields, session: Session, rng: Random) -> None:
    _carry(fields, session, replace(session.connector.tariff, vat=70))


def _no_periods(fields: Fields, session: Session, rng: Random) -> None:
    fields["charging_periods"] = "[]"


def _with_power(fields: Fields, session: Session, rng: Random) -> None:
    head = '"dimensions": ['
    power = '{"type": "POWER", "volume": 11}, '
    fields["charging_periods"] = fields["charging_periods"].replace(head, head + power, 1)


def _second_pass(session: Session) -> int:
    """A quarter into the hour that the clock shows twice, in its second pass."""
    return session.connector.clock.changes[-1] + HOUR // 4


def _is_there_twice(session: Session) -> bool:
    at = _second_pass(session)
    return session.start < at - LEAST and any(period.end > at + HOUR for period in _charging(session))


def _cut_in_second_pass(session: Session, rng: Random) -> None:
    at = _second_pass(session)
    periods = []
    for period in session.periods:
        since, left = period.start, period.energy_wh
        for stop in (at, at + HOUR * 3 // 4):
            if since < stop < period.end:
                energy = left * (stop - since) // (period.end - since)
                periods.append(replace(period, start=since, end=stop, energy_wh=energy))
                since, left = stop, left - energy
        periods.append(replace(period, start=since, energy_wh=left))
    session.periods = periods


def _clock_not_set_back(fields: Fields, session: Session, rng: Random) -> None:
    night, day = Band(2500, hours=(20, 3)), Band(6500)
    tariff = replace(session.connector.tariff, energy=(night, day), parking=None, maximum=None)
    right, at = _right(session, tariff), _second_pass(session)
    more = sum(one.energy_wh for one in session.periods if at <= one.start < at + HOUR * 3 // 4) * 90
    more *= day.price - night.price
    _carry(fields, session, tariff, replace(right, energy=right.energy + more, total=right.total + more))


def _eight_even_parts(session: Session, rng: Random) -> None:
    """Eight periods, each of which costs half a cent and a little more beyond whole cents."""
    price = session.connector.tariff.energy[-1].price
    energy = rng.randint(1200, 1500)
    while not 50_000 <= energy * price % 100_000 < 60_000:
        energy += 1
    length = (session.end - session.start) // 72 * 9
    starts = [session.start + number * length for number in range(8)]
    session.periods = [
        Period(start, end, energy, False) for start, end in zip(starts, [*starts[1:], session.end], strict=True)
    ]


def _rounds_each_line(fields: Fields, session: Session, rng: Random) -> None:
    tariff = session.connector.tariff
    claim, cent = _right(session, tariff), 100 * UNITS
    price = tariff.energy[-1].price
    energy = sum(round_half_up(one.energy_wh * price * 90, cent) for one in session.periods) * cent
    _carry(fields, session, tariff, replace(claim, energy=energy, total=claim.total - claim.energy + energy))


def _free_hour(session: Session) -> int | None:
    """A full hour in which it was not parked without charging, nor on the way there."""
    clock = session.connector.clock
    spans = [(period.start, period.end) for period in session.periods if period.is_parking]
    taken = {clock.weekday_and_hour(at)[1] for start, end in spans for at in (*range(start, end, HOUR), end)}
    free = [hour for hour in range(4, 23) if hour not in taken and hour + 1 not in taken]
    return free[0] if free else None


def _parked_unpriced(fields: Fields, session: Session, rng: Random) -> None:
    hour = _free_hour(session)
    assert hour is not None
    tariff = replace(session.connector.tariff, parking=12000, parking_hours=(hour, hour + 1))
    _carry(fields, session, tariff)


def _costs_something(session: Session) -> bool:
    return ten_thousandths(net(price_text(_right(session, session.connector.tariff).total, None))) > 20_000


_HUB = Wish(has_embedded_tariff=True)
_HUB_DC = Wish(has_embedded_tariff=True, is_dc=True)
_HUB_AC = Wish(has_embedded_tariff=True, is_dc=False)
PRICE_FAULTS: Sequence[Fault] = (
    Fault("parts_swapped", "PRICE_COMPONENT_DIFF", _HUB, change=_parts_swapped),
    Fault("parts_apart", "PRICE_COMPONENT_SUM", _HUB, change=_parts_apart),
    Fault("steps_each_period", "PRICE_STEP_PER_PERIOD", _HUB_DC, change=_steps_each_period,
          fits=lambda session: not session.parking_seconds and LEAST < _step_gap(session) <= STEP),
    Fault("steps_time_too", "PRICE_STEP_TIME_PARKING", _HUB_AC, change=_steps_time_too,
          fits=lambda session: session.parking_seconds > 600 and _time_step_gap(session) > LEAST),
    Fault("no_minimum", "PRICE_MIN_MISAPPLIED", _HUB, change=_without_minimum),
    Fault("no_maximum", "PRICE_MAX_MISAPPLIED", _HUB, change=_without_maximum, fits=_costs_something),
    Fault("later_element", "PRICE_ELEMENT_ORDER", _HUB, change=_later_element, fits=_is_by_day),
    Fault("bands_in_utc", "PRICE_BAND_IN_UTC", _HUB_AC, change=_bands_in_utc,
          fits=lambda session: _utc_boundary(session) is not None),
    Fault("price_of_hub", "PRICE_NOT_SIGNIFICANT", change=_by_the_hub),
    Fault("needs_power", "PRICE_NOT_COMPUTABLE", Wish(has_embedded_tariff=True, is_plain=True), change=_needs_power),
    Fault("one_period", "PERIOD_TOU_MISSING", Wish(sources=("own",), is_dc=False), change=_one_period, fits=_crosses),
    Fault("unearned_discount", "PRICE_DISCOUNT_DIFF", Wish(sources=("own",)), change=_unearned_discount,
          fits=_costs_something),
    Fault("clock_not_set_back", "PRICE_IN_RANGE", Wish(has_embedded_tariff=True, is_dc=False, is_over_change=True),
          shape=_cut_in_second_pass, change=_clock_not_set_back, fits=_is_there_twice, clock_back=True),
    Fault("rounds_each_line", "PRICE_ROUNDING_STAGE",
          Wish(has_embedded_tariff=True, is_dc=False, is_plain=True, hours=(27, 60)), shape=_eight_even_parts,
          change=_rounds_each_line),
    Fault("parked_unpriced", "TARIFF_NO_ELEMENT", _HUB_AC, change=_parked_unpriced,
          fits=lambda session: session.connector.tariff.parking is None and session.parking_seconds > 600
          and _free_hour(session) is not None),
    Fault("other_rate", "TAX_RATE_WRONG", _HUB, change=_other_rate),
    Fault("no_periods", "PERIODS_EMPTY", change=_no_periods),
    Fault("power_in_periods", "DIMENSION_NOT_BILLABLE", change=_with_power),
)  # fmt: skip
