"""The inbox: what becomes a fact, once, and what is left with a clear problem."""

import gzip
import os
import threading
import time
from pathlib import Path

import pytest

from orchestration.defs.ingest.landing import FEEDS, TakenIn, landing_problems, take_in
from orchestration.facts import ledger, objects
from orchestration.facts.home import Home
from orchestration.facts.merkle import merkle_root
from orchestration.facts.objects import sha256_of
from tests.small_home import CSV_HEADER, START, at, land, make_home, write

CSV = CSV_HEADER + "A,2026-10-01 10:00,2026-10-01 11:00,7\nB,2026-10-01 10:00,2026-10-01 11:00,8\n"


def arrived(taken: TakenIn) -> list[dict[str, object]]:
    return [file for entry in taken.entries if entry.kind == "arrival" for file in entry.body["files"]]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


def test_master_data_comes_before_the_files_it_reads(home: Home) -> None:
    land(home, "council/cdrs/a.csv", CSV)
    taken = take_in(home, at(0))
    assert [entry.kind for entry in taken.entries] == ["master", "arrival"]
    assert taken.file_count == 1
    file = taken.entries[1].body["files"][0]
    lines = ["A,2026-10-01 10:00,2026-10-01 11:00,7", "B,2026-10-01 10:00,2026-10-01 11:00,8"]
    assert file == {
        "path": "landing/council/cdrs/a.csv",
        "source": "council",
        "feed": "cdrs",
        "file_name": "a.csv",
        "size": len(CSV),
        "sha256": sha256_of(CSV.encode()),
        "file_seq": 1,
        "record_count": 2,
        "merkle_root": merkle_root([sha256_of(line.encode()) for line in lines]),
        "replays": None,
    }
    assert objects.get(home, file["sha256"]) == CSV.encode()


def test_the_same_file_twice_changes_nothing(home: Home) -> None:
    land(home, "council/cdrs/a.csv", CSV)
    take_in(home, at(0))
    again = take_in(home, at(1))
    assert (list(again.entries), again.file_count) == ([], 0)
    assert len(ledger.read_all(home)) == 2


def test_the_same_bytes_under_another_name_are_a_replay_without_records(home: Home) -> None:
    land(home, "council/cdrs/a.csv", CSV)
    take_in(home, at(0))
    land(home, "council/cdrs/b.csv", CSV)
    (file,) = take_in(home, at(1)).entries[0].body["files"]
    assert (file["file_seq"], file["replays"], file["record_count"]) == (2, 1, 0)


def test_of_two_equal_files_that_come_together_the_later_name_is_the_copy(home: Home) -> None:
    """Whichever was written first: file times are not what anybody can look up later."""
    os.utime(land(home, "council/cdrs/a.csv", CSV), (1_700_000_000, 1_700_000_000))
    os.utime(land(home, "council/cdrs/b.csv", CSV), (1_600_000_000, 1_600_000_000))
    land(home, "emo/cdrs/0.csv", CSV)
    files = take_in(home, at(0)).entries[-1].body["files"]
    assert [(file["file_name"], file["replays"]) for file in files] == [("a.csv", None), ("b.csv", 1), ("0.csv", 1)]


def test_a_replaced_file_is_a_new_file(home: Home) -> None:
    land(home, "council/cdrs/a.csv", CSV)
    take_in(home, at(0))
    land(home, "council/cdrs/a.csv", CSV + "C,2026-10-02 10:00,2026-10-02 11:00,1\n")
    (file,) = take_in(home, at(1)).entries[0].body["files"]
    assert (file["file_seq"], file["replays"], file["record_count"]) == (2, None, 3)


def test_a_file_whose_name_says_that_it_is_not_whole_is_told_of(home: Home) -> None:
    land(home, "council/cdrs/a.csv.part", CSV)
    land(home, "council/cdrs/.DS_Store", CSV)
    assert take_in(home, at(0)).problems == [
        "landing/council/cdrs/a.csv.part: its name says that it is not whole yet; rename it when it is."
    ]


def test_a_growing_file_is_left_for_later(home: Home) -> None:
    path = land(home, "council/cdrs/a.csv", CSV)
    done = threading.Event()

    def grow() -> None:
        while not done.is_set():
            with path.open("ab") as file:
                file.write(b"C,2026-10-02 10:00,2026-10-02 11:00,1\n")
            time.sleep(0.02)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        time.sleep(0.1)
        growing = take_in(home, at(0))
    finally:
        done.set()
        writer.join()
    assert growing.file_count == 0
    assert growing.problems == ["landing/council/cdrs/a.csv: is being written to; the next run takes it in."]
    assert take_in(home, at(1)).file_count == 1


@pytest.mark.parametrize(
    ("name", "half", "whole"),
    [
        ("a.ndjson", b'{"id":"A"}\n{"id":', b'{"id":"A"}\n{"id":"B"}\n'),
        ("a.json", b'[{"id":"A"},', b'[{"id":"A"},{"id":"B"}]'),
        ("a.json.gz", gzip.compress(b'[{"id":"A"},{"id":"B"}]')[:-6], gzip.compress(b'[{"id":"A"},{"id":"B"}]')),
        ("a.json", b"", b'[{"id":"A"},{"id":"B"}]'),
    ],
)
def test_half_a_file_waits_while_it_is_young_and_is_taken_as_it_is_when_it_is_not(
    home: Home, name: str, half: bytes, whole: bytes
) -> None:
    path = land(home, f"emo/cdrs/{name}", half)
    os.utime(path)
    waiting = take_in(home, at(0))
    assert (waiting.file_count, len(waiting.problems)) == (0, 1)
    assert waiting.problems[0].startswith(f"landing/emo/cdrs/{name}: may still be coming (")
    path.write_bytes(whole)
    (file,) = arrived(take_in(home, at(1)))
    assert (file["record_count"], file["sha256"]) == (2, sha256_of(whole))
    # The other outcome: nobody completed it. When that is done later, it is another file of the same name.
    other = land(home, f"emo/cdrs/old-{name}", half)
    (old,) = arrived(take_in(home, at(2)))
    assert old["sha256"] == sha256_of(half)
    other.write_bytes(gzip.compress(gzip.decompress(whole) + b"\n") if name.endswith(".gz") else whole + b"\n")
    (file,) = arrived(take_in(home, at(3)))
    assert (file["file_name"], file["file_seq"], file["replays"]) == (f"old-{name}", 3, None)


