"""The money of one session in words: tariff, price lines, range, claim against price, statement, documents.

What does not belong here: any query (session, details), any layout (page).
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from orchestration.story.page import Section, amount, instant, plain
from orchestration.story.price_words import how, reading, what, when
from orchestration.story.session import Row, SessionStory
from orchestration.story.shared_sections import disputes_section, papers

_PARTS = ("fixed", "energy", "time", "parking", "reservation")


def money_sections(story: SessionStory) -> list[Section]:
    """Every section about money, in the order in which one follows from the other."""
    return [
        Section("Tariff", list(story.tariff.items())),
        _periods(story),
        _price(story),
        _claim(story),
        _adjustments(story),
        disputes_section(story.disputes),
        _statement(story),
        _later(story),
    ]


def _periods(story: SessionStory) -> Section:
    """The charging periods as sent."""
    if not story.details:
        return Section("Charging periods")
    zone = story.details.sent.get("time_zone") or "UTC"
    return Section(
        f"Charging periods as sent, clock of {zone}",
        columns=[">period", "from", "to", ">kWh", ">charging h", ">parking h", ">reserved h"],
        rows=[
            (
                row["period_no"],
                *(None if at is None else f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"
                  for at in (row["started_at"], row["ended_at"])),
                row["energy_kwh"],
                row["time_hours"],
                row["parking_hours"],
                row["reservation_hours"],
            )
            for row in story.details.periods
        ],
    )  # fmt: skip


def _price(story: SessionStory) -> Section:
    """Each line with what it multiplies, down to the price that is expected."""
    cdr = story.cdr
    rows: list[tuple[object, ...]] = [
        (
            line["period_no"],
            what(line),
            how(line, cdr["currency"]),
            when(line["restrictions"]) if line["element_no"] else "",
            f"{line['element_no']}.{line['component_no']}" if line["element_no"] else "",
            line["amount_excl_tax"],
            line["amount_incl_tax"],
        )
        for line in story.price_lines
    ]
    if cdr["rated_excl_tax"] is not None:
        rows.append(("", "Price by the tariff", "", "", "", cdr["rated_excl_tax"], cdr["rated_incl_tax"]))
    for line in story.discount_lines:
        granted = " ".join(part for part in (line["granted_by"], line["plan"]) if part)
        rows.append(
            (
                "",
                "Discount",
                f"{plain(line['discount_percent'])} % off, {granted}",
                "",
                "",
                line["amount_excl_tax"],
                None,
            )
        )
    if story.discount_lines:
        rows.append(("", "Expected price", "", "", "", cdr["expected_excl_tax"], None))
    return Section(
        f"Price in {cdr['currency']}, line by line",
        sentences=list(_price_sentences(story)),
        columns=[">period", "what", "how", "when it holds", "in tariff", ">net", ">gross"],
        rows=rows,
    )


def _price_sentences(story: SessionStory) -> Iterator[str]:
    cdr = story.cdr
    if cdr["rated_excl_tax"] is None:
        yield "No price can be worked out: the findings say why."
    if story.is_price_of_seal:
        yield "These are the lines that were sealed; by what is known today it comes to another price (further down)."
    elif story.cited_excl_tax is not None:
        yield (
            f"The CDR cites another tariff than the one in force: by that it would cost {plain(story.cited_excl_tax)}; "
            f"by the one in force, which counts, {plain(cdr['rated_excl_tax'])}."
        )


def _claim(story: SessionStory) -> Section:
    """Claim against price, in total and by part, and the range that is honest."""
    cdr, details = story.cdr, story.details
    total = ("total", cdr["claimed_excl_tax"], cdr["expected_excl_tax"])
    totals = _sealed_totals(story.price_lines) if story.is_price_of_seal else details.totals if details else {}
    parts = list(_parts(details.sent, totals)) if details and details.sent and totals else []
    rows = [(*row, _apart(*row[1:])) for row in (total, *parts)]
    return Section(
        f"Claim against price, net of tax, {cdr['currency']}",
        sentences=list(_claim_sentences(story)),
        columns=["part", ">claimed", ">expected", ">difference"],
        rows=rows,
    )


def _parts(sent: Row, totals: Row) -> Iterator[tuple[str, Decimal | None, Decimal | None]]:
    """Parts that one of the two has. A credit's parts are sent positive and take back."""
    for part in _PARTS:
        claimed, priced = sent[f"claimed_{part}_excl_tax"], totals[f"{part}_excl_tax"]
        if claimed or priced:
            yield part, None if claimed is None else abs(claimed) * sent["amount_sign"], priced
    if totals["limit_excl_tax"]:
        yield "limit", None, totals["limit_excl_tax"]


