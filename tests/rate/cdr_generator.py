"""Random CDRs with their tariffs, from a seed: small numbers near the bounds of the restrictions, awkward clocks."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

DAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
CLOCKS = ["00:00", "01:30", "02:00", "02:30", "03:00", "06:00", "12:00", "17:00", "17:30", "20:00", "22:00", "23:45"]
VERSIONS = ["2.1.1", "2.2.1", "2.2.1", "2.3.0"]
# Clock changes of Europe in both directions, midnights, ends of months and of the year, a leap day.
MOMENTS = [
    datetime(2026, 3, 28, 23, 0, tzinfo=UTC),
    datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
    datetime(2026, 10, 24, 22, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 15, tzinfo=UTC),
    datetime(2026, 10, 31, 21, 45, tzinfo=UTC),
    datetime(2026, 12, 31, 22, 30, tzinfo=UTC),
    datetime(2028, 2, 28, 23, 0, tzinfo=UTC),
    datetime(2026, 6, 15, 14, 50, tzinfo=UTC),
]


def a_cdr(random: Random, number: int) -> dict[str, Any]:
    """One CDR of a random version with one tariff, sometimes two."""
    version = random.choice(VERSIONS)
    start = random.choice(MOMENTS) + timedelta(minutes=5 * random.randrange(0, 36))
    tariffs = [_tariff(random, version, f"T{at}", start) for at in range(random.choice([1, 1, 1, 1, 2]))]
    periods, end = _periods(random, version, start, tariffs)
    cdr: dict[str, Any] = {
        "country_code": "NL", "party_id": "EVS", "id": f"C{number}", "start_date_time": _text(start),
        "currency": "EUR", "tariffs": tariffs, "charging_periods": periods, "last_updated": _text(end),
        "total_cost": {"excl_vat": 1}, "total_energy": 1, "total_time": 1,
    }  # fmt: skip
    if version == "2.1.1":
        cdr["stop_date_time"], cdr["auth_id"], cdr["total_cost"] = _text(end), "NL-EVS-C1", 1
    else:
        cdr["end_date_time"] = _text(end)
        if random.random() < 0.1:
            cdr["credit"], cdr["credit_reference_id"] = True, "C0"
    if version == "2.3.0":
        cdr["total_cost"] = {"before_taxes": 1}
    return cdr


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _amount(random: Random, top: int, step: str = "0.05") -> Decimal:
    return random.randrange(0, top) * Decimal(step)


def _tariff(random: Random, version: str, name: str, start: datetime) -> dict[str, Any]:
    elements = [_element(random, version, start) for _ in range(random.randrange(1, 5))]
    if random.random() < 0.5:
        elements.append({"price_components": [_component(random, version, kind) for kind in ("ENERGY", "TIME")]})
    tariff: dict[str, Any] = {"id": name, "currency": "EUR", "elements": elements, "last_updated": _text(start)}
    if version == "2.3.0":
        tariff["tax_included"] = random.choice(["YES", "NO", "NO", "N/A"])
    net, gross = ("before_taxes", "after_taxes") if version == "2.3.0" else ("excl_vat", "incl_vat")
    for limit, top in (("min_price", 40), ("max_price", 200)):
        if version != "2.1.1" and random.random() < 0.25:
            price = _amount(random, top)
            tariff[limit] = {net: price}
            if random.random() < 0.6:
                tariff[limit][gross] = price + _amount(random, 20)
    if random.random() < 0.1:
        tariff["end_date_time"] = _text(start + timedelta(minutes=random.choice([-60, 0, 1, 60])))
    if random.random() < 0.05:
        tariff["currency"] = "SEK"
    return tariff


def _component(random: Random, version: str, kind: str) -> dict[str, Any]:
    component: dict[str, Any] = {"type": kind, "price": _amount(random, 12), "step_size": 1}
    if kind == "ENERGY":
        component["step_size"] = random.choice([0, 1, 1, 100, 500, 1000])
    elif kind != "FLAT":
        component["step_size"] = random.choice([0, 1, 60, 60, 300, 600, 900, 1800])
    if version != "2.1.1" and random.random() < 0.9:
        component["vat"] = random.choice([Decimal(0), Decimal("10.0"), Decimal(20), Decimal("8.1")])
    return component


def _element(random: Random, version: str, start: datetime) -> dict[str, Any]:
    kinds = random.sample(["ENERGY", "TIME", "PARKING_TIME", "FLAT"], random.randrange(1, 4))
    restrictions = _restrictions(random, version, start)
    if version != "2.1.1" and random.random() < 0.2:
        restrictions["reservation"] = random.choice(["RESERVATION", "RESERVATION", "RESERVATION_EXPIRES"])
        kinds = random.sample(["TIME", "FLAT"], random.randrange(1, 3))
    element: dict[str, Any] = {"price_components": [_component(random, version, kind) for kind in kinds]}
    if restrictions:
        element["restrictions"] = restrictions
    return element


def _restrictions(random: Random, version: str, start: datetime) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    if random.random() < 0.35:
        limits["start_time"] = random.choice(CLOCKS)
    if random.random() < 0.35:
        limits["end_time"] = random.choice(CLOCKS)
    if random.random() < 0.2:
        limits["day_of_week"] = random.sample(DAYS, random.randrange(1, 7))
    if random.random() < 0.1:
        limits["start_date"] = (start + timedelta(days=random.randrange(-1, 2))).strftime("%Y-%m-%d")
    if random.random() < 0.1:
        limits["end_date"] = (start + timedelta(days=random.randrange(-1, 3))).strftime("%Y-%m-%d")
    for name, values in (
        ("min_kwh", [0, 2, 5, 10]), ("max_kwh", [2, 5, 10]), ("min_duration", [0, 600, 1800]),
        ("max_duration", [600, 1800, 3600]), ("min_power", [7, 16]), ("max_power", [11, 16, 32]),
    ):  # fmt: skip
        if random.random() < 0.12:
            limits[name] = random.choice(values)
    for name in ("min_current", "max_current"):
        if version != "2.1.1" and random.random() < 0.08:
            limits[name] = random.choice([16, 32])
    return limits


def _periods(
    random: Random, version: str, start: datetime, tariffs: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], datetime]:
    """Periods of whole minutes, in order mostly, reservations first; and where the last one ends."""
    periods = []
    moment = start
    roles = [random.choice(["charge", "charge", "park"]) for _ in range(random.randrange(1, 6))]
    if version != "2.1.1" and random.random() < 0.2:
        roles = ["reserve"] if random.random() < 0.4 else ["reserve", *roles]
    for role in roles:
        minutes = random.choice([1, 5, 10, 13, 22, 30, 45, 60, 90])
        period: dict[str, Any] = {
            "start_date_time": _text(moment), "dimensions": _dimensions(random, version, role, minutes)
        }  # fmt: skip
        if version != "2.1.1" and (len(tariffs) > 1 or random.random() < 0.3) and random.random() < 0.9:
            period["tariff_id"] = random.choice(tariffs)["id"]
        periods.append(period)
        moment += timedelta(minutes=minutes)
    if random.random() < 0.1:
        random.shuffle(periods)
    return periods, moment


def _dimensions(random: Random, version: str, role: str, minutes: int) -> list[dict[str, Any]]:
    hours = (Decimal(minutes) / 60).quantize(Decimal("0.000001" if random.random() < 0.5 else "0.0001"))
    if role == "reserve":
        return [{"type": "RESERVATION_TIME", "volume": hours}]
    if role == "park":
        return [{"type": "PARKING_TIME", "volume": hours}]
    volumes: dict[str, Decimal] = {
        "ENERGY": _amount(random, 400, "0.025") + random.choice([Decimal(0), Decimal("0.0152")])
    }
    if random.random() < 0.85:
        volumes["TIME"] = hours
    if random.random() < 0.1:
        volumes["PARKING_TIME"] = Decimal(0)
    power = Decimal(random.choice([6, 7, 11, 16, 20, 48]))
    if version != "2.1.1" and random.random() < 0.6:
        volumes |= {"MIN_POWER": power, "MAX_POWER": power + random.choice([0, 0, 10])}
    if random.random() < 0.6:
        volumes |= {"MIN_CURRENT": power, "MAX_CURRENT": power + random.choice([0, 0, 10])}
    return [{"type": kind, "volume": volume} for kind, volume in volumes.items()]
