"""The story of one session in words: what matters first, then each step from the line of a file to the money.

What does not belong here: any query (session, details), any layout (page).
"""

from collections.abc import Iterator

from orchestration.story.charger_section import charger_section
from orchestration.story.money_sections import money_sections
from orchestration.story.page import Page, Section, amount
from orchestration.story.session import Row, SessionStory, file_of
from orchestration.story.session_section import session_section
from orchestration.story.shared_sections import events_section, findings_section

_BUSY = (
    "The warehouse cannot be read now (a run holds it, or it was deleted): what the charger told, token, contract, "
    "charging periods, range and the text of the record are left out. Ask again when the run has ended."
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
            session_section(story),
            _parts(story),
            charger_section(story),
            _origin(story),
            _revisions(story),
            _gates(story),
            findings_section(story.findings),
            *money_sections(story),
            _to_do(story),
            events_section(story.events, f"cdr:{cdr['cdr_key']}"),
            Section("The record as it stands in its file, persons under pseudonyms", raw=story.raw_text),
        ],
    )


def _lead(story: SessionStory) -> Iterator[str]:
    """Where it stands and why, in a sentence or two."""
    cdr = story.cdr
    settled = f"{amount(cdr['settled_excl_tax'])} {cdr['currency']} net"
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
            yield f"Excluded{f' by {rules}' if rules else _by_whom(story)}: it is billed to nobody."
    yield from _since(story)
    yield from _beside(story)
    yield from (f"{case['what_happened']} {case['action']}" for case in story.cases)


def _since(story: SessionStory) -> Iterator[str]:
    """What else was billed of it, or would be: its counterpart, what corrects its line, what waits for a decision."""
    cdr = story.cdr
    if cdr["state"] in ("valid", "adjusted") and story.credits:
        others = ", ".join(f"{row['cdr_key']} ({row['state']})" for row in story.credits)
        yield f"{'It takes back' if cdr['is_credit'] else 'It is taken back by'} {others}."
    for line in story.statement_lines:
        if line["corrects"]:
            by = f"{amount(line['amount_excl_tax'])} {line['currency']} net"
            yield f"Corrected by {by}: line {line['line_no']} of {line['status']} statement {line['statement_id']}."
    for row in story.sealed_differences:
        if row["open_excl_tax"]:
            by = f"{amount(row['open_excl_tax'])} {row['currency']} net"
            yield f"It would come out otherwise today, by {by} ({row['cause']}): two people decide on it."
    for row in story.disputes:
        if row["is_open"]:
            of = f" of {amount(row['billed_excl_tax'])}" if row["billed_excl_tax"] is not None else ""
            yield (
                f"Disputed: {amount(row['disputed_excl_tax'])}{of} {cdr['currency']} net, by the {row['claimant']} "
                f"since {row['opened_at']:%Y-%m-%d} ({row['reason_code']}); what is not disputed stays payable."
            )


def _by_whom(story: SessionStory) -> str:
    """The decision that left it out: its reason, and who said so first."""
    said = [row for row in story.events if row["event"].endswith("exclude")]
    return f" by decision of {said[-1]['actor']} ({said[-1]['reason_code']})" if said else " by decision"


def _beside(story: SessionStory) -> Iterator[str]:
    """That its record came more than once, or that another one uses its id."""
    same = [revision for revision in story.revisions if not revision.changes]
    if same:
        yield f"The same record came {len(same) + 1} times and counts once."
    for revision in story.revisions:
        if revision.changes:
            fields = ", ".join(change.field for change in revision.changes[:3])
            left = len(revision.changes) - 3
            more = f" and {left} field{'s' if left > 1 else ''} more" if left > 0 else ""
            why = f" ({revision.reason})" if revision.reason else ""
            yield f"{revision.place} has the same id and another {fields}{more}: it does not count{why}."


def _open(story: SessionStory, severity: str) -> list[Row]:
    return [row for row in story.findings if row["severity"] == severity and row["status"] == "open"]


def _on_statement(story: SessionStory) -> str:
    lines = [line for line in story.statement_lines if line["kind"] == "session"]
    if not lines:
        return " Both sides are us, so it is on no statement." if story.cdr["direction"] == "internal" else ""
    line = lines[0]
    return f" Line {line['line_no']} of {line['status']} statement {line['statement_id']}."


def _parts(story: SessionStory) -> Section:
    return Section(
        "Who did what",
        columns=["part", "party", "how that is known"],
        rows=[(part.part, part.party or "nobody told", part.known_by) for part in story.parts],
    )


def _to_do(story: SessionStory) -> Section:
    """The command that ends each open case; it needs a name, and mostly a second person."""
    return Section("What ends its open cases", sentences=[_ends(case) for case in story.cases if case["command"]])


def _ends(case: Row) -> str:
    due = f", due {case['due_at']:%Y-%m-%d}" if case["due_at"] is not None else ""
    return f"{case['rule_id'] or 'its dispute'}{due}: {case['command']}"


def _origin(story: SessionStory) -> Section:
    return Section(
        "Where it came from",
        columns=["file", ">line", "received", "what became of it", "record sha256"],
        rows=[
            (
                file_of(row),
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
    now = [row for row in story.verdicts if row["revision"] == story.cdr["revision"] and row["verdict"] != "pass"]
    sealed = story.cdr["is_sealed"] and story.cdr["state"] in ("valid", "adjusted") and now
    return Section(
        "What the gates said",
        sentences=["By what is known today. When it was sealed all gates let it pass."] if sealed else [],
        columns=["gate", *(["revision"] if several else []), "verdict", ">rules evaluated", ">not evaluated"],
        rows=[
            (row["gate"], *([row["revision"]] if several else []), row["verdict"], row["rules_evaluated"],
             row["rules_not_evaluated"])
            for row in story.verdicts
        ],
    )  # fmt: skip
