"""Files that people write: each mistake is one sentence with file, key and remedy."""

from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.defs.ingest import hand_off
from orchestration.defs.ingest.contract_files import contract_version, resolve_contracts
from orchestration.defs.ingest.contracts import Contract, Rule
from orchestration.defs.ingest.declared import DeclaredError, load_yaml
from orchestration.defs.ingest.feed_mapping import read_feed_mapping
from orchestration.defs.ingest.mapping import MappingError, read_mapping
from orchestration.defs.ingest.network import read_network
from tests.small_home import MAPPING, NETWORK, PARTNER, TEMPLATE

PATH = "master/partners/emo.yaml"
RULES = {
    "DUP_NEAR": Rule("DUP_NEAR", True),
    "DUP_EXACT": Rule("DUP_EXACT", False),
    "ENERGY_ABS_LIMIT": Rule("ENERGY_ABS_LIMIT", True, tolerance_numbers=1),
    "ENERGY_NEGATIVE": Rule("ENERGY_NEGATIVE", True, tolerance_numbers=0),
}


def resolve(extra: str = "", template: bytes | None = None) -> Contract:
    defaults = TEMPLATE.read_bytes() if template is None else template
    return resolve_contracts(PATH, (PARTNER + extra).encode(), "master/templates/eu-roaming.yaml", defaults, RULES)[
        0
    ].contract


def test_a_contract_is_its_template_plus_what_differs() -> None:
    contract = resolve("tolerances: {late_days: null}\nrequires: []\nrules: {DUP_NEAR: {severity: warn}}")
    assert (contract.tolerances.late_days, str(contract.tolerances.amount)) == (None, "0.02")
    assert contract.requires == ()
    assert contract.rules["DUP_NEAR"].severity == "warn"
    assert contract_version(contract) != contract_version(resolve())


def test_hours_of_a_hand_off_are_terms_only_where_somebody_wrote_them() -> None:
    plain, written = resolve(), resolve("handoff: {delivery_hours: 48, clearing_hours: null}")
    assert list(hand_off.limits("emo", "v1", written.handoff)) == [
        ("emo", "v1", "record", 24),
        ("emo", "v1", "hub", 24),
        ("emo", "v1", "delivery", 48),
        ("emo", "v1", "clearing", None),
    ]
    assert contract_version(written) != contract_version(plain)
    # Terms that were approved before there was such a block, or that only repeat it, are the same version.
    assert contract_version(resolve("handoff: {delivery_hours: 24}")) == contract_version(plain)
    with pytest.raises(DeclaredError, match=r"handoff.delivery_hours is -1; use 0 or more"):
        resolve("handoff: {delivery_hours: -1}")


