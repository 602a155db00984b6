"""What changes between two tariffs, in sentences: the price that holds in each situation, not the text.

Elements that were moved, split or joined without changing a price say nothing; a new order that changes one does.
What does not belong here: judging a tariff (lint).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from orchestration.defs.ingest.tariff import Tariff
from orchestration.defs.ingest.tariff_elements import DIMENSIONS, Component
from orchestration.tariffs import words
from orchestration.tariffs.situations import CHARGING, EXPIRED, RESERVED, Box, Offer, Space, TooManyCases, meet, offers

# The whole identity of an offer that a person pays by; None is no price, so free.
Paid = Component | None
_CONTEXTS = ((CHARGING, DIMENSIONS), (RESERVED, ("TIME", "FLAT")), (EXPIRED, ("TIME", "FLAT")))


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `what` says of what and when, before and after what holds; `percent` where both are prices."""

    kind: str
    what: str
    before: str
    after: str
    percent: Decimal | None = None

    def sentence(self) -> str:
        """`Energy on weekdays 08:00-20:00: 0.45 -> 0.49 EUR/kWh (+8.9 %)`."""
        share = "" if self.percent is None else f" ({self.percent:+} %)"
        return f"{self.what}: {self.before} -> {self.after}{share}"


def changes(before: Tariff, after: Tariff) -> list[Change]:
    """Every difference that somebody may pay for, then those of the tariff as a whole. Empty: the price is the same."""
    found = [
        change
        for context, dimensions in _CONTEXTS
        for dimension in dimensions
        for change in _price_changes(before, after, dimension, context)
    ]
    return found + list(_whole_changes(before, after))


def _price_changes(before: Tariff, after: Tariff, dimension: str, context: int) -> Iterator[Change]:
    space = Space.of([*before.elements, *after.elements])
    label = words.dimension_name(dimension, context)
    try:
        old, new = (_paid(tariff, dimension, space, context) for tariff in (before, after))
    except TooManyCases:
        if before.elements != after.elements:
            yield Change("price", label, "too many cases", "too many cases to compare one by one")
        return
    differing: dict[tuple[Paid, Paid], list[Box]] = {}
    for was, was_boxes in old:
        for now, now_boxes in new:
            common = [box for a in was_boxes for b in now_boxes if (box := meet(a, b)) is not None]
            if common and _differs(was, before, now, after):
                key = (was, now)
                differing.setdefault(key, []).extend(common)
    for (was, now), boxes in differing.items():
        for when in words.situations(boxes, space):
            yield _change(f"{label}{_when(when)}", was, before, now, after, context)


def _paid(tariff: Tariff, dimension: str, space: Space, context: int) -> list[tuple[Paid, Sequence[Box]]]:
    found, free = offers(tariff, dimension, space, context)
    paid: list[tuple[Paid, Sequence[Box]]] = [(offer.component, offer.boxes) for offer in found if offer.boxes]
    return [*paid, (None, free)]


def _differs(was: Paid, before: Tariff, now: Paid, after: Tariff) -> bool:
    if was is None or now is None:
        return was is not now
    same_tax = (before.currency, before.tax_included) == (after.currency, after.tax_included)
    return not (same_tax and _normal(was) == _normal(now))


def _normal(component: Component) -> tuple[object, ...]:
    """What of a component can change an amount: no step and step 0 are one, and a fee has no step."""
    step = None if component.dimension == "FLAT" else component.step_size or None
    rounding = (component.price_round_granularity, component.price_round_rule)
    return (component.price, component.tax_percent, step, *rounding, component.step_round_granularity,
            component.step_round_rule)  # fmt: skip


def _when(phrase: str) -> str:
    if phrase == "always":
        return ""
    starts_with_day = phrase.split(" ", maxsplit=1)[0].rstrip(",") in ("weekdays", "weekends", *words.DAY_NAMES)
    return f" on {phrase}" if starts_with_day else f" {phrase}"


def _change(what: str, was: Paid, before: Tariff, now: Paid, after: Tariff, context: int) -> Change:
    if was is None or now is None:
        sides = [
            "no charge" if paid is None else _offer(paid, tariff, context)
            for paid, tariff in ((was, before), (now, after))
        ]
        return Change("price", what, sides[0], sides[1])
    if was.price != now.price or before.currency != after.currency:
        return _price_change(what, was, before, now, after, context)
    taxes = words.tax(was, before.tax_included), words.tax(now, after.tax_included)
    if taxes[0] != taxes[1]:
        return Change("tax", f"Tax on {what[0].lower()}{what[1:]}", *taxes)
    steps = words.step(was) or "billed exactly", words.step(now) or "billed exactly"
    if steps[0] != steps[1]:
        return Change("step", what, *steps)
    return Change("rounding", what, _rounding(was), _rounding(now))


