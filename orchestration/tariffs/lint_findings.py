"""One thing to be said about a tariff, and the order in which things are said."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

SEVERITIES = ("error", "warn", "info")


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule of the lint that a tariff breaks. Element and component are 1-based as in price lines, the path 0-based.

    severity: error (prices nothing, or not what it says), warn (probably not meant), info (worth knowing).
    """

    code: str
    severity: str
    message: str
    remedy: str
    path: str
    element: int | None = None
    component: int | None = None

    @property
    def place(self) -> str:
        """`element 2, component 1`, or `the tariff`."""
        if self.element is None:
            return "the tariff"
        return f"element {self.element}" + (f", component {self.component}" if self.component else "")

    def as_json(self) -> dict[str, Any]:
        """The fields for --json, null where a problem is of the whole tariff."""
        return {name: getattr(self, name) for name in self.__slots__}


def order(problems: Iterable[Problem]) -> list[Problem]:
    """By severity, then by place; the same thing is said once."""
    return sorted(
        dict.fromkeys(problems),
        key=lambda p: (SEVERITIES.index(p.severity), p.element or 0, p.component or 0, p.code, p.path),
    )


def element_path(element: int, component: int | None = None, field: str | None = None) -> str:
    """The JSON path of a 1-based place."""
    path = f"$.elements[{element - 1}]"
    if component is not None:
        path += f".price_components[{component - 1}]"
    return path if field is None else f"{path}.{field}"
