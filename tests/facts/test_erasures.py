"""A person is erased: their ids are in no byte any more, what was computed is the same, and the chain still holds."""

import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestration.defs.ingest.contract_ids import is_check_digit_right
from orchestration.defs.ingest.landing import take_in
from orchestration.defs.ingest.load import load_from_ledger
from orchestration.facts import ledger, objects
from orchestration.facts.decisions import Decision, record
from orchestration.facts.erasures import erased, finish
from orchestration.facts.home import Home
from orchestration.past_facts import lay_out
from orchestration.person_ids import EraseRefused, Replacer
from orchestration.warehouse import open_warehouse
from tests.conftest import evsettle_here
from tests.small_home import at, contents, land, make_home, write

UID, CONTRACT = "0400001241DEB9", "DE-FST-C00000018-N"
OTHER_UID = "0400001241DEB8"
MEMBERSHIPS = "partner,contract_id,plan,discount_percent,valid_from,valid_to\nemo,{},gold,10,2026-01-01,\n"


def cdr(cdr_id: str, uid: str, contract: str) -> dict[str, Any]:
    return {
        "country_code": "NL", "party_id": "EMO", "id": cdr_id, "currency": "EUR", "total_energy": 7.5,
        "start_date_time": "2026-10-01T10:00:00Z", "end_date_time": "2026-10-01T11:00:00Z",
        "cdr_token": {"uid": uid, "type": "RFID", "contract_id": contract}, "total_cost": {"excl_vat": 3},
        "last_updated": "2026-10-01T12:00:00Z",
    }  # fmt: skip


def by_number(text: str) -> str:
    """As JSON may write it, every character by its number."""
    return "".join(f"\\u{ord(character):04X}" for character in text)


def token(uid: str, contract: str) -> dict[str, Any]:
    return {"country_code": "DE", "party_id": "FST", "uid": uid, "type": "RFID", "contract_id": contract, "issuer": "x",
            "valid": True, "whitelist": "ALWAYS", "last_updated": "2026-01-01T00:00:00Z"}  # fmt: skip


