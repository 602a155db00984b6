"""A tariff of ours counts after two people: who may, in which order, and what is refused in words."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestration.facts import ledger, objects
from orchestration.facts.decisions import standing
from orchestration.facts.home import Home
from tests.conftest import evsettle_here
from tests.factories import a_component, a_tariff
from tests.small_home import PARTNER, make_home, write

PEOPLE = """
- {name: Ada, roles: [finance, approver]}
- {name: Bo, roles: [finance, approver]}
- {name: Cem, roles: [platform]}
"""
BEFORE, AT, LATER = "2026-11-01T08:00:00Z", "2026-11-01T09:00:00Z", "2026-11-01T10:00:00Z"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = make_home(tmp_path / "home")
    write(made.master / "people.yaml", PEOPLE)
    _put(made)
    # Something has arrived: the books are open, and what starts in the past is backdated.
    ledger.append(made, "arrival", {"files": []}, actor="test", at=BEFORE)
    return made


def _put(home: Home, start: str | None = "2026-12-01T00:00:00Z", **fields: Any) -> Path:
    tariff = a_tariff(id="OURS", start_date_time=start, **fields)
    return write(home.master / "tariffs" / "OURS.json", json.dumps(tariff))


@pytest.fixture
def tariff(home: Home) -> Callable[..., dict[str, Any]]:
    """`tariff("propose", "OURS", by="Ada")`: the command's JSON, or its refusal under `error` with the exit code."""

    def call(command: str, named: str, by: str, *more: str, at: str = AT) -> dict[str, Any]:
        result = evsettle_here(
            "--home", home.root, "tariff", command, named, "--by", by, "--as-of", at, *more, "--json"
        )
        if result.returncode:
            return {"error": result.stderr, "exit": result.returncode}
        answer: dict[str, Any] = json.loads(result.stdout)
        return answer

    return call


Tariff = Callable[..., dict[str, Any]]


def test_two_people_approve_the_content_with_its_start(home: Home, tariff: Tariff) -> None:
    proposed = tariff("propose", "OURS", "Ada", "--note", "winter prices")
    assert (proposed["kind"], proposed["needs_approval"], proposed["subject"]) == (
        "propose",
        True,
        "tariff:NL/EVS:OURS",
    )
    assert standing(ledger.read_all(home)) == []
    approved = tariff("approve", "OURS", "Bo", at=LATER)
    assert (approved["kind"], approved["proposal"], approved["proposed_by"]) == ("approve", proposed["seq"], "Ada")
    (decision,) = standing(ledger.read_all(home))
    assert (decision.value, decision.decided_by, decision.approved_by) == (proposed["body"], "Ada", "Bo")
    assert decision.valid_from is not None and decision.valid_from.isoformat() == "2026-12-01T00:00:00+00:00"


def test_nobody_approves_what_they_proposed(home: Home, tariff: Tariff) -> None:
    tariff("propose", "OURS", "Ada")
    refused = tariff("approve", "OURS", "Ada")
    assert refused["exit"] == 2 and "DOC_APPROVER_SAME" in refused["error"]
    assert standing(ledger.read_all(home)) == []


def test_only_an_approver_approves(tariff: Tariff) -> None:
    tariff("propose", "OURS", "Ada")
    refused = tariff("approve", "OURS", "Cem")
    assert refused["exit"] == 2 and "role approver" in refused["error"]


def test_a_proposal_typed_twice_is_one(tariff: Tariff) -> None:
    first = tariff("propose", "OURS", "Ada")
    again = tariff("propose", "OURS", "Ada", at=LATER)
    assert (again["seq"], again["is_new"]) == (first["seq"], False)


def test_a_rejected_one_may_be_proposed_again_changed(home: Home, tariff: Tariff) -> None:
    first = tariff("propose", "OURS", "Ada")
    rejected = tariff("reject", "OURS", "Bo")
    assert (rejected["kind"], rejected["reason"]) == ("reject", "T_REWORK")
    assert "No proposal about OURS waits" in tariff("approve", "OURS", "Bo")["error"]
    _put(home, elements=[{"price_components": [a_component(price=0.35)]}])
    second = tariff("propose", "OURS", "Ada")
    assert second["body"] != first["body"]
    assert tariff("approve", "OURS", "Bo")["proposal"] == second["seq"]


