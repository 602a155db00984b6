"""Tokens and drivers' contracts are never shown as they are."""

import pytest

from orchestration.story.pseudonyms import KEY_VARIABLE, pseudonym, without_persons

RECORD = '{"id": "A", "cdr_token": {"uid": "04F1AB35CA", "contract_id": "NL-EMO-C1"}, "evse_uid": "NL-EVS-E1", "x": "04F1AB35CA"}'


def test_without_a_key_only_the_last_characters_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    assert pseudonym("04F1AB35CA") == "…35CA"
    assert pseudonym(None) is None


def test_with_a_key_one_token_has_one_name_whatever_its_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "secret")
    name = pseudonym("04F1AB35CA")
    assert name == pseudonym("04f1ab35ca") != pseudonym("04F1AB35CB")
    assert name is not None and "35CA" not in name.upper()


def test_a_record_is_shown_without_them_and_else_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    shown = '{"id": "A", "cdr_token": {"uid": "…35CA", "contract_id": "…O-C1"}, "evse_uid": "NL-EVS-E1", "x": "…35CA"}'
    assert without_persons(RECORD, []) == shown
    assert without_persons("2026-10-01,04F1AB35CA,12.5", ["04F1AB35CA"]) == "2026-10-01,…35CA,12.5"
