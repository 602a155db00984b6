"""Sessions as rows of a Dutch CSV export, and the mapping that says how to read them.

Local time, decimal commas, its own column names: what a partner without OCPI sends.
"""

from datetime import UTC, datetime

from orchestration.demo.parties import OWN_EMSP, Operator
from orchestration.demo.sessions import Session
from orchestration.demo.tariffs import UNITS, decimal_text, round_half_up

CSV_HEADER = (
    "Kenmerk;Locatie;Laadpunt;Stekker;Pas;Contract;Start;Einde;Verbruik (Wh);Tarief;Bedrag excl;Bedrag incl;Verzonden;"
    "Soort"
)


def csv_cells(session: Session) -> list[str]:
    """One session, a cell for each column of CSV_HEADER."""
    connector, token, tariff = session.connector, session.token, session.connector.tariff
    claim = tariff.price(session.periods, connector.clock).total
    net = round_half_up(claim, UNITS)
    gross = round_half_up(claim * (1000 + tariff.vat), UNITS * 1000)
    return [
        session.cdr_id, connector.location_id, connector.evse_uid, "1", token.uid, token.contract_id,
        _local(session, session.start), _local(session, session.end), str(session.energy_wh), tariff.tariff_id,
        _comma(net), _comma(gross), _local(session, session.sent_at), "klant",
    ]  # fmt: skip


def csv_row(cells: list[str]) -> str:
    """The cells as one line, without its end."""
    return ";".join(cells)


def mapping_text(operator: Operator) -> str:
    """master/mappings/<source>.cdrs.yaml for these files."""
    return f"""\
# Weekly export of {operator.source}: semicolons, decimal commas, local time, energy in Wh.
format: {{delimiter: ";", encoding: utf-8}}
columns:
  cdr_id: Kenmerk
  location_id: Locatie
  evse_uid: Laadpunt
  connector_id: Stekker
  token_uid: Pas
  contract_id: Contract
  started_at: {{column: Start, format: "%d-%m-%Y %H:%M:%S"}}
  ended_at: {{column: Einde, format: "%d-%m-%Y %H:%M:%S"}}
  last_updated: {{column: Verzonden, format: "%d-%m-%Y %H:%M:%S"}}
  energy_kwh: {{column: Verbruik (Wh), unit: Wh}}
  tariff_id: Tarief
  claimed_excl_tax: {{column: Bedrag excl, decimal: ","}}
  claimed_incl_tax: {{column: Bedrag incl, decimal: ","}}
test_when: {{column: Soort, equals: test}}
constants:
  cpo_party: {operator.party}
  emsp_party: {OWN_EMSP}
  currency: {operator.tariffs[0].currency}
  time_zone: {operator.zone}
  country: {operator.country}
"""


def _local(session: Session, at: int) -> str:
    shown = datetime.fromtimestamp(at + session.connector.clock.offset(at), UTC)
    return f"{shown:%d-%m-%Y %H:%M:%S}"


def _comma(ten_thousandths: int) -> str:
    return decimal_text(ten_thousandths, 4).replace(".", ",")
