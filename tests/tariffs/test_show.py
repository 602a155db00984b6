"""The two clocks of a tariff: what holds at a moment, as far as it was known and approved at another."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from orchestration.dbt import invoke
from orchestration.defs.ingest.tariff import parse_tariff
from orchestration.defs.ingest.tariff_rows import store_bodies
from orchestration.facts.home import Home
from orchestration.tariffs.standing import Standing, standing_of, truth_of_session
from orchestration.tariffs.standing_page import render
from tests.conftest import evsettle_here
from tests.factories import a_component, a_tariff
from tests.raw_rows import World, new_world
from tests.small_home import make_home

FULL = "NL/EVS:OURS"


def _body(price: float) -> dict[str, Any]:
    return a_tariff(id="OURS", elements=[{"price_components": [a_component(price=price)]}])


def _seen(world: World, price: float, party: str, *, start: str, seen: str, seq: int, is_opening: bool = False) -> None:
    fields = _body(price)
    tariff = parse_tariff(fields)
    store_bodies(world.connection, [tariff])
    world.tariff("OURS", tariff.number, cpo_party=party, source="own", valid_from=start, seen_at=seen, sighting_seq=seq,
                 is_opening=is_opening)  # fmt: skip
    record_id = world.connection.execute("select max(record_id) from ingest.raw_tariff_sightings").fetchone()
    assert record_id is not None
    world.insert("raw_records", record_id=record_id[0], file_seq=99, position=seq, raw_text=json.dumps(fields))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A (opening) -> B from March -> A again from May -> B backdated to April, learned and approved in June."""
    made = make_home(tmp_path_factory.mktemp("show") / "home")
    made.warehouse.parent.mkdir()
    path, world = new_world(made.warehouse.parent)
    assert path == made.warehouse
    day = "2026-{:02}-01T00:00:00Z"
    _seen(world, 0.30, "NL/EVS", start=day.format(1), seen="2026-01-10T00:00:00Z", seq=1, is_opening=True)
    _seen(world, 0.40, "NL/EVS", start=day.format(3), seen="2026-02-10T00:00:00Z", seq=2)
    _seen(world, 0.30, "NL/EVS", start=day.format(5), seen="2026-04-10T00:00:00Z", seq=3)
    _seen(world, 0.45, "NL/EVS", start=day.format(4), seen="2026-06-10T00:00:00Z", seq=4)
    _seen(world, 0.99, "NL/EVS", start=day.format(9), seen="2026-08-10T00:00:00Z", seq=5)
    # Another party's tariff of the same id, approved by its contract.
    _seen(world, 0.50, "NL/REG", start=day.format(1), seen="2026-01-10T00:00:00Z", seq=1, is_opening=True)
    for seq, price, start, at, reason in (
        (11, 0.30, day.format(1), "2026-01-11T00:00:00Z", None), (12, 0.40, day.format(3), "2026-02-11T00:00:00Z", None),
        (13, 0.30, day.format(5), "2026-04-11T00:00:00Z", None),
        (14, 0.45, day.format(4), "2026-06-11T00:00:00Z", "T_RETRO"),
    ):  # fmt: skip
        world.decide(seq, "tariff", "tariff", FULL, value=parse_tariff(_body(price)).body, effective_at=at,
                     reason_code=reason, decided_by="Ada", approved_by="Bo", valid_from=start)  # fmt: skip
    shown = {"tariff_id": "OURS", "published_by": "display <b>", "channel": "app", "known_seq": 1, "is_opening": True}
    world.insert("raw_publications", **shown, tariff_body=parse_tariff(_body(0.40)).body,
                 published_at="2026-02-20T00:00:00Z", known_from="2026-02-20T00:00:00Z")  # fmt: skip
    world.connection.close()
    invoke(["run", "--select", "+tariff_versions", "publications", "own_parties"], path)
    yield made


def _standing(home: Home, at: str | None = None, known: str | None = None) -> Standing:
    moment, then = (None if text is None else datetime.fromisoformat(f"{text}T12:00:00Z") for text in (at, known))
    (standing,) = standing_of(home, [FULL], moment, then)[FULL]
    return standing


def test_a_b_a_are_three_versions_and_each_names_its_approval(home: Home) -> None:
    versions = _standing(home).versions
    assert [shown.prices[0].split(",")[0] for shown in versions] == [
        "Energy 0.30 EUR/kWh", "Energy 0.40 EUR/kWh", "Energy 0.30 EUR/kWh", "Energy 0.45 EUR/kWh",
        "Energy 0.99 EUR/kWh",
    ]  # fmt: skip
    assert versions[0].version.tariff_body == versions[2].version.tariff_body
    assert len({shown.version.tariff_version for shown in versions}) == 5
    assert [shown.version.approval_seq for shown in versions] == [11, 12, 13, 14, None]
    assert "Energy: 0.30 -> 0.40 EUR/kWh (+33.3 %)" in versions[1].changes
    assert versions[4].approval == "none: it prices nothing until two people approve it"


def test_opening_knowledge_is_known_from_its_own_start_and_later_knowledge_when_it_came(home: Home) -> None:
    known = [shown.version.known_from.date().isoformat() for shown in _standing(home).versions]
    assert known == ["2026-01-01", "2026-02-10", "2026-04-10", "2026-06-10", "2026-08-10"]


