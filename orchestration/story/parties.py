"""Who did what in one session: authorised it, showed its price, metered it, invoices it. No layout, no query."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestration.story.details import Details, Row
from orchestration.story.page import instant, plain


@dataclass(frozen=True, slots=True)
class Part:
    """One part in a session: who played it (null: nothing says), and how that is known."""

    part: str
    party: str | None
    known_by: str


def parts_of(
    cdr: Row, source: str | None, details: Details | None, shown_by: tuple[str, str] | None, documents: Sequence[Row]
) -> list[Part]:
    """Every part, in the order in which they are played. shown_by: who published its tariff in time, and how."""
    seller, buyer = _sides(cdr)
    return [
        _authorising(cdr, details),
        _displaying(cdr, details, shown_by),
        _metering(cdr, details),
        Part(
            "delivering the record",
            "us" if source == "own" else source,
            "our own systems sent its file" if source == "own" else "its file came from there",
        ),
        Part("invoicing", seller, _invoiced(cdr, documents)),
        Part("paying", buyer, "the other side of that invoice"),
    ]


def _sides(cdr: Row) -> tuple[str | None, str | None]:
    """Who sells to whom, of the two parties of a statement: the operator sells to the provider."""
    if cdr["direction"] not in ("receivable", "payable"):
        return None, None
    return cdr["cpo_party"], cdr["emsp_party"]


def _authorising(cdr: Row, details: Details | None) -> Part:
    return Part("authorising", cdr["emsp_party"], ", ".join(_answers(details)) or "nothing was told of it")


def _answers(details: Details | None) -> Iterator[str]:
    if details is None:
        return
    sent, evidence = details.sent, details.evidence
    if evidence and evidence["answered_at"] is not None:
        yield f"answered {evidence['allowed']} {instant(evidence['answered_at'])}"
    method = sent.get("auth_method")
    if method:
        words = {
            "AUTH_REQUEST": "asked when the card was shown",
            "COMMAND": "its command began the session",
            "WHITELIST": "by the charger's own list of cards",
        }
        yield f"{words.get(method, 'by a method of another name')} ({method})"
    if evidence and evidence["terminal_id"]:
        yield f"paid at terminal {evidence['terminal_id']}"
    if sent.get("token_type") == "AD_HOC_USER":
        yield "without a contract (AD_HOC_USER)"


def _displaying(cdr: Row, details: Details | None, shown_by: tuple[str, str] | None) -> Part:
    receipts = [] if details is None else details.receipts
    told = [
        f"{'charged' if row['kind'] == 'charged' else 'showed'} the driver {_gross(row)}, receipt of {row['source']}"
        f" {instant(row['shown_at'])}"
        for row in receipts
    ]
    if shown_by is not None:
        return Part("displaying the price", shown_by[0], "; ".join([shown_by[1], *told]))
    if receipts:
        return Part("displaying the price", cdr["emsp_party"], "; ".join(told))
    return Part("displaying the price", None, "no publication of its tariff and no receipt was told")


def _gross(receipt: Row) -> str:
    if receipt["amount_incl_tax"] is None:
        return "an amount that was not told"
    return f"{plain(receipt['amount_incl_tax'])} {receipt['currency']} gross"


def _metering(cdr: Row, details: Details | None) -> Part:
    if details is None:
        return Part("metering", cdr["cpo_party"], "the operator of the charger")
    sent, signed = details.sent, details.signed
    owner = details.asset.get("owner_party")
    how = []
    if owner and owner != cdr["cpo_party"]:
        how.append(f"operated by {cdr['cpo_party']} for its owner {owner}")
    else:
        how.append("the operator of the charger")
    if sent.get("meter_id") or (signed and signed["meter_serial"]):
        how.append(f"meter {sent.get('meter_id') or signed['meter_serial']}")
    if sent.get("register_start_kwh") is not None:
        how.append("with its registers")
    if signed:
        is_good = not (signed["is_signature_bad"] or signed["is_signature_unknown"])
        how.append(f"signed values, signature {'verified' if is_good else 'not verified'}")
    return Part("metering", cdr["cpo_party"], ", ".join(how))


def _invoiced(cdr: Row, documents: Sequence[Row]) -> str:
    if cdr["direction"] == "internal":
        return "both sides are us, so nobody invoices"
    if cdr["direction"] not in ("receivable", "payable"):
        return "neither side is us"
    numbers = ", ".join(str(row["number"]) for row in documents)
    whose = "we send the invoice" if cdr["direction"] == "receivable" else f"{cdr['partner']} sends us the invoice"
    if any(row["supplier"] for row in documents):
        whose = f"we issue the invoice in the name of {cdr['partner']}"
    nothing = (
        "" if cdr["state"] in ("valid", "adjusted") else f"; nothing of this session is on it, it is {cdr['state']}"
    )
    return f"{whose}{f': {numbers}' if numbers else nothing}"
