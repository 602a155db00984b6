"""A value of a location, a token, a tariff or a session's taxes that cannot be read is said, and never becomes empty."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from factories import a_location, a_tariff, a_token

from orchestration.defs.ingest.feed_objects import FeedObject, ObjectError, load_object
from orchestration.defs.ingest.feed_values import json_cell, read_values
from orchestration.defs.ingest.locations import connector_rows
from orchestration.defs.ingest.sessions import V230, add_taxes
from orchestration.defs.ingest.tariff_sightings import read_tariff
from orchestration.defs.ingest.tokens import token_rows

Rows = Callable[[FeedObject], Iterator[tuple[Any, ...]]]


def bent(whole: dict[str, Any], path: tuple[Any, ...], value: Any) -> FeedObject:
    """The object as it is read from JSON in which that value stands at that path."""
    found = copy.deepcopy(whole)
    holder = found
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return FeedObject(load_object(json.dumps(found).replace('"1e400"', "1e400")), "NL/EVS")


@pytest.mark.parametrize("value", ["1e400", "1e10", -1, "32,5", "NaN", True, [1], {"a": 1}])
@pytest.mark.parametrize(
    ("version", "name"),
    [("2.2.1", "max_electric_power"), ("2.2.1", "max_voltage"), ("2.1.1", "voltage"), ("2.1.1", "amperage")],
)
def test_a_power_that_cannot_be_read_is_said(version: str, name: str, value: Any) -> None:
    path = ("evses", 0, "connectors", 0, name)
    with pytest.raises(ObjectError, match=rf"^location LOC1: evses\[1\]\.connectors\[1\]\.{name} is .*, expected a "):
        list(connector_rows(bent(a_location(version), path, value)))


def test_volts_times_amperes_beyond_any_connector_are_said() -> None:
    location = a_location(max_electric_power=None)
    connector = location["evses"][0]["connectors"][0]
    connector |= {"max_electric_power": None, "max_voltage": 9e9, "max_amperage": 9e9}
    with pytest.raises(ObjectError, match=r"connectors\[1\]\.power is .* expected less than"):
        list(connector_rows(FeedObject(load_object(json.dumps(location)), None)))


@pytest.mark.parametrize(
    ("rows", "whole", "path", "value"),
    [
        (connector_rows, a_location(), ("country",), {"a": 1}),
        (connector_rows, a_location(), ("time_zone",), False),
        (connector_rows, a_location(), ("party_id",), ["EVS"]),
        (connector_rows, a_location(), ("last_updated",), "yesterday"),
        (connector_rows, a_location(), ("evses",), {"uid": "EVSE1"}),
        (connector_rows, a_location(), ("evses", 0), "EVSE1"),
        (connector_rows, a_location(), ("evses", 0, "evse_id"), ["NL*EVS*E1"]),
        (connector_rows, a_location(), ("evses", 0, "last_updated"), 1e400),
        (connector_rows, a_location(), ("evses", 0, "connectors"), "1"),
        (connector_rows, a_location(), ("evses", 0, "connectors", 0, "power_type"), {}),
        (token_rows, a_token(), ("valid",), "true"),
        (token_rows, a_token(), ("contract_id",), {"id": "NL-EMO-C1"}),
        (token_rows, a_token(), ("type",), ["RFID"]),
        (token_rows, a_token(), ("whitelist",), True),
        (token_rows, a_token(), ("last_updated",), "2026-02-30T00:00:00Z"),
        (lambda item: [read_tariff(item)], a_tariff(), ("last_updated",), 1e400),
        (lambda item: [read_tariff(item)], a_tariff(), ("party_id",), {"id": "EVS"}),
    ],
)
def test_a_field_that_cannot_be_read_is_named(
    rows: Rows, whole: dict[str, Any], path: tuple[Any, ...], value: Any
) -> None:
    assert list(rows(FeedObject(load_object(json.dumps(whole)), None))), "as it is it can be read"
    with pytest.raises(ObjectError, match=str(path[-1] if isinstance(path[-1], str) else path[-2])):
        list(rows(bent(whole, path, value)))


@pytest.mark.parametrize("taxes", ["x", [1], [{"amount": "1e400"}], [{"amount": "1,5"}]])
def test_a_tax_of_a_session_that_cannot_be_read_is_said(taxes: Any) -> None:
    record = bent({"total_cost": {"before_taxes": 5}}, ("total_cost", "taxes"), taxes).fields
    values = read_values(V230, json_cell(record))
    add_taxes(record, values)
    assert any(problem.startswith("total_cost.taxes") for problem in values.problems)
    assert values.fields["total_cost_incl_tax"] is None
