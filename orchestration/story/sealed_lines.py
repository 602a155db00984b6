"""The price lines of a session as its seal fixed them, where today's come to another price.

What does not belong here: what has changed since (sealed_differences), and making a seal.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from orchestration.facts import ledger, objects
from orchestration.facts.home import Home
from orchestration.facts.seals import seals

Row = Mapping[str, Any]

_NUMBERS = ("volume", "unit_price", "tax_percent", "amount_excl_tax", "amount_incl_tax", "discount_percent")


def sealed_lines(home: Home, cdr: Row, statement_lines: Sequence[Row]) -> tuple[list[Row], list[Row]] | None:
    """Price lines and discounts of the session's sealed line; None when it has none, or the seal kept none.

    A seal did not keep the size of a step, nor the words of a restriction. Raises LedgerError, ObjectError.
    """
    named = {(line["statement_id"], line["line_no"]) for line in statement_lines if line["kind"] == "session"}
    for seal in seals(ledger.read_all(home)).values():
        if not seal.body.get("lines") or not {statement for statement, _ in named} & set(seal.body["statements"]):
            continue
        for text in objects.get(home, seal.body["lines"]["stories"]).decode().splitlines():
            # Most lines are of other sessions: they are not read.
            if json.dumps(cdr["cdr_key"], ensure_ascii=False) in text:
                story = json.loads(text)
                if (story["statement_id"], story["line_no"]) in named and story["cdr_key"] == cdr["cdr_key"]:
                    return _rows(story["price_lines"]), _rows(story["discount_lines"])
    return None


def _rows(lines: Sequence[Row] | None) -> list[Row]:
    return [
        {"step_size": None, "restrictions": None}
        | {name: Decimal(value) if name in _NUMBERS and value is not None else value for name, value in line.items()}
        for line in lines or ()
    ]
