"""Whether the money of one session adds up: each price line, the lines, the settled amount, the statement line.

Everything is worked out again from what the page shows, as a reader would. What does not belong here: any price of our
own, and any tolerance: a claim may differ from the price, but no sum may differ from its parts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from orchestration.story.price_words import exact_amount, what
from orchestration.story.session import Row, SessionStory

_MODES = {"half-up": ROUND_HALF_UP, "half-even": ROUND_HALF_EVEN}
# Hours are kept with eight places, so a product of them is exact to about the seventh.
_KEPT = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Sum:
    """Something that was said and what it comes to when it is worked out again; net of tax unless the words say so."""

    what: str
    said: Decimal | None
    again: Decimal | None
    is_equal: bool


def sums_of(story: SessionStory) -> list[Sum]:
    """Every sum of this session, from its price lines to its line on a statement."""
    return [*_lines(story), *_price(story), *_settled(story), *_statement(story)]


def statement_sums(statement: Row, lines: Mapping[str, Decimal | None]) -> list[Sum]:
    """A statement against the sums of its lines' columns of the same names."""
    return [
        _sum(f"lines of {statement['statement_id']}, {name.replace('_', ' ')}", statement[name], lines[name])
        for name in ("amount_excl_tax", "tax", "amount_incl_tax")
    ]


def _sum(what: str, said: Decimal | None, again: Decimal | None) -> Sum:
    return Sum(what, said, again, said == again)


def _lines(story: SessionStory) -> Iterator[Sum]:
    """What each line multiplies comes to its net or its gross amount, or to it after the tariff's own rounding."""
    for line in story.price_lines:
        exact = exact_amount(line)
        if exact is None:
            continue
        amounts = [abs(amount) for amount in (line["amount_excl_tax"], line["amount_incl_tax"]) if amount is not None]
        is_equal = any(_is_near(amount, abs(exact)) for amount in amounts)
        yield Sum(f"line {line['line_no']}, {what(line)}", line["amount_excl_tax"], exact, is_equal)


def _is_near(amount: Decimal, exact: Decimal) -> bool:
    """Whether it is that amount, or was rounded to the places that the amount has, which are cents or finer."""
    exponent = amount.normalize().as_tuple().exponent
    places = max(2, -exponent if isinstance(exponent, int) else 2)
    beside = abs(amount - exact)
    return beside < _KEPT or beside < Decimal(1).scaleb(-places)


def _price(story: SessionStory) -> Iterator[Sum]:
    cdr = story.cdr
    if cdr["rated_excl_tax"] is None:
        return
    yield _sum("price lines", cdr["rated_excl_tax"], _total(story.price_lines))
    if cdr["expected_excl_tax"] is not None:
        discounted = cdr["rated_excl_tax"] + _total(story.discount_lines)
        yield _sum("price less discounts", cdr["expected_excl_tax"], discounted)


def _total(rows: Sequence[Row]) -> Decimal:
    return sum((row["amount_excl_tax"] for row in rows), Decimal(0))


def _settled(story: SessionStory) -> Iterator[Sum]:
    """By its state and by whom it was settled: the claim, the expected price, the decided amount, or nothing."""
    cdr = story.cdr
    amount = cdr["settled_excl_tax"]
    if cdr["state"] in ("held", "excluded"):
        yield _sum(f"settled, being {cdr['state']}", amount, Decimal(0))
    elif cdr["state"] == "adjusted":
        yield _sum("settled as adjusted", amount, _total_after(story.adjustments))
    elif cdr["state"] == "valid" and cdr["settled_by"] == "claim":
        yield _sum("settled as claimed", amount, cdr["claimed_excl_tax"])
    elif cdr["state"] == "valid" and cdr["settled_by"] == "expected":
        yield _sum("settled as priced", amount, cdr["expected_excl_tax"])


def _total_after(adjustments: Sequence[Row]) -> Decimal | None:
    afters = [row["after_excl_tax"] for row in adjustments]
    return afters[0] if len(afters) == 1 else None


def _statement(story: SessionStory) -> Iterator[Sum]:
    """Net and tax of each line of it, and its own line: what is settled, exchanged, rounded as the contract says."""
    terms = story.details.terms if story.details else {}
    for line in story.statement_lines:
        name = f"{line['statement_id']}#{line['line_no']}"
        if line["amount_incl_tax"] is not None:
            yield _sum(f"net and tax of {name}", line["amount_incl_tax"], line["amount_excl_tax"] + line["tax"])
        if line["kind"] == "session" and terms:
            yield _sum(f"settled, rounded: {name}", line["amount_excl_tax"], _rounded(story, line, terms))


def _rounded(story: SessionStory, line: Row, terms: Row) -> Decimal:
    """Level line rounds the parts of an expected price, level statement nothing here, level session the whole."""
    cdr = story.cdr
    settled: Decimal = cdr["settled_excl_tax"]
    cent, mode = Decimal(1).scaleb(-terms["rounding_scale"]), _MODES[terms["rounding_mode"]]
    if line["fx_numerator"] is not None:
        settled = settled * line["fx_numerator"] / line["fx_denominator"]
    elif terms["rounding_level"] == "line" and cdr["settled_by"] == "expected" and not cdr["is_credit"]:
        parts = [row["amount_excl_tax"] for row in (*story.price_lines, *story.discount_lines)]
        return sum((part.quantize(cent, mode) for part in parts), Decimal(0))
    if terms["rounding_level"] == "statement":
        return settled.quantize(Decimal("0.00000001"), ROUND_HALF_UP)
    return settled.quantize(cent, mode)
