"""The proof of one line: it holds without a home, and no byte of it can change."""

import json
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.facts import ledger
from orchestration.facts.home import Home
from orchestration.facts.ledger import canonical
from orchestration.proof import ProofError, check_proof, make_proof
from tests.settle.test_seals import NOOR, SUBJECT, approved, done

Cli = Callable[..., subprocess.CompletedProcess[str]]
STATEMENT = "2026-10-emo-R-EUR"


@pytest.fixture(scope="module")
def sealed(finished_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The demo's October, sealed for emo. Read it, never write to it."""
    home = tmp_path_factory.mktemp("sealed") / "home"
    shutil.copytree(finished_home, home)
    approved(home)
    done(home, "decide", "seal", SUBJECT, "--by", NOOR)
    return Home(home)


def proof_of(sealed: Home, line: int) -> bytes:
    return make_proof(sealed, ledger.read_all(sealed), STATEMENT, line)


@pytest.fixture(scope="module")
def one(sealed: Home) -> bytes:
    return proof_of(sealed, 2)


def test_a_proof_holds_and_its_record_prices_the_same(sealed: Home) -> None:
    checked = [check_proof(proof_of(sealed, line)) for line in (1, 2, 3, 10)]
    assert [each.problems for each in checked] == [()] * 4
    for each in checked:
        steps = each.story["price_lines"]
        assert each.priced is not None
        # A step is rounded to 16 places, what is priced to what money has.
        assert abs(each.priced - sum(Decimal(step["amount_excl_tax"]) for step in steps)) < Decimal("0.0001")
        assert each.story["statement_id"] == STATEMENT


def test_every_line_of_a_statement_can_be_proven(sealed: Home) -> None:
    seal = next(entry for entry in ledger.read_all(sealed) if entry.kind == "seal")
    assert seal.body["lines"]["count"] > 10
    with pytest.raises(ProofError, match=f"{STATEMENT} has no line 9999: its lines are 1 to"):
        proof_of(sealed, 9999)
    with pytest.raises(ProofError, match=f"is not sealed, so nothing on it is final; sealed are: {STATEMENT}"):
        make_proof(sealed, ledger.read_all(sealed), "2026-10-albion-R-EUR", 1)


def test_any_flipped_byte_is_found(one: bytes) -> None:
    """Bits of every kind of byte: names, numbers, texts, hashes, brackets and the last line end."""
    places = [*random.sample(range(len(one)), 300), 0, len(one) - 1]
    for place in places:
        data = bytearray(one)
        data[place] ^= 1 << random.randrange(8)
        assert check_proof(bytes(data)).problems, f"byte {place} of {len(one)}"
    assert check_proof(one[:-1]).problems
    assert check_proof(one + b"\n").problems
    assert check_proof(b"").problems


def forged(data: bytes, **changes: Any) -> tuple[str, ...]:
    """What is said of a proof whose maker changed parts of it and hashed it anew."""
    from orchestration.proof import _digest

    body = json.loads(data) | changes
    return check_proof(canonical(body | {"sha256": _digest(body)}) + b"\n").problems


def test_a_forged_part_does_not_hang_on_the_ledger(one: bytes) -> None:
    body = json.loads(one)
    story, seal = json.loads(body["story"]), body["seal"]
    assert forged(one) == ()
    assert "is not one that entry" in forged(one, story=json.dumps(story | {"amount_excl_tax": "0.01"}))[0]
    assert "was changed" in forged(one, seal=seal | {"actor": "Nobody"})[0]
    assert "is not the one that the line came from" in forged(one, record=body["record"].replace("EVS", "EVT"))[0]
    assert "is not of a file" in forged(one, record_steps=body["record_steps"][:-1])[0]
    assert "is not in the proof" in forged(one, arrival=None)[0]
    dearer, count = re.subn(r'("price": *"?)\d', r"\g<1>9", body["tariffs"][0])
    assert count > 0
    assert "are not those that the line was priced with" in forged(one, tariffs=[dearer])[0]


def test_the_command_needs_no_home(cli_here: Cli, sealed: Home, tmp_path: Path) -> None:
    path = tmp_path / "line.json"
    result = cli_here("--home", sealed.root, "proof", STATEMENT, 2, "--output", path)
    assert result.returncode == 0, result.stderr
    result = cli_here("--home", tmp_path / "nowhere", "verify", path)
    assert (result.returncode, "each step the same" in result.stdout) == (0, True)
    assert "Every byte is as it was written. Compare the seal with the one you were given: " in result.stdout
    path.write_bytes(path.read_bytes().replace(b"Noor", b"Nora", 1))
    result = cli_here("--home", tmp_path / "nowhere", "verify", path)
    assert (result.returncode, "proves nothing. The file was changed" in result.stdout) == (1, True)
