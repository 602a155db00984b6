"""Reads an export of evsettle with Python's standard library alone: nothing of ours, nothing to install.

    python3 examples/read-export/read_export.py history/

It checks every file against checksums.sha256, every table against datapackage.json and dictionary.csv, and works the
books out again from the CSV files: lines to statements, statements to balances, payments to open items, debit to
credit, and each level from claimed to paid. It prints what it did and ends with 1 where a figure is another.
"""

import csv
import hashlib
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

Row = dict[str, str]
csv.field_size_limit(1 << 30)


def main(folder: Path) -> int:
    """All checks in turn; the number of figures that are another."""
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    wrong = [*checksums(folder), *schemas(folder, package), *books(folder)]
    for sentence in wrong:
        print(sentence)
    print("Everything is as it says." if not wrong else f"{len(wrong)} things are not as they say.")
    return 1 if wrong else 0


def checksums(folder: Path) -> Iterator[str]:
    """Every listed file has its hash, and every file is listed."""
    listed = dict(
        reversed(line.split("  ", 1)) for line in (folder / "checksums.sha256").read_text().splitlines()
    )  # fmt: skip
    for name, sha256 in listed.items():
        path = folder / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            yield f"{name} is missing or has another hash"
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    yield from (f"{name} is not listed" for name in sorted(there - listed.keys() - {"checksums.sha256"}))
    print(f"{len(listed)} files have the hash that checksums.sha256 says.")


def schemas(folder: Path, package: dict[str, Any]) -> Iterator[str]:
    """Every CSV has the columns of its schema, every cell its type, every column a description."""
    with (folder / "dictionary.csv").open(encoding="utf-8", newline="") as file:
        described = {(row["table"], row["column"]) for row in csv.DictReader(file) if row["description"]}
    tables = [each for each in package["resources"] if each["format"] == "csv"]
    cells = 0
    for table in tables:
        fields = table["schema"]["fields"]
        rows = list(read(folder / table["path"]))
        with (folder / table["path"]).open(encoding="utf-8", newline="") as file:
            columns = next(csv.reader(file))
        if columns != [field["name"] for field in fields]:
            yield f"{table['path']} has other columns than its schema"
        for field in fields:
            cells += len(rows)
            bad = next((row[field["name"]] for row in rows if not fits(row[field["name"]], field["type"])), None)
            if bad is not None:
                yield f"{table['path']}: {field['name']} has {bad!r}, which is no {field['type']}"
    undescribed = [each["title"] for each in tables if (each["title"], "") not in described]
    yield from (f"{name} has no description in dictionary.csv" for name in undescribed)
    print(f"{len(tables)} tables have the columns of their schema, {cells} cells their type.")


def fits(text: str, kind: str) -> bool:
    """Whether a cell can be read as the type of its field."""
    try:
        match kind:
            case "integer":
                int(text or 0)
            case "number":
                Decimal(text or 0)
            case "boolean":
                return text in ("", "true", "false")
            case "date":
                date.fromisoformat(text or "2026-01-01")
            case "datetime":
                datetime.fromisoformat((text or "2026-01-01T00:00:00Z").replace("Z", "+00:00"))
            case "array" | "object":
                json.loads(text or "[]")
    except (ValueError, ArithmeticError):
        return False
    return True


def books(folder: Path) -> Iterator[str]:
    """The money, worked out again from the tables."""
    tables = {path.stem: list(read(path)) for path in (folder / "tables").glob("*.csv")}
    yield from sums(
        "statement", tables["statements"], "statement_id", tables["statement_lines"], "statement_id",
        ("amount_excl_tax", "tax", "amount_incl_tax"),
    )  # fmt: skip
    for row in tables["statement_balances"]:
        for side in ("excl", "incl"):
            left = amount(row[f"amount_{side}_tax"]) - amount(row[f"disputed_{side}_tax"])
            if left != amount(row[f"payable_{side}_tax"]):
                yield f"{row['statement_id']}: payable {row[f'payable_{side}_tax']}, worked out {left}"
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for row in tables["payment_allocations"]:
        paid[row["item_id"]] += amount(row["amount"])
    for row in tables["open_items"]:
        left = amount(row["amount"]) - paid[row["item_id"]]
        if (amount(row["paid"]), amount(row["open_amount"])) != (paid[row["item_id"]], left):
            yield f"{row['item_id']}: open {row['open_amount']}, worked out {left}"
    entries: dict[str, Decimal] = defaultdict(Decimal)
    for row in tables["journal_lines"]:
        entries[row["entry_id"]] += amount(row["debit"]) - amount(row["credit"])
    yield from (f"{name}: debit less credit is {rest}" for name, rest in entries.items() if rest)
    yield from levels(tables["settlement_path"])
    print(
        f"{len(tables['statements'])} statements, {len(tables['open_items'])} open items and {len(entries)} entries of "
        f"the journal come out of their parts."
    )


def sums(
    what: str, wholes: Iterable[Row], key: str, parts: Iterable[Row], of: str, names: tuple[str, ...]
) -> Iterator[str]:
    """Each whole is the sum of its parts."""
    found: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * len(names))
    for row in parts:
        found[row[of]] = [total + amount(row[name]) for total, name in zip(found[row[of]], names, strict=True)]
    for row in wholes:
        for name, total in zip(names, found[row[key]], strict=True):
            if row[name] and amount(row[name]) != total:
                yield f"{what} {row[key]}: {name} is {row[name]}, its lines give {total}"


def levels(rows: Iterable[Row]) -> Iterator[str]:
    """From claimed to paid each level is the one before and the steps between."""
    ways: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        ways[tuple(row[name] for name in ("partner", "period", "direction", "currency", "location_id"))].append(row)
    for way, steps in ways.items():
        at: Decimal | None = None
        for row in sorted(steps, key=lambda step: int(step["step_no"])):
            if row["is_level"] == "true":
                if at is not None and at != amount(row["amount"]):
                    yield f"{' '.join(way)}: {row['step']} is {row['amount']}, the steps before give {at}"
                at = amount(row["amount"])
            else:
                at = (at or Decimal(0)) + amount(row["amount"])
    print(f"{len(ways)} ways from claimed to paid have nothing unexplained.")


def amount(text: str) -> Decimal:
    """Money as it is written; nothing is nothing."""
    return Decimal(text) if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) else Decimal(0)


def read(path: Path) -> Iterator[Row]:
    """The rows of a CSV, every cell as text."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
