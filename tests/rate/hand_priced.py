"""Reads the cases of tests/rate/priced_by_hand: CDRs in a few words, with the totals that a person worked out.

A period is `10:00 @TARIFF ENERGY 5 TIME 0.5`; hours from 24 on are the next day. An element is `ENERGY 0.25 vat 10 step 1,
FLAT 1 | start_time 17:00 day_of_week FRIDAY SATURDAY`, or the object itself. `~` is unknown, `none` no totals at all.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from tests.rate.sessions import Json

FOLDER = Path(__file__).parent / "priced_by_hand"
PARTS = ("total", "fixed", "energy", "time", "parking", "reservation")
VERSIONS = ("2.1.1", "2.2.1", "2.3.0")
NUMBER = re.compile(r"-?\d+(\.\d+)?$")


class Reader(yaml.SafeLoader):
    """YAML whose numbers are decimals and whose dates and times are the text that stands there."""


Reader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if "timestamp" not in pair[0]]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for kind in ("int", "float"):
    Reader.add_constructor(f"tag:yaml.org,2002:{kind}", lambda _, node: number(node.value))


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    version: str
    zone: str | None
    policy: str
    cdr: Json
    totals: dict[str, tuple[str | None, str | None]] | None
    volumes: dict[str, str]
    problems: list[str]


def read_cases() -> list[Case]:
    """Every case of the folder, once for each version it holds for."""
    return [
        case(row, version)
        for path in sorted(FOLDER.glob("*.yml"))
        for row in yaml.load(path.read_text(), Reader)
        for version in row.get("versions", VERSIONS)
    ]


def case(row: Json, version: str) -> Case:
    priced = row["total"] != "none"
    return Case(
        f"{row['case']} ({version})",
        version,
        row.get("zone", "UTC"),
        row.get("policy", "as_sent"),
        cdr(row, version),
        {part: sides(row.get(part, "0.0000 0.0000")) for part in PARTS} if priced else None,
        {name: str(volume) for name, volume in row.get("volumes", {}).items()},
        row.get("problems", []),
    )


def cdr(row: Json, version: str) -> Json:
    begin, end = (moment(row, clock) for clock in row.get("session", "10:00-12:00").split("-"))
    own = {
        "2.1.1": {"stop_date_time": end, "auth_id": "A", "location": {"id": "L", "time_zone": row.get("zone", "UTC")}},
    }.get(version, {"end_date_time": end, "cdr_token": {"uid": "A"}, "cdr_location": {"id": "L"}})
    tariffs = row.get("tariffs", {"T": row})
    return {
        "id": row["case"], "currency": "EUR", "start_date_time": begin, **own,
        "tariffs": [tariff(name, body, version) for name, body in tariffs.items()],
        "charging_periods": [period(row, text) for text in row["periods"]],
        **row.get("cdr", {}),
    }  # fmt: skip


def tariff(name: str, body: Json | list[Any], version: str) -> Json:
    body = body if isinstance(body, dict) else {"elements": body}
    keys = ("before_taxes", "after_taxes") if version == "2.3.0" else ("excl_vat", "incl_vat")
    limits = {
        f"{limit}_price": {key: Decimal(amount) for key, amount in zip(keys, sides(body[limit]), strict=True) if amount}
        for limit in ("min", "max")
        if limit in body
    }
    dates = {key: body[key] for key in ("start_date_time", "end_date_time", "type", "currency") if key in body}
    tax = {"tax_included": body.get("tax_included", "NO")} if version == "2.3.0" else {}
    return {"id": name, "currency": "EUR", "elements": [element(item) for item in body["elements"]],
            **limits, **dates, **tax, "last_updated": "2026-01-01T00:00:00Z"}  # fmt: skip


def element(text: str | Json) -> Json:
    if isinstance(text, dict):
        return text
    components, _, restrictions = text.partition("|")
    return {
        "price_components": [component(item.split()) for item in components.split(",")],
        **({"restrictions": restriction(restrictions.split())} if restrictions else {}),
    }


def component(words: list[str]) -> Json:
    kind, price, *rest = words
    options = dict(zip(rest[::2], rest[1::2], strict=True))
    tax = {"vat": number(options["vat"])} if "vat" in options else {}
    return {"type": kind, "price": number(price), "step_size": number(options.get("step", "1")), **tax}


def restriction(words: list[str]) -> Json:
    found: Json = {}
    name = ""
    for word in words:
        if word.islower():
            name = word
        elif name == "day_of_week":
            found.setdefault(name, []).append(word)
        else:
            found[name] = number(word)
    return found


def period(row: Json, text: str) -> Json:
    clock, *words = text.split()
    names = {"tariff_id": words.pop(0)[1:]} if words and words[0].startswith("@") else {}
    return {
        "start_date_time": moment(row, clock),
        "dimensions": [{"type": kind, "volume": number(volume)} for kind, volume in zip(words[::2], words[1::2], strict=True)],
        **names,
    }  # fmt: skip


def moment(row: Json, clock: str) -> str:
    hours, minutes, seconds = (*map(int, clock.split(":")), 0)[:3]
    day = datetime.fromisoformat(row.get("date", "2026-03-10"))
    return f"{day + timedelta(hours=hours, minutes=minutes, seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def sides(text: str) -> tuple[str | None, str | None]:
    net, gross = (None if side == "~" else side for side in str(text).split())
    return net, gross


def number(text: str) -> Decimal | str:
    """A number as its digits; anything else, quoted numbers too, is text."""
    return Decimal(text) if NUMBER.match(text) else text.strip('"')
