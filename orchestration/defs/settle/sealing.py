"""Closing a period of a partner for good: what was approved becomes a fact.

One entry of the ledger closes it; everything it names is in the ledger's objects before, and the report's folder is
written from them after. So a crash leaves the period either open or closed, and the next run finishes the folder.
What does not belong here: who may approve (facts/decisions) and what a closed period does to later records (models).
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb

from orchestration.defs.ingest.zones import zone
from orchestration.defs.settle.document_files import document_files
from orchestration.defs.settle.documents import drafted
from orchestration.defs.settle.line_stories import freeze_stories
from orchestration.defs.settle.reconciliation_record import reconciliation_files
from orchestration.defs.settle.report_folder import MANIFEST, folder_of, manifest_of, rendered, replace_file, sha256
from orchestration.defs.settle.statements import read_heads, with_lines
from orchestration.facts import ledger, objects
from orchestration.facts.decisions import standing
from orchestration.facts.documents import Document, as_fact, documents, numbered
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry, format_at
from orchestration.facts.lock import writer_lock
from orchestration.facts.people import PeopleError, find_person, read_people
from orchestration.facts.seals import TABLES, Draft, SealRefused, drafts, seals, stands_against, subject_of
from orchestration.facts.standing import StandingDecision
from orchestration.warehouse import open_warehouse

_ROLES = ("finance", "approver")
# What may have happened since the last run without changing what it computed for other periods.
_HARMLESS = ("period", "redraft", "assign")

_AGAINST = """
    select statements.period, statements.partner, statements.statement_id, findings.rule_id, findings.severity,
        findings.finding_id, findings.observed
    from settle.closing_findings as findings
    inner join settle.statements as statements on findings.subject_id = statements.statement_id
    where findings.status = 'open' and findings.severity <> 'warn'
    order by statements.statement_id, findings.rule_id
