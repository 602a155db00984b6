"""What stands about one subject depends on the decisions about that subject alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.facts.ledger import Entry, format_at
from orchestration.facts.standing import StandingDecision, standing

START = datetime(2026, 11, 1, tzinfo=UTC)

subjects = st.sampled_from(["cdr:nl/emo|a", "cdr:nl/emo|b", "cdr:nl/chg|c"])
people = st.sampled_from(["Ada", "Bo", "Cem"])
acts = st.one_of(
    st.tuples(st.just("propose"), subjects, people, st.sampled_from(["waive", "exclude", "adjust", "replace"])),
    st.tuples(st.sampled_from(["release", "reprocess", "assign"]), subjects, people, st.none()),
    st.tuples(st.sampled_from(["approve", "reject"]), st.integers(0, 30), people, st.none()),
    st.tuples(st.just("arrival"), st.none(), people, st.none()),
)


def decision(kind: str, subject: Any, by: str, what: str | None, before: list[Entry]) -> dict[str, Any] | None:
    """The body of one act; an answer takes one of the proposals before it, and is nothing without any."""
    body: dict[str, Any] = {"kind": kind, "values": {}, "reason": None, "note": None, "answers": None, "by": by}
    if kind in ("approve", "reject"):
        proposals = [entry for entry in before if entry.body.get("kind") == "propose"]
        if not proposals:
            return None
        proposal = proposals[subject % len(proposals)]
        return body | {"answers": proposal.seq, "subjects": proposal.body["subjects"]}
    values = {"propose": {"what": what, "amount": str(len(before)), "rule": "PRICE_TOTAL_DIFF"}, "assign": {"to": by}}
    return body | {"subjects": [subject], "values": values.get(kind, {})}


def ledger_of(steps: list[tuple[Any, ...]]) -> list[Entry]:
    entries: list[Entry] = []
    for kind, subject, by, what in steps:
        seq = len(entries) + 1
        body = {"files": []} if kind == "arrival" else decision(kind, subject, by, what, entries)
        if body is not None:
            entry_kind = "arrival" if kind == "arrival" else "decision"
            at = format_at(START + timedelta(minutes=seq))
            entries.append(Entry(seq, entry_kind, at, by, f"{seq - 1}", f"{seq}", body))
    return entries


def about(rows: list[StandingDecision], subject: str) -> list[StandingDecision]:
    return [row for row in rows if f"{row.subject_kind}:{row.subject_id}" == subject]


@settings(max_examples=200, deadline=None)
@given(steps=st.lists(acts, max_size=25), subject=subjects)
def test_entries_about_other_subjects_change_nothing(steps: list[tuple[Any, ...]], subject: str) -> None:
    entries = ledger_of(steps)
    related = [entry for entry in entries if subject in entry.body.get("subjects", [])]
    assert about(standing(entries), subject) == standing(related)


@settings(max_examples=200, deadline=None)
@given(steps=st.lists(acts, max_size=25))
def test_money_never_stands_on_one_person(steps: list[tuple[Any, ...]]) -> None:
    entries = ledger_of(steps)
    for row in standing(entries):
        is_of_two = row.kind in ("waive", "exclude", "adjust", "replace")
        assert is_of_two == (row.approved_by is not None)
        assert row.approved_by != row.decided_by


@settings(max_examples=100, deadline=None)
@given(steps=st.lists(acts, max_size=25))
def test_each_subject_has_one_outcome(steps: list[tuple[Any, ...]]) -> None:
    rows = standing(ledger_of(steps))
    outcomes = [row.subject_id for row in rows if row.kind in ("exclude", "adjust")]
    assert len(outcomes) == len(set(outcomes))
