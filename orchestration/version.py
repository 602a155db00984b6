"""Which engine computed a result: the package's version and a hash of all that computes."""

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_DBT_PROJECT = _PACKAGE.parent / "dbt_project"
_COMPUTES = (
    (_DBT_PROJECT / "models", ("*.sql",)),
    (_DBT_PROJECT / "macros", ("*.sql",)),
    (_PACKAGE / "defs", ("*.py", "*.sql")),
)


def computing_files() -> Iterator[tuple[str, bytes]]:
    """Every model, macro and reader: its name, with its folder's (`models/rate/price_lines.sql`), and its bytes."""
    for folder, patterns in _COMPUTES:
        for path in sorted(found for pattern in patterns for found in folder.rglob(pattern)):
            yield f"{folder.name}/{path.relative_to(folder).as_posix()}", path.read_bytes()


@cache
def engine_version() -> str:
    """E.g. `0.1.0+3f2a90b1c4d5`: changes whenever a model, a macro or a reader changes."""
    digest = hashlib.sha256()
    for name, data in computing_files():
        digest.update(name.encode())
        digest.update(data)
    return f"{version('evsettle')}+{digest.hexdigest()[:12]}"


@cache
def suites() -> tuple[Path, ...]:
    """The rule suites of the three gates, in the order of the stages."""
    return tuple(sorted((_PACKAGE / "defs").glob("*/suites/*.yml")))


@cache
def rules_sha256() -> str:
    """One hash over all rule suites."""
    digest = hashlib.sha256()
    for path in suites():
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
