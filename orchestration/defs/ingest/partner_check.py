"""Whether a partner's file can be billed on: every problem with its line, before anything is taken in.

What does not belong here: printing (cli/partner.py), and what the ledger knows of the partner (contract_changes).
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pycountry
import yaml

from orchestration.defs.ingest.contract_files import (
    Terms,
    all_problems,
    blanks_as_written,
    read_versions,
    template_name,
)
from orchestration.defs.ingest.contracts import Rule
from orchestration.defs.ingest.declared import DeclaredError, load_yaml
from orchestration.defs.ingest.master_csv import read_table
from orchestration.defs.ingest.master_tables import TABLES
from orchestration.defs.ingest.network import read_network
from orchestration.defs.ingest.rules import overridable, read_rules
from orchestration.defs.ingest.vat_ids import is_vat_id
from orchestration.version import suites

_KEY = re.compile(r"[a-z_]+(?:\.[A-Za-z0-9_]+)*")


@dataclass(frozen=True, slots=True)
class Checked:
    """A partner's file: its versions as far as they read, every problem, and what may be meant, one sentence each."""

    path: Path
    versions: Sequence[Terms]
    problems: Sequence[str]
    doubts: Sequence[str] = ()


def check_partner(path: Path, master: Path | None) -> Checked:
    """Check a file against its template and the master data around it (`master`, where there is a home).

    Raises OSError when the file cannot be read.
    """
    data = path.read_bytes()
    name = f"master/partners/{path.name}"
    template = template_name(data)
    defaults = None if template is None else read_template(template, path, master)
    versions: tuple[Terms, ...] = ()
    try:
        versions = read_versions(name, data, template and f"master/templates/{template}.yaml", defaults)
        found = all_problems(name, versions, _rules())
        found += _codes(versions[-1])
        found += _taken_parties(path, versions, master)
    except DeclaredError as error:
        found = [str(error).removeprefix(f"{name}: ")]
        with suppress(DeclaredError):
            found += blanks_as_written(data, defaults)
    doubts = [] if found or master is None else list(_doubts(versions[-1], master))
    place = name if master is not None and path.resolve().parent == (master / "partners").resolve() else str(path)
    return Checked(path, versions, *(
        [f"{place}{_line(data, sentence)}: {sentence}" for sentence in dict.fromkeys(told)] for told in (found, doubts)
    ))  # fmt: skip


def read_template(template: str, path: Path, master: Path | None) -> bytes | None:
    """A template's bytes: of the home, beside the partner's file, or one of those that evsettle ships."""
    if not re.fullmatch(r"[A-Za-z0-9._-]+", template):
        return None
    folders = [master / "templates"] if master is not None else []
    for folder in [*folders, path.resolve().parent.parent / "templates"]:
        if (folder / f"{template}.yaml").is_file():
            return (folder / f"{template}.yaml").read_bytes()
    return shipped_template(template)


def shipped_template(template: str) -> bytes | None:
    """One of evsettle's own templates, None when there is none of that name."""
    found = files("orchestration.defs.ingest") / "templates" / f"{template}.yaml"
    return found.read_bytes() if re.fullmatch(r"[A-Za-z0-9._-]+", template) and found.is_file() else None


def line_of(data: bytes, key: str) -> int | None:
    """The line on which a dotted key (versions.1.tolerances.amount) is written, or the nearest block around it."""
    try:
        node = yaml.compose(data.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError):
        return None
    line: int | None = None
    for part in key.split("."):
        if isinstance(node, yaml.MappingNode):
            inner = next(((name, value) for name, value in node.value if name.value == part), None)
            if inner is None:
                break
            line, node = inner[0].start_mark.line + 1, inner[1]
        elif isinstance(node, yaml.SequenceNode) and part.isdigit() and 0 < int(part) <= len(node.value):
            node = node.value[int(part) - 1]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _line(data: bytes, problem: str) -> str:
    key = _KEY.match(problem)
    line = None if key is None or problem.startswith("line ") else line_of(data, key[0])
    return "" if line is None else f", line {line}"


@cache
def _rules() -> Mapping[str, Rule]:
    return overridable(read_rules(suites()))


def _codes(terms: Terms) -> Iterator[str]:
    """Codes that have the form of one and are none."""
    contract = terms.contract
    if re.fullmatch("[A-Z]{3}", contract.currency) and pycountry.currencies.get(alpha_3=contract.currency) is None:
        yield f"currency is {contract.currency}, which is no currency in use; write an ISO 4217 code, as EUR."
    country = contract.tax.country
    if country and pycountry.countries.get(alpha_2=country) is None:
        yield f"tax.country is {country!r}; write an ISO 3166 code of two letters, as NL."


def _doubts(terms: Terms, master: Path) -> Iterator[str]:
    """What reads and may be meant, and would be found out by the first sessions."""
    contract, tax = terms.contract, terms.contract.tax
    if tax.vat_id and not is_vat_id(tax.vat_id):
        yield (
            f"tax.vat_id is {tax.vat_id!r}, which no tax office gives out (country letters first, then its check"
            " digits); its statements wait for another one."
        )
    regimes = {row.customer_regime for row in _rows(master, "tax_rules") if row.customer_regime}
    near = difflib.get_close_matches(tax.regime or "", regimes, n=1)
    if near and tax.regime not in regimes:
        yield f"tax.regime is {tax.regime!r}, which no row of master/tax_rules.csv names; did you mean {near[0]}?"
    agreements = _rows(master, "agreements")
    agreed = {party.upper() for row in agreements for party in (row.cpo_party, row.emsp_party)}
    for party in contract.parties:
        if agreements and party not in agreed:
            yield (
                f"parties has {party}, which no row of master/agreements.csv names: its sessions with us are left"
                " out (AUTH_CONTRACT_INACTIVE) until one does."
            )


def _rows(master: Path, name: str) -> list[Any]:
    path = master / f"{name}.csv"
    try:
        return list(read_table(path.name, path.read_bytes(), TABLES[name]))
    except (DeclaredError, OSError):
        return []


def _taken_parties(path: Path, versions: Sequence[Terms], master: Path | None) -> Iterator[str]:
    if master is None:
        return
    owners: dict[str, str] = {}
    try:
        for own in read_network((master / "network.yaml").read_bytes()).parties:
            owners[own.party] = "ours (master/network.yaml)"
    except (DeclaredError, OSError):
        pass
    for other in sorted((master / "partners").glob("*.yaml")):
        if other.resolve() == path.resolve():
            continue
        try:
            parties = load_yaml(other.name, other.read_bytes()).get("parties") or []
        except (DeclaredError, OSError):
            continue
        owners |= {str(party): f"that of partner {other.stem}" for party in parties if isinstance(parties, list)}
    for party in versions[0].contract.parties:
        if party in owners:
            yield f"parties has {party}, which is {owners[party]} already; take it out of one of them."
