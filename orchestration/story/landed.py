"""Everything that is known of one landed file, or of one record that is no session, from the published tables.

What does not belong here: any wording (landed_page).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.facts.home import Home
from orchestration.facts.subjects import record_subject
from orchestration.published import Snapshot
from orchestration.story.details import text_of
from orchestration.story.session import place

Row = Mapping[str, Any]

# A record is where its CDR is, when it is the one that counts.
_RECORDS = """
    select records.position, records.disposition, records.reason, records.cdr_key, records.revision,
        records.received_at, records.file_sha256, cdrs.cdr_id, cdrs.state, cdrs.statement_id, lines.line_no,
        case when cdrs.is_credit then -abs(cdrs.energy_kwh) else cdrs.energy_kwh end as energy_kwh, cdrs.currency,
        cdrs.claimed_excl_tax, cdrs.settled_excl_tax, reasons.rule_id
    from records
    left join cdrs on records.record_id = cdrs.record_id
    left join statement_lines as lines
        on cdrs.cdr_key = lines.cdr_key and cdrs.statement_id = lines.statement_id and lines.kind = 'session'
    left join (
        select cdr_key, revision, coalesce(min(rule_id) filter (caused_by is null), min(rule_id)) as rule_id
        from findings
        where status = 'open' and severity in ('hold', 'reject')
        group by cdr_key, revision
    ) as reasons on cdrs.cdr_key = reasons.cdr_key and cdrs.revision = reasons.revision
    where records.source = $source and records.feed = $feed and records.file_name = $file
    order by records.record_id
"""

_FINDINGS = """
    select findings.subject_kind, findings.subject_id, findings.rule_id, findings.severity, findings.status,
        findings.owner, findings.observed, findings.expected, findings.tolerance, findings.due_at,
        findings.resolved_at, roots.rule_id as caused_by_rule, roots.subject_id as caused_by_subject
    from findings
    left join findings as roots on findings.caused_by = roots.finding_id
    where (findings.subject_kind = 'file' and findings.subject_id = $place)
        or (findings.subject_kind = 'record' and starts_with(findings.subject_id, $records))
    union all
    -- A record of another feed that cannot be read is judged by no gate.
    select subject_kind, subject_id, rule_id, severity, 'open', owner, observed, expected, null, due_at,
        null, null, null
    from exceptions
    where subject_kind = 'record' and starts_with(subject_id, $records)
        and case_id not in (select finding_id from findings)
    order by subject_kind, subject_id, rule_id
"""

_EVENTS = """
    select seq, happened_at, actor, subject, event, reason_code, note, evidence_sha256
    from events
    where subject = 'file:' || $place or starts_with(subject, 'record:' || $records)
    order by seq, subject, event
"""

_CASES = """
    select rule_id, what_happened, action, command, due_at
    from exceptions
    where subject_kind = 'record' and subject_id = $records
    order by rule_id
"""


@dataclass(frozen=True, slots=True)
class FileStory:
    """One file: where each of its records went."""

    place: str
    feed: str
    records: Sequence[Row]
    findings: Sequence[Row]
    events: Sequence[Row]


@dataclass(frozen=True, slots=True)
class RecordStory:
    """One record that is no session of its own."""

    place: str
    record: Row
    raw_text: str | None
    findings: Sequence[Row]
    cases: Sequence[Row]
    events: Sequence[Row]


def file_story(snapshot: Snapshot, place: str) -> FileStory:
    """All that is known of `<source>/<feed>/<file>`, which the ledger knows."""
    source, feed, file = place.split("/", 2)
    # Whatever its position is, its records are named by what stands before it.
    about = {"place": place, "records": record_subject(place, 0).removesuffix("0")}
    return FileStory(
        place=place,
        feed=feed,
        records=snapshot.named(_RECORDS, {"source": source, "feed": feed, "file": file}),
        findings=snapshot.named(_FINDINGS, about),
        events=snapshot.named(_EVENTS, about),
    )


def record_story(home: Home, snapshot: Snapshot, record: Row) -> RecordStory:
    """All that is known of a record of this row of `records`."""
    where = place(record)
    about = {"place": "", "records": where}
    return RecordStory(
        place=where,
        record=record,
        raw_text=text_of(home, record["record_id"]),
        findings=[row for row in snapshot.named(_FINDINGS, about) if row["subject_id"] == where],
        cases=snapshot.named(_CASES, {"records": where}),
        events=[row for row in snapshot.named(_EVENTS, about) if row["subject"] == f"record:{where}"],
    )