def _price_change(what: str, was: Component, before: Tariff, now: Component, after: Tariff, context: int) -> Change:
    percent = None
    if was.price and now.price is not None and before.currency == after.currency:
        percent = ((now.price - was.price) * 100 / abs(was.price)).quantize(Decimal("0.1"))
    sides = [words.price(was, before.currency, context), words.price(now, after.currency, context)]
    # The unit is said once where it is the same.
    if sides[0].partition(" ")[2] == sides[1].partition(" ")[2]:
        sides[0] = sides[0].partition(" ")[0]
    taxes = words.tax(was, before.tax_included), words.tax(now, after.tax_included)
    steps = words.step(was), words.step(now)
    for pair, default in ((taxes, ""), (steps, "billed exactly")):
        if pair[0] != pair[1]:
            sides = [f"{side}, {word or default}" for side, word in zip(sides, pair, strict=True)]
    return Change("price", what, sides[0], sides[1], percent)


def _offer(component: Component, tariff: Tariff, context: int) -> str:
    parts = [words.price(component, tariff.currency, context), words.tax(component, tariff.tax_included)]
    return ", ".join(part for part in (*parts, words.step(component)) if part)


def _rounding(component: Component) -> str:
    parts = [
        f"{name} {rule or ''} {granularity or ''}".strip()
        for name, granularity, rule in (
            ("price rounded", component.price_round_granularity, component.price_round_rule),
            ("steps rounded", component.step_round_granularity, component.step_round_rule),
        )
        if granularity or rule
    ]
    return ", ".join(parts) or "no rounding of its own"


def _whole_changes(before: Tariff, after: Tariff) -> Iterator[Change]:
    for name, label in (("min_price", "Least a session costs"), ("max_price", "Most a session costs")):
        for side, tax in (("excl_tax", "without tax"), ("incl_tax", "with tax")):
            was, now = getattr(before, f"{name}_{side}"), getattr(after, f"{name}_{side}")
            if was != now or (was is not None and before.currency != after.currency):
                yield Change(name, f"{label}, {tax}", _limit(was, before), _limit(now, after))
    if before.currency != after.currency:
        yield Change("currency", "Currency", before.currency or "none", after.currency or "none")
    if before.tax_included != after.tax_included:
        yield Change("tax", "Prices and tax", _tax_words(before), _tax_words(after))
    if (before.type or "REGULAR") != (after.type or "REGULAR"):
        yield Change("type", "Kind of tariff", before.type or "REGULAR", after.type or "REGULAR")
    if before.valid_from != after.valid_from:
        yield Change("validity", "Holds from", _instant(before.valid_from), _instant(after.valid_from))
    if before.valid_to != after.valid_to:
        yield Change("validity", "Holds until", _instant(before.valid_to), _instant(after.valid_to))
    if set(before.problems) != set(after.problems):
        was, now = ("; ".join(tariff.problems) or "nothing" for tariff in (before, after))
        yield Change("problems", "Cannot be priced", was, now)


def _limit(amount: Decimal | None, tariff: Tariff) -> str:
    return "no limit" if amount is None else f"{words.number(amount)} {tariff.currency or '?'}"


def _tax_words(tariff: Tariff) -> str:
    named = {"YES": "prices include tax", "NO": "prices are without tax", "N/A": "no tax applies"}
    return named.get(tariff.tax_included or "", "prices are without tax")


def _instant(value: datetime | None) -> str:
    return "open" if value is None else f"{value:%Y-%m-%d %H:%M} UTC"


def price_table(tariff: Tariff) -> list[tuple[str, str, Offer]]:
    """What a tariff charges: when, the price in words, and the offer. Raises TooManyCases."""
    rows = []
    for context, dimensions in _CONTEXTS:
        space = Space.of(tariff.elements)
        for dimension in dimensions:
            for offer in offers(tariff, dimension, space, context)[0]:
                for when in words.situations(offer.boxes, space):
                    line = words.component_line(offer.component, tariff.currency, tariff.tax_included, context)
                    rows.append((line, when, offer))
    return rows
