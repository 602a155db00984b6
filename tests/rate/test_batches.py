"""A session's price is its own: what else is in the batch changes none of its readings, lines or ends of the range."""

import json
from random import Random
from typing import Any

import pytest

from orchestration.defs.ingest.records import split
from orchestration.engine.compile import read_engine
from orchestration.engine.price import FEW_RECORDS, prepare
from orchestration.warehouse import open_in_memory
from tests.rate.cdr_generator import a_cdr
from tests.rate.sessions import answers, cdr, component, element, period, tariff, to_json

Json = dict[str, Any]
ZONE = "Europe/Amsterdam"
# 00:30 UTC is 02:30 in Amsterdam on that day, and so is 01:30 UTC.
REPEATED: Json = {"start": "2026-10-25T00:30:00Z", "lasts": 120}

PER_KWH = element(component("ENERGY", "1", "0", 1000))
PLAIN = tariff(PER_KWH, name="PLAIN")
CLOCKED = tariff(element(component("ENERGY", "2", "0"), start_time="02:00", end_time="03:00"), PER_KWH, name="CLOCKED")
COUNTED = tariff(element(component("ENERGY", "2", "0"), min_kwh=1), PER_KWH, name="COUNTED")
HALVES = (period(0, ENERGY="1.2"), period(60, ENERGY="1.3"))
# Sessions of one moment, each with another thing that may be read in two ways, and one with none.
SESSIONS = [
    cdr(PLAIN, *HALVES, **REPEATED),
    cdr(CLOCKED, *HALVES, **REPEATED),
    cdr(COUNTED, *HALVES, **REPEATED),
    cdr([PLAIN, COUNTED], period(0, "PLAIN", ENERGY="1.2"), period(60, "COUNTED", ENERGY="1.3"), **REPEATED),
    cdr([PLAIN, CLOCKED], period(0, "PLAIN", ENERGY="1.2"), period(60, "PLAIN", ENERGY="1.3"), **REPEATED),
    {**cdr(PLAIN, *HALVES, **REPEATED), "auth_id": "A"},
    # Crosses a boundary, and so is cut.
    cdr(CLOCKED, period(0, ENERGY="2.5"), start="2026-10-24T23:30:00Z", lasts=60),
    cdr({**PLAIN, "max_price": {"excl_vat": 2}}, *HALVES, **REPEATED),
]  # fmt: skip

CDRS = [{**item, "id": f"S{number}"} for number, item in enumerate(SESSIONS)]
CDRS += [a_cdr(Random(21), number) for number in range(4)]


def stored(cdrs: list[Json]) -> dict[str, Json]:
    """What the models keep of each CDR, under every reading, by its id."""
    found: dict[str, Json] = {item["id"]: {} for item in cdrs}
    with open_in_memory() as connection:
        prepare(connection, split("\n".join(map(to_json, cdrs)).encode()), time_zone=ZONE)
        for step, sql in read_engine():
            connection.execute(f"create {step.kind} {step.schema}.{step.name} as {sql}")
        for table in ("price_totals", "price_lines", "price_ranges", "price_problems"):
            rows = connection.execute(f"select to_json(t) from rate.{table} as t").fetchall()
            for row in (json.loads(text) for (text,) in rows):
                # `price` keys a CDR by its place in the input.
                place = int(row.pop("cdr_key").removeprefix("position|"))
                found[cdrs[place - 1]["id"]].setdefault(table, []).append(row)
    return {name: {table: sorted(map(str, rows)) for table, rows in tables.items()} for name, tables in found.items()}


@pytest.fixture(scope="module")
def together() -> dict[str, Json]:
    return stored(CDRS)


@pytest.mark.parametrize("number", [0, 1, 4, 5, 8])
def test_a_session_is_priced_alone_as_among_others(together: dict[str, Json], number: int) -> None:
    alone = CDRS[number]
    assert stored([alone]) == {alone["id"]: together[alone["id"]]}


def test_few_and_many_are_answered_alike() -> None:
    """Few are planned in another way: a person waits for them."""
    many = CDRS * 3
    assert len(many) > FEW_RECORDS > 4
    answered = answers(many, time_zone=ZONE)
    for number in range(0, 4, 2):
        few = answers(CDRS[number : number + 2], time_zone=ZONE)
        for at, answer in enumerate(few):
            assert answer == {**answered[number + at], "position": at + 1}


def test_the_sessions_above_are_read_in_different_ways(together: dict[str, Json]) -> None:
    """Else the test above could not fail."""
    counts = [len(together[f"S{number}"]["price_totals"]) for number in range(len(SESSIONS))]
    assert counts[0] == 1 and counts[1] > 1 and counts[3] > 1 and counts[4] == 1 and counts[6] > 1
