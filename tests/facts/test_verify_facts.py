import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from orchestration.cli.main import evsettle
from orchestration.facts import ledger, objects
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry
from orchestration.facts.merkle import merkle_root
from orchestration.facts.verify import verify
from orchestration.facts.verify_reports import Problem

NOON = "2026-11-01T12:00:00Z"
RECORDS = [b'{"id":"1"}', b'{"id":"2"}']
LANDED = b"\n".join(RECORDS) + b"\n"
MANIFEST = "reports/2026-10/emo/manifest.json"


def sha256_of_lines(entry: Entry, file: Mapping[str, Any], data: bytes) -> list[str]:
    return [objects.sha256_of(line) for line in data.splitlines()]


@pytest.fixture
def settled(home: Home) -> Home:
    """A home after one run: a landed file, master data, and one draft report."""
    network = (home.master / "network.yaml").read_bytes()
    changes = [{"path": "master/network.yaml", "sha256": objects.put(home, network)}]
    ledger.append(home, "master", {"changes": changes}, "evsettle", NOON)
    file = {
        "path": "landing/emo/cdrs/a.ndjson",
        "source": "emo",
        "feed": "cdrs",
        "file_name": "a.ndjson",
        "size": len(LANDED),
        "sha256": objects.put(home, LANDED),
        "file_seq": 1,
        "record_count": 2,
        "merkle_root": merkle_root([objects.sha256_of(record) for record in RECORDS]),
        "replays": None,
    }
    ledger.append(home, "arrival", {"files": [file]}, "evsettle", NOON)
    ledger.append(home, "run", {"as_of": NOON, "read_up_to": 2}, "evsettle", NOON)
    report = home.reports / "2026-10" / "emo"
    report.mkdir(parents=True)
    (report / "statement.csv").write_bytes(b"line,amount\n1,5.50\n")
    listed = {"statement.csv": hashlib.sha256((report / "statement.csv").read_bytes()).hexdigest()}
    (report / "manifest.json").write_text(json.dumps({"files": listed}))
    body = {
        "run": 3,
        "outcome": "done",
        "manifests": {MANIFEST: hashlib.sha256((report / "manifest.json").read_bytes()).hexdigest()},
        "changes": objects.put(home, b'{"t":"cdr"}\n'),
        "counts": {},
    }
    ledger.append(home, "run-end", body, "evsettle", NOON)
    return home


def subjects_of(problems: tuple[Problem, ...]) -> list[str]:
    assert all(problem.subject in problem.message for problem in problems)
    return [problem.subject for problem in problems]


