"""What came, went or changed in master files touches what it is about; few changes are about all sessions."""

import pytest

from orchestration.defs.ingest.bulk import insert_rows
from orchestration.defs.ingest.landing import take_in
from orchestration.defs.ingest.load import load_from_ledger
from orchestration.defs.ingest.touched import touch_decided
from orchestration.facts.home import Home
from orchestration.facts.standing import StandingDecision
from orchestration.warehouse import open_warehouse
from tests.small_home import CSV_HEADER, MAPPING, PARTNER, PEOPLE, at, land, make_home, rows, write

HEADERS = {
    "aliases": "kind,old_id,canonical_id",
    "memberships": "partner,contract_id,plan,discount_percent",
    "agreements": "cpo_party,emsp_party,route",
    "assets": "evse_uid,owner_party",
    "meters": "meter_id,evse_uid",
    "publications": "tariff_id,published_at",
    "fx_rates": "rate_on,base,quote,rate,source",
    "tax_rules": "valid_from,category,rate_percent",
    "raci": "activity,responsible,accountable,consulted,informed",
}
FIRST = {
    # E3 has been E2: what is known of one is known of the other.
    "aliases": ["evse,E2,E3"],
    "memberships": ["emo,NL-EMO-C12345678-X,gold,10"],
    "agreements": ["NL/EVS,NL/EMO,direct", "NL/EVS,DE/ABC,"],
    "assets": ["NL*EVS*E9,NL/EVS", "E3,NL/EVS"],
    "publications": ["T1,2026-01-01"],
}
# A row more or another one in each, and all that they are about.
CHANGED = {
    "aliases": [
        "evse,E2,E3",
        "connector,E1|1,E2|4",
        "contract,nl-emo-c00000001-a,NLEMOC00000002",
        # Whose it is stays as it was.
        "location,NL/EVS|L1,nl/evs|L2",
    ],
    "memberships": [*FIRST["memberships"], "emo,NL-EMO-C00000009-A,gold,10.0"],
    "agreements": ["NL/EVS,NL/EMO,", "NL/EVS,DE/ABC,"],
    "assets": ["NL*EVS*E9,NL/EMO", "E3,NL/EVS"],
    "meters": ["M-1,E7"],
    "publications": ["T1,2026-01-01", "T1,2026-02-01"],
    "fx_rates": ["2026-10-01,EUR,CHF,0.93,ECB"],
    "raci": ["seal,finance,finance,operations,platform"],
}
TOUCHED = {
    ("evse", "e1", "an alias changed"), ("evse", "e2", "an alias changed"), ("evse", "e3", "an alias changed"),
    ("contract", "nlemoc00000001", "an alias changed"), ("contract", "nlemoc00000002", "an alias changed"),
    ("location", "l1", "an alias changed"), ("location", "l2", "an alias changed"),
    ("contract", "nlemoc00000009", "a membership changed"), ("agreement", "nl/evs|nl/emo", "an agreement changed"),
    # nlevse9 without the party in front, whichever it is: of five or of three characters.
    ("evse", "nlevse9", "an asset changed"), ("evse", "e9", "an asset changed"), ("evse", "vse9", "an asset changed"),
    ("evse", "e7", "a meter changed"), ("tariff", "nl/emo|t1", "a publication changed"),
}  # fmt: skip


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = make_home(tmp_path_factory.mktemp("touched") / "home")
    land(home, "council/cdrs/a.csv", CSV_HEADER + "E1,2026-10-05 10:00,2026-10-05 11:00,8\n")
    for name, lines in FIRST.items():
        give(home, name, lines)
    take_in(home, at(0))
    with open_warehouse(home.warehouse) as connection:
        load_from_ledger(home, connection)
        connection.execute("delete from ingest.raw_touched")
    return home


def give(home: Home, name: str, lines: list[str]) -> None:
    write(home.master / f"{name}.csv", "\n".join([HEADERS[name], *lines, ""]))


