"""Checks of one tariff before anybody is charged by it: what never counts, what is left open, what looks mistyped.

A tariff with an error must not be approved; a warning may be meant; a note is worth knowing. What does not belong
here: the price of a session (rate).
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.defs.ingest.tariff import Tariff, TariffError, parse_tariff
from orchestration.tariffs.lint_cases import case_problems
from orchestration.tariffs.lint_findings import Problem, order
from orchestration.tariffs.lint_values import value_problems
from orchestration.tariffs.lint_versions import Window, version_problems

_PLACE = re.compile(r"elements\[(\d+)\](?:\.price_components\[(\d+)\])?(.*?) is ")
_ABOVE = re.compile(r"^elements\[\d+\]\.(price_components\[\d+\]\.)?")
_NAME = re.compile(r"([A-Za-z_.]+) is ")


@dataclass(frozen=True, slots=True)
class Linted:
    """One tariff object and what is to be said about it, in order of its places."""

    tariff: Tariff | None
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> int:
        return sum(problem.severity == "error" for problem in self.problems)

    @property
    def warnings(self) -> int:
        return sum(problem.severity == "warn" for problem in self.problems)


def lint(text: str | bytes, known: Sequence[Window] = ()) -> Linted:
    """All problems of one tariff object given as JSON text; never raises for what the text holds.

    known: the windows of other tariffs and versions, of which those of the same id are looked at.
    """
    try:
        tariff = parse_tariff(text)
        fields, repeated = _load(text)
    except (TariffError, ValueError, RecursionError) as error:
        return Linted(None, (Problem("NOT_A_TARIFF", "error", f"{error}.", "Give one OCPI tariff object.", "$"),))
    unread = list(_unreadable(tariff))
    problems = [*repeated, *unread, *_rounded(tariff), *value_problems(fields, tariff)]
    # A restriction that cannot be read is none here: what it leaves to other elements is not known yet.
    if not any(".restrictions" in problem.path for problem in unread):
        problems += case_problems(tariff)
    problems += version_problems(tariff, known)
    return Linted(tariff, tuple(order(problems)))


def _load(text: str | bytes) -> tuple[dict[str, Any], list[Problem]]:
    """The object's fields, and a problem for each key that stands twice: readers differ in which one they take."""
    repeated: list[Problem] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        for name in fields:
            if sum(key == name for key, _ in pairs) > 1:
                message = f"The field {name} is there more than once in one object."
                remedy = "Keep one: readers differ in which they take."
                repeated.append(Problem("REPEATED_FIELD", "error", message, remedy, "$"))
        return fields

    return json.loads(text, object_pairs_hook=once, parse_float=str, parse_int=str, parse_constant=str), repeated


def _unreadable(tariff: Tariff) -> Iterator[Problem]:
    """What the pricing itself cannot read; every session under it stays without a price."""
    for sentence in tariff.problems:
        yield _unread(sentence, *_place(sentence))


def _rounded(tariff: Tariff) -> Iterator[Problem]:
    """Numbers that do not count as they are written."""
    for sentence in tariff.rounded:
        path, element, component = _place(sentence)
        words = _ABOVE.sub("", sentence)
        yield Problem("PRECISION", "warn", f"{words[0].upper()}{words[1:]}.", "Give at most 8 decimals.",
                      path, element, component)  # fmt: skip


def _place(sentence: str) -> tuple[str, int | None, int | None]:
    """Path, element and component of what a sentence is about."""
    place = _PLACE.match(sentence)
    if place is None:
        name = _NAME.match(sentence)
        return f"$.{name[1]}" if name else "$", None, None
    element, component, field = int(place[1]), place[2], place[3]
    path = f"$.elements[{element - 1}]" + (f".price_components[{int(component) - 1}]" if component else "") + field
    return path, element, int(component) if component else None


def _unread(sentence: str, path: str, element: int | None, component: int | None) -> Problem:
    if path == "$.elements" or sentence.partition(" is ")[0].endswith("price_components"):
        code, remedy = "EMPTY_ELEMENTS", "Give it what it charges, or take the element out."
    elif "only restrictions that OCPI knows" in sentence:
        code, remedy = "UNKNOWN_RESTRICTION", "Use a restriction of OCPI: one that is not known cannot be held."
    elif path.endswith(".type"):
        code, remedy = "UNKNOWN_DIMENSION", "Use ENERGY, TIME, PARKING_TIME or FLAT."
    elif path == "$.currency":
        code, remedy = "CURRENCY", "State the currency as three letters of ISO 4217."
    else:
        code, remedy = "UNREADABLE", "Correct the field: a tariff with a field that cannot be read prices nothing."
    # The place is said apart.
    words = _ABOVE.sub("", sentence)
    return Problem(code, "error", f"{words[0].upper()}{words[1:]}.", remedy, path, element, component)
