"""Invoices of any size: their lines go on as they come, and only heads wait for a CSV file's last row."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from orchestration.defs.ingest import bulk, feed_load, invoices
from orchestration.defs.ingest.bulk import Gathered
from orchestration.defs.ingest.feed_load import EvidenceFile, load_evidence
from orchestration.defs.ingest.files import GivenBytes, LandedFile
from orchestration.defs.ingest.invoices import load_invoices

HEADER = "invoice_id,seller_party,invoice_amount_excl_tax,cdr_id,amount_excl_tax"


class Kept(Gathered):
    """What the loader would insert, by table; and how much text waited at once for its insert."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self._weight = 0
        self.waiting = 0
        self.most = 0

    def add(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        new = [dict(zip(columns, row, strict=True)) for row in rows]
        self.rows.setdefault(table, []).extend(new)
        self.waiting += sum(len(row.get("raw_text") or "") for row in new)
        self.most = max(self.most, self.waiting)

    def flush(self) -> None:
        self._weight = self.waiting = 0


def loaded(name: str, text: str) -> Kept:
    kept = Kept()
    file = EvidenceFile(1, LandedFile("emo", "invoices", name), GivenBytes(text.encode()), None, None)
    load_invoices(kept, file)
    return kept


def test_rows_of_several_invoices_may_alternate() -> None:
    kept = loaded("a.csv", f"{HEADER}\nI1,NL/EMO,,A,1\nI2,NL/EMO,7,B,2\nI1,NL/EMO,3,C,2\nI2,NL/EMO,7,D,5\n")
    heads = [(row["invoice_id"], row["line_count"], str(row["amount_excl_tax"])) for row in kept.rows["raw_invoices"]]
    # The cell that was empty at first is filled by a later row.
    assert heads == [("I1", 2, "3.00000000"), ("I2", 2, "7.00000000")]
    lines = [(row["invoice_record_id"] & 0xFF, row["line_no"], row["cdr_id"]) for row in kept.rows["raw_invoice_lines"]]
    assert lines == [(2, 1, "A"), (3, 1, "B"), (2, 2, "C"), (3, 2, "D")]


def test_an_invoice_says_the_same_as_rows_and_as_json() -> None:
    whole = {"invoice_id": "I1", "seller_party": "NL/EMO", "amount_excl_tax": "3.0",
             "lines": [{"cdr_id": "A", "amount_excl_tax": 1}, {"cdr_id": "C", "amount_excl_tax": "2"}]}  # fmt: skip
    (one,) = loaded("a.json", json.dumps(whole)).rows["raw_invoices"]
    (other,) = loaded("a.csv", f"{HEADER}\nI1,NL/EMO,3,A,1\nI1,NL/EMO,3,C,2\n").rows["raw_invoices"]
    (turned,) = loaded("a.csv", f"{HEADER}\nI1,NL/EMO,3,C,2\nI1,NL/EMO,3,A,1\n").rows["raw_invoices"]
    assert one["content_sha256"] == other["content_sha256"] != turned["content_sha256"]


def test_more_invoices_than_may_wait_are_set_aside_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invoices, "INVOICES_OF_A_CSV_MAX", 2)
    text = "".join(f"I{number % 3 + 1},NL/EMO,,{number},1\n" for number in range(6))
    kept = loaded("a.csv", f"{HEADER}\n{text}")
    assert [row["line_count"] for row in kept.rows["raw_invoices"]] == [2, 2]
    odd = [(row["position"], row["problem"]) for row in kept.rows["raw_records"] if not row["is_typed"]]
    sentence = "the file has more than 2 invoices, and this row would begin one more; ask for the rest in another file"
    assert odd == [(4, sentence), (7, sentence)]


@pytest.mark.parametrize("name", ["a.csv", "a.ndjson"])
def test_texts_do_not_wait_for_the_end_of_the_file(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(bulk, "TEXT_BYTES_MAX", 1_000)
    if name == "a.csv":
        text = "".join([f"{HEADER}\n", *(f"I1,NL/EMO,3,{number},1\n" for number in range(1000))])
    else:
        text = "".join(
            json.dumps({"invoice_id": str(number), "lines": [{"cdr_id": "A"}]}) + "\n" for number in range(500)
        )
    kept = loaded(name, text)
    assert len(kept.rows["raw_invoice_lines"]) >= 500
    assert kept.most < 1_200


def test_large_records_of_other_feeds_do_not_wait_either(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (bulk, feed_load):
        monkeypatch.setattr(module, "TEXT_BYTES_MAX", 1_000)
    session = {"session_id": "S1", "started_at": "2026-10-01T10:00:00Z", "energy_kwh": 1, "status": "ACTIVE"}
    text = "".join(json.dumps(session | {"padding": "x" * 300}) + "\n" for _ in range(100))
    kept = Kept()
    load_evidence(
        kept, EvidenceFile(1, LandedFile("emo", "sessions", "a.ndjson"), GivenBytes(text.encode()), None, None)
    )
    assert len(kept.rows["raw_sessions"]) == 100
    assert kept.most < 3_000
