"""The fifteen sessions of money, settled once and shared: real models and gates of reconcile and settle."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.settle.by_hand import Books

FIFTEEN = yaml.safe_load((Path(__file__).parent / "fifteen_sessions.yml").read_text())
INSPECT_RULES = {"ENERGY_PERIOD_SUM"}
RECEIVED = "2026-11-02T08:00:00Z"


def fifteen_books(path: Path) -> Books:
    """The sessions that are shown now, as the stages before reconcile leave them."""
    books = Books(path)
    for session in FIFTEEN["sessions"]:
        if session["shown_by"] != "now" and session["session"] != "reverse_charge":
            continue
        contract = FIFTEEN["contracts"][session["contract"]]
        for cdr in session["cdrs"]:
            _add(books, session, contract, cdr)
    return books


def _add(books: Books, session: dict[str, Any], contract: dict[str, Any], cdr: dict[str, Any]) -> None:
    key = f"{contract['party'].lower()}|{cdr['id'].lower()}"
    originals = {one["id"] for one in session["cdrs"]}
    credited = cdr.get("credit_of")
    books.session(
        key,
        claim=cdr.get("sent_excl_tax", cdr["claimed_excl_tax"]),
        claimed_incl_tax=cdr.get("sent_incl_tax", cdr["claimed_incl_tax"]),
        rated=cdr["rated_excl_tax"],
        terms={name: contract[name] for name in ("discount_percent", "tolerance_amount", "tolerance_percent")},
        cdr_id=cdr["id"],
        partner=session["contract"],
        direction="payable",
        cpo_party=contract["party"],
        emsp_party="NL/EVS",
        ocpi_version="csv" if cdr["form"] == "csv" else cdr["form"].removeprefix("ocpi-"),
        started_at=cdr["started_at"],
        ended_at=cdr["ended_at"],
        received_at=RECEIVED,
        energy_kwh=cdr["energy_kwh"],
        is_credit=credited is not None,
        credit_reference_id=credited,
        credit_of=f"{contract['party'].lower()}|{credited.lower()}" if credited in originals else None,
    )
    if INSPECT_RULES & set(cdr["findings"]):
        books.verdicts[key] = "hold"
    decision = session.get("decision")
    if decision:
        values = decision["values"]
        books.decide(
            decision["kind"],
            key,
            rule_id=values.get("rule"),
            amount_excl_tax=values.get("amount"),
            reason_code=decision["reason"],
        )


@pytest.fixture(scope="session")
def fifteen(tmp_path_factory: pytest.TempPathFactory) -> Books:
    """Read it, never write to it: copy it with `fifteen_copy`."""
    books = fifteen_books(tmp_path_factory.mktemp("fifteen") / "evsettle.duckdb")
    books.build()
    return books


@pytest.fixture
def fifteen_copy(fifteen: Books, tmp_path: Path) -> Path:
    """The settled warehouse, yours to break."""
    return Path(shutil.copy2(fifteen.path, tmp_path / "evsettle.duckdb"))
