"""An alias leads to what is known, and no other one contradicts it."""

from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from orchestration.cli.main import evsettle
from orchestration.facts import ledger
from orchestration.facts.home import Home

BY = ("--reason", "ADJ_ALIAS", "--by", "Dee Olsen", "--as-of", "2026-11-01T12:00:00Z")


def called(home: Home, *arguments: str) -> Result:
    return CliRunner().invoke(evsettle, ["--home", str(home.root), "decide", *arguments])


def alias(home: Home, subject: str, canonical: str, *values: str) -> Result:
    bounds = [word for value in values for word in ("--set", value)]
    return called(home, "alias", subject, "--set", f"canonical={canonical}", *bounds, *BY)


def refused(home: Home, subject: str, canonical: str, *values: str) -> str:
    before = len(ledger.read_all(home))
    result = alias(home, subject, canonical, *values)
    assert (result.exit_code, len(ledger.read_all(home))) == (2, before), result.output
    return result.stderr


def approved(home: Home, seq: int) -> Result:
    return called(home, "approve", str(seq), "--by", "Cem Aydin", "--as-of", "2026-11-01T12:00:00Z")


@pytest.fixture
def known(home: Home) -> Home:
    """A home whose last run knew three connectors of NL/EMO, and sessions of an operator that sends no locations."""
    (home.master / "aliases.csv").write_text("kind,old_id,canonical_id\nevse,OLD-1,NL/EMO|E1\n")
    home.published.mkdir()
    tables = {
        "connectors": ("cpo_party, evse_uid, evse_id, connector_id, location_id", [
            ("NL/EMO", "E1", "NL*EMO*E0001", "1", "L1"), ("NL/EMO", "E2", None, "1", "L1"),
            ("NL/EMO", "E3", None, "1", "L1"),
        ]),
        "tokens": ("emsp_party, token_uid, contract_id, is_valid, source", []),
        "cdrs": ("cpo_party, emsp_party, location_id, evse_uid, connector_id", [("DE/NEU", "NL/EMO", "S", "S1", "1")]),
    }  # fmt: skip
    with duckdb.connect() as connection:
        for name, (columns, rows) in tables.items():
            typed = ", ".join(f"{column} varchar" for column in columns.split(", "))
            connection.execute(f"create table {name} ({typed})")
            for row in rows:
                connection.execute(f"insert into {name} values ({', '.join('?' * len(row))})", row)
            connection.table(name).write_parquet(str(home.published / f"{name}.parquet"))
    return home


@pytest.mark.parametrize(
    ("subject", "canonical"),
    [
        ("connector:NL/EMO|NEW|9", "E1|1"), ("connector:E1|9", "1"), ("evse:NEW", "nl-emo-e0001"), ("location:HQ", "L1"),
        ("evse:DE/NEU|NEW", "S1"), ("party:NL/OLD", "NL/EMO"), ("token:NL/EMO|A", "B"), ("contract:A", "B"),
    ],
)  # fmt: skip
def test_an_id_that_nobody_has_seen_may_lead_to_one_that_is_known(known: Home, subject: str, canonical: str) -> None:
    """Or to one of a kind or operator of which nothing is delivered at all."""
    result = alias(known, subject, canonical)
    assert result.exit_code == 0, result.output
    assert approved(known, 1).exit_code == 0


@pytest.mark.parametrize(
    ("subject", "canonical", "sentence"),
    [
        ("connector:NL/EMO|NEW|9", "NOBODY|1", "No connector NL/EMO|NOBODY|1 is known; did you mean NL/EMO|E"),
        ("connector:NL/EMO|E1|9", "4", "No connector NL/EMO|E1|4 is known; did you mean NL/EMO|E1|1 or "),
        ("location:HQ", "NOWHERE", "is known. What is new lands in the locations feed first (then `evsettle run`)"),
        ("connector:A|9", "A|B|C|D", "canonical is 'A|B|C|D'; write it as EVSE|ID, or PARTY|EVSE|ID."),
        ("party:NL/OLD", "XX/ABC", "No party XX/ABC is known. Add a party to master/network.yaml or a partner's"),
        ("evse:OLD-1", "E2", "The evse OLD-1 is NL/EMO|E1 by master/aliases.csv, so it cannot be E2 at the same time"),
        ("evse:NEW", "OLD-1", "so nothing can stand for OLD-1: name NL/EMO|E1, or change its line there first."),
        ("evse:NL/EMO|E1", "E2", "so NL/EMO|E1 cannot stand for another one: name NL/EMO|E2 for OLD-1 too, or change"),
        ("evse:OLD-1", "OLD-1", "by master/aliases.csv: take its line out of the file."),
        ("evse:E3", "E3", "The evse E3 stands for itself already: there is no alias of it to take back."),
    ],
)
def test_one_that_leads_nowhere_or_against_the_file_is_refused(
    known: Home, subject: str, canonical: str, sentence: str
) -> None:
    assert sentence in refused(known, subject, canonical)


def test_proposals_that_contradict_one_another_are_refused(known: Home) -> None:
    assert alias(known, "evse:E2", "E3", "to=2026-10-11").exit_code == 0
    waits = "The evse E2 is E3 by entry 1, which waits for an approver"
    assert f"{waits}, so it cannot be E1 at the same time: have that proposal rejected" in refused(
        known, "evse:E2", "E1"
    )
    assert f"{waits}, so NL/EMO|E3 cannot stand for another one" in refused(known, "evse:NL/EMO|E3", "NL/EMO|E1")
    assert f"{waits}, so nothing can stand for E2" in refused(known, "evse:NL/EMO|E3", "NL/EMO|E2")
    assert f"{waits}, so nothing can stand for E2: name E3" in refused(known, "evse:NEW", "NL/EMO|E2")
    # Where the one ends the other may begin; said again it is the same proposal.
    assert alias(known, "evse:E2", "E1", "from=2026-10-11").exit_code == 0
    assert "Nothing written: entry 1 already says" in alias(known, "evse:E2", "E3", "to=2026-10-11").stdout
    # What has come since it was proposed is looked at when it is approved.
    (known.master / "aliases.csv").write_text("kind,old_id,canonical_id\nevse,E3,NL/EMO|E1\n")
    result = approved(known, 1)
    assert result.exit_code == 2
    assert "The evse E3 is NL/EMO|E1 by master/aliases.csv, so nothing can stand for E3" in result.stderr
    (known.master / "aliases.csv").unlink()
    assert approved(known, 1).exit_code == 0
    # A decided one is replaced by a later decision, or taken back under the id that it was decided for.
    assert "The evse E2 is E3 by entry 3: name it as it was decided, evse:E2." in refused(known, "evse:NL/EMO|E2", "E2")
    assert alias(known, "evse:E2", "E2").exit_code == 0


def test_before_a_first_run_nothing_is_known_and_nothing_refused(home: Home, tmp_path: Path) -> None:
    assert alias(home, "evse:NEW", "E1").exit_code == 0
    assert "so NEW" not in alias(home, "evse:NEWER", "E1").output