def test_several_that_wait_are_told_apart_by_their_number(home: Home, tariff: Tariff) -> None:
    first = tariff("propose", "OURS", "Ada")
    _put(home, start="2027-01-01T00:00:00Z")
    second = tariff("propose", "OURS", "Ada")
    assert f"{first['seq']} (" in tariff("approve", "OURS", "Bo")["error"]
    assert tariff("approve", str(second["seq"]), "Bo")["proposal"] == second["seq"]


def test_a_tariff_with_errors_is_not_put_forward(home: Home, tariff: Tariff) -> None:
    cheaper = {
        "price_components": [a_component(price=0.2)],
        "restrictions": {"start_time": "22:00", "end_time": "06:00"},
    }
    _put(home, elements=[{"price_components": [a_component()]}, cheaper])
    refused = tariff("propose", "OURS", "Ada")
    assert refused["exit"] == 2
    assert "element 2, component 1: Energy of this element never counts" in refused["error"]


def test_a_backdated_one_needs_its_reason_finance_and_keeps_the_list_of_sessions(home: Home, tariff: Tariff) -> None:
    _put(home, start="2026-10-01T00:00:00Z")
    assert "T_RETRO" in tariff("propose", "OURS", "Ada")["error"]
    assert "role finance" in tariff("propose", "OURS", "Cem", "--reason", "T_RETRO")["error"]
    proposed = tariff("propose", "OURS", "Ada", "--reason", "T_RETRO")
    assert proposed["reason"] == "T_RETRO"
    entry = next(entry for entry in ledger.read_all(home) if entry.seq == proposed["seq"])
    assert objects.get(home, entry.body["values"]["evidence"]).startswith(b"cdr_key,")
    assert tariff("approve", "OURS", "Bo")["proposal"] == proposed["seq"]


def test_what_is_not_backdated_takes_no_such_reason(tariff: Tariff) -> None:
    assert "is not backdated" in tariff("propose", "OURS", "Ada", "--reason", "T_RETRO")["error"]


def test_when_the_books_are_opened_nothing_is_backdated(tmp_path: Path) -> None:
    home = make_home(tmp_path / "new")
    write(home.master / "people.yaml", PEOPLE)
    _put(home, start="2026-01-01T00:00:00Z")
    result = evsettle_here("--home", home.root, "tariff", "propose", "OURS", "--by", "Ada", "--as-of", AT)
    assert result.returncode == 0, result.stderr


def test_an_approved_one_is_withdrawn_by_two_people_before_it_holds_and_not_after(home: Home, tariff: Tariff) -> None:
    tariff("propose", "OURS", "Ada")
    tariff("approve", "OURS", "Bo")
    withdrawn = tariff("propose", "OURS", "Ada", "--reason", "T_WITHDRAWN", at=LATER)
    assert withdrawn["needs_approval"]
    assert tariff("approve", str(withdrawn["seq"]), "Bo", at=LATER)["kind"] == "approve"
    late = tariff("propose", "OURS", "Ada", "--reason", "T_WITHDRAWN", at="2026-12-02T00:00:00Z")
    assert "holds already" in late["error"]


def test_a_partner_whose_contract_approves_by_itself_has_nothing_to_be_decided(home: Home, tariff: Tariff) -> None:
    from orchestration.defs.ingest.landing import take_in

    write(home.master / "partners" / "emo.yaml", PARTNER)
    take_in(home, ledger.read_all(home)[-1].time, actor="test")
    path = write(home.root / "emo.json", json.dumps(a_tariff(party_id="EMO", start_date_time="2026-12-01T00:00:00Z")))
    refused = tariff("propose", str(path), "Ada")
    assert refused["exit"] == 2 and "approves its tariffs by itself" in refused["error"]


@pytest.mark.parametrize("command", ["propose", "approve", "reject"])
def test_what_is_not_known_is_said_in_a_sentence(tariff: Tariff, command: str) -> None:
    refused = tariff(command, "NOBODY", "Ada")
    assert refused["exit"] == 2
    assert "NOBODY" in refused["error"] and "Traceback" not in refused["error"]