def _sealed_totals(price_lines: Sequence[Row]) -> Row:
    """The parts of a price that was sealed; the warehouse has those of today's."""
    totals: dict[str, Decimal] = {f"{part}_excl_tax": Decimal(0) for part in (*_PARTS, "limit")}
    for line in price_lines:
        name = f"{line['part'] if line['part'] in _PARTS else 'limit'}_excl_tax"
        totals[name] += line["amount_excl_tax"]
    return totals


def _apart(claimed: Decimal | None, expected: Decimal | None) -> Decimal | None:
    return None if claimed is None or expected is None else claimed - expected


def _claim_sentences(story: SessionStory) -> Iterator[str]:
    if story.cdr["claimed_excl_tax"] is None:
        yield "No claim was sent."
    # The range of honest prices is that of today's tariff.
    price_range = story.details.price_range if story.details and not story.is_price_of_seal else {}
    if price_range and price_range["min_excl_tax"] is not None:
        yield f"The tariff allows {_ends(price_range)}{_verdict(story, price_range)}."


def _ends(price_range: Row) -> str:
    low, high = price_range["min_excl_tax"], price_range["max_excl_tax"]
    ends = f"{plain(low)} ({reading(price_range['reading_min'])})"
    return ends if low == high else f"{ends} to {plain(high)} ({reading(price_range['reading_max'])})"


def _verdict(story: SessionStory, price_range: Row) -> str:
    """Whether the claim is an honest price; a contract's discount is no part of the range."""
    cdr, terms = story.cdr, story.details.terms if story.details else {}
    if cdr["claimed_excl_tax"] is None:
        return ""
    claim = cdr["claimed_excl_tax"] - (cdr["discount_excl_tax"] or 0)
    beside = max(price_range["min_excl_tax"] - claim, claim - price_range["max_excl_tax"])
    what = "the claim, its discount added back," if cdr["discount_excl_tax"] else "the claim"
    if beside <= 0:
        return f": {what} is one of them"
    if not terms or terms["tolerance_amount"] is None or cdr["expected_excl_tax"] is None:
        return f": {what} is {plain(beside)} beside it"
    tolerance = max(terms["tolerance_amount"], abs(cdr["expected_excl_tax"]) * terms["tolerance_percent"] / 100)
    passes = "which the contract lets pass" if beside <= tolerance else "more than the contract lets pass"
    return (
        f": {what} is {plain(beside)} beside it, {passes} ({plain(terms['tolerance_amount'])} or "
        f"{plain(terms['tolerance_percent'])} %)"
    )


def _adjustments(story: SessionStory) -> Section:
    """What settles otherwise than claimed and who signed it, or what waits for somebody's word."""
    return Section("Adjustments", sentences=[*_made(story), *_proposed(story)])


def _made(story: SessionStory) -> Iterator[str]:
    for row in story.adjustments:
        signer = (
            f"entry {row['decision_seq']}, by {row['decided_by']} and {row['approved_by']}"
            if row["settled_by"] == "decision"
            else f"the contract, version {row['contract_version'][:16]}"
        )
        note = f" ({row['note']})" if row["note"] else ""
        why = row["reason_code"] + (f", for {row['rule_id']}" if row["rule_id"] else "")
        yield f"Adjusted: {_change(row)} {why}; signed by {signer}{note}."


