"""The folder of one period and partner under reports/: its files as bytes, its manifest, and how they get there.

What does not belong here: which folders are written (statement_files, sealing) and any sum.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from orchestration.defs.settle.statement_csv import to_csv
from orchestration.defs.settle.statement_xlsx import to_xlsx
from orchestration.defs.settle.statements import Statement, exact
from orchestration.facts.home import Home

MANIFEST = "manifest.json"


def folder_of(home: Home, period: str, partner: str) -> Path:
    """Where the report of a period and partner stands."""
    return home.reports / period / partner


def rendered(statement: Statement) -> dict[str, bytes]:
    """The files of one statement by name."""
    return {f"{statement.statement_id}.csv": to_csv(statement), f"{statement.statement_id}.xlsx": to_xlsx(statement)}


def sha256(data: bytes) -> str:
    """Lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def manifest_of(files: Mapping[str, str], statements: Sequence[Statement]) -> bytes:
    """The manifest of the statements of one period and partner; files: name and sha256."""
    totals = {
        statement.statement_id: {
            "status": statement.status,
            "direction": statement.direction,
            "currency": statement.currency,
            "sessions": statement.totals["sessions"],
            **{
                name: exact(value, decimals=0 if name == "energy_kwh" else 2) if isinstance(value, Decimal) else None
                for name, value in statement.totals.items()
                if name != "sessions"
            },
        }
        for statement in statements
    }
    body = {
        "period": statements[0].period,
        "partner": statements[0].partner,
        "files": dict(files),
        "totals": totals,
    }
    return json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def replace_file(path: Path, data: bytes) -> None:
    """Give the file these bytes at once, or leave it alone when it has them."""
    if path.exists() and path.read_bytes() == data:
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(data)
    temporary.replace(path)
