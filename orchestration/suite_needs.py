"""What a rule may say that it needs: words of things that the product reads, so that a typo is refused.

A word is a feed, `manifest`, a table of master data, a model of ingest, a column of a CDR as sent (a column of
ingest.cdr_revisions), `<model>.<column>` of any other model, or a key of a contract or a mapping, as `contract.caps`.
`a or b` needs one of the two. What does not belong here: whether the data carry it, which the flag says (null).
"""

import difflib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import yaml

from orchestration.defs.ingest.contracts import Contract
from orchestration.defs.ingest.inbox import FEEDS
from orchestration.defs.ingest.mapping import Mapping as FeedMapping
from orchestration.defs.ingest.master_tables import TABLES

MODELS = Path(__file__).resolve().parent.parent / "dbt_project" / "models"
_DECLARED: Mapping[str, Any] = {"contract": Contract, "mapping": FeedMapping}
_ALTERNATIVE = " or "
# Beside a file, and of no feed: what its sender says that it holds.
_BESIDE = ("manifest",)
_AS_SENT = "cdr_revisions"


def unknown_need(word: str) -> str | None:
    """The part of a need that nothing of the product is called, with what may have been meant; None if all is known."""
    for part in word.split(_ALTERNATIVE):
        known = _known_beside(part)
        if part not in known:
            near = difflib.get_close_matches(part, known, n=1, cutoff=0.6)
            return f"{part!r}, which is {_sought(part)}; " + (f"did you mean {near[0]}?" if near else _WRITE)
    return None


_WRITE = (
    f"write a feed ({', '.join(FEEDS)}), manifest, a table of master data, a model of ingest, a column of"
    f" ingest.{_AS_SENT}, <model>.<column>, contract.<key> or mapping.<key>"
)


def _sought(part: str) -> str:
    first, dot, _ = part.partition(".")
    if not dot:
        return f"no feed, table or column of ingest.{_AS_SENT}"
    if first in _DECLARED:
        return f"no key of a {first}"
    return f"no column of the model {first}" if _model(first) else "no column of a model"


def _known_beside(part: str) -> list[str]:
    """The words of the kind that a part seems to be of."""
    first, dot, _ = part.partition(".")
    if not dot:
        return list(_plain())
    if first in _DECLARED:
        return [f"{first}.{key}" for key in _keys(_DECLARED[first])]
    path = _model(first)
    if path is not None:
        return [f"{first}.{column}" for column in model_columns(path)]
    return [f"{path.stem}.{column}" for path in MODELS.glob(f"*/{first[:1]}*.yml") for column in model_columns(path)]


@cache
def _plain() -> tuple[str, ...]:
    models = [path.stem for path in sorted((MODELS / "ingest").glob("*.sql"))]
    columns = model_columns(MODELS / "ingest" / f"{_AS_SENT}.yml")
    return tuple(dict.fromkeys([*FEEDS, *_BESIDE, *TABLES, *models, *columns]))


def _model(name: str) -> Path | None:
    return next((path for path in MODELS.glob("*/*.yml") if path.stem == name), None)


@cache
def model_columns(path: Path) -> Mapping[str, str]:
    """The columns of a model with their types, as its contract has them."""
    described = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    models = described.get("models") or [{"columns": []}]
    return {column["name"]: column["data_type"] for column in models[0].get("columns", [])}


def _keys(model: Any, place: str = "") -> Iterator[str]:
    """Every key of a declared file, at any depth: settlement, settlement.minimum_amount."""
    for name, kind in get_type_hints(model).items():
        yield f"{place}{name}"
        for inner in (kind, *get_args(kind)):
            if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                yield from _keys(inner, f"{place}{name}.")