"""

# A held session, and what stands beside it, is not sealed: it moves to the next open period.
_FROZEN: Mapping[str, str] = {
    "outcomes": "select * from settle.cdr_outcomes"
    " where partner = $partner and period = $period and state <> 'held' and not is_sealed order by cdr_key",
    "fates": "select fates.* from settle.record_fates as fates"
    " left join settle.cdr_outcomes as outcomes on fates.cdr_key = outcomes.cdr_key"
    " where fates.partner = $partner and fates.period = $period and coalesce(outcomes.state, '') <> 'held'"
    " order by fates.record_id",
    "statements": "select * from settle.statements"
    " where partner = $partner and period = $period and status <> 'sealed' order by statement_id",
    "lines": "select lines.* from settle.statement_lines as lines"
    " inner join settle.statements as statements on lines.statement_id = statements.statement_id"
    " where statements.partner = $partner and statements.period = $period order by lines.statement_id, lines.line_no",
}


@dataclass(frozen=True, slots=True)
class Sealed:
    """The seal of a period, and whether it was made now."""

    entry: Entry
    is_new: bool


def open_drafts(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    """What can be approved and sealed, for the run-end entry, by `<period>|<partner>`: content hash and cut-off, and
    the findings that stand against it, where there are any."""
    rows = connection.execute(
        "select period, partner, content_sha256, cut_off_at from settle.periods where status <> 'sealed'"
        " order by period, partner"
    ).fetchall()
    against: dict[str, dict[str, Any]] = {}
    for period, partner, *finding in connection.execute(_AGAINST).fetchall():
        told = dict(zip(("statement_id", "rule_id", "severity", "finding_id", "observed"), finding, strict=True))
        against.setdefault(subject_of(period, partner), {"against": []})["against"].append(told)
    return {
        subject_of(period, partner): {
            "content": content,
            "cut_off_at": format_at(cut_off) if cut_off else None,
            **against.get(subject_of(period, partner), {}),
        }
        for period, partner, content, cut_off in rows
    }


def seal(home: Home, period: str, partner: str, by: str, at: datetime) -> Sealed:
    """Close a period of a partner; closing it again finishes what a crash left.

    Raises SealRefused, PeopleError, LedgerError or LockHeld, each one sentence.
    """
    subject = subject_of(period, partner)
    with writer_lock(home):
        entries = ledger.read_all(home)
        person = find_person(read_people(home), by)
        if not person.roles & set(_ROLES):
            raise PeopleError(
                f"{person.name} may not seal: that needs the role {' or '.join(_ROLES)} in master/people.yaml."
            )
        earlier = seals(entries).get(subject)
        if earlier is not None:
            restore(home, [earlier])
            return Sealed(earlier, is_new=False)
        approval = _approval(entries, subject, at)
        with open_warehouse(home.warehouse) as connection:
            _check_warehouse(connection, entries, subject)
            issued = {(one.statement_id, one.party): one.number for _, one in documents(entries)}
            to_number = drafted(connection, period, partner, _local_day(connection, at), issued)
            body = freeze(home, connection, period, partner, numbered(entries, to_number))
        body |= {
            "approval": approval.seq,
            "proposed_by": approval.decided_by,
            "approved_by": approval.approved_by,
            "content_sha256": approval.value,
        }
        # Its documents took their numbers from these entries: if the ledger grew meanwhile, they are not free any more.
        entry = ledger.append(home, "seal", body, actor=person.name, at=at, after=entries[-1].seq)
        restore(home, [entry])
    return Sealed(entry, is_new=True)


def restore(home: Home, sealed: Sequence[Entry]) -> list[str]:
    """Write what is missing of sealed reports from the ledger's objects; returns the paths below the home.

    A folder whose manifest is still that of the draft was left by a crash and is written whole. What somebody changed
    since is not touched: `verify` names it.
    """
    written = []
    for entry in sealed:
        folder = folder_of(home, entry.body["period"], entry.body["partner"])
        manifest = folder / MANIFEST
        is_draft = manifest.is_file() and sha256(manifest.read_bytes()) == entry.body["draft_manifest_sha256"]
        # The manifest comes last: until it is there the folder is not finished.
        for name, digest in [*entry.body["files"].items(), (MANIFEST, entry.body["manifest_sha256"])]:
            if is_draft or not (folder / name).is_file():
                folder.mkdir(parents=True, exist_ok=True)
                replace_file(folder / name, objects.get(home, digest))
                written.append(home.relative(folder / name))
    return written


def _approval(entries: Sequence[Entry], subject: str, at: datetime) -> StandingDecision:
    """The approval of what the last run left as drafts of this subject. Raises SealRefused."""
    known = drafts(entries)
    draft = known.get(subject)
    if draft is None:
        listed = ", ".join(sorted(known)) or "none"
        raise SealRefused(f"There are no drafts of {subject} that could be sealed: the last run left {listed}.")
    _refuse_changed(entries)
    against = stands_against(subject, draft)
    if against is not None:
        raise SealRefused(against)
    if draft.cut_off_at is not None and at < draft.cut_off_at:
        raise SealRefused(f"{subject} still takes sessions until {format_at(draft.cut_off_at)}: seal it after that.")
    _refuse_out_of_order(known, subject, draft)
    approval = next((one for one in standing(entries) if _is_about(one, subject)), None)
    if approval is None:
        raise SealRefused(
            f"Nobody has approved {subject}: one person proposes it, with `evsettle decide period '{subject}' --by"
            " NAME`, and another one approves that."
        )
    if approval.value != draft.content:
        raise SealRefused(
            f"The drafts of {subject} changed since entry {approval.seq} approved them, so that approval is lost: look"
            f" at them again and propose anew, with `evsettle decide period '{subject}' --by NAME`."
        )
    return approval


def _is_about(decision: StandingDecision, subject: str) -> bool:
    return (decision.kind, decision.subject_kind, decision.subject_id) == ("period", "period", subject)


def _refuse_out_of_order(known: Mapping[str, Draft], subject: str, draft: Draft) -> None:
    """A period is closed after those before it: what is late moves forward only."""
    partner = subject.partition("|")[2]
    open_before = [
        other
        for other, its in known.items()
        if other.partition("|")[2] == partner
        and its.cut_off_at
        and draft.cut_off_at
        and its.cut_off_at < draft.cut_off_at
    ]
    if open_before:
        raise SealRefused(f"{min(open_before)} is still open: seal it before {subject}.")


def _refuse_changed(entries: Sequence[Entry]) -> None:
    """Whatever came or was decided since the last run is in no draft yet."""
    last = max(entry.seq for entry in entries if entry.kind == "run-end")
    later = [entry for entry in entries if entry.seq > last]
    before, after = standing(entries[: len(entries) - len(later)]), standing(entries)
    decided = [one for one in after if one not in before and one.kind not in _HARMLESS]
    if decided or any(entry.kind in ("arrival", "master", "run", "erasure") for entry in later):
        raise SealRefused("Something came in or was decided since the last run ended: `evsettle run` first, then seal.")


def _check_warehouse(connection: duckdb.DuckDBPyConnection, entries: Sequence[Entry], subject: str) -> None:
    """The tables must be those that the last run left: what is frozen is what was approved."""
    last = next(entry for entry in reversed(entries) if entry.kind == "run-end")
    run = connection.execute("select run_seq from ingest.raw_run").fetchone()
    touched = connection.execute("select 1 from ingest.raw_touched limit 1").fetchone()
    if run != (last.body["run"],) or touched is not None:
        raise SealRefused("The warehouse is not as the last run left it: `evsettle run` first, then seal.")
    known = open_drafts(connection).get(subject)
    if known is None or known["content"] != last.body["drafts"][subject]["content"]:
        raise SealRefused("The warehouse does not hold the drafts that were approved: `evsettle run` first, then seal.")


def _local_day(connection: duckdb.DuckDBPyConnection, at: datetime) -> date:
    """The day of an instant in the network's zone."""
    row = connection.execute("select time_zone from ingest.network").fetchone()
    return at.astimezone(zone(row[0])).date() if row else at.date()