def test_contacts_are_no_terms() -> None:
    assert contract_version(resolve("contacts: {finance: ap@emo.example}")) == contract_version(resolve())


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        ("tolerances: {amont: 1}", "tolerances.amont is not known; did you mean amount?"),
        ("pricing: {rounding: {mode: up}}", "pricing.rounding.mode is 'up'; use half-up, half-even."),
        ("tolerances: {late_days: soon}", "tolerances.late_days is text, but a whole number or nothing is expected"),
        ("tolerances: {amount: -1}", "tolerances.amount is -1; use 0 or more."),
        ("tolerances: {amount: a bit}", "tolerances.amount is 'a bit', which is no number; write it as 0.05."),
        ("tolerances: {amount: NaN}", "tolerances.amount is 'NaN', which is no number; write it as 0.05."),
        ("tolerances: {amount: Infinity}", "tolerances.amount is 'Infinity', which is no number; write it as 0.05."),
        ("tolerances: {amount: 1e400}", "tolerances.amount is '1e400'; use at most 10 digits before the point"),
        ("tolerances: {amount: 0.123456789}", "use at most 10 digits before the point and 8 after it."),
        ("tolerances: {duration_seconds: 99999999999}", "tolerances.duration_seconds is '99999999999'; use at most 2147483647."),
        ("remedies: {ENERGY_UNIT_WH: {limit: NaN}}", "remedies.ENERGY_UNIT_WH.limit is 'NaN', which is no number"),
        ("rules: {DUP_NEAR: {tolerance: lots}}", "rules.DUP_NEAR.tolerance is 'lots', which is no number; write it as 0.05."),
        ("rules: {DUP_NEAR: {tolerance: -5}}", "rules.DUP_NEAR.tolerance is -5; use 0 or more."),
        ("rules: {ENERGY_NEGATIVE: {tolerance: 1}}", "rules.ENERGY_NEGATIVE.tolerance is 1, and that rule has no number"),
        ("rules: {ENERGY_ABS_LIMIT: {second_tolerance: 1}}", "rules.ENERGY_ABS_LIMIT.second_tolerance is 1, and that rule has"),
        ("requires: [luck]", "requires has 'luck', which is not known; use location, token, tariff, tax, session"),
        ("fees: [{kind: monthly}]", "fees.1.kind is not known; known here: name, on, per, rate."),
        ("caps: [{kind: monthly}]", "caps is a list, but a block of keys or nothing is expected; change it."),
        ("caps: {}", "caps names no amount; write session, monthly or credit_limit, or take it out."),
        ("caps: {sesion: 80}", "caps.sesion is not known; did you mean session?"),
        ("caps: {monthly: 0}", "caps.monthly is 0; write an amount above 0 in the contract's currency."),
        ("caps: {session: 90, monthly: 80}", "caps.session is 90, more than caps.monthly (80); correct one of them."),
        ("scope: {}", "scope names no place; list locations, owners or countries, or take it out."),
        ("scope: {owners: [EVS]}", "scope.owners has 'EVS'; write country and party in capitals, as NL/EVS."),
        ("scope: {countries: [NLD]}", "scope.countries has 'NLD'; write ISO 3166 codes of two letters, as NL."),
        ("self_billing: {agreement: ' ', from: 2026-01-01}", "self_billing.agreement is blank; write the reference"),
        ("self_billing: {agreement: A1}", "self_billing.from is missing; write the first day of supply"),
        ("self_billing: {agreement: A1, since: 2026-01-01}", "self_billing.since is not known; known here: agreement, from."),
        ("self_billing: {agreement: A1, from: soon}", "self_billing.from: not a date (2026-01-31); change it."),
        ("rules: {DUP_EXACT: {severity: warn}}", "rules.DUP_EXACT may not be changed by a contract; take it out."),
        ("rules: {NO_SUCH: {severity: warn}}", "rules.NO_SUCH is not a rule of this version; see docs/rules.md."),
        ("name: another", "line 2: name is given twice; keep one of them."),
        ("currency: euro", "currency is 'euro'; write an ISO 4217 code, as EUR."),
    ],
)  # fmt: skip
def test_a_wrong_key_of_a_contract_is_one_sentence(extra: str, sentence: str) -> None:
    with pytest.raises(DeclaredError) as caught:
        resolve(extra)
    assert str(caught.value).startswith(f"{PATH}: ")
    assert sentence.removeprefix("line 2: ") in str(caught.value)


def test_what_neither_contract_nor_template_says_is_missing() -> None:
    with pytest.raises(DeclaredError, match=r"currency is missing \(neither here nor in template eu-roaming\); add it"):
        resolve(template=b"requires: []")


def test_an_unknown_template_is_named() -> None:
    with pytest.raises(DeclaredError, match="template eu-roaming is not in master/templates"):
        resolve_contracts(PATH, PARTNER.encode(), "master/templates/eu-roaming.yaml", None, RULES)


