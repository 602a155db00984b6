"""Tariffs of the demo: a few shapes, their OCPI 2.2.1 text, and what a session costs under them.

The claim is worked out here, from the shape, in exact integers: it must not come from the engine
that it is later compared with. Units: prices in 1/10000 of the currency per kWh, hour or session;
energy in Wh; VAT in tenths of a percent; amounts in 1/900,000,000 of the currency, which holds both
Wh x price and seconds x price / 3600 without a remainder.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from orchestration.demo.clock import LocalClock, iso

UNITS = 90_000  # amount units in 1/10000 of the currency
WEEKEND = ("SATURDAY", "SUNDAY")
FORMER_DISCOUNT = 400


@dataclass(frozen=True, slots=True)
class Band:
    """A price of a kWh: between two local hours, on weekends, or always."""

    price: int
    hours: tuple[int, int] | None = None
    is_weekend: bool = False

    def holds(self, weekday: int, hour: int) -> bool:
        """Whether a period that starts then takes this price."""
        return (not self.is_weekend or weekday >= 5) and (self.hours is None or is_within(hour, self.hours))


def is_within(hour: int, hours: tuple[int, int]) -> bool:
    """Start inclusive, end exclusive; a start after the end wraps past midnight."""
    start, end = hours
    return start <= hour < end if start < end else hour >= start or hour < end


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of a session: charging (energy in Wh) or parked without charging."""

    start: int
    end: int
    energy_wh: int
    is_parking: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """What a session costs, net, in amount units. A part is None where the tariff has no such price."""

    fixed: int | None
    energy: int
    time: int | None
    parking: int | None
    total: int


@dataclass(frozen=True)
class Tariff:
    """One tariff; the first band that holds gives the price of energy, the last one always holds."""

    cpo: str
    tariff_id: str
    currency: str
    vat: int
    energy: tuple[Band, ...]
    text: str
    is_dc: bool = False
    flat: int | None = None
    time: int | None = None
    time_step: int = 1
    parking: int | None = None
    parking_step: int = 1
    parking_after: int | None = None
    parking_hours: tuple[int, int] | None = None
    maximum: int | None = None
    minimum: int | None = None
    is_shown: bool = True  # to drivers, before anybody charges by it

    @property
    def former(self) -> "Tariff":
        """What it was before: a kWh cost four cents less."""
        return replace(self, energy=tuple(replace(band, price=band.price - FORMER_DISCOUNT) for band in self.energy))

    @cached_property
    def hours(self) -> tuple[int, ...]:
        """Local hours at which a period must end because a price may change."""
        spans = [band.hours for band in self.energy] + [self.parking_hours]
        found = {hour for span in spans if span for hour in span}
        if any(band.is_weekend for band in self.energy):
            found.add(0)
        return tuple(sorted(found))

    @property
    def is_plain(self) -> bool:
        """No price depends on the clock or the calendar."""
        return not self.hours and self.parking_after is None

    def cuts(self, start: int, end: int, clock: LocalClock) -> list[int]:
        """Instants inside the span at which one of its prices may change."""
        found = clock.boundaries(start, end, self.hours) if self.hours else []
        if self.parking_after is not None and start + self.parking_after < end:
            found.append(start + self.parking_after)
        return found

    def price(self, periods: Sequence[Period], clock: LocalClock) -> Claim:
        """The cost of a session whose periods are cut where prices change."""
        start = periods[0].start
        energy = time_seconds = parking_seconds = 0
        for period in periods:
            weekday, hour = clock.weekday_and_hour(period.start)
            if not period.is_parking:
                energy += period.energy_wh * next(band.price for band in self.energy if band.holds(weekday, hour))
                time_seconds += period.end - period.start
            elif self._parking_holds(period.start - start, hour):
                parking_seconds += period.end - period.start
        # One step for the whole session; where both were priced, only parking is rounded up.
        if parking_seconds and self.parking is not None:
            parking_seconds = _up(parking_seconds, self.parking_step)
        elif self.time is not None:
            time_seconds = _up(time_seconds, self.time_step)
        fixed = None if self.flat is None else self.flat * UNITS
        time = None if self.time is None else time_seconds * self.time * 25
        parking = None if self.parking is None else parking_seconds * self.parking * 25
        total = (fixed or 0) + energy * 90 + (time or 0) + (parking or 0)
        if self.maximum is not None:
            total = min(total, self.maximum * UNITS)
        if self.minimum is not None:
            total = max(total, self.minimum * UNITS)
        return Claim(fixed, energy * 90, time, parking, total)

    def _parking_holds(self, since_start: int, hour: int) -> bool:
        if self.parking is None or (self.parking_after is not None and since_start < self.parking_after):
            return False
        return self.parking_hours is None or is_within(hour, self.parking_hours)

    def ocpi(self, valid_from: int, valid_to: int | None = None, is_taxed: bool = True) -> str:
        """The tariff object of OCPI 2.2.1 as JSON text."""
        country, party = self.cpo.split("/")
        fields = {
            "country_code": json.dumps(country),
            "party_id": json.dumps(party),
            "id": json.dumps(self.tariff_id),
            "currency": json.dumps(self.currency),
            "type": '"REGULAR"',
            "tariff_alt_text": json.dumps([{"language": "en", "text": self.text}], ensure_ascii=False),
            "elements": "[" + ", ".join(self._elements(is_taxed)) + "]",
            "start_date_time": f'"{iso(valid_from)}"',
        }
        if self.minimum is not None:
            fields["min_price"] = price_text(self.minimum * UNITS, self.vat if is_taxed else None)
        if self.maximum is not None:
            fields["max_price"] = price_text(self.maximum * UNITS, self.vat if is_taxed else None)
        if valid_to is not None:
            fields["end_date_time"] = f'"{iso(valid_to)}"'
        fields["last_updated"] = f'"{iso(valid_from)}"'
        return object_text(fields)

    def _elements(self, is_taxed: bool) -> list[str]:
        elements = []
        for band in self.energy[:-1]:
            restrictions = _hours_text(band.hours) if band.hours else {}
            if band.is_weekend:
                restrictions["day_of_week"] = json.dumps(list(WEEKEND))
            elements.append(_element([self._component("ENERGY", band.price, 1, is_taxed)], restrictions))
        base = [self._component("ENERGY", self.energy[-1].price, 1, is_taxed)]
        if self.flat is not None:
            base.insert(0, self._component("FLAT", self.flat, 1, is_taxed))
        if self.time is not None:
            base.append(self._component("TIME", self.time, self.time_step, is_taxed))
        parking_restrictions = _hours_text(self.parking_hours) if self.parking_hours else {}
        if self.parking_after is not None:
            parking_restrictions["min_duration"] = str(self.parking_after)
        elements.append(_element(base, {}))
        if self.parking is not None:
            component = self._component("PARKING_TIME", self.parking, self.parking_step, is_taxed)
            elements.append(_element([component], parking_restrictions))
        return elements

    def _component(self, dimension: str, price: int, step: int, is_taxed: bool) -> str:
        fields = {"type": json.dumps(dimension), "price": decimal_text(price, 4)}
        if is_taxed:
            fields["vat"] = decimal_text(self.vat, 1)
        return object_text(fields | {"step_size": str(step)})