@pytest.mark.parametrize(
    ("at", "known", "number"),
    [
        ("2026-02-15", None, 1),
        ("2026-03-15", None, 2),
        ("2026-04-15", None, 4),
        # What we knew when we billed April in May: B had not been backdated yet.
        ("2026-04-15", "2026-05-05", 2),
        ("2026-05-15", "2026-05-05", 3),
        # Learned, but approved only on the day after.
        ("2026-04-15", "2026-06-10", 2),
        ("2026-04-15", "2026-06-12", 4),
        # Known and never approved: the last approved one stays in force.
        ("2026-09-15", None, 3),
        ("2025-12-15", None, None),
    ],
)
def test_the_version_in_force_by_both_clocks(home: Home, at: str, known: str | None, number: int | None) -> None:
    standing = _standing(home, at, known)
    assert [shown.number for shown in standing.versions if shown.is_in_force] == ([] if number is None else [number])
    (sentence,) = standing.answer()
    assert (f"version {number} is in force" if number else "no version is in force") in sentence


def test_an_approval_is_not_known_before_it_was_given(home: Home) -> None:
    standing = _standing(home, "2026-01-05", "2026-01-10")
    assert "TARIFF_NOT_APPROVED" in standing.answer()[0]
    assert [shown.approval for shown in standing.versions] == ["none by then"]


def test_who_showed_it_and_when(home: Home) -> None:
    first, second, *_ = _standing(home).versions
    assert first.publication.startswith("no publication is recorded")
    assert second.publication == "by display <b> (app) since 2026-02-20 00:00 UTC"
    assert _standing(home, known="2026-02-15").versions[1].published == ()


@pytest.mark.parametrize(
    ("started", "shown"),
    [
        ("2026-03-15", "by display <b> (app) since 2026-02-20 00:00 UTC"),
        ("2026-02-15", "nobody before the session started (TARIFF_NOT_DISPLAYED)"),
    ],
)
def test_a_session_says_its_version_approver_and_whether_it_was_shown_in_time(
    home: Home, started: str, shown: str
) -> None:
    version = _standing(home).versions[1].version
    found = truth_of_session(home, {
        "cpo_party": "NL/EVS", "tariff_id": "OURS", "tariff_version": version.tariff_version,
        "started_at": datetime.fromisoformat(f"{started}T12:00:00Z"),
    })  # fmt: skip
    truth = dict(found.facts)
    assert truth["content"] == version.tariff_body
    assert truth["approval"] == "proposed by Ada, approved by Bo 2026-02-11 00:00 UTC, ledger entry 12"
    assert truth["shown"] == shown
    assert (found.shown_by is None) == shown.startswith("nobody")


def test_one_page_holds_versions_and_approval_and_runs_nothing(home: Home) -> None:
    page = render(standing_of(home, [FULL], None, None)[FULL])
    assert page.count("<section") == 5 and "approved by Bo" in page and "T_RETRO" in page
    assert "display &lt;b&gt;" in page and "<b>" not in page
    assert "http" not in page and "<script" not in page


def test_without_a_name_all_of_ours_are_shown_and_no_partners(home: Home) -> None:
    result = evsettle_here("--home", home.root, "tariff", "show", "--json")
    assert [tariff["party"] for tariff in json.loads(result.stdout)["tariffs"]] == ["NL/EVS"]
    both = evsettle_here("--home", home.root, "tariff", "show", "OURS", "--json")
    assert [tariff["party"] for tariff in json.loads(both.stdout)["tariffs"]] == ["NL/EVS", "NL/REG"]


def test_versions_are_compared_by_day_or_by_hash(home: Home) -> None:
    result = evsettle_here("--home", home.root, "tariff", "diff", f"{FULL}@2026-02-15", f"{FULL}@2026-03-15", "--json")
    changes = json.loads(result.stdout)["changes"]
    assert [change["sentence"] for change in changes] == ["Energy: 0.30 -> 0.40 EUR/kWh (+33.3 %)"]
    version = _standing(home).versions[3].version.tariff_version
    result = evsettle_here("--home", home.root, "tariff", "diff", f"{FULL}@{version[:10]}", f"{FULL}@2026-03-15")
    assert "Energy: 0.45 -> 0.40 EUR/kWh (-11.1 %)" in result.stdout
    refused = evsettle_here("--home", home.root, "tariff", "diff", "OURS@2026-03-15", f"{FULL}@2026-03-15")
    assert refused.returncode == 2 and "NL/REG:OURS" in refused.stderr


@pytest.mark.parametrize("arguments", [["show", "NOBODY"], ["diff", "NOBODY@2026-01-01", "OURS"], ["diff", "NOBODY"]])
def test_what_is_not_known_is_a_wrong_call(home: Home, arguments: list[str]) -> None:
    result = evsettle_here("--home", home.root, "tariff", *arguments)
    assert result.returncode == 2 and "NOBODY" in result.stderr


def test_before_any_run_it_says_what_to_do(tmp_path: Path) -> None:
    result = evsettle_here("--home", make_home(tmp_path / "new").root, "tariff", "show")
    assert result.returncode == 1 and "evsettle run" in result.stderr
