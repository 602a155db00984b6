"""Bad input gets one clear sentence with file, place and remedy; the rest goes on and nothing is lost."""

import gzip
import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

Cli = Callable[..., subprocess.CompletedProcess[str]]
LATER = "2026-11-03T07:00:00Z"


def read(home: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        for path in (home / "published").glob("*.parquet"):
            connection.read_parquet(str(path)).create_view(path.stem)
        return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def troubled(cli_here: Cli, finished_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A finished home into which one of each trouble fell, after another run; and what that run said."""
    home = tmp_path_factory.mktemp("troubled") / "home"
    shutil.copytree(finished_home, home)
    partner, other = sorted((home / "master" / "partners").glob("*.yaml"))[:2]
    partner.write_text(partner.read_text() + "\ntolerances: {amont: '0.05'}\n")
    other.write_text(other.read_text() + "\ntolerances: {amount: NaN}\n")
    landing = home / "landing" / partner.stem / "cdrs"
    landing.mkdir(parents=True, exist_ok=True)
    (landing / "truncated.json").write_text('[{"id": "A", "country_code": "DE"}, {"id": "B", "countr')
    (landing / "not-gzip.json.gz").write_bytes(b"this is no gzip")
    (landing / "empty.json").write_bytes(b"")
    (landing / "latin1.json").write_bytes(b'{"id": "caf\xe9"}\n')
    (landing / "lines.ndjson.gz").write_bytes(gzip.compress(b'{"id": "C"}\n{"id": \n[1, 2]\n'))
    (landing / "sessions.csv").write_text("a,b\n1,2\n")
    (landing / "driver.json").write_text('{"id": "D", "cdr_token": "04SECRET"}')
    with zipfile.ZipFile(landing / "month.zip", "w") as archive:
        archive.writestr("in/a.json", '[{"id": "E"}, {"id": ]')
        archive.writestr("b.csv", "a,b\n3,4\n")
        archive.writestr("../c.json", "[]")
    tokens = home / "landing" / partner.stem / "tokens"
    tokens.mkdir(parents=True, exist_ok=True)
    (tokens / "bad.json").write_text('{"uid": "04SECRET", "type": "RFID", "valid": "04SECRET"}')
    for path in landing.iterdir():
        # What is broken at its end and still young may be coming: these have come.
        os.utime(path, (1_790_000_000, 1_790_000_000))
    (home / "landing" / partner.stem / "gossip").mkdir(parents=True)
    (home / "landing" / partner.stem / "gossip" / "x.json").write_text("{}")
    result = cli_here("--home", home, "run", "--as-of", LATER)
    return home, result.stderr + result.stdout + f"\nexit {result.returncode}"


def test_a_home_that_is_not_there_is_one_sentence(cli: Cli, tmp_path: Path) -> None:
    for command in ("run", "status", "exceptions", "verify"):
        result = cli("--home", tmp_path / "nowhere", command)
        assert result.returncode == 1
        assert result.stderr.startswith("Error: There is no home at")
        assert "evsettle demo" in result.stderr
        assert "Traceback" not in result.stderr


def test_a_wrong_call_is_two(cli: Cli, finished_home: Path) -> None:
    assert cli("--home", finished_home, "run", "--as-of", "yesterday").returncode == 2
    assert cli("settle").returncode == 2
    assert cli("exceptions", "--owner", "nobody").returncode == 2


def test_the_run_goes_on_with_the_rest(troubled: tuple[Path, str], finished_home: Path) -> None:
    home, said = troubled
    assert said.endswith("exit 0"), said
    assert "Traceback" not in said
    sessions = "select count(*) from cdrs"
    assert read(home, sessions) == read(finished_home, sessions)


def test_a_wrong_key_names_the_file_and_the_nearest_word(troubled: tuple[Path, str]) -> None:
    _, said = troubled
    assert "amont" in said
    assert "amount" in said
    assert ".yaml" in said


def test_a_tolerance_that_is_no_number_is_named_and_the_terms_before_stand(
    troubled: tuple[Path, str], finished_home: Path
) -> None:
    home, said = troubled
    other = sorted((home / "master" / "partners").glob("*.yaml"))[1]
    assert (
        f"To mend: master/partners/{other.name}: tolerances.amount is 'NaN', which is no number; write it as 0.05."
        " Until then the terms known before stand."
    ) in said
    billed = (
        f"select cdr_key, settled_excl_tax from cdrs where partner = '{other.stem}' and state = 'valid' order by all"
    )
    assert read(home, billed) == read(finished_home, billed) != []


@pytest.mark.parametrize(
    "name", ["truncated.json", "not-gzip.json.gz", "empty.json", "latin1.json", "lines.ndjson.gz", "sessions.csv"]
)
def test_every_bad_file_is_quarantined_by_name(troubled: tuple[Path, str], name: str) -> None:
    home, _ = troubled
    rows = read(home, f"select disposition, reason, position from records where file_name = '{name}'")
    assert rows, "the file left a trace"
    assert {row[0] for row in rows} == {"quarantined"}
    assert all(row[1] for row in rows)


def test_each_quarantined_record_has_an_owner_and_a_remedy(cli: Cli, troubled: tuple[Path, str]) -> None:
    home, _ = troubled
    found = read(
        home,
        "select owner, reason_code, subject_id, observed from findings where subject_kind = 'record' "
        "and subject_id like '%truncated.json#%'",
    )
    assert len(found) >= 2
    assert all(row[0] == "platform" and row[1] and row[3] for row in found)
    listed = cli("--home", home, "exceptions", "--owner", "platform")
    assert listed.returncode == 0
    assert "SCHEMA_" in listed.stdout
    assert "gossip is not a feed that is read" in " ".join(listed.stdout.split())


def test_a_file_that_cannot_be_read_is_no_record_and_a_missing_mapping_is_named(troubled: tuple[Path, str]) -> None:
    home, _ = troubled
    source = sorted((home / "master" / "partners").glob("*.yaml"))[0].stem
    asked, *whole = read(
        home,
        "select file_subject_id, what_happened, expected, action from exceptions where shared_cause = 'whole files'"
        " or file_subject_id like '%/sessions.csv' order by file_subject_id desc",
    )
    assert asked[0] == f"{source}/cdrs/sessions.csv"
    assert str(asked[3]).startswith(
        f"Platform writes or mends master/mappings/{source}.cdrs.yaml (evsettle partner schema --mapping cdrs tells"
    )
    assert [str(name).rpartition("/")[2] for name, *_ in whole] == ["not-gzip.json.gz", "month.zip", "empty.json"]
    assert {row[1:] for row in whole} == {(
        "A file, or a member of an archive, cannot be read; nothing of it counts so far.", "a file that can be read",
        "Platform asks the sender for the file again, in a form that can be read.",
    )}  # fmt: skip


def test_what_an_archive_holds_is_told_as_any_other_record(cli: Cli, troubled: tuple[Path, str]) -> None:
    """Its case, finding and story go by one name."""
    home, _ = troubled
    cases = read(
        home,
        "select subject_id, rule_id, observed, due_at from exceptions where file_subject_id like '%/month.zip%'"
        " order by subject_id",
    )
    place = str(cases[0][0]).rpartition("#")[0]
    assert {str(case[0]).removeprefix(place) for case in cases} == {"#3", "#b.csv!0", "#in/a.json!1", "#in/a.json!2"}
    assert all(observed and due for _, _, observed, due in cases), cases
    findings = read(home, "select subject_id, rule_id, observed from findings where status = 'open'")
    assert {case[:3] for case in cases} <= set(findings)
    for name, words in (
        ("#in/a.json!2", "the file is broken"),
        ("!in/a.json", "the file is broken"),
        ("#b.csv!0", "write it to say how its columns are read"),
    ):
        told = " ".join(cli("--home", home, "explain", f"{place}{name}").stdout.split())
        assert words in told and "open, due" in told, told


def test_a_record_of_another_feed_says_which_field_is_wrong(cli: Cli, troubled: tuple[Path, str]) -> None:
    home, _ = troubled
    [(subject, observed)] = read(
        home, "select subject_id, observed from exceptions where subject_id like '%/tokens/bad.json#1'"
    )
    assert "valid: expected true or false" in str(observed)
    for place in (str(subject), str(subject).removesuffix("#1")):
        told = " ".join(cli("--home", home, "explain", place).stdout.split())
        assert "valid: expected true or false" in told and "SECRET" not in told, told


def test_a_wrong_field_publishes_no_token(troubled: tuple[Path, str]) -> None:
    home, _ = troubled
    assert read(
        home, "select observed from findings where subject_id like '%/driver.json#1' and observed like '%#with%'"
    )
    with duckdb.connect() as connection:
        for path in (home / "published").glob("*.parquet"):
            rows = connection.execute(f"from read_parquet('{path}') as t where cast(t as varchar) like '%SECRET%'")
            assert rows.fetchall() == [], path.stem


def test_an_unknown_feed_is_said_and_left_alone(troubled: tuple[Path, str]) -> None:
    home, said = troubled
    assert "gossip" in said
    assert (home / "landing").exists()


def test_the_conservation_law_holds_with_all_this(troubled: tuple[Path, str]) -> None:
    home, _ = troubled
    [(received,)] = read(home, "select count(*) from records where feed = 'cdrs'")
    [(aside,)] = read(
        home, "select count(*) from records where feed = 'cdrs' and disposition in ('quarantined', 'superseded')"
    )
    [(sessions,)] = read(home, "select count(*) from cdrs")
    assert received == aside + sessions


def test_price_answers_for_every_record(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "mixed.ndjson"
    path.write_text('{"id": "1"}\nnot json\n' + json.dumps({"nothing": True}) + "\n")
    result = cli("price", path)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(lines) == 3
    assert all(line["total_cost"]["excl_vat"] is None if line["total_cost"] else True for line in lines)
    assert all(line["problems"] for line in lines)
    assert "Traceback" not in result.stderr
