"""Everything that is known of one session, gathered: from the published tables, and from the warehouse of the last run.

What does not belong here: any wording (session_page).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from orchestration.facts.home import Home
from orchestration.facts.subjects import record_subject
from orchestration.published import Snapshot
from orchestration.story.at_charger import Ending, ending_of
from orchestration.story.details import Details, details_of
from orchestration.story.parties import Part, parts_of
from orchestration.story.revisions import Change, changes_between
from orchestration.tariffs.standing import truth_of_session

Row = Mapping[str, Any]

_RECORDS = """
    select source, feed, file_name, position, received_at, disposition, reason, revision, record_id, record_sha256,
        file_sha256
    from records
    where feed = 'cdrs' and cdr_key = $key
    order by received_at, file_name, position
"""

_FINDINGS = """
    select findings.finding_id, findings.gate, findings.rule_id, findings.revision, findings.severity, findings.status,
        findings.owner, findings.observed, findings.expected, findings.tolerance, findings.reason_code,
        findings.found_at, findings.resolved_at, findings.due_at, roots.rule_id as caused_by_rule,
        roots.subject_id as caused_by_subject
    from findings
    left join findings as roots on findings.caused_by = roots.finding_id
    where findings.cdr_key = $key
    order by case findings.status when 'open' then 1 when 'waived' then 2 else 3 end,
        case findings.severity when 'reject' then 1 when 'hold' then 2 else 3 end, findings.rule_id, findings.revision
"""

_CASES = """
    select rule_id, what_happened, action, command, due_at, is_late, assigned_to
    from exceptions
    where cdr_key = $key
    order by rule_id
"""

_VERDICTS = """
    select revision, gate, verdict, rules_evaluated, rules_not_evaluated, suite_sha256
    from verdicts
    where cdr_key = $key
    order by revision, case gate when 'inspect' then 1 when 'reconcile' then 2 else 3 end
"""

_LINES = """
    select line_no, kind, part, period_no, dimension, volume, unit_price, tax_percent, step_size, amount_excl_tax,
        amount_incl_tax, tariff_id, element_no, component_no, tariff_version, restrictions
    from price_lines
    where cdr_key = $key and reading = 'base'
    order by line_no
"""

_DISCOUNTS = """
    select line_no, kind, granted_by, plan, discount_percent, amount_excl_tax
    from discount_lines
    where cdr_key = $key
    order by line_no
"""

_ADJUSTMENTS = "select * from adjustments where cdr_key = $key order by rule_id"
_PROPOSALS = "select * from proposals where cdr_key = $key order by rule_id"
_DISPUTES = "select * from disputes where cdr_key = $key order by opened_at, dispute_id"
_DIFFERENCES = "select * from sealed_differences where cdr_key = $key order by cause"

_STATEMENT_LINES = """
    select lines.*, statements.status, statements.direction, statements.partner, statements.period
    from statement_lines as lines
    inner join statements on lines.statement_id = statements.statement_id
    where lines.cdr_key = $key
    order by lines.statement_id, lines.line_no
"""

_PERIODS = """
    select period, partner, status, approval_seq, approved_at, proposed_by, approved_by, seal_seq, sealed_at, sealed_by,
        approval_due_at, close_due_at
    from periods
    where list_contains($periods, period || '|' || partner)
    order by period, partner
"""

# Of a statement with several legal entities of ours, those of the one that the session is of.
_DOCUMENTS = """
    select * from documents
    where list_contains($statements, statement_id) and list_contains($parties, party)
    order by number
"""

# What was decided about it, its record, its file or its findings, and what runs made of it.
_EVENTS = """
    select seq, happened_at, actor, subject, event, reason_code, note
    from events
    where list_contains($subjects, subject) and event not in ('arrived', 'replayed')
    order by seq, subject, event
"""

_CREDITS = """
    select cdr_key, state, credit_of, settled_excl_tax
    from cdrs
    where credit_of = $key or cdr_key = $original
    order by cdr_key
"""

PAYMENTS = """
    select items.item_id, items.kind, items.statement_id, items.status, items.open_amount, items.disputed,
        items.currency,
        allocations.payment_id, allocations.booked_on, allocations.amount as paid
    from open_items as items
    left join payment_allocations as allocations on items.item_id = allocations.item_id
    where list_contains($statements, items.statement_id)
        and ($parties is null or list_contains($parties, items.party))
    order by items.item_id, allocations.booked_on, allocations.payment_id