def freeze(
    home: Home, connection: duckdb.DuckDBPyConnection, period: str, partner: str, issued: Sequence[Document]
) -> dict[str, Any]:
    """Put everything the seal names into the ledger's objects; returns the entry's body."""
    tables = {name: _put_rows(home, connection, _FROZEN[name], period, partner) for name in TABLES}
    heads = [replace(head, status="sealed") for head in read_heads(connection, period, partner)]
    files: dict[str, str] = {}
    for statement in with_lines(connection, heads):
        for name, data in rendered(statement).items():
            files[name] = objects.put(home, data)
    for name, data in chain(document_files(home, connection, period, issued), reconciliation_files(connection, issued)):
        files[name] = objects.put(home, data)
    files = dict(sorted(files.items()))
    draft = folder_of(home, period, partner) / MANIFEST
    return {
        "period": period,
        "partner": partner,
        "statements": [head.statement_id for head in heads],
        "documents": [as_fact(document) for document in issued],
        "manifest_sha256": objects.put(home, manifest_of(files, heads)),
        "draft_manifest_sha256": sha256(draft.read_bytes()) if draft.is_file() else None,
        "files": files,
        "tables": tables,
        "lines": freeze_stories(home, connection, period, partner),
        "carried": _carried(connection, period, partner),
    }


def _put_rows(home: Home, connection: duckdb.DuckDBPyConnection, rows: str, period: str, partner: str) -> str:
    with tempfile.TemporaryDirectory(prefix="evsettle-") as folder:
        path = Path(folder) / "rows.parquet"
        connection.execute(
            f"copy ({rows}) to '{path}' (format parquet, compression uncompressed)",
            {"period": period, "partner": partner},
        )
        return objects.put(home, path.read_bytes())


def _carried(connection: duckdb.DuckDBPyConnection, period: str, partner: str) -> int:
    """How many held sessions move on to the next open period."""
    row = connection.execute(
        "select count(*) from settle.cdr_outcomes where partner = ? and period = ? and state = 'held'",
        [partner, period],
    ).fetchone()
    return int(row[0]) if row else 0
