"""What a backdated tariff changes: the exact difference of every session since its start, sealed or not.

A session on a sealed statement keeps it and is owed one adjustment worth exactly the difference; all others are rated
again by the next run. What does not belong here: making that adjustment (settle).
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orchestration.facts import ledger
from orchestration.facts.home import Home
from orchestration.facts.seals import seals
from orchestration.tariffs.approval import Candidate
from orchestration.tariffs.repricing import Draft, RepricingError, Scope, reprice
from orchestration.tariffs.repricing_page import sessions_csv
from orchestration.tariffs.words import number

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Impact:
    """The sessions that a version changes, in order of their start, and their list as the ledger keeps it (CSV)."""

    sessions: tuple[dict[str, Any], ...]
    unpriced: int
    listing: bytes

    def total(self, is_sealed: bool) -> dict[str, Decimal]:
        """The exact difference by currency, of sealed or of open sessions."""
        totals: dict[str, Decimal] = {}
        for session in self.sessions:
            if (session["statement_status"] == "sealed") == is_sealed:
                totals[session["currency"]] = totals.get(session["currency"], Decimal(0)) + session["difference"]
        return totals

    def sentences(self) -> list[str]:
        """In words: how much, for which sessions, and what becomes of each kind."""
        if not self.sessions:
            return ["No session since its start costs otherwise."]
        said = [self._sum(False, "not sealed are rated again by the next run")] if self.total(False) else []
        said += [self._sum(True, "keep their sealed statement; one adjustment each is due")] if self.total(True) else []
        said += [
            f"  {session['cdr_id']} ({session['partner']}, {session['statement_status'] or session['state']}): "
            f"{number(session['now_excl_tax'])} -> {number(session['draft_excl_tax'])} {session['currency']}"
            for session in self.sessions[:_SHOWN]
        ]
        if len(self.sessions) > _SHOWN:
            said.append(f"  … and {len(self.sessions) - _SHOWN} more; the whole list is kept in the ledger.")
        if self.unpriced:
            said.append(f"Without a price now or under it, so with a difference that is not known: {self.unpriced}.")
        return said

    def _sum(self, is_sealed: bool, fate: str) -> str:
        count = sum((session["statement_status"] == "sealed") == is_sealed for session in self.sessions)
        sums = ", ".join(f"{amount.normalize():+f} {currency}" for currency, amount in self.total(is_sealed).items())
        return f"{count} session{'' if count == 1 else 's'} {fate}: {sums} in all."

    def as_json(self) -> dict[str, Any]:
        """Totals by currency, and each session with its exact difference."""
        names = ("cdr_key", "partner", "state", "statement_id", "statement_status", "currency", "now_excl_tax",
                 "draft_excl_tax", "difference")  # fmt: skip
        return {
            "open": self.total(is_sealed=False),
            "sealed": self.total(is_sealed=True),
            "unpriced": self.unpriced,
            "sessions": [{name: session[name] for name in names} for session in self.sessions],
        }


def backdated_impact(home: Home, candidate: Candidate) -> Impact:
    """Every session that the tariff would price otherwise, from its start to its end; none before the first run."""
    tariff = candidate.tariff
    scope = Scope(from_time=tariff.valid_from, to_time=tariff.valid_to)
    try:
        with reprice(home, [Draft(tariff, candidate.party, str(tariff.tariff_id))], scope, lambda _: None) as result:
            found = list(result.sessions())
    except RepricingError:
        # No run yet, or no session since: nothing is changed that anybody has seen.
        found = []
    # The tables show a seal with the next run only; the ledger knows it already.
    sealed = {name for seal in seals(ledger.read_all(home)).values() for name in seal.body["statements"]}
    standing = [s | {"statement_status": "sealed"} if s["statement_id"] in sealed else s for s in found]
    # Nothing is owed for an excluded session, whatever it would cost.
    owed = [session for session in standing if session["state"] != "excluded"]
    changed = tuple(session for session in owed if session["difference"])
    return Impact(changed, sum(session["difference"] is None for session in owed), sessions_csv(changed))
