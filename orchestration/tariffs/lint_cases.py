"""Checks that need all elements at once: dead ones, gaps, overlaps, a missing fallback."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from orchestration.defs.ingest.tariff import Tariff
from orchestration.defs.ingest.tariff_elements import DIMENSIONS
from orchestration.tariffs import words
from orchestration.tariffs.lint_findings import Problem, element_path
from orchestration.tariffs.situations import (
    AXES,
    CHARGING,
    EXPIRED,
    RESERVED,
    Box,
    Offer,
    Space,
    TooManyCases,
    component_of,
    meet,
    merged,
    offers,
    without,
)

# These depend on what the charger measured, so that a session may well meet none of them.
_MEASURED = ("min_current", "max_current", "min_power", "max_power")
_GAPS_SHOWN = 6


def case_problems(tariff: Tariff) -> Iterator[Problem]:
    """Problems of how the elements work together, over every dimension."""
    try:
        yield from _never(tariff)
        yield from _dead(tariff)
        for dimension in DIMENSIONS:
            yield from _gaps(tariff, dimension)
            yield from _overlaps(tariff, dimension)
        yield from _free_moments(tariff)
    except TooManyCases:
        yield Problem("TOO_MANY_CASES", "warn", "The elements make more cases than can be worked out one by one.",
                      "Use fewer elements: nobody could explain this price to a driver.", "$.elements")  # fmt: skip


def _never(tariff: Tariff) -> Iterator[Problem]:
    """Windows and bounds without anything in them."""
    for number, element in enumerate(tariff.elements, start=1):
        path = element_path(number, field="restrictions")
        if element.start_minute is not None and element.start_minute == element.end_minute:
            yield Problem("START_EQUALS_END", "error",
                          f"The window starts and ends at {words.clock(element.start_minute)}, so it never holds.",
                          "Give another end; for the whole day leave both out.", path, number)  # fmt: skip
        for name, low, high in (
            ("date", element.start_date, element.end_date), ("kwh", element.min_kwh, element.max_kwh),
            ("duration", element.min_duration_seconds, element.max_duration_seconds),
            ("current", element.min_current, element.max_current), ("power", element.min_power, element.max_power),
        ):  # fmt: skip
            if low is not None and high is not None and low >= high:  # type: ignore[operator]
                first, last = ("start_date", "end_date") if name == "date" else (f"min_{name}", f"max_{name}")
                yield Problem("EMPTY_RANGE", "error",
                              f"{first} {_shown(low)} is not below {last} {_shown(high)}, so the element never holds.",
                              f"Swap them or give another {last}: the upper bound is exclusive.",
                              path, number)  # fmt: skip


def _shown(bound: object) -> str:
    return words.plain(bound) if isinstance(bound, Decimal) else str(bound)


def _dead(tariff: Tariff) -> Iterator[Problem]:
    """Components that never give a price because an earlier element always does."""
    space = Space.of(tariff.elements)
    won: dict[tuple[int, str], list[Box]] = {}
    winners: dict[tuple[int, str], list[Offer]] = {}
    for context in (CHARGING, RESERVED, EXPIRED):
        for dimension in DIMENSIONS:
            found, _ = offers(tariff, dimension, space, context)
            for offer in found:
                key = (offer.element_no, dimension)
                won.setdefault(key, []).extend(offer.boxes)
                winners.setdefault(key, []).extend(o for o in found if o.element_no != offer.element_no)
    for (element_no, dimension), boxes in won.items():
        if boxes:
            continue
        place = component_of(tariff.elements[element_no - 1], dimension)
        earlier = _covering(tariff, element_no, dimension, winners[element_no, dimension], space)
        name = words.dimension_name(dimension)
        if tariff.elements[element_no - 1].reservation is not None:
            name = words.dimension_name(dimension, RESERVED)
        yield Problem("DEAD_ELEMENT", "error",
                      f"{name} of this element never counts: {earlier} always gives the price first.",
                      "Put it before the more general element, or take it out.",
                      element_path(element_no, place[0] if place else None), element_no,
                      place[0] if place else None)  # fmt: skip
    yield from _second_components(tariff)


def _covering(tariff: Tariff, element_no: int, dimension: str, rivals: Sequence[Offer], space: Space) -> str:
    """The earlier elements that between them leave nothing, in words."""
    box = space.box(tariff.elements[element_no - 1])
    numbers = []
    for rival in {offer.element_no: offer for offer in rivals if offer.boxes}.values():
        theirs = space.box(tariff.elements[rival.element_no - 1])
        if box is not None and theirs is not None and meet(box, theirs) is not None and rival.element_no < element_no:
            numbers.append(rival.element_no)
    if len(numbers) == 1:
        return f"element {numbers[0]} ({words.element_situation(tariff.elements[numbers[0] - 1])})"
    listed = ", ".join(map(str, sorted(numbers)))
    return f"elements {listed} together" if numbers else "an element that is asked earlier"


def _second_components(tariff: Tariff) -> Iterator[Problem]:
    for element_no, element in enumerate(tariff.elements, start=1):
        seen: set[str] = set()
        for component_no, component in enumerate(element.components, start=1):
            if component.dimension in seen and component.dimension in DIMENSIONS:
                yield Problem("DEAD_COMPONENT", "error",
                              f"{words.dimension_name(component.dimension)} is priced twice in this element; only the "
                              "first price counts.", "Keep one price, or give the other an element of its own.",
                              element_path(element_no, component_no), element_no, component_no)  # fmt: skip
            seen.add(component.dimension)


def _gaps(tariff: Tariff, dimension: str) -> Iterator[Problem]:
    """Situations in which a dimension that the tariff prices has no price."""
    space = Space.of(tariff.elements)
    found, free = offers(tariff, dimension, space, CHARGING)
    if not found:
        return
    name = words.dimension_name(dimension)
    is_usual = dimension in ("PARKING_TIME", "FLAT")
    measured = {AXES.index(axis) for axis in _MEASURED}
    plain_gaps = [box for box in free if not _is_restricted(box, space, measured)]
    phrases = words.situations(plain_gaps, space)
    for phrase in phrases[:_GAPS_SHOWN]:
        yield Problem("GAP_FREE" if is_usual else "GAP", "info" if is_usual else "warn",
                      f"{name} has no price {phrase}: it is free then.",
                      "Nothing to do if that is meant; else add an element without restrictions as the last one."
                      if is_usual else "Add an element for it, or one without restrictions as the last one.",
                      "$.elements")  # fmt: skip
    if len(phrases) > _GAPS_SHOWN:
        yield Problem("GAP", "info", f"{name} has {len(phrases) - _GAPS_SHOWN} more situations without a price.",
                      "Add an element without restrictions as the last one.", "$.elements")  # fmt: skip
    always = space.everything(CHARGING)
    has_fallback = any(space.box(tariff.elements[offer.element_no - 1]) == always for offer in found)
    if not has_fallback and not is_usual:
        yield Problem("NO_FALLBACK", "warn",
                      f"{name} has no element that always holds: what no element covers is free.",
                      f"End with an element without restrictions that prices {name.lower()}, 0 if it is free.",
                      "$.elements")  # fmt: skip


def _is_restricted(box: Box, space: Space, axes: set[int]) -> bool:
    return any(box[axis] != space.full(AXES[axis]) for axis in axes)


def _free_moments(tariff: Tariff) -> Iterator[Problem]:
    """Situations in which charging costs nothing at all: neither energy nor time nor a fee."""
    space = Space.of(tariff.elements)
    free = [space.everything(CHARGING)]
    priced = False
    for dimension in ("ENERGY", "TIME", "FLAT"):
        found, _ = offers(tariff, dimension, space, CHARGING)
        for offer in found:
            priced = True
            box = space.box(tariff.elements[offer.element_no - 1])
            free = free if box is None else without(free, box)
    if priced and free:
        phrase = "; ".join(words.situations(free, space)[:_GAPS_SHOWN])
        yield Problem("NOTHING_CHARGED", "warn", f"Nothing at all is charged {phrase}.",
                      "Nothing to do if charging is free then; else add a last element without restrictions.",
                      "$.elements")  # fmt: skip


def _overlaps(tariff: Tariff, dimension: str) -> Iterator[Problem]:
    """Two elements that both hold sometimes and neither always when the other does: the earlier one wins there."""
    space = Space.of(tariff.elements)
    found = [(offer, box) for offer in offers(tariff, dimension, space, CHARGING)[0]
             if offer.boxes and (box := space.box(tariff.elements[offer.element_no - 1]))]  # fmt: skip
    for place, (first, one) in enumerate(found):
        for second, other in found[place + 1 :]:
            common = meet(one, other)
            if common is None or common in (one, other) or first.component == second.component:
                continue
            # Two windows of the clock that overlap are a slip; a window and an amount of energy may well be meant.
            is_slip = _restricted_axes(one, space) == _restricted_axes(other, space)
            when = words.situations(merged([common]), space)[0]
            name = words.dimension_name(dimension)
            yield Problem("OVERLAP", "warn" if is_slip else "info",
                          f"{name} has two prices {when}: element {first.element_no} wins over element "
                          f"{second.element_no}.",
                          "Nothing to do if the earlier one is meant to win; else let one end where the other starts.",
                          element_path(second.element_no, second.component_no), second.element_no,
                          second.component_no)  # fmt: skip


def _restricted_axes(box: Box, space: Space) -> set[str]:
    return {axis for axis, mask in zip(AXES, box, strict=True) if mask != space.full(axis)}
