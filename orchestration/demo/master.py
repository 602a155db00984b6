"""The demo's master data: who we are, who may decide, our calendar, contracts and tariffs, as files of a home."""

import shutil
from datetime import date
from importlib.resources import as_file, files
from pathlib import Path

from stdnum import iban

from orchestration.defs.ingest.tariff import parse_tariff
from orchestration.demo.clock import DAY, NETWORK_ZONE, Month, iso
from orchestration.demo.csv_rows import mapping_text
from orchestration.demo.invoices import invoice_mapping_text
from orchestration.demo.parties import OPERATORS, OWN_CPO, OWN_EMSP, PARTNERS, Partner
from orchestration.demo.taxes import VAT_IDS, tax_rules_csv

TEMPLATE = "eu-roaming"
VALID_DAYS = 270  # contracts and tariffs hold from so long before the month

PEOPLE = (
    ("Noor Bakker", "nbakker", ("finance",)),
    ("Sem de Wit", "sdewit", ("finance", "approver")),
    ("Lotte Visser", "lvisser", ("platform",)),
    ("Daan Mulder", "dmulder", ("operations", "approver")),
)
# What every partner of the demo has agreed to correct without asking.
REMEDIES = (
    '{OUTCOME_INTERRUPTED: {}, PARKING_EVSE_PAUSED: {}, ENERGY_UNIT_WH: {limit: "0.02"}, '
    'PRICE_STEP_PER_PERIOD: {limit: "2.00"}, PRICE_STEP_TIME_PARKING: {limit: "2.00"}}'
)
HOLIDAYS = ((1, 1), (4, 27), (12, 25), (12, 26))  # month, day
PROPOSER, APPROVER = PEOPLE[0][0], PEOPLE[1][0]


def tariffs_valid_from(month: Month) -> int:
    """Since when the demo's tariffs hold (UTC seconds)."""
    return month.starts_at - VALID_DAYS * DAY


def contracts_valid_from(month: Month) -> date:
    """Since when the demo's contracts hold: a first of January before the month."""
    return date(month.first.year - 1, 1, 1)


def write_master(folder: Path, month: Month, tariff_texts: dict[tuple[str, str], str]) -> None:
    """All files of master/."""
    for name in ("mappings", "partners", "templates", "tariffs"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "network.yaml").write_text(_network(month), encoding="utf-8")
    (folder / "people.yaml").write_text(_people(), encoding="utf-8")
    (folder / "calendar.yaml").write_text(_calendar(month), encoding="utf-8")
    with as_file(files("orchestration.defs.ingest") / "templates" / f"{TEMPLATE}.yaml") as template:
        shutil.copyfile(template, folder / "templates" / template.name)
    with as_file(files("orchestration.defs.ingest") / "templates" / "raci.csv") as raci:
        shutil.copyfile(raci, folder / raci.name)
    for partner in PARTNERS:
        text = _contract(partner, month)
        (folder / "partners" / f"{partner.folder}.yaml").write_text(text, encoding="utf-8")
    for operator in OPERATORS:
        if operator.layout == "csv":
            text = mapping_text(operator)
            (folder / "mappings" / f"{operator.source}.cdrs.yaml").write_text(text, encoding="utf-8")
            text = invoice_mapping_text(operator.party)
            (folder / "mappings" / f"{operator.source}.invoices.yaml").write_text(text, encoding="utf-8")
    for tariff in OPERATORS[0].tariffs:
        text = tariff_texts[tariff.cpo, tariff.tariff_id] + "\n"
        (folder / "tariffs" / f"{tariff.tariff_id}.json").write_text(text, encoding="utf-8")
    texts = [tariff_texts[tariff.cpo, tariff.tariff_id] for tariff in OPERATORS[0].tariffs]
    (folder / "tax_rules.csv").write_text(tax_rules_csv(contracts_valid_from(month)), encoding="utf-8")
    (folder / "memberships.csv").write_text(_memberships(month), encoding="utf-8")
    (folder / "publications.csv").write_text(_publications(month, texts), encoding="utf-8")


def _memberships(month: Month) -> str:
    """A plan that each mobility provider sells to fleets; no driver of the demo is in one."""
    since = contracts_valid_from(month).isoformat()
    lines = ["partner,contract_id,plan,discount_percent,valid_from,valid_to"]
    lines += [
        f"{partner.folder},{partner.party.replace('/', '-')}-FLEET-1,FLEET,15,{since}T00:00:00Z,"
        for partner in PARTNERS
        if partner.driver_share
    ]
    return "\n".join(lines) + "\n"


