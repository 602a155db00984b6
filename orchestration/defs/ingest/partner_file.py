"""A new partner's file: what the template does not say, left blank with a word on what belongs there."""

import json
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from orchestration.defs.ingest.contract_rules import OWN
from orchestration.defs.ingest.declared import DeclaredError, load_yaml
from orchestration.defs.ingest.partner_check import shipped_template
from orchestration.facts.home import Home

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_PARTY = re.compile(r"[A-Z]{2}/[A-Z0-9]{3}")


class PartnerFileError(Exception):
    """The file cannot be written; one sentence with the remedy."""


def write_partner(
    home: Home, name: str, template: str, parties: Sequence[str], legal_name: str, valid_from: date
) -> Path:
    """Write master/partners/<name>.yaml, and the template when it is one of evsettle's own. Raises PartnerFileError."""
    if not _NAME.fullmatch(name):
        raise PartnerFileError(f"{name!r} is no name of a partner; use small letters, digits, - and _, as emo.")
    if name == OWN:
        raise PartnerFileError(f"{name!r} is the name of what is ours, in landing/own; give the partner another one.")
    for party in parties:
        if not _PARTY.fullmatch(party):
            raise PartnerFileError(f"{party!r} is not a party; write country and party in capitals, as NL/EMO.")
    path = home.master / "partners" / f"{name}.yaml"
    if path.exists():
        raise PartnerFileError(f"{home.relative(path)} is there already; change it, or choose another name.")
    defaults = _template(home, template)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(_text(name, template, parties, legal_name, valid_from, defaults).encode())
    return path


def _template(home: Home, template: str) -> dict[str, object]:
    path = home.master / "templates" / f"{template}.yaml"
    shipped = shipped_template(template)
    if not path.is_file():
        if shipped is None:
            known = ", ".join(sorted(found.stem for found in path.parent.glob("*.yaml"))) or "none"
            shown = f"the home has {known}; evsettle brings eu-roaming"
            raise PartnerFileError(f"There is no template {template!r}; {shown}.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(shipped)
    try:
        return load_yaml(home.relative(path), path.read_bytes())
    except DeclaredError as error:
        raise PartnerFileError(str(error)) from None


def _text(
    name: str, template: str, parties: Sequence[str], legal_name: str, valid_from: date, defaults: dict[str, object]
) -> str:
    country = parties[0][:2] if parties else ""
    return f"""\
# What differs from template {template}. Fill the blanks; `evsettle partner check {name}` names those that are left.
partner: {name}
name: {json.dumps(legal_name, ensure_ascii=False) if legal_name else ""}  # as it stands on statements
parties: [{", ".join(parties)}]  # country and party of OCPI, as NL/EMO
template: {template}
valid_from: {valid_from.isoformat()}
currency: {defaults.get("currency") or ""}
tax: {{country: {country or '""'}}}  # two letters; add vat_id where the partner has one
contacts: {{operations: "", platform: "", finance: ""}}
# Limits in the contract's currency, the places that are covered, and invoices that we issue in the partner's name:
# caps: {{session: "100", monthly: "50000", credit_limit: "80000"}}
# scope: {{locations: [LOC1], owners: [NL/EVS], countries: [NL]}}
# self_billing: {{agreement: "SB-2026-7", from: 2026-01-01}}
# Later terms, each from a day on; the rest goes on as before:
# versions:
#   - valid_from: 2027-01-01
#     tolerances: {{amount: "0.05"}}
"""
