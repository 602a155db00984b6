import json
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from orchestration.cli.main import evsettle
from orchestration.facts import ledger
from orchestration.facts.home import Home
from orchestration.facts.lock import writer_lock
from orchestration.facts.standing import standing

AT = ("--as-of", "2026-11-01T12:00:00Z")
ADA = ("--by", "Ada Jansen")


def called(home: Home, *arguments: str) -> Result:
    return CliRunner().invoke(evsettle, ["--home", str(home.root), "decide", *arguments])


@pytest.fixture
def published(home: Home) -> Home:
    """A home whose last run published three CDRs, two of them with the same id."""
    home.published.mkdir()
    with duckdb.connect() as connection:
        connection.execute("create table cdrs (cdr_key varchar, cdr_id varchar)")
        keys = [("nl/emo|a1", "A1"), ("nl/emo|same", "Same"), ("de/chg|same", "SAME")]
        connection.executemany("insert into cdrs values (?, ?)", keys)
        connection.table("cdrs").write_parquet(str(home.published / "cdrs.parquet"))
    return home


def test_a_proposal_says_who_must_do_what_next(home: Home) -> None:
    result = called(home, "exclude", "nl/emo|A1", "--reason", "EXC_FAILED", *ADA, *AT)
    assert result.exit_code == 0
    assert "Entry 1: propose exclude cdr:nl/emo|a1, by Ada Jansen" in result.stdout
    assert "needs approval by a second person: evsettle --home " in result.stdout
    assert "decide approve 1 --by NAME" in result.stdout


def test_two_people_make_it_stand(home: Home) -> None:
    called(
        home, "propose", "nl/emo|A1", "--set", "what=adjust", "--set", "amount=7.85", "--reason", "ADJ_STEP", *ADA, *AT
    )
    result = called(home, "approve", "1", "--by", "Cem Aydin", *AT)
    assert result.exit_code == 0
    assert "It takes effect with the next run" in result.stdout
    (row,) = standing(ledger.read_all(home))
    assert (row.kind, str(row.amount_excl_tax), row.approved_by) == ("adjust", "7.85", "Cem Aydin")


def test_the_same_call_twice_writes_nothing_and_says_so(home: Home) -> None:
    for _ in range(2):
        result = called(home, "exclude", "nl/emo|A1", "--reason", "EXC_FAILED", *ADA, *AT)
        assert result.exit_code == 0
    assert "Nothing written: entry 1 already says propose exclude" in result.stdout
    assert len(ledger.read_all(home)) == 1


def test_the_proposer_cannot_approve(home: Home) -> None:
    called(home, "exclude", "nl/emo|A1", "--reason", "EXC_FAILED", "--by", "Bo de Vries", *AT)
    result = called(home, "approve", "1", "--by", "Bo de Vries", *AT)
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: DOC_APPROVER_SAME: Bo de Vries proposed entry 1")
    assert len(ledger.read_all(home)) == 1


def test_a_bare_id_finds_its_cdr_whatever_its_case(published: Home) -> None:
    result = called(published, "exclude", "a1", "--reason", "EXC_FAILED", *ADA, *AT, "--json")
    answer = json.loads(result.stdout)
    assert len(answer.pop("hash")) == 64
    assert answer == {
        "seq": 1,
        "at": "2026-11-01T12:00:00Z",
        "kind": "propose",
        "what": "exclude",
        "subjects": ["cdr:nl/emo|a1"],
        "by": "Ada Jansen",
        "is_new": True,
        "needs_approval": True,
    }


def test_a_record_that_its_file_does_not_have_is_refused(published: Home) -> None:
    arrived = {"files": [{"source": "emo", "feed": "cdrs", "file_name": "a.json"}]}
    ledger.append(published, "arrival", arrived, "Ada Jansen", AT[1])
    with duckdb.connect() as connection:
        connection.sql(
            "select 'emo' as source, 'cdrs' as feed, 'a.json' as file_name, unnest([2, 3]) as position"
        ).write_parquet(str(published.published / "records.parquet"))
    refused = called(published, "assign", "record:emo/cdrs/a.json#9", "--set", "to=platform", *ADA, *AT)
    assert refused.exit_code == 2 and "has no record '9': its 2 stand at 2 to 3" in refused.output, refused.output
    taken = called(published, "assign", "record:emo/cdrs/a.json#3", "--set", "to=platform", *ADA, *AT)
    assert taken.exit_code == 0, taken.output


def test_an_ambiguous_id_names_the_candidates(published: Home) -> None:
    result = called(published, "exclude", "same", "--reason", "EXC_FAILED", *ADA, *AT)
    assert result.exit_code == 2
    assert "'same' is the id of 2 CDRs: give one of de/chg|same, nl/emo|same." in result.stderr


@pytest.mark.parametrize("subject", ["A2", "cdr:nl/emo|a2", "x' or '1'='1"])
def test_a_cdr_that_is_not_published_is_refused(published: Home, subject: str) -> None:
    result = called(published, "exclude", subject, "--reason", "EXC_FAILED", *ADA, *AT)
    assert result.exit_code == 2
    assert "There is no CDR" in result.stderr


def test_a_bare_id_before_the_first_run_asks_for_the_key(home: Home) -> None:
    result = called(home, "exclude", "A1", "--reason", "EXC_FAILED", *ADA, *AT)
    assert (result.exit_code, ledger.read_all(home)) == (2, [])
    assert "give the cdr_key, as nl/emo|A1" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("approve", "last", *ADA), "'last' is not the number of a proposal"),
        (("exclude", "nl/e|a", *ADA, "--reason", "EXC_FAILED", "--set", "rule"), "is not KEY=VALUE"),
        (("exclude", "nl/e|a", *ADA, "--reason", "EXC_FAILED", "--set", "rule=A", "--set", "rule=B"), "given twice"),
        (("exclude", "nl/e|a", *ADA, "--reason", "EXC_FAILED", "--as-of", "2026-11-01T12:00:00"), "has no zone"),
        (("exclude", "nl/e|a", "--reason", "EXC_FAILED"), "Missing option '--by'"),
        (("exclude", *ADA), "Missing argument 'SUBJECT...'"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_exit_2(home: Home, arguments: tuple[str, ...], said: str) -> None:
    result = called(home, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert ledger.read_all(home) == []


def test_a_time_before_the_head_is_refused(home: Home) -> None:
    called(home, "exclude", "nl/emo|a", "--reason", "EXC_FAILED", *ADA, *AT)
    result = called(home, "exclude", "nl/emo|b", "--reason", "EXC_FAILED", *ADA, "--as-of", "2026-10-01T00:00:00Z")
    assert result.exit_code == 1
    assert "2026-10-01T00:00:00Z is before 2026-11-01T12:00:00Z" in result.stderr


def test_a_folder_that_is_no_home_is_named(tmp_path: Path) -> None:
    result = called(Home(tmp_path), "approve", "1", *ADA)
    assert result.exit_code == 1
    assert "master/network.yaml is missing" in result.stderr


def test_a_decision_can_be_given_while_this_process_writes(home: Home) -> None:
    with writer_lock(home):
        assert called(home, "exclude", "nl/emo|a", "--reason", "EXC_FAILED", *ADA, *AT).exit_code == 0


def test_help_lists_every_kind_and_reason(home: Home) -> None:
    text = CliRunner().invoke(evsettle, ["decide", "--help"]).stdout
    for word in ("waive", "exclude", "adjust", "repair", "reprocess", "approve SEQ", "EXC_GOODWILL", "Examples:"):
        assert word in text
