"""What partners invoice us for the demo's month: one invoice each, every partner in its own form.

It asks for what its CDRs ask for, a wrong claim too; what was sent so that it cannot be read is on none.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from orchestration.demo.clock import Month
from orchestration.demo.evidence import CENT
from orchestration.demo.files import write_records
from orchestration.demo.parties import OPERATOR_OF, OWN_EMSP, PARTNERS, Partner
from orchestration.demo.sessions import Session
from orchestration.demo.tariffs import round_half_up

_COLUMNS = (
    "invoice_id,seller_party,buyer_party,issued_on,period_from,period_to,currency,invoice_sessions,invoice_energy_kwh,"
    "invoice_amount_excl_tax,cdr_id,energy_kwh,amount_excl_tax"
)
_DUTCH = "Factuur;Datum;Van;Tot;Valuta;Aantal;Totaal kWh;Totaal excl;Kenmerk;Verbruik (Wh);Bedrag excl"


# Wrong with whole invoices, by the party that sends it: the fault, and the rule that finds it.
INVOICE_FAULTS = {
    "DE/FST": ("invoice_too_high", "VOLUME_INVOICE_DIFF"),
    "DE/NDL": ("invoice_without_one", "INVOICE_CDR_SET_DIFF"),
    "GB/ISC": ("invoiced_twice", "INVOICE_CDR_TWICE"),
}


@dataclass(frozen=True, slots=True)
class Sold:
    """A line: a CDR with its energy in kWh and its net amount, to the cent."""

    cdr_id: str
    energy: Decimal
    amount: Decimal


def write_invoices(
    landing: Path,
    month: Month,
    sessions: Sequence[Session],
    claims: Mapping[str, Sequence[tuple[str, str, str]]],
    truth: list[tuple[str, str, str, str]] | None = None,
) -> int:
    """Write the partners' invoices; returns the number of files.

    claims: what its CDRs ask for a session. truth: where to say what is wrong with them; None: nothing is.
    """
    by_party: dict[str, list[Sold]] = {}
    for session in sessions:
        if session.token.emsp == OWN_EMSP:
            lines = [_csv_line(session)] if session.connector.is_csv else _lines(claims.get(session.cdr_id, ()))
            by_party.setdefault(session.connector.operator.party, []).extend(lines)
    clean = {session.cdr_id for session in sessions if not session.fault}
    files = 0
    for partner in PARTNERS:
        sold = by_party.get(partner.party)
        if partner.party in OPERATOR_OF and sold:
            folder = landing / partner.folder / "invoices"
            fault, rule_id = INVOICE_FAULTS.get(partner.party, ("", "")) if truth is not None else ("", "")
            if fault == "invoice_without_one":
                mine = [one for one in sold if one.cdr_id in clean]
                sold.remove(mine[len(mine) // 2])
            files += _write(folder, partner, month, sold, fault)
            number = ""
            if fault == "invoiced_twice":
                number = "-2"
                files += _write(folder, partner, month, sold[-1:], "", number)
            if truth is not None and fault:
                truth.append((_key(partner, month, number), "", fault, rule_id))
    return files


def _invoice_id(partner: Partner, month: Month, number: str = "") -> str:
    return f"{partner.folder[:3].upper()}-{month.first:%Y-%m}{number}"


def _key(partner: Partner, month: Month, number: str) -> str:
    return f"{partner.party}|invoice|{_invoice_id(partner, month, number)}".lower()


def _csv_line(session: Session) -> Sold:
    claim = session.connector.tariff.price(session.periods, session.connector.clock).total
    return Sold(session.cdr_id, Decimal(session.energy_wh).scaleb(-3), Decimal(round_half_up(claim, CENT)).scaleb(-2))


def _lines(claims: Sequence[tuple[str, str, str]]) -> list[Sold]:
    return [
        Sold(cdr_id, Decimal(energy), Decimal(amount).quantize(Decimal("0.01"), ROUND_HALF_UP))
        for cdr_id, energy, amount in claims
    ]


def _plain(number: Decimal) -> str:
    return f"{number:f}"


def _write(folder: Path, partner: Partner, month: Month, sold: list[Sold], fault: str = "", number: str = "") -> int:
    operator = OPERATOR_OF[partner.party]
    currency = operator.tariffs[0].currency
    total = _plain(sum((one.amount for one in sold), Decimal(10 if fault == "invoice_too_high" else 0)))
    energy = sum((one.energy for one in sold), Decimal(0))
    invoice_id = _invoice_id(partner, month, number)
    issued = month.next_first
    layout = operator.layout
    path = folder / f"invoice-{month.text}{number}"
    if layout == "csv":
        head = ";".join([
            invoice_id, _dutch_day(issued), _dutch_day(month.first), _dutch_day(month.next_first), currency,
            str(len(sold)), _comma(_plain(energy)), _comma(total),
        ])  # fmt: skip
        rows = [f"{head};{one.cdr_id};{int(one.energy.scaleb(3))};{_comma(_plain(one.amount))}" for one in sold]
        _write_lines(path.with_suffix(".csv"), _DUTCH, rows)
        return 1
    if layout == "ndjson":
        head = (
            f"{invoice_id},{partner.party},{OWN_EMSP},{issued},{month.first},{month.next_first},{currency},{len(sold)},"
            f"{_plain(energy)},{total}"
        )
        rows = [f"{head},{one.cdr_id},{_plain(one.energy)},{_plain(one.amount)}" for one in sold]
        _write_lines(path.with_suffix(".csv"), _COLUMNS, rows)
        return 1
    invoice = {
        "invoice_id": invoice_id, "seller_party": partner.party, "buyer_party": OWN_EMSP,
        "issued_on": issued.isoformat(), "period_from": month.first.isoformat(),
        "period_to": month.next_first.isoformat(), "currency": currency, "sessions": len(sold),
        "energy_kwh": _plain(energy), "amount_excl_tax": total,
    }  # fmt: skip
    if layout == "envelope":
        # This one lists its CDRs as OCPI 2.3.0 does, in a record of its own.
        country, party = partner.party.split("/")
        record = {
            "country_code": country, "party_id": party, "id": f"IR-{invoice_id}", "invoice_id": invoice_id,
            "cdrs": [one.cdr_id for one in sold], "last_updated": f"{issued.isoformat()}T06:00:00Z",
        }  # fmt: skip
        write_records(folder / f"reconciliation-{month.text}.json", "array", [json.dumps(record)], 0)
    else:
        invoice["lines"] = [
            {"cdr_id": one.cdr_id, "energy_kwh": _plain(one.energy), "amount_excl_tax": _plain(one.amount)}
            for one in sold
        ]
    write_records(path.with_suffix(".json"), "array", [json.dumps(invoice)], 0)
    return 2 if layout == "envelope" else 1


def _write_lines(path: Path, header: str, rows: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def _comma(text: str) -> str:
    return text.replace(".", ",")


def _dutch_day(day: date) -> str:
    return f"{day:%d-%m-%Y}"


def invoice_mapping_text(party: str) -> str:
    """master/mappings/<source>.invoices.yaml for the Dutch export."""
    return f"""\
# Monthly invoice as a CSV export: semicolons, decimal commas, energy of a line in Wh.
format: {{delimiter: ";", encoding: utf-8}}
columns:
  invoice_id: Factuur
  issued_on: {{column: Datum, format: "%d-%m-%Y"}}
  period_from: {{column: Van, format: "%d-%m-%Y"}}
  period_to: {{column: Tot, format: "%d-%m-%Y"}}
  currency: Valuta
  invoice_sessions: Aantal
  invoice_energy_kwh: {{column: Totaal kWh, decimal: ","}}
  invoice_amount_excl_tax: {{column: Totaal excl, decimal: ","}}
  cdr_id: Kenmerk
  energy_kwh: {{column: Verbruik (Wh), unit: Wh}}
  amount_excl_tax: {{column: Bedrag excl, decimal: ","}}
constants:
  seller_party: {party}
  buyer_party: {OWN_EMSP}
  cpo_party: {party}
"""
