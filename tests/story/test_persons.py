"""Tokens and drivers' contracts are never shown as they are."""

import pytest

from orchestration.pseudonyms import VARIABLE, WITHHELD, pseudonym
from orchestration.story.persons import without_persons

RECORD = '{"cdr_token": {"uid": "04F1AB35CA", "contract_id": "NL-EMO-C1"}, "evse_uid": "NL-EVS-E1", "x": "04F1AB35CA"}'


def test_a_record_is_shown_without_them_and_else_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    shown = (
        f'{{"cdr_token": {{"uid": "{WITHHELD}", "contract_id": "{WITHHELD}"}}, "evse_uid": "NL-EVS-E1",'
        f' "x": "{WITHHELD}"}}'
    )
    assert without_persons(RECORD, []) == shown
    assert without_persons("2026-10-01,04F1AB35CA,12.5", ["04F1AB35CA"]) == f"2026-10-01,{WITHHELD},12.5"


def test_two_tokens_are_told_apart_by_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "a secret of sixteen characters")
    one, other = pseudonym("04F1AB35CA"), pseudonym("04F1AB35CB")
    assert one == pseudonym("04f1ab35ca") != other
    assert without_persons("04F1AB35CA;04F1AB35CB", ["04F1AB35CA", "04F1AB35CB"]) == f"{one};{other}"
