"""Which versions of a contract two people approved.

A decision of kind `terms` about `partner:<name>` names what it approves: the contract_version, or
the SHA-256 of the partner file's bytes. Without a value it is whatever stood when it was made.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestration.facts.standing import StandingDecision


@dataclass(frozen=True, slots=True)
class KnownTerms:
    """One state of a partner's terms, from the master entry that made it so."""

    contract_version: str
    file_sha256: str
    known_seq: int


def approvals(
    partner: str, history: Sequence[KnownTerms], decisions: Sequence[StandingDecision]
) -> dict[str, StandingDecision]:
    """The approved contract_versions of a partner, each with the decision; history is in the order of the ledger.

    A hash of the file approves the terms that it gave with the template of that time, all its versions: a
    template that changes afterwards makes other terms, and those wait for two people again.
    """
    approved: dict[str, StandingDecision] = {}
    for decision in decisions:
        if (decision.kind, decision.subject_kind, decision.subject_id) != ("terms", "partner", partner):
            continue
        if decision.value is not None and any(decision.value == terms.contract_version for terms in history):
            approved.setdefault(decision.value, decision)
            continue
        same = [terms for terms in history if decision.value in (None, terms.file_sha256)]
        before = [terms for terms in same if terms.known_seq < decision.seq]
        # An opening ledger may hold the approval before the file itself is taken in.
        chosen = before[-1] if before else (same[0] if same and decision.value is not None else None)
        if chosen is not None:
            for terms in same:
                if terms.known_seq == chosen.known_seq:
                    approved.setdefault(terms.contract_version, decision)
    return approved