def _publications(month: Month, texts: list[str]) -> str:
    """Our tariffs are shown from the moment they hold, on the chargers and in the app; one only after the month."""
    since = iso(tariffs_valid_from(month))
    late = {tariff.tariff_id for tariff in OPERATORS[0].tariffs if not tariff.is_shown}
    lines = ["tariff_id,tariff_body,published_at,published_by,channel"]
    for tariff in map(parse_tariff, texts):
        shown = iso(month.ends_at) if tariff.tariff_id in late else since
        lines += [f"{tariff.tariff_id},{tariff.body},{shown},{OWN_CPO},{channel}" for channel in ("app", "charger")]
    return "\n".join(lines) + "\n"


def _network(month: Month) -> str:
    return f"""\
# Who we are: a charge point operator and a mobility provider in one house.
parties:
  - party: {OWN_CPO}
    roles: [CPO]
    legal_name: EVSettle Charging B.V.
    country: NL
    address: Laadplein 1, 1012 AB Amsterdam
    vat_id: {VAT_IDS[OWN_CPO]}
    bank_account: NL52DEMO0000000001
  - party: {OWN_EMSP}
    roles: [EMSP]
    legal_name: EVSettle Mobility B.V.
    country: NL
    address: Laadplein 2, 1012 AB Amsterdam
    vat_id: {VAT_IDS[OWN_EMSP]}
    bank_account: NL25DEMO0000000002
country: NL
currency: EUR
time_zone: {NETWORK_ZONE}
# Sessions that ended before this day are history taken in at the start: each bills in its own month,
# whenever it arrives, and is never late.
history_before: {month.next_first.isoformat()}
"""


def _people() -> str:
    lines = ["# Who may decide what. Acts that move money need two people: one proposes, an approver approves."]
    lines += [f"- {{name: {name}, roles: [{', '.join(roles)}], login: {login}}}" for name, login, roles in PEOPLE]
    return "\n".join(lines) + "\n"


def _calendar(month: Month) -> str:
    years = (month.first.year, month.first.year + 1)
    holidays = [date(year, *day) for year in years for day in HOLIDAYS]
    lines = ["country: NL", "holidays:", *(f"  - {day.isoformat()}" for day in holidays)]
    lines += ["checkpoints:  # working days after the period's end"]
    frequencies = ("monthly", "semi-monthly", "weekly")
    lines += [f"  {frequency}: {{draft: 1, approval: 3, close: 5}}" for frequency in frequencies]
    return "\n".join(lines) + "\n"


def _iban(party: str) -> str:
    """A made-up account with right check digits."""
    country, _, name = party.partition("/")
    digits = "".join(str(ord(letter)) for letter in name)
    account = {
        "NL": f"{name}B0000000042",
        "GB": f"{name}B10000000000042",
        "DE": f"{digits:0<18}",
        "CH": f"{digits:0<17}",
    }
    return f"{country}{iban.calc_check_digits(f'{country}00{account[country]}')}{account[country]}"


def _contract(partner: Partner, month: Month) -> str:
    domain = f"{partner.folder}.example"
    lines = [
        f"partner: {partner.folder}",
        f"name: {partner.name}",
        f"parties: [{partner.party}]",
        f"template: {TEMPLATE}",
        f"valid_from: {contracts_valid_from(month).isoformat()}",
        f"currency: {partner.currency}",
    ]
    if partner.frequency != "monthly":
        lines.append(f"settlement: {{frequency: {partner.frequency}}}")
    if partner.requires:
        lines.append(f"requires: {partner.requires}")
    lines += [
        f"remedies: {REMEDIES}",
        f"pricing: {{tariff_source: {partner.tariff_source}}}",
        f"tax: {{country: {partner.country}, regime: reseller, vat_id: {VAT_IDS[partner.party]}}}",
        f"payment: {{iban: {_iban(partner.party)}}}",
        f"contacts: {{address: 1 Charging Way, operations: ops@{domain}, platform: it@{domain}, finance: ap@{domain}}}",
    ]
    return "\n".join(lines) + "\n"
