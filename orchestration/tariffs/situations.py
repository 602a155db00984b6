"""When a price holds: the situations that restrictions tell apart, as sets that can be cut and compared exactly.

Every axis (day, clock, energy so far, …) is cut at the bounds of the elements in question. A box is one mask of cuts
an axis; a set of situations is a list of boxes that do not overlap. What does not belong here: words (words.py).
Source: PRICING, "Choosing the price of a period"; OCPI, TariffRestrictions.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from orchestration.defs.ingest.tariff import Tariff
from orchestration.defs.ingest.tariff_elements import MINUTES_OF_A_DAY, Component, Element

CHARGING, RESERVED, EXPIRED = 1, 2, 4
EVERY_DAY = (1 << 7) - 1
AXES = ("context", "days", "clock", "dates", "energy", "duration", "min_current", "max_current", "min_power",
        "max_power")  # fmt: skip
# Beyond this a tariff has more cases than a person could check; what is asked about it stays unanswered.
MAX_BOXES = 5_000

Box = tuple[int, ...]
Bound = date | Decimal | int


class TooManyCases(Exception):
    """The elements cut each other into more cases than can be worked out."""


@dataclass(frozen=True, slots=True)
class Space:
    """The cuts of every axis, of all elements that are looked at together. Masks have one bit more than cuts."""

    cuts: dict[str, tuple[Bound, ...]]

    @classmethod
    def of(cls, elements: Iterable[Element]) -> "Space":
        """The space in which these elements can be told apart."""
        cuts: dict[str, set[Bound]] = {name: set() for name in AXES}
        cuts["clock"] = {0, MINUTES_OF_A_DAY}
        for element in elements:
            cuts["clock"] |= {minute for minute in (element.start_minute, element.end_minute) if minute is not None}
            for axis, (low, high) in _bounds(element).items():
                cuts[axis] |= {bound for bound in (low, high) if bound is not None}
        return cls({name: tuple(sorted(values)) for name, values in cuts.items()})

    def full(self, axis: str) -> int:
        """The mask of everything on an axis."""
        if axis == "context":
            return CHARGING | RESERVED | EXPIRED
        if axis == "days":
            return EVERY_DAY
        pieces = len(self.cuts[axis]) - 1 if axis == "clock" else len(self.cuts[axis]) + 1
        return (1 << pieces) - 1

    def box(self, element: Element) -> Box | None:
        """The situations in which an element is active; None when it never is."""
        bounds = _bounds(element)
        masks = []
        for axis in AXES:
            if axis == "context":
                mask = {None: CHARGING, "RESERVATION": RESERVED | EXPIRED}.get(element.reservation, EXPIRED)
            elif axis == "days":
                mask = EVERY_DAY if element.day_mask is None else element.day_mask
            elif axis == "clock":
                mask = self._clock(element)
            else:
                mask = self._between(axis, *bounds[axis])
            if not mask:
                return None
            masks.append(mask)
        return tuple(masks)

    def everything(self, context: int) -> Box:
        """All situations of a context."""
        return tuple(context if axis == "context" else self.full(axis) for axis in AXES)

    def _clock(self, element: Element) -> int:
        start = 0 if element.start_minute is None else element.start_minute
        end = MINUTES_OF_A_DAY if element.end_minute is None else element.end_minute
        if start < end:
            return self._minutes(start, end)
        # After start until midnight, and from midnight to end; start = end is nothing.
        return 0 if start == end else self._minutes(start, MINUTES_OF_A_DAY) | self._minutes(0, end)

    def _minutes(self, start: int, end: int) -> int:
        cuts = self.cuts["clock"]
        return sum(1 << place for place in range(cuts.index(start), cuts.index(end)))

    def _between(self, axis: str, low: Bound | None, high: Bound | None) -> int:
        cuts = self.cuts[axis]
        first = 0 if low is None else cuts.index(low) + 1
        end = len(cuts) + 1 if high is None else cuts.index(high) + 1
        return sum(1 << place for place in range(first, end))


def _bounds(element: Element) -> dict[str, tuple[Bound | None, Bound | None]]:
    """Lower bound (inclusive) and upper bound (exclusive) an axis.

    A minimum of current or power is held against the lowest value of a period and a maximum against its highest,
    so they are axes apart: a period that straddles a bound is in neither band.
    """
    return {
        "dates": (element.start_date, element.end_date),
        "energy": (element.min_kwh or None, element.max_kwh),
        "duration": (element.min_duration_seconds or None, element.max_duration_seconds),
        "min_current": (element.min_current or None, None),
        "max_current": (None, element.max_current),
        "min_power": (element.min_power or None, None),
        "max_power": (None, element.max_power),
    }


def meet(one: Box, other: Box) -> Box | None:
    """What two boxes have in common."""
    masks = tuple(a & b for a, b in zip(one, other, strict=True))
    return masks if all(masks) else None


def without(boxes: Sequence[Box], taken: Box) -> list[Box]:
    """The boxes less what is taken. Raises TooManyCases."""
    left: list[Box] = []
    for box in boxes:
        if meet(box, taken) is None:
            left.append(box)
            continue
        for axis, (mine, theirs) in enumerate(zip(box, taken, strict=True)):
            outside = mine & ~theirs
            if outside:
                left.append((*box[:axis], outside, *box[axis + 1 :]))
            box = (*box[:axis], mine & theirs, *box[axis + 1 :])  # noqa: PLW2901
    if len(left) > MAX_BOXES:
        raise TooManyCases
    return left


def merged(boxes: Iterable[Box]) -> list[Box]:
    """The same situations in as few boxes as joining neighbours gives; they may be put into words one by one."""
    found = list(boxes)
    is_smaller = True
    while is_smaller:
        is_smaller = False
        # The clock before the days: "every day 22:00-06:00" reads better than a list of days.
        for axis in (2, 1, *range(3, len(AXES)), 0):
            grouped: dict[Box, int] = {}
            for box in found:
                rest = (*box[:axis], 0, *box[axis + 1 :])
                grouped[rest] = grouped.get(rest, 0) | box[axis]
            if len(grouped) < len(found):
                found = [(*rest[:axis], mask, *rest[axis + 1 :]) for rest, mask in grouped.items()]
                is_smaller = True
    return found


@dataclass(frozen=True, slots=True)
class Offer:
    """A component and the situations in which it is the one that gives the price; both places are 1-based."""

    element_no: int
    component_no: int
    component: Component
    boxes: tuple[Box, ...]


def component_of(element: Element, dimension: str) -> tuple[int, Component] | None:
    """The first component of a dimension, which is the one that counts, and its place."""
    for place, component in enumerate(element.components, start=1):
        if component.dimension == dimension:
            return place, component
    return None


def in_order(tariff: Tariff, context: int) -> Iterator[tuple[int, Element]]:
    """Elements in the order in which they are asked: in an expired reservation RESERVATION is the fallback."""
    numbered = list(enumerate(tariff.elements, start=1))
    if context == EXPIRED:
        numbered.sort(key=lambda item: item[1].reservation != "RESERVATION_EXPIRES")
    return iter(numbered)


def offers(tariff: Tariff, dimension: str, space: Space, context: int) -> tuple[list[Offer], list[Box]]:
    """Who gives the price of a dimension in each situation, and the situations in which nobody does.

    The first element that is active and has the dimension wins. A component whose offer has no boxes never
    counts. Raises TooManyCases.
    """
    left = [space.everything(context)]
    found = []
    for element_no, element in in_order(tariff, context):
        priced = component_of(element, dimension)
        box = space.box(element)
        if priced is None or box is None or meet(box, space.everything(context)) is None:
            continue
        won = tuple(common for common in (meet(piece, box) for piece in left) if common is not None)
        found.append(Offer(element_no, priced[0], priced[1], won))
        left = without(left, box)
    return found, left
