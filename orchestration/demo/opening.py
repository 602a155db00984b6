"""The opening ledger of a demo home: master data is taken in, then two people approve contracts and our tariffs."""

from datetime import datetime

from orchestration.defs.ingest.landing import take_in
from orchestration.defs.ingest.tariff import parse_tariff
from orchestration.demo.master import APPROVER, PROPOSER
from orchestration.demo.parties import PARTNERS
from orchestration.facts.decisions import Decision, record
from orchestration.facts.home import Home
from orchestration.facts.objects import sha256_of


def write_opening(home: Home, at: datetime) -> None:
    """Append the entries, all at one time before anything arrives. landing/ must still be empty."""
    take_in(home, at, actor=PROPOSER)
    for partner in PARTNERS:
        contract = home.master / "partners" / f"{partner.folder}.yaml"
        _decide(home, at, "terms", f"partner:{partner.folder}", {"version": sha256_of(contract.read_bytes())})
    for path in sorted((home.master / "tariffs").glob("*.json")):
        tariff = parse_tariff(path.read_bytes())
        _decide(home, at, "tariff", f"tariff:{tariff.party}:{tariff.tariff_id}", {"body": tariff.body})


def _decide(home: Home, at: datetime, kind: str, subject: str, values: dict[str, str]) -> None:
    proposal = record(home, Decision(kind, PROPOSER, [subject], values=values, note="Opening of the books"), at)
    record(home, Decision("approve", APPROVER, answers=proposal.entry.seq), at)