def _proposed(story: SessionStory) -> Iterator[str]:
    for row in story.proposals:
        waits = {
            "proposal": "two people must decide: evsettle decide adjust",
            "amount": "two people must decide and name the amount: evsettle decide adjust … --set amount=",
            "approval": f"{row['proposed_by']} said so, another must: evsettle decide approve {row['proposal_seq']}",
        }[row["waits_for"]]
        yield f"Proposed: {_change(row)} {row['reason_code']}, for {row['rule_id']}; {waits}."


def _change(row: Row) -> str:
    money = f"{amount(row['before_excl_tax'])} to {amount(row['after_excl_tax'], 'an amount to be named')} net"
    if row["before_energy_kwh"] == row["after_energy_kwh"]:
        return f"{money},"
    return f"{money}, {plain(row['before_energy_kwh'])} to {plain(row['after_energy_kwh'])} kWh,"


def _statement(story: SessionStory) -> Section:
    """The lines it is on, the tax of the document, who signed, and the paper that followed."""
    return Section(
        "Statement",
        facts=[
            ("tax", _tax(story)),
            ("rounding", _rounding(story)),
            *_signed(story),
            *papers(story.documents, story.payments),
        ],
        sentences=[] if story.statement_lines else [_why_on_none(story)],
        columns=["statement", ">line", "kind", "status", ">net", ">tax", ">gross", "corrects"],
        rows=[
            (row["statement_id"], row["line_no"], row["kind"], row["status"], row["amount_excl_tax"], row["tax"],
             row["amount_incl_tax"], row["corrects"])
            for row in story.statement_lines
        ],
    )  # fmt: skip


def _why_on_none(story: SessionStory) -> str:
    return {
        "held": "On no statement: it is held.",
        "excluded": "On no statement: it is excluded.",
        "credited": "On no statement: it and its counterpart net to zero.",
    }.get(story.cdr["state"], "On no statement.")


def _tax(story: SessionStory) -> str | None:
    tax = story.details.tax if story.details else {}
    if not tax or not tax["has_rules"]:
        return None
    customer = f"{tax['customer_country']} ({tax['customer_regime']})"
    route = f"from {tax['supplier_country']} to {customer}, site in {tax['site_country']}"
    if tax["rate_percent"] is None:
        return f"undecided {route}"
    note = f": {tax['note']}" if tax["note"] else ""
    decision = f" (decision {tax['decision_id'][:12]})"
    return f"{plain(tax['rate_percent'])} %, category {tax['category']}, {route}{note}{decision}"


def _rounding(story: SessionStory) -> str | None:
    terms = story.details.terms if story.details else {}
    if not terms or not story.statement_lines or terms["rounding_mode"] is None:
        return None
    return (
        f"{plain(story.cdr['settled_excl_tax'])} once by contract: {terms['rounding_mode']} to "
        f"{terms['rounding_scale']} decimals, level {terms['rounding_level']}"
    )


def _signed(story: SessionStory) -> Iterator[tuple[str, str]]:
    for row in story.periods:
        subject = f"{row['period']}|{row['partner']}"
        if row["approved_at"] is not None:
            yield (
                "approved",
                (
                    f"{subject}, proposed by {row['proposed_by']}, approved by {row['approved_by']} "
                    f"{instant(row['approved_at'])}, ledger entry {row['approval_seq']}"
                ),
            )
        if row["sealed_at"] is not None:
            yield (
                "sealed",
                f"{subject} by {row['sealed_by']} {instant(row['sealed_at'])}, ledger entry {row['seal_seq']}",
            )


def _later(story: SessionStory) -> Section:
    """What was sealed and would come out otherwise today."""
    return Section(
        "What would come out otherwise today",
        sentences=["What is sealed does not change. Two people decide whether a later line corrects it."]
        if story.sealed_differences else [],
        columns=["cause", ">billed", ">now", ">difference", ">corrected", ">open"],
        rows=[
            (row["cause"], row["billed_excl_tax"], row["now_excl_tax"], row["difference_excl_tax"],
             row["corrected_excl_tax"], row["open_excl_tax"])
            for row in story.sealed_differences
        ],
    )  # fmt: skip
