import hashlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from orchestration.facts import ledger
from orchestration.facts.home import Home, HomeError, open_home
from orchestration.facts.ledger import LedgerError

NOON = "2026-11-01T12:00:00Z"
REPOSITORY = Path(__file__).resolve().parents[2]

_APPEND_TWENTY = """
import sys
from contextlib import nullcontext
from pathlib import Path
from orchestration.facts import ledger
from orchestration.facts.home import Home

if sys.argv[3] == "without lock":
    ledger.writer_lock = lambda home: nullcontext()
for number in range(20):
    ledger.append(Home(Path(sys.argv[1])), "decision", {"number": number}, sys.argv[2], "2026-11-01T12:00:00Z")
"""


def some_entries(home: Home, count: int) -> None:
    for number in range(count):
        ledger.append(home, "decision", {"number": number}, "ada", NOON)


def test_an_entry_is_canonical_json_hashed_over_all_but_the_hash(home: Home) -> None:
    entry = ledger.append(home, "decision", {"b": [1, {"é": None}], "a": "x"}, "ada", NOON)
    text = (home.ledger_dir / "000000001.json").read_text(encoding="utf-8")
    unsigned = (
        '{"actor":"ada","at":"2026-11-01T12:00:00Z","body":{"a":"x","b":[1,{"é":null}]},'
        '"kind":"decision","previous_hash":"' + "0" * 64 + '","seq":1}'
    )
    assert entry.hash == hashlib.sha256(unsigned.encode()).hexdigest()
    assert {name: value for name, value in json.loads(text).items() if name != "hash"} == json.loads(unsigned)
    assert ledger.read_all(home) == [entry] == [ledger.head(home)]


def test_each_entry_names_the_one_before(home: Home) -> None:
    some_entries(home, 3)
    first, second, third = ledger.read_all(home)
    assert (second.previous_hash, third.previous_hash) == (first.hash, second.hash)
    assert ledger.check_chain(home) == []


def test_an_instant_is_kept_in_utc_whatever_its_offset(home: Home) -> None:
    berlin = datetime(2026, 11, 1, 13, 0, 0, 250000, timezone(timedelta(hours=1)))
    assert ledger.append(home, "decision", {}, "ada", berlin).at == "2026-11-01T12:00:00.250000Z"
    assert ledger.append(home, "decision", {}, "ada", "2026-11-01T14:00:00+01:00").time == datetime(
        2026, 11, 1, 13, tzinfo=UTC
    )


@pytest.mark.parametrize("at", ["2026-11-01T11:59:59Z", "2026-11-01T12:30:00+01:00"])
def test_time_never_goes_back(home: Home, at: str) -> None:
    some_entries(home, 1)
    with pytest.raises(LedgerError, match="the time of the ledger's last entry"):
        ledger.append(home, "decision", {}, "ada", at)
    assert len(ledger.read_all(home)) == 1


@pytest.mark.parametrize("at", ["2026-11-01T12:00:00", "yesterday", ""])
def test_a_time_without_zone_is_refused(home: Home, at: str) -> None:
    with pytest.raises(LedgerError, match="not an instant"):
        ledger.append(home, "decision", {}, "ada", at)


@pytest.mark.parametrize(
    ("body", "place"), [({"a": 0.1}, "body.a"), ({"a": [{"b": 1.0}]}, r"body\.a\[0\]\.b"), ({"a": {1: 2}}, "body.a")]
)
def test_a_float_or_a_key_that_is_no_text_is_refused_by_its_place(
    home: Home, body: dict[str, object], place: str
) -> None:
    with pytest.raises(LedgerError, match=place):
        ledger.append(home, "decision", body, "ada", NOON)


def test_an_unknown_kind_is_refused(home: Home) -> None:
    with pytest.raises(LedgerError, match="run-end"):
        ledger.append(home, "note", {}, "ada", NOON)


@pytest.mark.parametrize("lock", ["with lock", "without lock"])
def test_two_processes_that_race_leave_one_gapless_chain(home: Home, lock: str) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", _APPEND_TWENTY, str(home.root), name, lock], cwd=REPOSITORY)
        for name in ("ada", "bo")
    ]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    entries = ledger.read_all(home)
    assert [entry.seq for entry in entries] == list(range(1, 41))
    assert ledger.check_chain(home) == []
    for name in ("ada", "bo"):
        assert [entry.body["number"] for entry in entries if entry.actor == name] == list(range(20))


def test_a_crash_before_the_name_is_given_leaves_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    some_entries(home, 1)
    with monkeypatch.context() as patch:
        patch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            ledger.append(home, "decision", {"number": 1}, "ada", NOON)
    assert [entry.seq for entry in ledger.read_all(home)] == [1]
    some_entries(home, 1)
    assert ledger.check_chain(home) == []


