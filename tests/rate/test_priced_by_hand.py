"""Sessions that a person priced from the design's text and the spec alone, for each OCPI version they hold for."""

from collections import defaultdict

import pytest

from tests.rate.hand_priced import PARTS, Case, read_cases
from tests.rate.sessions import Json, answers, cost, rules

CASES = read_cases()


@pytest.fixture(scope="module")
def priced() -> dict[str, Json]:
    """The answers by the name of their case, of one call for each zone and policy."""
    calls: dict[tuple[str | None, str], list[Case]] = defaultdict(list)
    for case in CASES:
        calls[case.zone, case.policy].append(case)
    found: dict[str, Json] = {}
    for (zone, policy), cases in calls.items():
        replies = answers([case.cdr for case in cases], time_zone=zone, period_policy=policy)
        found |= {case.name: reply for case, reply in zip(cases, replies, strict=True)}
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_session_costs_what_a_person_worked_out(priced: dict[str, Json], case: Case) -> None:
    answer = priced[case.name]
    names = {part: "total_cost" if part == "total" else f"total_{part}_cost" for part in PARTS}
    found = {part: cost(answer, name) for part, name in names.items()}
    assert found == (case.totals or dict.fromkeys(PARTS))
    assert {name: answer[name] for name in case.volumes} == case.volumes
    # More digits than OCPI's four are a matter of the loader: minutes are no round part of an hour.
    assert rules(answer) - {"NUM_PRECISION_EXCESS"} == set(case.problems)
    assert answer["version"] == case.version


def test_no_case_stands_twice() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
