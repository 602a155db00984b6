"""What a credit note takes back, line by line: each session with the document that billed it.

What does not belong here: the sums of an invoice (invoice), and which documents a credit note names (documents).
"""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

import duckdb

# Beyond this a reader looks into the statement, which has every line: the note then sums up by document.
LINES_MAX = 200

_LINES = """
    select lines.tax_category, lines.tax_percent, lines.kind, coalesce(outcomes.is_credit, false) as is_credit,
        coalesce(originals.cdr_id, outcomes.cdr_id) as cdr_id, numbers.number, lines.amount_excl_tax
    from settle.statement_lines as lines
    left join settle.cdr_outcomes as outcomes on lines.cdr_key = outcomes.cdr_key
    left join settle.cdr_outcomes as originals on outcomes.credit_of = originals.cdr_key
    left join ingest.sealed_outcomes as billed on outcomes.credit_of = billed.cdr_key
    left join ingest.document_numbers as numbers
        on coalesce(split_part(lines.corrects, '#', 1), billed.statement_id) = numbers.statement_id
        and lines.own_party = numbers.party
    where lines.statement_id = ? and lines.own_party = ? and lines.kind not in ('rounding', 'tax_rounding')
    order by lines.tax_category, lines.tax_percent, lines.line_no
"""
_ONE = {"credit": "Credit of session", "adjustment": "Correction of session", "session": "Charging session"}
_MANY = {"credit": "Credits", "adjustment": "Corrections", "session": "Charging sessions", "fee": "Fees"}


@dataclass(frozen=True, slots=True)
class Credited:
    """One line of a credit note as it stands on the statement: below zero takes back."""

    category: str
    percent: Decimal
    text: str
    amount: Decimal


def credited_lines(connection: duckdb.DuckDBPyConnection, statement_id: str, party: str) -> list[Credited]:
    """The lines of a party of ours on a statement, which are below zero, in its order.

    Of very many their sums by kind and document.
    """
    rows = connection.execute(_LINES, [statement_id, party]).fetchall()
    if len(rows) <= LINES_MAX:
        return [
            Credited(category, percent, _text(kind, is_credit, cdr_id, number), amount)
            for category, percent, kind, is_credit, cdr_id, number, amount in rows
        ]
    sums: dict[tuple[str, Decimal, str, str | None], Decimal] = {}
    counts: Counter[tuple[str, Decimal, str, str | None]] = Counter()
    for category, percent, kind, is_credit, _, number, amount in rows:
        key = (category, percent, "credit" if is_credit else kind, number)
        sums[key] = sums.get(key, Decimal(0)) + amount
        counts[key] += 1
    return [
        Credited(key[0], key[1], f"{_MANY[key[2]]}: {counts[key]:,} lines{_of(key[3])}", amount)
        for key, amount in sums.items()
    ]


def _text(kind: str, is_credit: bool, cdr_id: str | None, number: str | None) -> str:
    if kind == "fee":
        return f"Fee{_of(number)}"
    # An id is the partner's text; XML takes no control characters.
    shown = "".join(char if char.isprintable() else "?" for char in cdr_id or "")
    return f"{_ONE['credit' if is_credit else kind]} {shown}{_of(number)}"


def _of(number: str | None) -> str:
    return f", billed on {number}" if number else ""
