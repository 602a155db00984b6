"""The story of a file: what each of its contents brought."""

from datetime import UTC, datetime
from typing import Any

from orchestration.story.landed import FileStory
from orchestration.story.landed_page import file_page

AT = datetime(2026, 11, 1, tzinfo=UTC)


def arrived(seq: int, sha256: str) -> dict[str, Any]:
    return {"event": "arrived", "happened_at": AT, "seq": seq, "actor": "evsettle", "evidence_sha256": sha256,
            "subject": "file:emo/cdrs/a.json", "reason_code": None, "note": None}  # fmt: skip


def record(position: int, sha256: str, disposition: str) -> dict[str, Any]:
    empty = ("reason", "cdr_key", "revision", "cdr_id", "state", "statement_id", "line_no", "energy_kwh", "currency",
             "claimed_excl_tax", "settled_excl_tax", "rule_id")  # fmt: skip
    return dict.fromkeys(empty) | {
        "position": position, "file_sha256": sha256, "disposition": disposition, "received_at": AT,
    }  # fmt: skip


def test_a_file_that_was_replaced_under_its_name_counts_each_content_by_itself() -> None:
    records = [record(1, "aa", "accepted"), record(1, "bb", "superseded"), record(2, "bb", "accepted")]
    story = FileStory("emo/cdrs/a.json", "cdrs", records, [], [arrived(3, "aa"), arrived(5, "bb")])
    assert file_page(story).lead == [
        "Taken in 2026-11-01 00:00:00Z, ledger entry 3, sha256 aa: 1 record, 1 accepted.",
        "Taken in 2026-11-01 00:00:00Z, ledger entry 5, sha256 bb: 2 records, 1 accepted, 1 superseded.",
    ]
