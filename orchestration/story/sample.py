"""Sessions taken at random and explained, each with what its page must hold, and whether every sum in it is right.

What does not belong here: any wording of a page, and showing the answer (the command).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from orchestration.facts.home import Home
from orchestration.published import Snapshot
from orchestration.story.page import plain
from orchestration.story.session import Row, SessionStory, session_story
from orchestration.story.session_page import session_page
from orchestration.story.sums import Sum, statement_sums, sums_of

# The same seed takes the same sessions of the same home, on any version of DuckDB.
_CHOSEN = "select * from cdrs order by md5(cdr_key || '|' || $seed), cdr_key limit $count"

_STATEMENTS = """
    select statements.statement_id, statements.amount_excl_tax, statements.tax, statements.amount_incl_tax,
        sum(lines.amount_excl_tax) as lines_excl_tax, sum(lines.tax) as lines_tax,
        case when count(lines.amount_incl_tax) = count(*) then sum(lines.amount_incl_tax) end as lines_incl_tax
    from statements
    inner join statement_lines as lines on statements.statement_id = lines.statement_id
    where list_contains($statements, statements.statement_id)
    group by all
    order by statements.statement_id
"""


@dataclass(frozen=True, slots=True)
class Explained:
    """One session: what its page tells of tariff, meter and authorization, how many sums it has, what is wrong."""

    cdr_key: str
    state: str
    has_tariff: bool
    has_meter: bool
    has_authorization: bool
    statement_ids: tuple[str, ...]
    sums: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """The sessions in the order in which they were taken, and the statements that their lines stand on."""

    seed: str
    sessions: Sequence[Explained]
    statements: int
    statement_problems: Sequence[str]

    @property
    def is_right(self) -> bool:
        """Whether each sum of each session and statement is what it is made of, and nothing goes without a reason."""
        return not self.statement_problems and not any(session.problems for session in self.sessions)


def sample(home: Home, snapshot: Snapshot, count: int, seed: str, advance: Callable[[], None]) -> Sample:
    """`count` sessions of the home, or all when it has fewer. Raises HomeError."""
    sessions = []
    for cdr in snapshot.named(_CHOSEN, {"seed": seed, "count": count}):
        sessions.append(_explained(session_story(home, snapshot, cdr)))
        advance()
    names = sorted({name for session in sessions for name in session.statement_ids})
    statements = snapshot.named(_STATEMENTS, {"statements": names})
    wrong = [one for row in statements for one in statement_sums(row, _of_lines(row)) if not one.is_equal]
    return Sample(seed, sessions, len(statements), [_said(one) for one in wrong])


def _of_lines(row: Row) -> Row:
    return {
        "amount_excl_tax": row["lines_excl_tax"],
        "tax": row["lines_tax"],
        "amount_incl_tax": row["lines_incl_tax"],
    }


def _explained(story: SessionStory) -> Explained:
    # The page is made, so that a session that cannot be told is found, too.
    session_page(story)
    cdr, sums = story.cdr, sums_of(story)
    evidence = story.details.evidence if story.details else {}
    return Explained(
        cdr["cdr_key"],
        cdr["state"],
        bool(story.tariff),
        _has_meter(story),
        evidence.get("answered_at") is not None or evidence.get("terminal_id") is not None,
        tuple(sorted({line["statement_id"] for line in story.statement_lines})),
        len(sums),
        (*(_said(one) for one in sums if not one.is_equal), *_unexplained(story)),
    )


def _has_meter(story: SessionStory) -> bool:
    """Whether its meter is named: by its id, its registers, or values that it signed."""
    if story.details is None:
        return False
    sent, signed = story.details.sent, story.details.signed
    return bool(signed) or any(sent.get(name) is not None for name in ("meter_id", "register_start_kwh"))


def _said(one: Sum) -> str:
    return f"{one.what}: {plain(one.said)} is said, {plain(one.again)} comes out"


def _unexplained(story: SessionStory) -> Iterator[str]:
    """What a reader would ask, and no finding, decision or counterpart answers."""
    cdr = story.cdr
    is_open = any(row["status"] == "open" and row["severity"] in ("hold", "reject") for row in story.findings)
    if cdr["state"] in ("held", "excluded") and not is_open and not story.events:
        yield f"it is {cdr['state']}, and nothing says why"
    if cdr["state"] == "credited" and not story.credits:
        yield "it is credited, and its counterpart is not named"
    if not story.tariff and not story.findings:
        yield "it has no tariff version, and nothing says why"
    is_settled = cdr["state"] in ("valid", "adjusted") and cdr["direction"] in ("receivable", "payable")
    if is_settled and not story.statement_lines:
        yield "it is settled, and stands on no statement"
    if story.details is None:
        yield "the warehouse cannot be read now, so only half of it is told"