"""


@dataclass(frozen=True, slots=True)
class Revision:
    """A record of the same id: whether it counts, and what it says otherwise than the first."""

    revision: int | None
    place: str
    disposition: str
    reason: str | None
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class SessionStory:
    """One session as the tables have it. Lists of rows are in the order in which they are told."""

    cdr: Row
    records: Sequence[Row]
    raw_text: str | None
    revisions: Sequence[Revision]
    details: Details | None
    findings: Sequence[Row]
    cases: Sequence[Row]
    verdicts: Sequence[Row]
    parts: Sequence[Part]
    ending: Ending | None
    tariff: Mapping[str, str]
    price_lines: Sequence[Row]
    discount_lines: Sequence[Row]
    # The lines are those that a seal fixed: today's come to another price.
    is_price_of_seal: bool
    cited_excl_tax: Decimal | None
    credits: Sequence[Row]
    adjustments: Sequence[Row]
    proposals: Sequence[Row]
    disputes: Sequence[Row]
    statement_lines: Sequence[Row]
    periods: Sequence[Row]
    documents: Sequence[Row]
    payments: Sequence[Row]
    sealed_differences: Sequence[Row]
    events: Sequence[Row] = field(default_factory=list)


def session_story(home: Home, snapshot: Snapshot, cdr: Row) -> SessionStory:
    """All that is known of the session of this row of `cdrs`."""
    key = cdr["cdr_key"]

    def rows(sql: str, **parameters: Any) -> list[dict[str, Any]]:
        return snapshot.named(sql, parameters or {"key": key})

    price_lines: Sequence[Row]
    discount_lines: Sequence[Row]
    records, findings, lines = rows(_RECORDS), rows(_FINDINGS), rows(_STATEMENT_LINES)
    details = details_of(home, cdr, [record["record_id"] for record in records])
    of_lines = {
        "statements": [line["statement_id"] for line in lines],
        "parties": [line["own_party"] for line in lines],
    }
    price_lines, discount_lines = rows(_LINES), rows(_DISCOUNTS)
    sealed = _sealed(home, cdr, price_lines, lines)
    if sealed is not None:
        price_lines, discount_lines = sealed
    documents = rows(_DOCUMENTS, **of_lines)
    tariff = truth_of_session(home, cdr)
    source = next((record["source"] for record in records if record["record_id"] == cdr["record_id"]), None)
    return SessionStory(
        cdr=cdr,
        records=records,
        raw_text=details.texts.get(cdr["record_id"]) if details else None,
        revisions=_revisions(records, cdr, details),
        details=details,
        findings=findings,
        cases=rows(_CASES),
        verdicts=rows(_VERDICTS),
        parts=parts_of(cdr, source, details, tariff.shown_by, documents),
        ending=ending_of(cdr, details.evidence, details.at_charger) if details else None,
        tariff=dict(tariff.facts),
        price_lines=price_lines,
        discount_lines=discount_lines,
        is_price_of_seal=sealed is not None,
        cited_excl_tax=_cited(home, key, findings),
        credits=rows(_CREDITS, key=key, original=cdr["credit_of"]),
        adjustments=rows(_ADJUSTMENTS),
        proposals=rows(_PROPOSALS),
        disputes=rows(_DISPUTES),
        statement_lines=lines,
        periods=rows(_PERIODS, periods=[f"{line['period']}|{line['partner']}" for line in lines]) if lines else [],
        documents=documents,
        payments=rows(PAYMENTS, **of_lines),
        sealed_differences=rows(_DIFFERENCES),
        events=rows(_EVENTS, subjects=_subjects(cdr, records, findings, details)),
    )


def place(record: Row) -> str:
    """`<source>/<feed>/<file>#<position>`, and `<archive>#<member>!<position>` of an archive's."""
    return record_subject(file_of(record), record["position"])


def file_of(record: Row) -> str:
    """`<source>/<feed>/<file>`."""
    return f"{record['source']}/{record['feed']}/{record['file_name']}"


def _subjects(cdr: Row, records: Sequence[Row], findings: Sequence[Row], details: Details | None) -> list[str]:
    sent = details.sent if details else {}
    files = {file_of(record) for record in records}
    return [
        f"cdr:{cdr['cdr_key']}",
        *(f"record:{place(record)}" for record in records),
        *(f"file:{file}" for file in sorted(files)),
        *(f"finding:{finding['finding_id']}" for finding in findings),
        # Who said that its charger was renamed.
        *(f"{kind}:{name}" for kind, name in _places(sent)),
    ]


def _places(sent: Row) -> Iterator[tuple[str, str]]:
    """Its connector, charger and site under the ids that it was sent with."""
    if not sent.get("place_alias"):
        return
    yield "connector", f"{sent['evse_uid']}|{sent['connector_id']}"
    yield "evse", str(sent["evse_uid"])
    yield "location", str(sent["location_id"])


def _sealed(
    home: Home, cdr: Row, price_lines: Sequence[Row], lines: Sequence[Row]
) -> tuple[list[Row], list[Row]] | None:
    """Price lines and discounts of the seal, where today's are those of another price."""
    if not cdr["is_sealed"] or cdr["rated_excl_tax"] is None:
        return None
    if sum((line["amount_excl_tax"] for line in price_lines), Decimal(0)) == cdr["rated_excl_tax"]:
        return None
    # The ledger is read for the few that were rated again.
    from orchestration.story.sealed_lines import sealed_lines

    return sealed_lines(home, cdr, lines)


def _cited(home: Home, key: str, findings: Sequence[Row]) -> Decimal | None:
    """The price under the tariff in the CDR, where that is another than the version in force."""
    if not any(row["rule_id"] == "TARIFF_BODY_DIFF" for row in findings):
        return None
    # The pricing engine is loaded for the few that need it.
    from orchestration.tariffs.cited import cited_price

    return cited_price(home, key)


def _revisions(records: Sequence[Row], cdr: Row, details: Details | None) -> list[Revision]:
    """The records of this id beside the one that counts, and what each says otherwise."""
    if details is None:
        return []
    counting = details.texts.get(cdr["record_id"])
    return [
        Revision(
            record["revision"],
            place(record),
            record["disposition"],
            record["reason"],
            changes_between(counting, details.texts.get(record["record_id"])),
        )
        for record in records
        if record["record_id"] != cdr["record_id"]
    ]
