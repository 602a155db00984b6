"""Faults of time and of energy: what a CDR says was measured."""

from dataclasses import replace
from random import Random

from orchestration.demo.cdrs import Fields, hours_text
from orchestration.demo.clock import DAY, HOUR, iso
from orchestration.demo.fault import Fault, charge, stamps, volumes
from orchestration.demo.sessions import Session, Wish, cut
from orchestration.demo.tariffs import decimal_text

FUTURE_DAYS = 261 * 7


def _swap_ends(fields: Fields, session: Session, rng: Random) -> None:
    fields["end_date_time"] = f'"{iso(session.start - 9 * rng.randint(20, 200))}"'


def _into_future(session: Session, rng: Random) -> None:
    charged = max(period.end for period in session.periods if not period.is_parking) - session.start
    energy = session.energy_wh
    session.start += FUTURE_DAYS * DAY
    session.end += FUTURE_DAYS * DAY
    session.periods = cut(session.connector, session.start, session.start + charged, session.end, energy)


def _longer_total(fields: Fields, session: Session, rng: Random) -> None:
    fields["total_time"] = hours_text(session.end - session.start + 9 * rng.randint(120, 900))


def _negate_energy(session: Session, rng: Random) -> None:
    session.periods = [replace(period, energy_wh=-period.energy_wh) for period in session.periods]


