"""What computed a run, kept in the ledger: each rule suite as it stood, the hash of each model, macro and reader.

So that years later it can be said which rule, tolerance or model is another than then. What does not belong here: what
comes out otherwise (replay).
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from typing import Any

import yaml

from orchestration.facts import objects
from orchestration.facts.home import Home
from orchestration.version import computing_files, engine_version, suites

_PACKAGES = ("duckdb", "dbt-core", "dbt-duckdb", "great-expectations", "pandas")
# What of a rule decides about a session; the rest is how it is told.
_DECIDES = ("severity", "tolerance", "overridable", "needs", "caused_by", "instead", "adjust")
_NAMED = 12


@cache
def _now() -> bytes:
    said = {
        "engine_version": engine_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "suites": {f"{path.parent.parent.name}/{path.stem}": path.read_text(encoding="utf-8") for path in suites()},
        "files": {name: objects.sha256_of(data) for name, data in computing_files()},
    }
    return json.dumps(said, sort_keys=True).encode()


def keep(home: Home) -> str:
    """Put what computes now into the ledger's objects; the same engine gives the same object. Returns its SHA-256."""
    return objects.put(home, _now())


def changed_since(home: Home, run: Mapping[str, Any]) -> tuple[str, ...] | None:
    """What is another now than when this run entry's body was written, in sentences.

    None where the run did not keep what computed it: it is of a version before that. Raises ObjectError.
    """
    if not run.get("computed_by"):
        return None
    before, after = json.loads(objects.get(home, run["computed_by"])), json.loads(_now())
    return tuple(_changes(before, after))


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    yield from _rules(_by_id(before["suites"]), _by_id(after["suites"]))
    for what, folder in (("model", "models/"), ("macro", "macros/"), ("reader", "defs/")):
        names = _apart(before["files"], after["files"], folder)
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            yield f"{what}{'s' if len(names) > 1 else ''} {', '.join(names[:_NAMED])}{more}"
    for name in _PACKAGES:
        one, other = before["packages"].get(name), after["packages"].get(name)
        if one != other:
            yield f"{name} {one} became {other}"


def _apart(before: Mapping[str, str], after: Mapping[str, str], folder: str) -> list[str]:
    """Names of files below this folder that are others, new (+) or gone (-)."""
    names = sorted(name for name in before.keys() | after.keys() if name.startswith(folder))
    marks = {name: "+" if name not in before else "-" if name not in after else "" for name in names}
    return [
        f"{marks[name]}{name.removeprefix(folder).removesuffix('.sql')}"
        for name in names
        if before.get(name) != after.get(name)
    ]


def _by_id(texts: Mapping[str, str]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Every rule by its id and the gate and suite that it stands in."""
    return {
        (rule["id"], suite): rule
        for suite, text in texts.items()
        for rule in (yaml.safe_load(text) or {}).get("rules", [])
    }


def _rules(
    before: Mapping[tuple[str, str], Mapping[str, Any]], after: Mapping[tuple[str, str], Mapping[str, Any]]
) -> Iterator[str]:
    reworded = 0
    for rule_id, suite in sorted(before.keys() | after.keys()):
        one, other = before.get((rule_id, suite)), after.get((rule_id, suite))
        name = f"rule {rule_id} ({suite})"
        if one is None or other is None:
            yield f"{name} {'is new' if one is None else 'is gone'}"
        elif one != other:
            apart = [field for field in sorted(one.keys() | other.keys()) if one.get(field) != other.get(field)]
            deciding = [field for field in apart if field in _DECIDES]
            if deciding:
                said = (f"{field} {_plain(one.get(field))} became {_plain(other.get(field))}" for field in deciding)
                yield f"{name}: {', '.join(said)}"
            else:
                reworded += 1
    if reworded:
        yield f"{reworded} rule{'s' if reworded > 1 else ''} in words alone"


def _plain(value: Any) -> str:
    return "nothing" if value is None else value if isinstance(value, str) else json.dumps(value)