def _up(volume: int, step: int) -> int:
    return -(-volume // step) * step


def _element(components: list[str], restrictions: dict[str, str]) -> str:
    fields = {"price_components": "[" + ", ".join(components) + "]"}
    if restrictions:
        fields["restrictions"] = object_text(restrictions)
    return object_text(fields)


def _hours_text(hours: tuple[int, int]) -> dict[str, str]:
    return {"start_time": f'"{hours[0]:02}:00"', "end_time": f'"{hours[1]:02}:00"'}


def object_text(fields: dict[str, str]) -> str:
    """A JSON object of values that are JSON text already."""
    return "{" + ", ".join([f'"{name}": {value}' for name, value in fields.items()]) + "}"


def decimal_text(value: int, places: int) -> str:
    """An integer of 10^-places as a JSON number with that many decimals at most, never in exponent form."""
    sign = "-" if value < 0 else ""
    whole, part = divmod(abs(value), 10**places)
    digits = f"{part:0{places}}".rstrip("0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def round_half_up(amount: int, unit: int) -> int:
    """An integer amount in whole units, halves away from zero."""
    rounded = (2 * abs(amount) + unit) // (2 * unit)
    return -rounded if amount < 0 else rounded


def price_text(amount: int, vat: int | None) -> str:
    """An OCPI Price of an amount: net, and gross when a VAT rate is given, at four decimals half-up."""
    net = decimal_text(round_half_up(amount, UNITS), 4)
    if vat is None:
        return f'{{"excl_vat": {net}}}'
    gross = decimal_text(round_half_up(amount * (1000 + vat), UNITS * 1000), 4)
    return f'{{"excl_vat": {net}, "incl_vat": {gross}}}'