def touched_by(home: Home, hour: int, files: dict[str, list[str]]) -> set[tuple[str, str, str]]:
    for name, lines in files.items():
        give(home, name, lines)
    take_in(home, at(hour))
    with open_warehouse(home.warehouse) as connection:
        load_from_ledger(home, connection)
        found = set(rows(connection, "select kind, id, reason from ingest.raw_touched order by all"))
        connection.execute("delete from ingest.raw_touched")
    return found


def test_a_changed_row_touches_what_it_is_about(loaded: Home) -> None:
    assert touched_by(loaded, 1, CHANGED) == TOUCHED
    # What came goes again: the same sessions.
    assert touched_by(loaded, 2, {"fx_rates": [], "raci": [], "meters": [], **FIRST}) == TOUCHED
    # A new plan is one more discount that a claim of that partner may have been given.
    found = touched_by(loaded, 3, {"memberships": ["emo,NL-EMO-C12345678-X,gold,12"]})
    assert found == {
        ("contract", "nlemoc12345678", "a membership changed"), ("party", "nl/emo", "a plan changed"),
    }  # fmt: skip


def test_few_changes_are_about_all_sessions(loaded: Home) -> None:
    hub = ["NL/EVS,NL/EMO,direct", "NL/EVS,DE/ABC,gridlink"]
    party = [*FIRST["aliases"], "evse,E1,NL/EVS|E2"]
    found = touched_by(loaded, 4, {"publications": [], "agreements": hub, "aliases": party})
    assert {reason for kind, _, reason in found if kind == "everything"} == {
        "the first or the last of the publications", "another hub", "an alias of a party",
    }  # fmt: skip
    found = touched_by(loaded, 5, {"tax_rules": ["2026-01-01,S,21"]})
    assert found == {("everything", "", "master data, rules or engine changed")}


EXCHANGED = """
create schema if not exists settle;
create or replace table settle.fx_applied as select * from (values
    -- key, from, to, whose rate, of which day, how old it may be, of which day it is now
    ('waits', 'CHF', 'EUR', 'ecb', date '2026-10-04', 3, null),
    ('has_older', 'CHF', 'EUR', 'ecb', date '2026-10-03', 3, date '2026-09-30'),
    ('crossed', 'CHF', 'GBP', 'ecb', date '2026-10-01', 0, null),
    ('has_newer', 'CHF', 'EUR', 'ecb', date '2026-10-03', 3, date '2026-10-02'),
    ('too_old', 'CHF', 'EUR', 'ecb', date '2026-10-05', 3, null),
    ('before', 'CHF', 'EUR', 'ecb', date '2026-09-30', 3, null),
    ('other_source', 'CHF', 'EUR', 'snb', date '2026-10-04', 3, null),
    ('other_money', 'GBP', 'EUR', 'ecb', date '2026-10-04', 3, null)
) as rows (cdr_key, from_currency, to_currency, fx_source, wanted_on, fx_max_age_days, fx_rate_on)
"""


def test_a_rate_touches_the_sessions_that_it_can_be_for(loaded: Home) -> None:
    """An old rate that is entered late, too; before settle has run there is nothing that it could be for."""
    assert touched_by(loaded, 6, {"fx_rates": ["2026-11-01,EUR,CHF,0.93,ECB"]}) == set()
    with open_warehouse(loaded.warehouse) as connection:
        connection.execute(EXCHANGED)
    touched = {("cdr", key, "a rate changed") for key in ("waits", "has_older", "crossed")}
    old = "2026-10-01,EUR,CHF,0.93,ECB"
    assert touched_by(loaded, 7, {"fx_rates": ["2026-11-01,EUR,CHF,0.93,ECB", old]}) == touched
    assert touched_by(loaded, 8, {"fx_rates": ["2026-11-01,EUR,CHF,0.93,ECB", old.replace("0.93", "0.94")]}) == touched
    assert touched_by(loaded, 9, {"fx_rates": ["2026-11-01,EUR,CHF,0.93,ECB"]}) == touched