def _less_than_sum(fields: Fields, session: Session, rng: Random) -> None:
    fields["total_energy"] = decimal_text(session.energy_wh * rng.randint(900, 960) // 1000, 3)


def _over_rating(session: Session, rng: Random) -> None:
    rated = session.connector.power_w * (session.end - session.start) // HOUR
    charge(session, rated * rng.randint(125, 150) // 100)


def _over_ceiling(session: Session, rng: Random) -> None:
    charge(session, rng.randint(255_000, 280_000))


def _without_zone(fields: Fields, session: Session, rng: Random) -> None:
    stamps(fields, lambda stamp: stamp.replace("Z", ""))


def _with_offset(fields: Fields, session: Session, rng: Random) -> None:
    stamps(fields, lambda stamp: stamp.replace("Z", "+00:00"))


def _as_numbers(fields: Fields, session: Session, rng: Random) -> None:
    times = {f'"{iso(at)}"': f"{at}000" for period in session.periods for at in (period.start, period.end)}
    times |= {f'"{iso(at)}"': f"{at}000" for at in (session.start, session.end)}
    stamps(fields, lambda stamp: times[stamp])


def _unknown_end(fields: Fields, session: Session, rng: Random) -> None:
    fields["end_date_time"] = '"1970-01-01T00:00:00Z"'


def _two_digit_year(fields: Fields, session: Session, rng: Random) -> None:
    stamps(fields, lambda stamp: f'"00{stamp[3:]}')


def _local_times(fields: Fields, session: Session, rng: Random) -> None:
    clock = session.connector.clock
    ends = {at for period in session.periods for at in (period.start, period.end)} | {session.start, session.end}
    times = {f'"{iso(at)}"': f'"{iso(at + clock.offset(at))}"' for at in ends}
    stamps(fields, lambda stamp: times[stamp])


def _by_the_wall_clock(fields: Fields, session: Session, rng: Random) -> None:
    clock = session.connector.clock
    shift = clock.offset(session.end) - clock.offset(session.start)
    fields["total_time"] = hours_text(session.end - session.start + shift)


def _is_over_change(session: Session) -> bool:
    clock = session.connector.clock
    return clock.offset(session.end) != clock.offset(session.start)


def _backwards(fields: Fields, session: Session, rng: Random) -> None:
    periods = fields["charging_periods"][1:-1].split(', {"start_date_time"')
    listed = [periods[0], *(f'{{"start_date_time"{text}' for text in periods[1:])]
    fields["charging_periods"] = "[" + ", ".join(reversed(listed)) + "]"


def _has_parts(session: Session) -> bool:
    return sum(not period.is_parking for period in session.periods) >= 2


def _period_outside(fields: Fields, session: Session, rng: Random) -> None:
    late = f'{{"start_date_time": "{iso(session.end + 600)}", "dimensions": [{{"type": "TIME", "volume": 0}}]'
    named = f', "tariff_id": "{session.connector.tariff.tariff_id}"}}'
    fields["charging_periods"] = f"{fields['charging_periods'][:-1]}, {late}{named}]"


def _late_first_period(fields: Fields, session: Session, rng: Random) -> None:
    first = f'"{iso(session.start)}"'
    late = f'"{iso(session.start + 90)}"'
    fields["charging_periods"] = fields["charging_periods"].replace(first, late, 1)


def _stay_long(session: Session, rng: Random) -> None:
    charge(session, rng.randint(60_000, 110_000))


def _very_short(session: Session, rng: Random) -> None:
    session.end = session.start + 45
    charge(session, session.connector.power_w * 36 // HOUR)


def _as_register(fields: Fields, session: Session, rng: Random) -> None:
    total = 0
    registers = []
    for period in session.periods:
        total += period.energy_wh
        registers += [] if period.is_parking else [decimal_text(total, 3)]
    shown = iter(registers)
    whole = fields["total_energy"]
    volumes(fields, lambda volume: next(shown) if volume is not whole else volume)
    fields["total_energy"] = whole


def _in_watt_hours(fields: Fields, session: Session, rng: Random) -> None:
    volumes(fields, lambda volume: decimal_text(_watt_hours(volume) * 1000, 3))


def _in_megawatt_hours(fields: Fields, session: Session, rng: Random) -> None:
    volumes(fields, lambda volume: decimal_text((_watt_hours(volume) + 50) // 100, 4))


def _watt_hours(volume: str) -> int:
    whole, _, part = volume.partition(".")
    return int(whole) * 1000 + int(part.ljust(3, "0"))


def _needs_no_more_than(session: Session) -> bool:
    return session.energy_wh >= 15_000 and not session.parking_seconds


def _float_residue(fields: Fields, session: Session, rng: Random) -> None:
    whole, _, part = fields["total_energy"].partition(".")
    fields["total_energy"] = f"{whole}.{part.ljust(3, '0')}00004"


def _all_at_the_end(session: Session, rng: Random) -> None:
    charged = [period for period in session.periods if not period.is_parking]
    energy = session.energy_wh
    session.periods = [
        replace(period, energy_wh=(energy if period is charged[-1] else 0)) for period in session.periods
    ]


def _is_steep(session: Session) -> bool:
    charged = [period for period in session.periods if not period.is_parking]
    last = charged[-1]
    limit = session.connector.power_w * (last.end - last.start) // HOUR
    return len(charged) >= 2 and session.energy_wh * 10 > limit * 12


def _almost_nothing(session: Session, rng: Random) -> None:
    charge(session, 30)


def _has_flat(session: Session) -> bool:
    return session.connector.tariff.flat is not None


def _parked_all_along(fields: Fields, session: Session, rng: Random) -> None:
    fields["total_parking_time"] = fields["total_time"]


def _parked_longer(fields: Fields, session: Session, rng: Random) -> None:
    fields["total_parking_time"] = hours_text(session.end - session.start + 1800)


_FAST = Wish(is_dc=True)
MEASURE_FAULTS = (
    Fault("overlap", "OVERLAP_CONNECTOR", Wish(is_dc=False, hours=(27, 72)), has_intruder=True),
    Fault("two_places", "OVERLAP_TOKEN", Wish(is_dc=False, hours=(27, 72)), has_double=True),
    Fault("end_before_start", "TIME_END_BEFORE_START", change=_swap_ends),
    Fault("future", "TIME_FUTURE", Wish(is_plain=True), shape=_into_future),
    Fault("total_time", "TIME_TOTAL_MISMATCH", change=_longer_total),
    Fault("negative_energy", "ENERGY_NEGATIVE", shape=_negate_energy),
    Fault("energy_sum", "ENERGY_PERIOD_SUM", change=_less_than_sum),
    Fault("over_rating", "ENERGY_OVER_CONNECTOR", Wish(is_dc=False, power_w=11_000), shape=_over_rating),
    Fault("over_ceiling", "ENERGY_ABS_LIMIT", Wish(is_dc=True, power_w=300_000, hours=(10, 12)), shape=_over_ceiling),
    Fault("no_zone", "TIME_NO_ZONE", change=_without_zone),
    Fault("offset_times", "TIME_OFFSET_FORM", change=_with_offset),
    Fault("numeric_times", "TIME_EPOCH_UNIT", change=_as_numbers),
    Fault("unknown_end", "TIME_EPOCH_SENTINEL", change=_unknown_end),
    Fault("old_year", "TIME_YEAR_IMPLAUSIBLE", change=_two_digit_year),
    Fault("local_times", "TIME_LOCAL_AS_UTC", Wish(sources=("own", "fahrstrom", "alpenstrom"), is_plain=True),
          change=_local_times, shift=2 * HOUR),
    Fault("wall_clock", "TIME_DST_CROSSING", Wish(is_dc=False, is_over_change=True), change=_by_the_wall_clock,
          fits=_is_over_change, clock_change=True),
    Fault("periods_backwards", "TIME_PERIOD_UNSORTED", _FAST, change=_backwards, fits=_has_parts),
    Fault("period_outside", "TIME_PERIOD_ORDER", change=_period_outside),
    Fault("period_hole", "TIME_PERIOD_HOLE", Wish(is_plain=True, is_dc=False), change=_late_first_period),
    Fault("stays_long", "SESSION_OVER_MAX_HOURS", Wish(is_dc=True, power_w=150_000, hours=(76, 88), is_plain=True),
          shape=_stay_long),
    Fault("very_short", "SESSION_TOO_SHORT", Wish(is_dc=True, is_plain=True), shape=_very_short),
    Fault("register_volumes", "ENERGY_CUMULATIVE_PERIODS", _FAST, change=_as_register, fits=_has_parts),
    Fault("watt_hours", "ENERGY_UNIT_WH", change=_in_watt_hours),
    Fault("megawatt_hours", "ENERGY_UNIT_TOO_SMALL", Wish(is_dc=True), change=_in_megawatt_hours,
          fits=_needs_no_more_than),
    Fault("float_residue", "NUM_PRECISION_EXCESS", change=_float_residue),
    Fault("steep_period", "ENERGY_PERIOD_POWER", Wish(is_dc=True, power_w=50_000, is_plain=True),
          shape=_all_at_the_end, fits=_is_steep),
    Fault("fee_for_nothing", "ENERGY_ZERO_WITH_FEE", shape=_almost_nothing, fits=_has_flat),
    Fault("parked_all_along", "ENERGY_NO_CHARGE_TIME", change=_parked_all_along),
    Fault("parked_longer", "PARKING_OVER_TOTAL", change=_parked_longer),
)  # fmt: skip
