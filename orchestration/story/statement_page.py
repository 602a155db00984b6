"""The story of one statement in words: what is on it, what is not and why, who signed. No query, no layout."""

from collections.abc import Iterator

from orchestration.story.page import Page, Section, instant, plain
from orchestration.story.shared_sections import disputes_section, events_section, papers
from orchestration.story.statement import LINES_SHOWN, Row, StatementStory


def statement_page(story: StatementStory) -> Page:
    """The page of one statement."""
    statement = story.statement
    return Page(
        title=statement["statement_id"],
        subtitle=f"{statement['status']} statement of {statement['partner']} for {statement['period']}",
        lead=list(_lead(story)),
        sections=[
            _signed(story),
            _kinds(story),
            _left_out(story),
            _waterfall(story),
            _largest(story),
            disputes_section(story.disputes),
            events_section(story.events, ""),
        ],
    )


def _lead(story: StatementStory) -> Iterator[str]:
    one = story.statement
    who = f"{one['partner']} owes us" if one["direction"] == "receivable" else f"we owe {one['partner']}"
    gross = "tax undecided" if one["amount_incl_tax"] is None else f"{_money(one['amount_incl_tax'])} gross"
    yield (
        f"{one['sessions']:,} sessions, {plain(one['energy_kwh'])} kWh: {who} {_money(one['amount_excl_tax'])} "
        f"{one['currency']} net, {gross}."
    )
    waiting = sum(row["sessions"] for row in story.left_out if row["state"] == "held")
    if waiting:
        yield f"{waiting:,} session{'s are' if waiting > 1 else ' is'} held and would come on it once cleared."


def _money(amount: object) -> str:
    return f"{amount:,.2f}"


def _signed(story: StatementStory) -> Section:
    """Approval, seal and paper."""
    one, period = story.statement, story.period
    facts: list[tuple[str, str | None]] = [("content", one["content_sha256"])]
    if period:
        facts += [
            ("cut-off", instant(period["cut_off_at"]) if period["cut_off_at"] else None),
            ("approved", _approved(period)),
            ("sealed", _sealed(period)),
        ]
    others = ", ".join(f"{row['statement_id']} ({row['status']})" for row in story.other_statements)
    facts += [*papers(story.documents, story.payments), ("beside it", others or None)]
    return Section("Approval, seal and paper", facts)


def _approved(period: Row) -> str:
    if period["approved_at"] is None:
        due = f", due {instant(period['approval_due_at'])}" if period["approval_due_at"] else ""
        return f"not yet{due}"
    lost = "; the drafts changed since, so it is lost" if period["is_approval_lost"] else ""
    return (
        f"proposed by {period['proposed_by']}, approved by {period['approved_by']} {instant(period['approved_at'])}, "
        f"ledger entry {period['approval_seq']}{lost}"
    )


def _sealed(period: Row) -> str:
    if period["sealed_at"] is None:
        return "not yet"
    return (
        f"by {period['sealed_by']} {instant(period['sealed_at'])}, ledger entry {period['seal_seq']}, "
        f"manifest {period['manifest_sha256']}"
    )


def _kinds(story: StatementStory) -> Section:
    return Section(
        "What is on it",
        columns=["kind", ">lines", ">kWh", ">net", ">tax", ">gross"],
        rows=[
            (row["kind"], row["lines"], row["energy_kwh"], row["amount_excl_tax"], row["tax"], row["amount_incl_tax"])
            for row in story.kinds
        ],
    )


def _left_out(story: StatementStory) -> Section:
    """Sessions of the same partner and period that are not on it, and by which rule."""
    return Section(
        "What is not on it, and why",
        columns=["state", "by", ">sessions", ">kWh", ">claimed", ">expected", "for example"],
        rows=[
            (
                row["state"],
                row["rule_id"] or {"credited": "a credit, net zero", "excluded": "a decision"}.get(row["state"], ""),
                row["sessions"],
                row["energy_kwh"],
                row["claimed_excl_tax"],
                row["expected_excl_tax"],
                row["first_key"],
            )
            for row in story.left_out
        ],
    )


def _waterfall(story: StatementStory) -> Section:
    """From what was received to this statement; steps at which nothing happens are left out."""
    return Section(
        f"From received to statement, {story.statement['currency']} net",
        columns=["step", ">sessions", ">of them without amount", ">kWh", ">net"],
        rows=[
            (row["step"].replace("_", " "), row["sessions"], row["sessions_unknown_amount"] or None, row["energy_kwh"],
             row["amount_excl_tax"])
            for row in story.waterfall
            if row["sessions"] or row["energy_kwh"] or row["amount_excl_tax"]
        ],
    )  # fmt: skip


def _largest(story: StatementStory) -> Section:
    count = sum(row["lines"] for row in story.kinds)
    return Section(
        f"Its {LINES_SHOWN} largest lines of {count:,}" if count > LINES_SHOWN else "Its lines",
        columns=[">line", "kind", "session", ">kWh", ">net", ">tax", ">gross", "corrects"],
        rows=[
            (row["line_no"], row["kind"], row["cdr_key"], row["energy_kwh"], row["amount_excl_tax"], row["tax"],
             row["amount_incl_tax"], row["corrects"])
            for row in story.largest_lines
        ],
    )  # fmt: skip
