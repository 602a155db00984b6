"""What one record says otherwise than another of the same id. What does not belong here: which of them counts."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """One field by its path, as both records write it; None where one of them does not have it."""

    field: str
    counting: str | None
    other: str | None


def changes_between(counting: str | None, other: str | None) -> list[Change]:
    """The fields that differ, in the order of the counting record; rows of a CSV file are compared as wholes."""
    if counting is None or other is None or counting == other:
        return []
    try:
        one, two = json.loads(counting, parse_float=str), json.loads(other, parse_float=str)
    except ValueError:
        return [Change("the line as a whole", counting, other)]
    here, there = dict(_leaves(one, "")), dict(_leaves(two, ""))
    paths = [*here, *(path for path in there if path not in here)]
    return [Change(path, here.get(path), there.get(path)) for path in paths if here.get(path) != there.get(path)]


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for number, item in enumerate(value, start=1):
            yield from _leaves(item, f"{path}[{number}]")
    else:
        yield path, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