def flip(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 0x55
    path.write_bytes(data)


def called(home: Home, *arguments: str) -> Result:
    return CliRunner().invoke(evsettle, ["--home", str(home.root), "verify", *arguments])


def test_a_home_as_the_run_left_it_is_intact(settled: Home) -> None:
    found = verify(settled, record_hashes=sha256_of_lines)
    assert (found.entries, found.objects, found.reports, found.problems) == (4, 3, 1, ())


@pytest.mark.parametrize("seq", [1, 2, 3, 4])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_flipped_byte_of_any_entry_is_found_by_its_name(settled: Home, seq: int, part: float) -> None:
    path = settled.ledger_dir / f"{seq:09d}.json"
    flip(path, int(part * path.stat().st_size))
    assert f"ledger/{path.name}" in subjects_of(verify(settled).problems)


@pytest.mark.parametrize("content", [LANDED, b'{"t":"cdr"}\n'])
def test_a_flipped_byte_of_an_object_is_found_by_its_name(settled: Home, content: bytes) -> None:
    name = f"{objects.sha256_of(content)}.zst"
    flip(settled.objects_dir / name, -6)
    (problem,) = verify(settled, record_hashes=sha256_of_lines).problems
    assert problem.subject == f"ledger/objects/{name}"


def test_a_missing_object_says_which_file_it_held(settled: Home) -> None:
    (settled.objects_dir / f"{objects.sha256_of(LANDED)}.zst").unlink()
    (problem,) = verify(settled, record_hashes=sha256_of_lines).problems
    assert "It holds landing/emo/cdrs/a.ndjson (entry 2)." in problem.message


def test_an_object_without_an_entry_is_no_problem(settled: Home) -> None:
    # A crash between storing a file and naming it in the ledger leaves one; the next run names it.
    objects.put(settled, b"taken in by a run that was killed")
    assert verify(settled).problems == ()


def test_records_that_are_split_otherwise_break_the_merkle_root(settled: Home) -> None:
    found = verify(settled, record_hashes=lambda entry, file, data: [objects.sha256_of(data)])
    assert subjects_of(found.problems) == ["landing/emo/cdrs/a.ndjson"]


def test_another_version_may_split_a_file_otherwise(settled: Home) -> None:
    """Its bytes and the chain are what they were; what a later version reads of a broken file is no tampering."""
    data = b"[1]\n[2]\n"
    file = {"path": "landing/emo/cdrs/b.json", "sha256": objects.put(settled, data), "file_seq": 2, "replays": None,
            "source": "emo", "feed": "cdrs", "file_name": "b.json", "merkle_root": merkle_root(["0" * 64])}  # fmt: skip
    ledger.append(settled, "arrival", {"files": [file]}, "evsettle", NOON)
    hashes = {LANDED: [objects.sha256_of(record) for record in RECORDS], data: ["1" * 64]}
    assert len(verify(settled, record_hashes=lambda entry, file, data: hashes[data]).problems) == 1
    ledger.append(settled, "run", {"as_of": NOON, "engine_version": "0.0.1+another"}, "evsettle", NOON)
    found = verify(settled, record_hashes=lambda entry, file, data: hashes[data])
    assert found.problems == ()
    assert found.notes == (
        "landing/emo/cdrs/b.json (entry 5) is split otherwise by this version than by the one that took it in.",
    )


def test_a_file_that_can_no_longer_be_split_is_named(settled: Home) -> None:
    def fail(entry: Entry, file: Mapping[str, Any], data: bytes) -> list[str]:
        raise ValueError("no such reader")

    (problem,) = verify(settled, record_hashes=fail).problems
    assert "cannot be split into records: no such reader" in problem.message


def test_a_changed_report_is_named(settled: Home) -> None:
    flip(settled.reports / "2026-10" / "emo" / "statement.csv", 3)
    assert subjects_of(verify(settled).problems) == ["reports/2026-10/emo/statement.csv"]


def test_a_report_changed_together_with_its_manifest_is_still_found(settled: Home) -> None:
    report = settled.reports / "2026-10" / "emo"
    (report / "statement.csv").write_bytes(b"line,amount\n1,55.0\n")
    listed = {"statement.csv": hashlib.sha256((report / "statement.csv").read_bytes()).hexdigest()}
    (report / "manifest.json").write_text(json.dumps({"files": listed}))
    assert subjects_of(verify(settled).problems) == [MANIFEST]


def test_missing_and_added_files_are_named(settled: Home) -> None:
    report = settled.reports / "2026-10" / "emo"
    (report / "statement.csv").rename(report / "invoice.csv")
    assert subjects_of(verify(settled).problems) == [
        "reports/2026-10/emo/statement.csv",
        "reports/2026-10/emo/invoice.csv",
    ]


def test_a_missing_manifest_and_one_of_no_run_are_named(settled: Home) -> None:
    (settled.reports / "2026-10" / "emo").rename(settled.reports / "2026-10" / "chg")
    assert subjects_of(verify(settled).problems) == ["reports/2026-10/chg/manifest.json", MANIFEST]


def test_a_manifest_that_is_not_json_is_named(settled: Home) -> None:
    (settled.root / MANIFEST).write_text("{")
    assert set(subjects_of(verify(settled).problems)) == {MANIFEST}


def test_a_period_limits_the_reports_only(settled: Home) -> None:
    flip(settled.reports / "2026-10" / "emo" / "statement.csv", 3)
    assert verify(settled, "2026-09").problems == ()
    flip(settled.ledger_dir / "000000002.json", 40)
    assert subjects_of(verify(settled, "2026-09").problems) == ["ledger/000000002.json"]


def test_the_command_answers_in_one_line_when_nothing_changed(settled: Home) -> None:
    result = called(settled)
    assert (result.exit_code, result.stdout.count("\n")) == (0, 1)
    assert "4 ledger entries" in result.stdout


def test_the_command_lists_what_changed_and_fails(settled: Home) -> None:
    flip(settled.reports / "2026-10" / "emo" / "statement.csv", 3)
    result = called(settled, "2026-10")
    assert result.exit_code == 1
    assert "1 thing is not what was written:" in result.stdout
    assert "reports/2026-10/emo/statement.csv was changed" in result.stdout


def test_the_command_gives_one_json_object(settled: Home) -> None:
    assert json.loads(called(settled, "--json").stdout) == {
        "is_intact": True,
        "period": None,
        "entries": 4,
        "head": ledger.read_all(settled)[-1].hash,
        "first_broken_link": None,
        "objects": 3,
        "landed": 1,
        "reports": 1,
        "published": 0,
        "tables": 0,
        "problems": [],
        "notes": [],
    }
    flip(settled.ledger_dir / "000000002.json", 40)
    result = called(settled, "--json")
    assert result.exit_code == 1
    assert not json.loads(result.stdout)["is_intact"]


def test_an_unknown_period_is_a_wrong_call(settled: Home) -> None:
    result = called(settled, "2026-13")
    assert result.exit_code == 2
    assert "the periods are: 2026-10" in result.stderr


def test_the_first_broken_link_is_told_with_what_it_says_of_itself(settled: Home) -> None:
    for seq in (2, 3):
        path = settled.ledger_dir / f"00000000{seq}.json"
        path.write_bytes(path.read_bytes().replace(b'"actor":"evsettle"', b'"actor":"somebody"'))
    result = called(settled)
    assert result.exit_code == 1
    assert (
        "The chain breaks first at ledger/000000002.json, which says it is arrival by somebody at 2026-11-01T12:00:00Z."
        in result.stdout
    )
    assert json.loads(called(settled, "--json").stdout)["first_broken_link"] == "ledger/000000002.json"


def test_a_chain_that_was_cut_off_lacks_the_head_that_was_noted(settled: Home) -> None:
    noted = ledger.read_all(settled)[-1].hash[:12]
    assert called(settled, "--head", noted).exit_code == 0
    (settled.ledger_dir / "000000004.json").unlink()
    result = called(settled, "--head", noted)
    assert result.exit_code == 1
    assert f"has no entry {noted}: it was cut off or written anew" in result.stdout


def test_landed_and_master_files_that_changed_since_are_named_and_what_is_gone_is_not(settled: Home) -> None:
    landed = settled.landing / "emo" / "cdrs" / "a.ndjson"
    landed.parent.mkdir(parents=True)
    landed.write_bytes(LANDED)
    (landed.parent / "not-seen-yet.ndjson").write_bytes(b"{}")
    assert verify(settled).problems == ()
    flip(landed, 4)
    flip(settled.master / "network.yaml", 0)
    assert subjects_of(verify(settled).problems) == ["master/network.yaml", "landing/emo/cdrs/a.ndjson"]