def test_a_manifest_says_when_a_file_is_whole_and_what_it_should_hold(home: Home) -> None:
    path = land(home, "emo/cdrs/a.ndjson", b'{"id":"A"}\n')
    land(home, "emo/cdrs/a.ndjson.manifest.json", '{"record_count": 2, "sums": {"energy_kwh": 18.20, "other": 1}}')
    os.utime(path)
    assert take_in(home, at(0)).problems == [
        "landing/emo/cdrs/a.ndjson: may still be coming (it has 1 of 2 records that its manifest states); it is taken "
        "in once it is whole, or as it is 5 minutes after it was last written."
    ]
    land(home, "emo/cdrs/a.ndjson", b'{"id":"A"}\n')
    (file,) = arrived(take_in(home, at(1)))
    assert (file["record_count"], file["stated"]) == (1, {"record_count": 2, "sums": {"energy_kwh": "18.20"}})


@pytest.mark.parametrize("text", ["", "[]", '{"lines": 1}', '{"record_count": -1}', '{"record_count": 1, "sums": 3}'])
def test_a_manifest_that_is_none_leaves_its_file_where_it_is(home: Home, text: str) -> None:
    land(home, "emo/cdrs/a.ndjson", b'{"id":"A"}\n')
    land(home, "emo/cdrs/a.ndjson.manifest.json", text)
    taken = take_in(home, at(0))
    assert taken.file_count == 0
    assert taken.problems[0].startswith("landing/emo/cdrs/a.ndjson.manifest.json: is not a manifest; write it as {")


def test_a_file_that_was_not_touched_is_not_opened_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    path = land(home, "emo/cdrs/a.ndjson", b'{"id":"A"}\n')
    take_in(home, at(0))
    monkeypatch.setattr(objects, "sha256_of_file", lambda path: pytest.fail(f"{path} was read again"))
    assert take_in(home, at(1)).file_count == 0
    monkeypatch.undo()
    # Another content of the same size and time is seen all the same.
    land(home, "emo/cdrs/a.ndjson", b'{"id":"B"}\n')
    assert path.stat().st_mtime == START.timestamp()
    assert take_in(home, at(2)).file_count == 1


def test_unfinished_and_hidden_files_are_no_arrivals(home: Home) -> None:
    for name in ("a.csv.part", "b.tmp", ".c.csv", "a.csv.manifest.json"):
        land(home, f"council/cdrs/{name}", CSV)
    assert take_in(home, at(0)).file_count == 0


def test_what_cannot_be_taken_in_is_named_and_stops_nothing(home: Home, tmp_path: Path) -> None:
    land(home, "council/cdrs/good.csv", CSV)
    land(home, "council/gossip/x.json", "{}")
    land(home, "lost.csv", CSV)
    land(home, "council/cdrs/deep/er.csv", CSV)
    (home.landing / "council/cdrs/empty folder").mkdir()
    outside = write(tmp_path / "outside.csv", CSV)
    (home.landing / "council/cdrs/link.csv").symlink_to(outside)
    taken = take_in(home, at(0))
    assert [file["file_name"] for file in taken.entries[1].body["files"]] == ["good.csv"]
    assert sorted(taken.problems) == [
        "landing/council/cdrs/deep/er.csv: stands outside a feed folder; move it to landing/<source>/<feed>/.",
        "landing/council/cdrs/empty folder: is a folder; put files into landing/<source>/<feed>/ themselves.",
        "landing/council/cdrs/link.csv: is a link that leads out of the home; put the file itself there.",
        f"landing/council/gossip: gossip is not a feed that is read; the feeds are {', '.join(FEEDS)}, "
        "rename the folder.",
        "landing/lost.csv: stands outside a feed folder; move it to landing/<source>/<feed>/.",
    ]
    assert sorted(landing_problems(home)) == sorted(taken.problems)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_read_permission_is_named(home: Home) -> None:
    land(home, "council/cdrs/a.csv", CSV).chmod(0)
    taken = take_in(home, at(0))
    assert taken.problems == ["landing/council/cdrs/a.csv: cannot be read; give evsettle the right to read it."]


def test_a_removed_master_file_is_an_entry(home: Home) -> None:
    take_in(home, at(0))
    (home.master / "partners/emo.yaml").unlink()
    (entry,) = take_in(home, at(1)).entries
    assert entry.body["changes"] == [{"path": "master/partners/emo.yaml", "sha256": None}]


def test_file_numbers_go_on_over_the_whole_ledger(home: Home) -> None:
    for number in range(3):
        land(home, f"council/cdrs/{number}.csv", CSV.replace("8\n", f"{number}\n"))
        take_in(home, at(number))
    arrivals = [entry for entry in ledger.read_all(home) if entry.kind == "arrival"]
    assert [entry.body["files"][0]["file_seq"] for entry in arrivals] == [1, 2, 3]
