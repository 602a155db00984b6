"""What changed between versions of a partner's contract, who took the change in and who approved it, from the ledger.

What does not belong here: printing (cli/partner.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from orchestration.defs.ingest.approvals import KnownTerms, approvals
from orchestration.defs.ingest.contract_files import flat_terms
from orchestration.defs.ingest.master_data import KnownContract, fold_master
from orchestration.defs.ingest.rules import overridable, read_rules
from orchestration.facts import ledger
from orchestration.facts.decisions import pending
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry
from orchestration.facts.standing import StandingDecision, standing
from orchestration.version import suites


class ChangesError(Exception):
    """No such version; one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class ContractVersion:
    """One version with both clocks: it holds from valid_from until the next one, known_from is the ledger's time."""

    known: KnownContract
    valid_to: date | None
    approval: StandingDecision | None

    @property
    def valid_from(self) -> date:
        """The first day on which it holds."""
        return self.known.contract.valid_from


@dataclass(frozen=True, slots=True)
class Change:
    """One key that differs."""

    key: str
    before: Any
    after: Any


def contract_versions(home: Home, partner: str) -> list[ContractVersion]:
    """Every version of a partner's contract that the ledger knows, by valid_from and then by when it was known.

    Of two that begin on one day the later known one holds. Raises ChangesError, MasterError.
    """
    entries = ledger.read_all(home)
    contracts = fold_master(home, entries, overridable(read_rules(suites()))).contracts
    history = contracts.get(partner, [])
    if not history:
        known = ", ".join(sorted(contracts)) or "none"
        raise ChangesError(f"No contract of {partner} has been taken in (known: {known}); run `evsettle run` first.")
    terms = [KnownTerms(known.version, known.file_sha256, known.known_seq) for known in history]
    approved = approvals(partner, terms, standing(entries))
    # The same terms known again are no other version: the first time counts here.
    first = {known.version: known for known in reversed(history)}
    ordered = sorted(first.values(), key=lambda known: (known.contract.valid_from, known.known_seq))
    starts = sorted({version.contract.valid_from for version in ordered})
    ends = dict(zip(starts, [*starts[1:], None], strict=True))
    return [
        ContractVersion(version, ends[version.contract.valid_from], approved.get(version.version))
        for version in ordered
    ]


def unapproved_terms(contracts: Mapping[str, Sequence[KnownContract]], entries: Sequence[Entry]) -> list[str]:
    """The contract files whose last content nobody has approved, a sentence each.

    contracts: every version by partner, in the order of the ledger.
    """
    decisions = standing(entries)
    proposed = {
        subject: entry.seq
        for entry in pending(entries)
        if entry.body["values"]["what"] == "terms"
        for subject in entry.body["subjects"]
    }
    told = []
    for partner, history in sorted(contracts.items()):
        approved = approvals(
            partner, [KnownTerms(known.version, known.file_sha256, known.known_seq) for known in history], decisions
        )
        waiting = [
            known for known in history if known.known_seq == history[-1].known_seq and known.version not in approved
        ]
        if not waiting:
            continue
        since = ", ".join(f"{known.contract.valid_from} (version {known.version[:8]})" for known in waiting)
        stands = "the approved ones go on" if approved else "its sessions are held"
        seq = proposed.get(f"partner:{partner}")
        act = (
            f"evsettle decide terms partner:{partner} --by NAME"
            if seq is None
            else (f"evsettle decide approve {seq} --by NAME")
        )
        told.append(f"the terms of {partner} from {since} on wait for two people, and until then {stands} (`{act}`).")
    return told


def party_history(home: Home, party: str) -> list[dict[str, Any]]:
    """Whose a party is: a row for each contract version that names it, or for our own. Raises MasterError."""
    entries = ledger.read_all(home)
    master = fold_master(home, entries, overridable(read_rules(suites())))
    rows: list[dict[str, Any]] = [
        {"party": own.party, "of": "us", "name": own.legal_name, "roles": ", ".join(own.roles)}
        for own in (master.network.parties if master.network else ())
        if own.party == party.upper()
    ]
    for partner in sorted(master.contracts):
        for version in contract_versions(home, partner):
            contract = version.known.contract
            if party.upper() in contract.parties:
                rows.append({
                    "party": party.upper(), "of": f"partner {partner}", "name": contract.name,
                    "valid_from": version.valid_from, "valid_to": version.valid_to,
                    "known_from": version.known.known_from, "version": version.known.version[:8],
                    "approved_by": version.approval.approved_by if version.approval else "nobody yet",
                })  # fmt: skip
    return rows


def find_version(versions: Sequence[ContractVersion], text: str) -> ContractVersion:
    """The version that a day falls into, or whose hash begins with the text. Raises ChangesError."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        found = [version for version in versions if len(text) >= 4 and version.known.version.startswith(text.lower())]
        if len(found) == 1:
            return found[0]
        raise ChangesError(
            f"{text} is neither a day (2026-07-01) nor the beginning of one version's hash: "
            f"{', '.join(version.known.version[:8] for version in versions)}."
        ) from None
    return in_force(versions, day)


def in_force(versions: Sequence[ContractVersion], day: date) -> ContractVersion:
    """The version that holds on a day: an approved one where there is any. Raises ChangesError."""
    eligible = [version for version in versions if version.approval] or list(versions)
    found = [version for version in eligible if version.valid_from <= day]
    if not found:
        raise ChangesError(f"No version holds on {day}; the first begins on {eligible[0].valid_from}.")
    return found[-1]


def differences(before: ContractVersion, after: ContractVersion) -> list[Change]:
    """Every key whose value differs, in the order of the contract."""
    old, new = flat_terms(before.known.contract), flat_terms(after.known.contract)
    keys = [*new, *(key for key in old if key not in new)]
    return [Change(key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)]