def lines(*records: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """The person in every form a file comes in, beside somebody with almost the same card."""
    home = make_home(tmp_path / "home")
    theirs, others = cdr("1", UID, CONTRACT), cdr("2", OTHER_UID, "DE-FST-C00000019-M")
    land(home, "emo/cdrs/a.ndjson", lines(theirs, others))
    land(home, "emo/cdrs/b.ndjson.gz", gzip.compress(lines(cdr("3", UID.lower(), "DEFSTC00000018N"))))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("c.ndjson", lines(cdr("4", UID, CONTRACT)))
    land(home, "emo/cdrs/c.zip", packed.getvalue())
    escaped = json.dumps(cdr("5", "UID", "CONTRACT")).replace('"UID"', f'"{by_number(UID)}"')
    land(home, "emo/cdrs/d.ndjson", escaped.replace('"CONTRACT"', '"DE\\/FST\\/C0000001\\u0038\\/N"') + "\n")
    # What is not read at all: a broken line, an encoding that is not agreed, an archive of a kind nobody expected.
    land(home, "emo/cdrs/e.ndjson", f'{{"id": "6", "cdr_token": {{"uid": "{UID}"\n')
    land(home, "emo/cdrs/w.ndjson", lines(cdr("8", UID, CONTRACT)).decode().encode("utf-16"))
    land(home, "emo/cdrs/f.xlsx", packed.getvalue())
    land(home, "emo/tokens/t.json", json.dumps([token(UID, CONTRACT), token(OTHER_UID, "DE-FST-C00000019-M")]))
    write(home.master / "memberships.csv", MEMBERSHIPS.format(CONTRACT))
    take_in(home, at(1))
    evidence = objects.put(home, f"cdr_key,token\nnl/emo|1,{UID}\n".encode())
    proposal = Decision(
        "tariff", "Ada", ["tariff:NL/EVS:OURS"], values={"body": "0" * 64, "evidence": evidence}
    )  # fmt: skip
    record(home, proposal, at(2))
    return home


def erase(home: Home, *arguments: str, approved_by: str = "Bo") -> Any:
    return evsettle_here(
        "--home", home.root, "erase", UID, CONTRACT, "--by", "Ada", "--approved-by", approved_by, "--yes",
        "--as-of", "2026-11-02T00:00:00Z", *arguments,
    )  # fmt: skip


def loaded(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    with open_warehouse(home.warehouse) as connection:
        load_from_ledger(home, connection)
        return contents(connection)


def everything(home: Home) -> bytes:
    """All bytes of the home, unpacked, and the same with what is written by numbers or in UTF-16 as it reads."""
    found = []
    for path in sorted(home.root.rglob("*")):
        if path.is_file():
            data = objects.get(home, path.stem) if path.suffix == ".zst" else path.read_bytes()
            if data.startswith(b"\x1f\x8b"):
                data = gzip.decompress(data)
            if data.startswith(b"PK"):
                with zipfile.ZipFile(io.BytesIO(data)) as archive:
                    data = b"".join(archive.read(info) for info in archive.infolist())
            found += [data, re.sub(rb"\\u00([0-9A-Fa-f]{2})", lambda one: bytes.fromhex(one[1].decode()), data)]
            found.append(data.replace(b"\0", b""))
    return b"\n".join(found).replace(rb"\/", b"-")


def verified(home: Home) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(evsettle_here("--home", home.root, "verify", "--json").stdout)
    return answer


def test_the_person_is_in_no_byte_and_what_was_read_is_the_same(home: Home) -> None:
    before = loaded(home)
    assert UID.encode() in everything(home)
    result = erase(home)
    assert result.returncode == 0, result.stderr
    left = everything(home).upper()
    for name in (UID, CONTRACT, CONTRACT.replace("-", "")):
        assert name.encode() not in left
    assert OTHER_UID.encode() in left
    assert verified(home)["problems"] == []
    after = loaded(home)
    # Other ids, of the same shape, and the same ones wherever the person was.
    tables = ("raw_cdrs", "raw_tokens")
    for table in tables:
        assert len(before[table]) == len(after[table])
    with open_warehouse(home.warehouse) as connection:
        pairs = connection.execute(
            "select distinct lower(token_uid), regexp_replace(lower(contract_id), '[-/]', '', 'g') from ingest.raw_cdrs"
            " where cdr_id <> '2'"
        ).fetchall()
        ((uid, contract),) = pairs
        assert uid != UID.lower() and len(uid) == len(UID)
        assert contract.startswith("defst") and is_check_digit_right(contract)
        assert connection.execute(
            "select count(*) from ingest.raw_tokens where lower(token_uid) = ? and is_valid", [uid]
        ).fetchone() == (1,)
        (plan,) = connection.execute("select contract_id from ingest.raw_memberships").fetchall()
        assert plan[0].replace("-", "").lower() == contract
    # A record keeps the hash that it came with.
    assert sorted(row[3] for row in before["raw_records"]) == sorted(row[3] for row in after["raw_records"])


def test_verify_accepts_just_what_the_entry_names(home: Home) -> None:
    erase(home)
    entries = ledger.read_all(home)
    (sha256, one), *_ = sorted(erased(entries).items())
    redirect = home.objects_dir / f"{sha256}.erased"
    redirect.write_text("0" * 64)
    assert any(problem["subject"] == home.relative(redirect) for problem in verified(home)["problems"])
    finish(home, entries)
    assert verified(home)["problems"] == []
    replacement = objects.object_path(home, one.replacement)
    replacement.write_bytes(replacement.read_bytes()[:-1] + b"x")
    assert home.relative(replacement) in {problem["subject"] for problem in verified(home)["problems"]}


def test_what_comes_back_or_was_not_taken_away_is_named_and_goes(home: Home) -> None:
    inbox, plans = home.landing / "emo/cdrs/a.ndjson", home.master / "memberships.csv"
    landed, master = inbox.read_bytes(), plans.read_bytes()
    # A past run that was done again has names of its own for the objects of then.
    past = lay_out(home, home.as_of_dir / "000000001-x", ledger.read_all(home))
    erase(home)
    assert not past.root.exists()
    objects.put(home, landed)
    (problem,) = verified(home)["problems"]
    assert "was erased by entry" in problem["message"]
    inbox.write_bytes(landed)
    plans.write_bytes(master)
    assert {problem["subject"] for problem in verified(home)["problems"]} >= {
        home.relative(inbox),
        home.relative(plans),
    }
    assert evsettle_here("--home", home.root, "erase", "--finish").returncode == 0
    assert verified(home)["problems"] == []
    assert UID.encode() not in everything(home) and CONTRACT.encode() not in everything(home)


def test_what_cannot_be_opened_is_told_and_stops_nothing(home: Home) -> None:
    land(home, "emo/cdrs/torn.ndjson.gz", gzip.compress(lines(cdr("7", UID, CONTRACT)))[:-9])
    take_in(home, at(3))
    result = erase(home)
    assert "Stays: landing/emo/cdrs/torn.ndjson.gz cannot be opened to look for the person" in result.stdout
    assert result.returncode == 0 and verified(home)["problems"] == []


def test_a_second_person_is_erased_from_the_same_files(home: Home) -> None:
    erase(home)
    result = evsettle_here(
        "--home", home.root, "erase", OTHER_UID, "--by", "Ada", "--approved-by", "Bo", "--yes",
        "--as-of", "2026-11-03T00:00:00Z",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    left = everything(home).upper()
    assert UID.encode() not in left and OTHER_UID.encode() not in left
    assert verified(home)["problems"] == []


def test_the_past_is_laid_out_without_the_person_and_with_the_hashes_of_its_time(home: Home, tmp_path: Path) -> None:
    before = loaded(home)["raw_records"]
    entries = ledger.read_all(home)
    erase(home)
    past = lay_out(home, tmp_path / "past", entries)
    assert UID.encode() not in everything(past)
    assert sorted(row[3] for row in loaded(past)["raw_records"]) == sorted(row[3] for row in before)


def test_two_people_and_a_dry_run(home: Home) -> None:
    assert "a second person must" in erase(home, approved_by="Ada").stderr
    dry = erase(home, "--dry-run")
    assert "landing/emo/cdrs/a.ndjson (1 records)" in dry.stdout
    assert "landing/emo/cdrs/c.zip!c.ndjson (1 records)" in dry.stdout
    assert not erased(ledger.read_all(home))
    land(home, "emo/cdrs/new.ndjson", lines(cdr("9", UID, CONTRACT)))
    assert "landing/emo/cdrs/new.ndjson names the person and is not in the ledger yet" in erase(home).stderr


@pytest.mark.parametrize("form", [str, json.dumps])
def test_what_a_meter_signed_stays_as_it_was_signed(form: Callable[[str], str]) -> None:
    """With another id in it the signature would prove nothing, and what was billed by it would be held."""
    signed = 'OCMF|{"FV":"1.0","IS":true,"IT":"ISO14443","ID":"0400001241DEB9","RD":[{"RV":12.5}]}|{"SD":"3045"}'
    text = f"0400001241DEB9 {form(signed)} 0400001241DEB9 {form(signed)}"
    replaced = Replacer(["0400001241DEB9"]).replaced(text.encode()).decode()
    assert replaced.count(form(signed)) == 2 and replaced.count("0400001241DEB9") == 2
    assert len(replaced) == len(text)


def test_ids_are_found_in_any_case_and_with_any_separators_but_not_within_others() -> None:
    replacer = Replacer(["DE-FST-C00000018-N", "0400001241DEB9"])
    for written in ("de-fst-c00000018-n", "DE*FST*C00000018*N", "DEFSTC00000018N", '"0400001241deb9"'):
        assert replacer.names(written.encode()), written
        assert replacer.replaced(written.encode()).decode().translate(str.maketrans("", "", '*-"')).isalnum()
        assert replacer.replaced(written.encode()) != written.encode()
    escaped = by_number("DE-FST-C00000018-N")
    for written in (escaped, escaped.replace("\\", "\\\\"), r"\n0400001241DEB9\t", "%20DE%2AFST%2AC00000018%2aN"):
        replaced = replacer.replaced(written.encode()).decode()
        assert replaced != written and len(replaced) == len(written)
    for written in (
        "DE-FST-C00000018-N1",
        "X0400001241DEB9",
        "0400001241DEB",
        by_number("X") + "0400001241DEB9",
        "0400001241DEB9" + by_number("X"),
    ):
        assert not replacer.names(written.encode()), written
    with pytest.raises(EraseRefused, match="is no token or contract id"):
        Replacer(["ab"])
    # Digits alone may be an amount or a day as well.
    assert Replacer(["20261001"]).replaced(b"2026-10-01,2026.1001") == b"2026-10-01,2026.1001"
    assert not Replacer(["20261001"]).names(b"2026-10-01") and Replacer(["2026-1001"]).names(b"2026-10-01")
