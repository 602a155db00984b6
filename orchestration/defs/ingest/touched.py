"""What the next stages must look at again: rows of ingest.raw_touched."""

from collections.abc import Iterable, Sequence

import duckdb

from orchestration.defs.ingest.bulk import insert_rows
from orchestration.facts.standing import StandingDecision
from orchestration.facts.subjects import record_place

# What an alias is about is told from the rows that it makes (touched_master).
_NEEDS_NOTHING = ("assign", "alias")


def touch_everything(connection: duckdb.DuckDBPyConnection, reason: str) -> None:
    """Every session is to be computed again."""
    connection.execute("insert into ingest.raw_touched values ('everything', '', ?)", [reason])


def forget_what_everything_covers(connection: duckdb.DuckDBPyConnection) -> None:
    """Where everything is to be done, what else is touched need not be looked for, and looking is dear.

    CDRs stay: one whose records are gone after a new reading is found by its key alone.
    """
    connection.execute(
        "delete from ingest.raw_touched where kind not in ('everything', 'cdr')"
        " and exists (select 1 from ingest.raw_touched where kind = 'everything')"
    )


def touch_files(connection: duckdb.DuckDBPyConnection, file_seqs: Sequence[int], feed: str, reason: str) -> None:
    """The files, and the subjects of their records: CDRs, tariffs, locations, tokens, or the records of evidence.

    Of all the files at once: each statement looks through the table, which ten thousand files would do as often.
    """
    by_feed = {
        "cdrs": (
            "select distinct 'cdr', coalesce(cdrs.cdr_key, 'record|' || records.record_id), $2"
            " from ingest.raw_records as records"
            " left join ingest.raw_cdrs as cdrs on records.record_id = cdrs.record_id"
            " where records.file_seq in (select unnest(cast($1 as bigint[])))"
        ),
        "tariffs": _sighted("tariff", "cpo_party || '|' || tariff_id", "raw_tariff_sightings"),
        "locations": _sighted("location", "location_id", "raw_connectors"),
        # 2.1.1 names a token by its contract.
        "tokens": _sighted("token", "token_uid", "raw_tokens")
        + " union "
        + _sighted("token", "contract_id", "raw_tokens"),
    }
    # Which CDRs a session, an authorization, an event, a receipt or an invoice is about is told from its fields.
    evidence = (
        "select 'evidence', cast(record_id as varchar), $2 from ingest.raw_records where is_typed"
        " and file_seq in (select unnest(cast($1 as bigint[])))"
    )
    connection.execute(f"insert into ingest.raw_touched {by_feed.get(feed, evidence)}", [list(file_seqs), reason])
    connection.execute(
        "insert into ingest.raw_touched select 'file', unnest(cast($1 as varchar[])), $2", [list(file_seqs), reason]
    )


def _sighted(kind: str, key: str, table: str) -> str:
    # A record id is (file_seq << 32) | position.
    return (
        f"select distinct '{kind}', {key}, $2 from ingest.{table}"  # noqa: S608 - own names
        f" where record_id >> 32 in (select unnest(cast($1 as bigint[]))) and {key} is not null"
    )


def touch_decided(
    connection: duckdb.DuckDBPyConnection,
    changed: Iterable[StandingDecision],
    files: Sequence[tuple[int, str]],
) -> None:
    """The subjects of decisions that came or went. files: file_seq and <source>/<feed>/<file>."""
    rows: set[tuple[str, str, str]] = set()
    for decision in changed:
        if decision.kind in _NEEDS_NOTHING:
            continue
        reason, subject = f"decision {decision.kind}", decision.subject_id
        match decision.subject_kind:
            case "cdr" | "session":
                rows.add((decision.subject_kind, subject, reason))
            case "tariff":
                rows.add(("tariff", subject.replace(":", "|", 1), reason))
            case "record":
                name, position = record_place(subject)
                _touch_record(connection, [seq for seq, known in files if known == name], position, reason)
            case "file":
                named = [file_seq for file_seq, name in files if name == subject]
                touch_files(connection, named, subject.split("/")[1], reason)
            case "finding" if found := _subjects_of_finding(connection, subject):
                rows.update((kind, key, reason) for kind, key in found)
            case "partner":
                _touch_partner(connection, subject, reason)
            case "period" | "statement" | "invoice" | "dispute":
                continue
            case _:
                touch_everything(connection, f"{reason} about a {decision.subject_kind}")
    insert_rows(connection, "raw_touched", ("kind", "id", "reason"), sorted(rows))


def _subjects_of_finding(connection: duckdb.DuckDBPyConnection, finding_id: str) -> set[tuple[str, str]]:
    """The session that a finding is about, as a finished run told it; nothing where it is about something else."""
    found = connection.execute(
        "select distinct subject_kind, subject_id, cdr_key from ingest.raw_finding_history where finding_id = $1",
        [finding_id],
    ).fetchall()
    if any(cdr_key is None and kind != "session" for kind, _, cdr_key in found):
        return set()
    return {("session", subject) if cdr_key is None else ("cdr", cdr_key) for _, subject, cdr_key in found}


def _touch_partner(connection: duckdb.DuckDBPyConnection, partner: str, reason: str) -> None:
    """Every session between us and a partner."""
    connection.execute(
        "insert into ingest.raw_touched select distinct 'party', lower(party), $2 from ingest.raw_contract_parties"
        " where lower(partner) = lower($1)",
        [partner, reason],
    )


def _touch_record(connection: duckdb.DuckDBPyConnection, file_seqs: Sequence[int], position: str, reason: str) -> None:
    if not position.isdigit():
        return
    connection.execute(
        "insert into ingest.raw_touched select 'cdr', coalesce(cdrs.cdr_key, 'record|' || records.record_id), $3"
        " from ingest.raw_records as records left join ingest.raw_cdrs as cdrs on records.record_id = cdrs.record_id"
        " where list_contains($1, records.file_seq) and records.position = $2",
        [list(file_seqs), int(position), reason],
    )
