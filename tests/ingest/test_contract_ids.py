"""Contract ids: one form, and the check digit of eMI3's paper."""

import pytest

from orchestration.defs.ingest.contract_ids import check_digit, contract_key, is_check_digit_right

# The examples published with the algorithm.
EXAMPLES = {
    "NN123ABCDEFGHI": "T", "FRXYZ123456789": "2", "ITA1B2C3E4F5G6": "4", "ESZU8WOX834H1D": "R",
    "PT73902837ABCZ": "Z", "DE83DUIEN83QGZ": "D", "DE83DUIEN83ZGQ": "M", "DE8AA001234567": "0",
}  # fmt: skip


@pytest.mark.parametrize(("characters", "digit"), EXAMPLES.items())
def test_the_published_examples_hold(characters: str, digit: str) -> None:
    assert check_digit(characters) == digit
    assert is_check_digit_right(f"{characters[:2]}-{characters[2:5]}-{characters[5:]}-{digit.lower()}") is True


def test_a_changed_or_exchanged_character_is_noticed() -> None:
    assert is_check_digit_right("NL-TNM-000122045-U") is True
    assert is_check_digit_right("NL-TNM-000122054-U") is False
    assert is_check_digit_right("NL-TNM-000122046-U") is False


def test_writing_and_check_digit_do_not_make_another_contract() -> None:
    assert contract_key("NL-TNM-000122045-U") == contract_key("nltnm000122045") == "nltnm000122045"
    assert (contract_key("Card 12"), is_check_digit_right("Card 12")) == ("card 12", None)
    assert is_check_digit_right("NLTNM000122045") is None
