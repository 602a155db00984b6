"""The demo's rules of tax, and VAT numbers that pass the check digits of their countries.

They follow the order of docs/settlement.md: a reseller in another member state accounts for the tax itself, one outside
the Union gets a document out of scope, everything else bears the rate of the place where the charger stands.
"""

from datetime import date

VAT_IDS = {
    "NL/EVS": "NL000000012B01", "NL/EVM": "NL000000024B01", "NL/EMO": "NL000000036B01", "NL/VTR": "NL000000048B01",
    "NL/PLD": "NL000000061B01", "DE/FST": "DE100000008", "DE/NDL": "DE100000016", "GB/ALD": "GB000000097",
    "GB/ISC": "GB000000195", "CH/ALP": "CHE000000017MWST",
}  # fmt: skip

_HEADER = "valid_from,supplier_country,customer_country,customer_regime,site_country,category,rate_percent,note"
# supplier, customer, regime, site, category, rate, note; blank stands for any.
_RULES = (
    ("", "", "", "NL", "S", "21", "Dutch standard rate"),
    ("", "", "", "DE", "S", "19", "German standard rate"),
    ("", "", "", "CH", "S", "8.1", "Swiss standard rate"),
    ("", "", "", "GB", "S", "20", "British standard rate"),
    ("NL", "DE", "reseller", "", "AE", "0", "Reverse charge: article 38 of the VAT Directive"),
    ("DE", "NL", "reseller", "", "AE", "0", "Reverse charge: article 38 of the VAT Directive"),
    ("NL", "GB", "reseller", "", "O", "0", "Outside the scope of EU VAT: the reseller is established in GB"),
    ("GB", "NL", "reseller", "", "O", "0", "Outside the scope of UK VAT: the reseller is established in NL"),
    ("CH", "NL", "reseller", "", "O", "0", "Place of supply is the recipient's seat: article 7(2) MWSTG"),
)


def tax_rules_csv(valid_from: date) -> str:
    """master/tax_rules.csv: every rule from one day on."""
    rows = [",".join((valid_from.isoformat(), *rule)) for rule in _RULES]
    return "\n".join([_HEADER, *rows]) + "\n"