def test_terms_touch_the_sessions_of_their_partner(loaded: Home) -> None:
    """A version more, one that goes, and a template that changes; parties of versions before are its sessions too."""
    second = PARTNER.replace("emo", "abc").replace("NL/EMO", "DE/ABC")
    write(loaded.master / "partners/abc.yaml", second)
    assert touched_by(loaded, 10, {}) == {("party", "de/abc", "terms changed")}
    write(loaded.master / "partners/abc.yaml", second.replace("DE/ABC", "DE/XYZ") + "tolerances: {amount: 0.05}\n")
    both = {("party", party, "terms changed") for party in ("de/abc", "de/xyz")}
    assert touched_by(loaded, 11, {}) == both
    # Both partners have the template.
    template = loaded.master / "templates/eu-roaming.yaml"
    template.write_text(template.read_text().replace("payment_terms_days: 30", "payment_terms_days: 31"))
    assert touched_by(loaded, 12, {}) == {*both, ("party", "nl/emo", "terms changed")}
    (loaded.master / "partners/abc.yaml").unlink()
    assert touched_by(loaded, 13, {}) == both


def test_a_partner_of_a_sources_name_touches_what_that_source_brought(loaded: Home) -> None:
    """It may bring its own sessions only, where another source may bring anybody's."""
    write(
        loaded.master / "partners/council.yaml", PARTNER.replace("emo", "council").replace("NL/EMO", "NL/CNL, NL/CNM")
    )
    with open_warehouse(loaded.warehouse) as connection:
        ((brought,),) = rows(connection, "select cdr_key from ingest.raw_cdrs order by all")
    touched = {
        ("party", "nl/cnl", "terms changed"), ("party", "nl/cnm", "terms changed"),
        ("cdr", brought, "a partner came or went"), ("file", "1", "a partner came or went"),
    }  # fmt: skip
    assert touched_by(loaded, 14, {}) == touched
    (loaded.master / "partners/council.yaml").unlink()
    assert touched_by(loaded, 15, {}) == touched


def test_what_is_about_no_session_touches_none(loaded: Home) -> None:
    """Who may decide, and a mapping of a source that has sent nothing yet."""
    write(loaded.master / "people.yaml", PEOPLE + "- {name: Cy, roles: [finance]}\n")
    write(loaded.master / "mappings/village.cdrs.yaml", MAPPING)
    assert touched_by(loaded, 16, {}) == set()


def test_a_decision_touches_the_session_of_its_finding_or_the_partner(loaded: Home) -> None:
    """A finding that no finished run has told, or about something else, may be about any session."""
    told = [("f1", "cdr", "nl/emo|a", "nl/emo|a"), ("f2", "session", "S1", None), ("f3", "invoice", "I1", None)]

    def decided(kind: str, subject: str) -> StandingDecision:
        return StandingDecision(
            seq=9, effective_at=at(17), kind="waive", subject_kind=kind, subject_id=subject, rule_id="TIME_SKEW",
            amount_excl_tax=None, value=None, reason_code=None, note=None, decided_by="Ada", approved_by="Bo",
        )  # fmt: skip

    with open_warehouse(loaded.warehouse) as connection:
        insert_rows(connection, "raw_finding_history", ("finding_id", "subject_kind", "subject_id", "cdr_key"), told)
        subjects = [("finding", "f1"), ("finding", "f2"), ("partner", "emo")]
        touch_decided(connection, [decided(kind, subject) for kind, subject in subjects], [])
        found = set(rows(connection, "select kind, id from ingest.raw_touched order by all"))
        assert found == {("cdr", "nl/emo|a"), ("session", "S1"), ("party", "nl/emo")}
        for subject in ("f3", "f4"):
            connection.execute("delete from ingest.raw_touched")
            touch_decided(connection, [decided("finding", subject)], [])
            assert rows(connection, "select kind from ingest.raw_touched") == [("everything",)]
        connection.execute("delete from ingest.raw_touched")