def test_what_a_killed_process_left_is_ignored_then_removed(home: Home) -> None:
    some_entries(home, 1)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = home.ledger_dir / "tmp" / f"{socket.gethostname()}-{gone.pid}-0123456789abcdef"
    left.write_bytes(b'{"half an entry')
    running = home.ledger_dir / "tmp" / f"{socket.gethostname()}-{os.getppid()}-0123456789abcdef"
    running.write_bytes(b"another writer is at it")
    assert len(ledger.read_all(home)) == 1
    assert ledger.check_chain(home) == []
    some_entries(home, 1)
    assert (left.exists(), running.exists()) == (False, True)


def _flip_a_byte(folder: Path) -> None:
    path = folder / "000000002.json"
    path.write_bytes(path.read_bytes().replace(b'"number":1', b'"number":7'))


def _add_a_space(folder: Path) -> None:
    path = folder / "000000002.json"
    path.write_bytes(path.read_bytes() + b" ")


def _remove(folder: Path) -> None:
    (folder / "000000002.json").unlink()


def _copy_another(folder: Path) -> None:
    (folder / "000000002.json").write_bytes((folder / "000000003.json").read_bytes())


def _truncate(folder: Path) -> None:
    (folder / "000000002.json").write_bytes(b'{"seq":2')


def _stray(folder: Path) -> None:
    (folder / "000000002 (copy).json").write_bytes(b"{}")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_flip_a_byte, ["ledger/000000002.json was changed"]),
        (_add_a_space, ["ledger/000000002.json was changed"]),
        (_remove, ["ledger/000000002.json is missing: the chain has a gap before ledger/000000003.json"]),
        (
            _copy_another,
            ["ledger/000000002.json says it is entry 3", "does not follow entry 1", "3.json does not"],
        ),
        (_truncate, ["ledger/000000002.json cannot be read"]),
        (_stray, ["ledger/000000002 (copy).json does not belong"]),
    ],
)
def test_damage_is_named_by_its_file(home: Home, damage: Callable[[Path], None], said: list[str]) -> None:
    some_entries(home, 3)
    damage(home.ledger_dir)
    problems = ledger.check_chain(home)
    assert len(problems) == len(said)
    for problem, words in zip(problems, said, strict=True):
        assert words in problem


def _forged(seq: int, previous_hash: str, at: str) -> bytes:
    fields = {"seq": seq, "kind": "decision", "at": at, "actor": "eve", "previous_hash": previous_hash, "body": {}}
    digest = hashlib.sha256(ledger.canonical(fields)).hexdigest()
    return ledger.canonical(fields | {"hash": digest}) + b"\n"


def test_a_well_formed_entry_that_follows_another_history_is_a_fork(home: Home) -> None:
    some_entries(home, 2)
    (home.ledger_dir / "000000003.json").write_bytes(_forged(3, "a" * 64, NOON))
    (problem,) = ledger.check_chain(home)
    assert problem == "ledger/000000003.json does not follow entry 2: the chain forks here."


def test_a_well_formed_entry_dated_back_is_found(home: Home) -> None:
    some_entries(home, 1)
    head = ledger.head(home)
    assert head is not None
    (home.ledger_dir / "000000002.json").write_bytes(_forged(2, head.hash, "2026-10-31T00:00:00Z"))
    (problem,) = ledger.check_chain(home)
    assert "ledger/000000002.json is dated 2026-10-31T00:00:00Z, before entry 1" in problem


def test_nothing_is_appended_to_a_head_that_cannot_be_read(home: Home) -> None:
    some_entries(home, 2)
    _truncate(home.ledger_dir)
    with pytest.raises(LedgerError, match=r"ledger/000000002\.json cannot be read"):
        some_entries(home, 1)


def test_a_folder_without_network_yaml_is_no_home(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="evsettle demo"):
        open_home(tmp_path)
    with pytest.raises(HomeError, match="There is no home"):
        open_home(tmp_path / "nowhere")


def test_the_home_is_found_by_argument_then_variable_then_data(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home.root.parent)
    home.root.rename(tmp_path / "data")
    monkeypatch.delenv("EVSETTLE_HOME", raising=False)
    assert open_home().root == tmp_path / "data"
    monkeypatch.setenv("EVSETTLE_HOME", str(tmp_path / "elsewhere"))
    with pytest.raises(HomeError, match="elsewhere"):
        open_home()
    assert open_home(Path("data")).root == tmp_path / "data"
