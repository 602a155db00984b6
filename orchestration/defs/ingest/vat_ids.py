"""VAT identification numbers: the form and check digits that each country's tax office gives them, by python-stdnum.

Whether a number is registered is not known offline. What does not belong here: who needs one (settle's tax decisions).
"""

from stdnum import get_cc_module

# What a VAT id begins with where that is not the country's own code.
_PREFIXES = {"EL": "GR", "XI": "GB"}
_COUNTRY_LETTERS = 2


def is_vat_id(text: str) -> bool:
    """Whether the text, country letters first, is a number that its country could have given out."""
    country = text[:_COUNTRY_LETTERS].upper()
    module = get_cc_module(_PREFIXES.get(country, country).lower(), "vat")
    return module is not None and module.is_valid(text[_COUNTRY_LETTERS:] if country in _PREFIXES else text)
