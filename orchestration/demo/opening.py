"""The opening ledger of a demo home: master data is taken in, then two people approve contracts and our tariffs."""

from datetime import datetime

from orchestration.defs.ingest.landing import take_in
from orchestration.demo.master import APPROVER, PROPOSER
from orchestration.demo.parties import PARTNERS
from orchestration.facts.decisions import Decision, record
from orchestration.facts.home import Home
from orchestration.facts.objects import sha256_of
from orchestration.tariffs import approval
from orchestration.tariffs.sources import read_file

NOTE = "Opening of the books"


def write_opening(home: Home, at: datetime) -> None:
    """Append the entries, all at one time before anything arrives. landing/ must still be empty."""
    take_in(home, at, actor=PROPOSER)
    for partner in PARTNERS:
        contract = home.master / "partners" / f"{partner.folder}.yaml"
        _decide(home, at, "terms", f"partner:{partner.folder}", {"version": sha256_of(contract.read_bytes())})
    for path in sorted((home.master / "tariffs").glob("*.json")):
        for given in read_file(path):
            proposal = approval.propose(home, approval.candidate(home, given), PROPOSER, at, None, NOTE, None)
            approval.answer(home, "approve", proposal.entry, APPROVER, at, None, None, None)


def _decide(home: Home, at: datetime, kind: str, subject: str, values: dict[str, str]) -> None:
    proposal = record(home, Decision(kind, PROPOSER, [subject], values=values, note=NOTE), at)
    record(home, Decision("approve", APPROVER, answers=proposal.entry.seq), at)