def test_yaml_keeps_what_was_typed() -> None:
    assert load_yaml("x.yaml", b"country: NO\namount: 0.10\nday: 2026-01-31\ncode: 007") == {
        "country": "NO", "amount": "0.10", "day": "2026-01-31", "code": "007",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("energy_kwh: kwh", "enegy_kwh: kwh", "columns.enegy_kwh is not known; did you mean energy_kwh?"),
        ("Europe/Amsterdam", "Amsterdam", "constants.time_zone is 'Amsterdam'; write an IANA zone"),
        ("cpo_party: NL/EMO, ", "", "constants.cpo_party is missing; write it as NL/EVS"),
        ("NL/EMO", "EMO", "constants.cpo_party is 'EMO'; write country and party, as NL/EVS."),
        ("id: {columns: [cp, start]}", "", "exactly one of columns.cdr_id and id must say"),
        ("%Y-%m-%d %H:%M", "%Q", "columns.started_at.format is '%Q'; write it as %Y-%m-%d %H:%M:%S."),
        ("%Y-%m-%d %H:%M", "dd.mm.yyyy", "columns.started_at.format is 'dd.mm.yyyy', which says no year, month and day"),
        ("%Y-%m-%d %H:%M", "%d.%m. %H:%M", "columns.started_at.format is '%d.%m. %H:%M', which says no year"),
        ('{column: start, format: "%Y-%m-%d %H:%M"}', '{date: d, time: t, time_format: "%I:%M"}',
         "columns.started_at.time_format is '%I:%M', which says no hour and minute"),
        ("currency: EUR", "currency: EURO", "constants.currency is 'EURO'; write an ISO 4217 code, as EUR."),
    ],
)  # fmt: skip
def test_a_wrong_mapping_is_one_sentence(old: str, new: str, sentence: str) -> None:
    assert old in MAPPING
    with pytest.raises(MappingError) as caught:
        read_mapping("master/mappings/council.cdrs.yaml", MAPPING.replace(old, new).encode())
    assert str(caught.value).startswith(f"master/mappings/council.cdrs.yaml: {sentence}")


@pytest.mark.parametrize("given", ["", "[Nr]", "null"])
def test_a_column_of_another_feed_has_a_name(given: str) -> None:
    with pytest.raises(MappingError, match=r"columns\.invoice_id is .*; write the name of a column, or take it out"):
        read_feed_mapping("master/mappings/x.invoices.yaml", f"columns: {{invoice_id: {given}}}".encode(), "invoices")


def test_a_network_without_a_zone_of_this_world_is_refused() -> None:
    with pytest.raises(DeclaredError, match="time_zone is 'Amsterdam'; write an IANA zone"):
        read_network(NETWORK.replace("Europe/Amsterdam", "Amsterdam").encode())


def test_the_example_of_real_sessions_has_master_data_that_reads() -> None:
    master = Path(__file__).resolve().parent.parent.parent / "examples/perth-kinross/master"
    path = "master/partners/example-emsp.yaml"
    data = (master / "partners/example-emsp.yaml").read_bytes()
    contract = resolve_contracts(path, data, "master/templates/eu-roaming.yaml", TEMPLATE.read_bytes(), RULES)[
        0
    ].contract
    assert (contract.requires, contract.tolerances.late_days, contract.currency) == (("tariff",), None, "GBP")
    assert read_network((master / "network.yaml").read_bytes()).time_zone == "Europe/London"


def test_the_limits_of_the_alarm_are_whole_or_refused() -> None:
    assert read_network(NETWORK.encode()).drift.recent_days == 7
    assert read_network(f"{NETWORK}\ndrift: {{recent_days: 1, times: 1.5}}\n".encode()).drift.times == Decimal("1.5")
    with pytest.raises(DeclaredError, match=r"drift\.minimum_records is 0; write a number from 1 to 10,000"):
        read_network(f"{NETWORK}\ndrift: {{minimum_records: 0}}\n".encode())
    with pytest.raises(DeclaredError, match="recent_dayz"):
        read_network(f"{NETWORK}\ndrift: {{recent_dayz: 3}}\n".encode())
