"""Ids of drivers in what is published: a keyed hash, one word where there is no key."""

import hashlib
import hmac

import duckdb
import pytest

from orchestration import pseudonyms

KEY = "sixteen letters!"
LONG_KEY = "longer than the block of the hash, which is sixty-four bytes: then the hash of the key is the key"


def shown(sql: str, *words: str) -> object:
    with duckdb.connect() as connection:
        pseudonyms.install(connection)
        row = connection.execute(f"select {sql}", words).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize("key", [KEY, LONG_KEY])
def test_a_pseudonym_is_the_hmac_of_the_id(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv(pseudonyms.VARIABLE, key)
    digest = hmac.new(key.encode(), b"nl-emo-c001", hashlib.sha256).hexdigest()
    assert shown("pseudonym('NL-EMO-C001')") == f"#{digest[:12]}"
    assert shown("pseudonym(null)") is None
    assert pseudonyms.pseudonym("NL-EMO-C001") == f"#{digest[:12]}"
    assert shown(
        "hide('token T1 of C1 at 5', 'T1', 'C1') = 'token ' || pseudonym('T1') || ' of ' || pseudonym('C1') || ' at 5'"
    )
    assert shown("hide('5 kWh', null, '')") == "5 kWh"
    assert shown("hide(null, 'T1', 'C1')") is None


def test_without_a_key_ids_are_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(pseudonyms.VARIABLE, raising=False)
    assert shown("hide('token T1', 'T1', null)") == "token #withheld"
    assert pseudonyms.fingerprint() == ""


def test_what_stands_in_a_wrong_field_names_nobody() -> None:
    told = (
        r'cdr_token.uid is ["04AA;", 5], expected a text; cdr_token is "04A\" B", expected an object; auth_id is 7,'
        ' expected a text; kwh is "ten", expected a number; cdr_token.contract_id is "NL..., expected at most 36'
    )
    assert shown("hide(?, null, null)", told) == (
        "cdr_token.uid is #withheld, expected a text; cdr_token is #withheld, expected an object; auth_id is"
        ' #withheld, expected a text; kwh is "ten", expected a number; cdr_token.contract_id is #withheld, expected'
        " at most 36"
    )
    told = r"""status is "04AA", expected one of A, B; Karte is '04A\'', expected a number like 12.5; it lacks a"""
    assert shown("without_values(?)", told) == (
        "status: expected one of A, B; Karte: expected a number like 12.5; it lacks a"
    )


def test_a_key_that_can_be_guessed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pseudonyms.VARIABLE, "short")
    with pytest.raises(pseudonyms.PseudonymError, match="has 5 characters; use a secret of 16 or more"):
        pseudonyms.fingerprint()


def test_another_key_is_another_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    prints = set()
    for key in (KEY, LONG_KEY):
        monkeypatch.setenv(pseudonyms.VARIABLE, key)
        prints.add(pseudonyms.fingerprint())
    assert len(prints) == 2
