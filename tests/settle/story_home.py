"""The home of the story of three months: four partners, their contracts, tax rules and rates, and sessions by hand.

Every session charges at 0.30 a kWh, claimed as priced, in one charging period. What does not belong here: amounts.
"""

import hashlib
import json
import os
import textwrap
from pathlib import Path
from typing import Any

from tests.factories import a_cdr, a_component, a_location, a_period, a_tariff

LAND = {"NL": "NLD", "DE": "DEU"}

CONTRACT = """
template: eu-roaming
valid_from: 2026-01-01
requires: []
contacts: {operations: a@b.example, platform: a@b.example, finance: a@b.example}
"""
PARTNERS = {
    "emo": """
        name: eMobility Operator B.V.
        parties: [NL/EMO]
        tax: {country: NL, regime: reseller}
        fees: [{name: roaming, per: session, rate: "0.25"}]
        """,
    "alp": """
        name: Alpenstrom AG
        parties: [CH/ALP]
        currency: CHF
        settlement: {frequency: weekly}
        tax: {country: CH, regime: reseller}
        """,
    "duo": """
        name: Duo GmbH
        parties: [DE/DUO]
        settlement: {netting: true}
        payment: {iban: DE89370400440532013000}
        tax: {country: DE, regime: reseller, vat_id: DE136695976}
        """,
    "bel": """
        name: Belgische Laad NV
        parties: [BE/BEL]
        tax: {country: BE, regime: reseller, vat_id: BE0428759497}
        """,
}
TAX_RULES = """
valid_from,supplier_country,customer_country,customer_regime,site_country,category,rate_percent,note
2026-01-01,NL,NL,,,S,21,domestic
2026-01-01,NL,CH,,,O,0,place of the customer
2026-01-01,NL,DE,reseller,,AE,0,reverse charge
2026-01-01,NL,BE,reseller,,AE,0,reverse charge
2026-01-01,DE,NL,reseller,,AE,0,reverse charge
"""
NETWORK = """
parties:
  - {party: NL/EVS, roles: [CPO, EMSP], legal_name: EV Settle B.V., country: NL, vat_id: NL004495445B01,
     bank_account: NL91ABNA0417164300}
country: NL
currency: EUR
time_zone: Europe/Amsterdam
"""
PEOPLE = """
- {name: Ada, roles: [finance, operations, platform]}
- {name: Bo, roles: [finance, approver]}
"""


def write(path: Path, text: str) -> Path:
    """A file that has been at rest for a while."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text).lstrip("\n"))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def make_story_home(home: Path, template: Path) -> dict[str, str]:
    """The master data; returns the hash of each partner's file, by which its terms are approved."""
    write(home / "master/network.yaml", NETWORK)
    write(home / "master/people.yaml", PEOPLE)
    write(home / "master/tax_rules.csv", TAX_RULES)
    write(home / "master/templates/eu-roaming.yaml", template.read_text())
    hashes = {}
    for name, terms in PARTNERS.items():
        path = write(
            home / f"master/partners/{name}.yaml", f"partner: {name}{CONTRACT}{textwrap.dedent(terms).lstrip()}"
        )
        hashes[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return hashes


def sold(name: str, partner: str, day: str, kwh: int, **override: Any) -> dict[str, Any]:
    """A session at our charger with a card of the partner's (its party), from 08:00 to 09:00."""
    return session(name, "NL/EVS", partner, day, kwh, **override)


def bought(name: str, partner: str, day: str, kwh: int) -> dict[str, Any]:
    """A session at the partner's charger with a card of ours."""
    return session(name, partner, "NL/EVS", day, kwh)


def session(
    name: str, cpo: str, emsp: str, day: str, kwh: int, currency: str = "EUR", **override: Any
) -> dict[str, Any]:
    """One OCPI 2.2.1 CDR of `kwh` at 0.30: 20 kWh an hour from 08:00 on, each on a day of its own."""
    country, party = cpo.split("/")
    token_country, token_party = emsp.split("/")
    hours = -(-kwh // 20)
    start, end = f"{day}T08:00:00Z", f"{day}T{8 + hours:02}:00:00Z"
    cost = {"excl_vat": round(0.3 * kwh, 2)}
    tariff = a_tariff(
        id=f"{party}-FLAT-{currency}", country_code=country, party_id=party, currency=currency,
        elements=[{"price_components": [a_component(vat=None)]}],
    )  # fmt: skip
    place = a_cdr()["cdr_location"] | {"country": LAND[country], "evse_id": f"{country}*{party}*E1"}
    cdr: dict[str, Any] = {
        "id": name, "country_code": country, "party_id": party, "start_date_time": start, "end_date_time": end,
        "currency": currency, "session_id": f"S-{name}", "last_updated": end, "total_energy": kwh, "total_time": hours,
        "total_parking_time": None, "total_cost": cost, "total_energy_cost": cost, "tariffs": [tariff],
        "charging_periods": [a_period(start, tariff["id"], ENERGY=kwh, TIME=hours)], "cdr_location": place,
        "cdr_token": {"country_code": token_country, "party_id": token_party, "uid": f"U-{name}", "type": "RFID",
                      "contract_id": f"{token_country}-{token_party}-C00000001-1"},
    }  # fmt: skip
    return a_cdr(**cdr | override)


def credit_of(cdr: dict[str, Any]) -> dict[str, Any]:
    """What takes a session back: only its total changes sign (OCPI 2.2.1)."""
    total = {name: -value for name, value in cdr["total_cost"].items()}
    return cdr | {"id": f"{cdr['id']}-C", "credit": True, "credit_reference_id": cdr["id"], "total_cost": total}


def places(home: Path) -> None:
    """Our charger and the partner's."""
    for source, country, party in (("own", "NL", "EVS"), ("duo", "DE", "DUO")):
        evse = a_location()["evses"][0] | {"evse_id": f"{country}*{party}*E1"}
        place = a_location(country_code=country, party_id=party, country=LAND[country], evses=[evse])
        write(home / f"landing/{source}/locations/all.json", json.dumps([place]))


def bank_says(home: Path, name: str, day: str, amount: str, text: str) -> None:
    """A bank statement with one payment that came in."""
    write(
        home / f"landing/own/payments/{name}.xml",
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>'
        "<Acct><Id><IBAN>NL91ABNA0417164300</IBAN></Id></Acct>"
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt>'
        f"</BookgDt><NtryDtls><TxDtls><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        "</Stmt></BkToCstmrStmt></Document>",
    )


def arrive(home: Path, source: str, name: str, *cdrs: dict[str, Any]) -> None:
    """A file of CDRs in the inbox."""
    write(home / f"landing/{source}/cdrs/{name}.ndjson", "".join(json.dumps(cdr) + "\n" for cdr in cdrs))
