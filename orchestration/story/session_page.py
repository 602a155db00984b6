"""The story of one session in words: what matters first, then each step from the line of a file to the money.

What does not belong here: any query (session, details), any layout (page).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from orchestration.story.money_sections import money_sections
from orchestration.story.page import Page, Section, instant, plain
from orchestration.story.session import Row, SessionStory, place

_BUSY = (
    "The warehouse cannot be read now (a run holds it, or it was deleted): charger, token, contract, charging periods, "
    "range and the text of the record are left out. Ask again when the run has ended."
)


def session_page(story: SessionStory) -> Page:
    """The page of one session."""
    cdr = story.cdr
    revision = "" if cdr["revision"] == 1 else f", revision {cdr['revision']}"
    return Page(
        title=cdr["cdr_id"],
        subtitle=f"{cdr['cdr_key']}{revision}",
        lead=[*_lead(story), *([] if story.details else [_BUSY])],
        sections=[
            _session(story),
            _origin(story),
            _revisions(story),
            _gates(story),
            _findings(story),
            *money_sections(story),
            _events(story),
            Section("The record as it stands in its file, persons under pseudonyms", raw=story.raw_text),
        ],
    )


def _lead(story: SessionStory) -> Iterator[str]:
    """Where it stands and why, in a sentence or two."""
    cdr = story.cdr
    settled = f"{plain(cdr['settled_excl_tax'])} {cdr['currency']} net"
    match cdr["state"]:
        case "valid":
            by = "as claimed" if cdr["settled_by"] == "claim" else "by our own price, as no claim was sent"
            yield f"Valid: settles for {settled}, {by}.{_on_statement(story)}"
        case "adjusted":
            yield f"Adjusted: settles for {settled} ({cdr['adjustment_reason']}).{_on_statement(story)}"
        case "credited":
            others = ", ".join(row["cdr_key"] for row in story.credits)
            relation = "It takes back" if cdr["is_credit"] else "It is taken back by"
            yield f"Credited: {relation} {others or 'a credit'}; together they net to zero, so nothing is billed."
        case "held":
            rules = ", ".join(dict.fromkeys(row["rule_id"] for row in _open(story, "hold")))
            yield f"Held{f' by {rules}' if rules else ''}: not billed until that is cleared."
        case "excluded":
            rules = ", ".join(dict.fromkeys(row["rule_id"] for row in _open(story, "reject")))
            yield f"Excluded{f' by {rules}' if rules else ' by decision'}: it is billed to nobody."
    yield from (f"{case['what_happened']} {case['action']}" for case in story.cases)


def _open(story: SessionStory, severity: str) -> list[Row]:
    return [row for row in story.findings if row["severity"] == severity and row["status"] == "open"]


def _on_statement(story: SessionStory) -> str:
    lines = [line for line in story.statement_lines if line["kind"] == "session"]
    if not lines:
        return " Both sides are us, so it is on no statement." if story.cdr["direction"] == "internal" else ""
    line = lines[0]
    return f" Line {line['line_no']} of {line['status']} statement {line['statement_id']}."


def _session(story: SessionStory) -> Section:
    cdr, details = story.cdr, story.details
    direction = {
        "receivable": f"{cdr['partner']} pays us",
        "payable": f"we pay {cdr['partner']}",
        "internal": "both sides are us",
    }.get(cdr["direction"] or "", "neither side is us")
    billed = "" if cdr["period"] == cdr["service_period"] else f", billed in {cdr['period']}"
    facts: list[tuple[str, str | None]] = [
        ("when", _when(story)),
        ("energy", f"{plain(cdr['energy_kwh'], 'unknown')} kWh{_registers(story)}{_settled_energy(cdr)}"),
        (
            "who",
            f"operator {cdr['cpo_party']}, provider {cdr['emsp_party']} (from the {cdr['party_source']}): {direction}",
        ),
        ("period", f"{cdr['service_period']} by its end{billed}"),
        ("charger", f"{cdr['location_id'] or '-'} / {cdr['evse_uid'] or '-'} / {cdr['connector_id'] or '-'}"),
    ]
    if details:
        facts += [
            ("known as", _known_as(details.sent)),
            ("hardware", _hardware(details.sent)),
            ("token", _token(details.sent)),
            ("authorized", _authorized(details.evidence)),
            ("session", _session_told(details.sent, details.evidence)),
            ("contract", _contract(details.terms, details.contract_approval)),
        ]
    if cdr["credit_of"]:
        facts.append(("credit of", cdr["credit_of"]))
    return Section("The session", facts)


def _when(story: SessionStory) -> str:
    cdr = story.cdr
    start, end = cdr["started_at"], cdr["ended_at"]
    text = f"{instant(start)} to {instant(end)}"
    if start and end and end >= start:
        text += f", {_span(end - start)}"
    zone = story.details.sent.get("time_zone") if story.details else None
    return f"{text}; {_local(start, zone)} in {zone}" if zone and start else text


def _span(span: timedelta) -> str:
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (seconds, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%H:%M:%S}"


def _registers(story: SessionStory) -> str:
    sent = story.details.sent if story.details else {}
    if not sent or sent["register_start_kwh"] is None or sent["register_end_kwh"] is None:
        return ""
    return f" (meter {plain(sent['register_start_kwh'])} to {plain(sent['register_end_kwh'])})"


def _settled_energy(cdr: Row) -> str:
    settled = cdr["settled_energy_kwh"]
    return "" if settled is None or settled == cdr["energy_kwh"] else f", settled as {plain(settled)} kWh"


def _known_as(sent: Row) -> str | None:
    if not sent:
        return None
    names = [sent["canonical_connector_id"] or "no known connector"]
    if sent["place_alias"]:
        names.append(f"renamed: {sent['place_alias']}")
    if sent["evse_drifted_from"]:
        names.append(f"the EVSE was {sent['evse_drifted_from']} before")
    if sent["known_location_id"] and sent["known_location_id"] != sent["location_id"]:
        names.append(f"we know it at location {sent['known_location_id']}")
    return "; ".join(names)


def _hardware(sent: Row) -> str | None:
    if not sent or not sent["connector_power_type"]:
        return None
    power = sent["connector_max_power_w"]
    kilowatt = "" if power is None else f", {plain(power / 1000)} kW"
    return f"{sent['connector_power_type']}{kilowatt}, {sent['connector_standard'] or 'standard unknown'}"


def _token(sent: Row) -> str | None:
    if not sent or not (sent["token_uid"] or sent["contract_id"]):
        return "none in the record"
    contract = f", driver's contract {sent['contract_id']}" if sent["contract_id"] else ""
    return f"{sent['token_type'] or 'token'} {sent['token_uid'] or 'without id'}{contract} (pseudonyms)"


def _authorized(evidence: Row) -> str | None:
    if not evidence or evidence["answered_at"] is None:
        return None
    return f"{evidence['allowed']}, answered {instant(evidence['answered_at'])}"


def _session_told(sent: Row, evidence: Row) -> str | None:
    if not sent or not sent["session_id"]:
        return None
    if not evidence or not evidence["has_session"]:
        return f"{sent['session_id']}; no session of that id was told"
    span = f"{instant(evidence['session_started_at'])} to {instant(evidence['session_ended_at'])}"
    return f"{sent['session_id']}, told as {evidence['session_status']} {span}"


def _contract(terms: Row, approval: Row) -> str | None:
    if not terms or not terms["contract_version"]:
        return None
    approved = "not approved" if not terms["is_contract_approved"] else "approved"
    if approval and terms["is_contract_approved"]:
        approved += f" by {approval['approved_by']}, ledger entry {approval['seq']}"
    since = terms["contract_valid_from"]
    return f"{terms['contract_name']}, version {terms['contract_version'][:12]}, in force since {since}, {approved}"


def _origin(story: SessionStory) -> Section:
    return Section(
        "Where it came from",
        columns=["file", ">line", "received", "what became of it", "record sha256"],
        rows=[
            (
                place(row).rpartition("#")[0],
                row["position"],
                row["received_at"],
                "counts" if row["record_id"] == story.cdr["record_id"] else _became(row),
                row["record_sha256"][:16],
            )
            for row in story.records
        ],
    )


def _became(row: Row) -> str:
    return str(row["disposition"]) + (f" ({row['reason']})" if row["reason"] else "")


def _revisions(story: SessionStory) -> Section:
    """What the records that do not count say otherwise."""
    rows = [
        (revision.place, change.field, change.counting, change.other)
        for revision in story.revisions
        for change in revision.changes
    ]
    same = [
        f"{revision.place} ({_became({'disposition': revision.disposition, 'reason': revision.reason})}) says the same."
        for revision in story.revisions
        if not revision.changes
    ]
    return Section(
        "What the other records of this id say",
        sentences=same,
        columns=["record", "field", "the one that counts", "this one"],
        rows=rows,
    )


def _gates(story: SessionStory) -> Section:
    several = len({row["revision"] for row in story.verdicts}) > 1
    return Section(
        "What the gates said",
        columns=["gate", *(["revision"] if several else []), "verdict", ">rules evaluated", ">not evaluated"],
        rows=[
            (row["gate"], *([row["revision"]] if several else []), row["verdict"], row["rules_evaluated"],
             row["rules_not_evaluated"])
            for row in story.verdicts
        ],
    )  # fmt: skip


def _findings(story: SessionStory) -> Section:
    return Section(
        "Findings",
        columns=["rule", "severity", "observed", "expected", "tolerance", "stands", "whose"],
        rows=[
            (
                row["rule_id"],
                row["severity"],
                row["observed"],
                row["expected"],
                row["tolerance"],
                _stands(row),
                row["owner"],
            )
            for row in story.findings
        ],
    )


def _stands(row: Row) -> str:
    if row["caused_by_rule"]:
        other = "" if row["caused_by_rule"] != row["rule_id"] else f" of {row['caused_by_subject']}"
        return f"{row['status']}, explained by {row['caused_by_rule']}{other}"
    if row["status"] == "open" and row["due_at"] is not None:
        return f"open, due {row['due_at']:%Y-%m-%d}"
    if row["status"] == "resolved" and row["resolved_at"] is not None:
        return f"resolved {row['resolved_at']:%Y-%m-%d}"
    return str(row["status"])


def _events(story: SessionStory) -> Section:
    return Section(
        "What happened, by the ledger",
        columns=[">entry", "at", "who", "what", "about", "reason", "note"],
        rows=[
            (
                row["seq"],
                row["happened_at"],
                row["actor"],
                row["event"],
                "" if row["subject"] == f"cdr:{story.cdr['cdr_key']}" else row["subject"],
                row["reason_code"],
                _amounts(row["note"]),
            )
            for row in story.events
        ],
    )


def _amounts(note: str | None) -> str | None:
    """`settled 9.63500000` without its zeros."""
    if not note or ", settled " not in note:
        return note
    before, _, amount = note.rpartition(", settled ")
    return f"{before}, settled {plain(Decimal(amount))}"
