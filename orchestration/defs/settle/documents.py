"""Which statements of a period that is being sealed get an invoice or a credit note from us, and what it says.

We bill what is receivable; what is payable the partner bills, or we in its name where the contract says so
(self-billing). A statement whose tax is undecided gets no document; one of several legal entities of ours gets one for
each, of the lines that are its own.
What does not belong here: numbers (facts/documents) and files (document_files).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import duckdb

from orchestration.facts.documents import Document
from orchestration.facts.seals import SealRefused

CENT = Decimal("0.01")
# What a document is of: a statement, and the party that stands for one of our legal entities on it.
Issued = tuple[str, str]

_HEADS = """
    select statements.statement_id, statements.currency, statements.direction, lines.own_party
    from settle.statements as statements
    inner join settle.statement_lines as lines on statements.statement_id = lines.statement_id
    where statements.period = $period and statements.partner = $partner and statements.status <> 'sealed'
        and (statements.direction = 'receivable' or $is_self_billed) and statements.tax is not null
    group by statements.statement_id, statements.currency, statements.direction, lines.own_party
    order by statements.statement_id, lines.own_party
"""

# A rate of tax has one sum on a document, of net and of tax.
_RATES = """
    select tax_category, tax_percent, sum(amount_excl_tax), sum(tax)
    from settle.statement_lines
    where statement_id = $statement and own_party = $party
    group by tax_category, tax_percent
    order by tax_category, tax_percent
"""

_CORRECTED = """
    select distinct split_part(lines.corrects, '#', 1)
    from settle.statement_lines as lines
    where lines.statement_id = $statement and lines.own_party = $party
        and lines.corrects is not null
    union
    select distinct originals.statement_id
    from settle.statement_lines as lines
    inner join settle.cdr_outcomes as credits on lines.cdr_key = credits.cdr_key and credits.is_credit
    inner join ingest.sealed_outcomes as originals on credits.credit_of = originals.cdr_key
    where lines.statement_id = $statement and lines.own_party = $party
        and originals.statement_id is not null
"""

# What a session and its credits come to over all that was sealed and is being sealed.
_OVERDRAWN = """
    with lines as (
        select coalesce(case when outcomes.is_credit then outcomes.credit_of end, lines.cdr_key) as cdr_key,
            lines.statement_id, lines.amount_excl_tax, statements.status
        from settle.statement_lines as lines
        inner join settle.statements as statements on lines.statement_id = statements.statement_id
        inner join settle.cdr_outcomes as outcomes on lines.cdr_key = outcomes.cdr_key
        where statements.partner = $partner
            and (statements.status = 'sealed' or statements.period = $period)
    )
    select cdr_key, sum(amount_excl_tax), sum(amount_excl_tax) filter (status = 'sealed')
    from lines
    group by cdr_key
    having sum(amount_excl_tax) < 0 and sum(amount_excl_tax) filter (status = 'sealed') >= 0
        and min(amount_excl_tax) filter (status <> 'sealed') < 0
    order by cdr_key
"""

# An agreement that has not begun, or that nobody has signed yet, lets us issue nothing in the partner's name.
_TERMS = """
    select terms.payment_terms_days,
        coalesce(terms.self_billing_agreement is not null and terms.self_billing_from <= $day, false),
        (
            select min(parties.party) from ingest.contract_parties as parties
            where parties.partner = contracts.partner and parties.contract_version = contracts.contract_version
        )
    from ingest.contracts as contracts
    inner join ingest.settlement_terms as terms
        on contracts.partner = terms.partner and contracts.contract_version = terms.contract_version
    where contracts.partner = $partner and contracts.valid_from <= $day
        and (contracts.valid_to is null or contracts.valid_to > $day)
"""


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the contract of a day says of its documents. supplier: in whose name we issue what is payable."""

    payment_days: int | None = None
    is_self_billed: bool = False
    supplier: str | None = None


def drafted(
    connection: duckdb.DuckDBPyConnection, period: str, partner: str, issued_on: date, issued: Mapping[Issued, str]
) -> list[Document]:
    """The documents that sealing this period and partner issues, not numbered yet, in the order of their statements.

    issued: numbers by statement and party of ours. Raises SealRefused.
    """
    _refuse_overdrawn(connection, period, partner)
    row = connection.execute(_TERMS, {"partner": partner, "day": issued_on}).fetchone()
    terms = _Terms(*row) if row else _Terms()
    scope = {"period": period, "partner": partner, "is_self_billed": terms.is_self_billed}
    found = []
    for statement_id, currency, direction, party in connection.execute(_HEADS, scope).fetchall():
        net, tax = _totals(connection, statement_id, party)
        is_credit, is_ours = net + tax < 0, direction == "receivable"
        sign = -1 if is_credit else 1
        preceding = _preceding(connection, statement_id, party, issued)
        if is_credit and not preceding:
            # What the partner billed itself, the partner credits itself.
            if not is_ours:
                continue
            raise SealRefused(
                f"DOC_CREDIT_UNLINKED: {statement_id} is below zero and corrects no invoice of {party}, so it can be "
                "no credit note: exclude or adjust its negative lines, or let more be billed first."
            )
        found.append(
            Document(
                kind="credit_note" if is_credit else "invoice",
                statement_id=statement_id,
                party=party,
                partner=partner,
                issued_on=issued_on,
                due_on=None if terms.payment_days is None else issued_on + timedelta(days=terms.payment_days),
                currency=currency,
                amount_excl_tax=sign * net,
                tax=sign * tax,
                amount_incl_tax=sign * (net + tax),
                preceding=tuple(preceding),
                supplier=None if is_ours else terms.supplier,
            )
        )
    return found


def in_cents(amount: Decimal) -> Decimal:
    """An amount as a document and a bank hold it."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def _totals(connection: duckdb.DuckDBPyConnection, statement_id: str, party: str) -> tuple[Decimal, Decimal]:
    rates = connection.execute(_RATES, {"statement": statement_id, "party": party}).fetchall()
    return sum((in_cents(rate[2]) for rate in rates), Decimal(0)), sum(
        (in_cents(rate[3]) for rate in rates), Decimal(0)
    )


def _preceding(
    connection: duckdb.DuckDBPyConnection, statement_id: str, party: str, issued: Mapping[Issued, str]
) -> list[str]:
    """Numbers of the documents of what a party's lines of a statement correct."""
    scope = {"statement": statement_id, "party": party}
    corrected = sorted(one for (one,) in connection.execute(_CORRECTED, scope).fetchall())
    return [issued[one, party] for one in corrected if (one, party) in issued]


def _refuse_overdrawn(connection: duckdb.DuckDBPyConnection, period: str, partner: str) -> None:
    """Nothing is credited twice: over all sealed statements a session never comes to less than nothing."""
    rows = connection.execute(_OVERDRAWN, {"period": period, "partner": partner}).fetchall()
    if rows:
        cdr_key, total, billed = rows[0]
        raise SealRefused(
            f"DOC_CREDIT_TWICE: {cdr_key} was billed at {billed:.2f} and would come to {total:.2f} ({len(rows)} such "
            f"sessions): exclude or adjust what credits it again, with `evsettle decide exclude '{cdr_key}' --by NAME`."
        )
