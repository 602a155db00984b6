"""What the rows of master/*.csv are: one declared model a file, and what tells its rows apart.

What does not belong here: reading a file (master_csv).
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import PurePath
from typing import Literal

from orchestration.defs.ingest.declared import Declared


class Alias(Declared, frozen=True, kw_only=True):
    """One id under which something was known, and the id that stands for it in all of its history.

    A connector names its EVSE too: EVSE-7|1. Ids of places and tokens may have their party in front:
    NL/EVS|EVSE-7|1. valid_from and valid_to say when the old id meant that one.
    """

    kind: Literal["party", "location", "evse", "connector", "token", "contract"]
    old_id: str
    canonical_id: str
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    reason: str | None = None


class TaxRule(Declared, frozen=True, kw_only=True):
    """A rate of tax from a day on; a country or regime left out stands for any."""

    valid_from: date
    supplier_country: str | None = None
    customer_country: str | None = None
    customer_regime: str | None = None
    site_country: str | None = None
    category: str
    rate_percent: Decimal
    note: str | None = None


class FxRate(Declared, frozen=True, kw_only=True):
    """So many units of quote for one of base on a day, and whose rate it is."""

    rate_on: date
    base: str
    quote: str
    rate: Decimal
    source: str


class Meter(Declared, frozen=True, kw_only=True):
    """A meter in an EVSE, with the key that its signed values are checked against."""

    meter_id: str
    evse_uid: str
    public_key: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


class Asset(Declared, frozen=True, kw_only=True):
    """An EVSE in the hands of one owner, from its commissioning to its retirement (exclusive)."""

    evse_uid: str
    owner_party: str
    commissioned_on: date | None = None
    retired_on: date | None = None
    site_model: str | None = None
    user_group: str | None = None
    max_power_kw: Decimal | None = None


class Membership(Declared, frozen=True, kw_only=True):
    """A driver's plan with a partner and its discount."""

    partner: str
    contract_id: str
    plan: str
    discount_percent: Decimal
    valid_from: datetime | None = None
    valid_to: datetime | None = None


class Agreement(Declared, frozen=True, kw_only=True):
    """A roaming agreement between two parties over a route (direct, or a hub)."""

    cpo_party: str
    emsp_party: str
    route: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


class Publication(Declared, frozen=True, kw_only=True):
    """A tariff's content shown to drivers: who showed it, when, and where."""

    tariff_id: str
    tariff_body: str | None = None
    published_at: datetime
    published_by: str | None = None
    channel: str | None = None


class Account(Declared, frozen=True, kw_only=True):
    """The account of our books for a role of the journal."""

    role: Literal[
        "receivable", "payable", "revenue", "cost", "fee_revenue", "fee_cost", "tax_payable", "tax_receivable",
        "rounding", "disputed_receivable", "disputed_payable", "bank", "unallocated", "accrued_revenue", "accrued_cost",
    ]  # fmt: skip
    account: str
    name: str | None = None


class Raci(Declared, frozen=True, kw_only=True):
    """Who does what in a month. No cell may be blank: what nobody answers for is not done."""

    activity: str
    responsible: str
    accountable: str
    consulted: str
    informed: str


@dataclass(frozen=True, slots=True)
class Table:
    """One file. key: what tells rows apart, of which one holds at a time within start and end (half-open)."""

    name: str
    model: type[Declared]
    key: tuple[str, ...]
    start: str | None = None
    end: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in the order of the table."""
        return self.model.__struct_fields__


TABLES = {
    table.name: table
    for table in (
        Table("aliases", Alias, ("kind", "old_id"), "valid_from", "valid_to"),
        Table("tax_rules", TaxRule, ("valid_from", "supplier_country", "customer_country", "customer_regime",
                                     "site_country", "category")),
        Table("fx_rates", FxRate, ("rate_on", "base", "quote", "source")),
        Table("meters", Meter, ("meter_id",), "valid_from", "valid_to"),
        Table("assets", Asset, ("evse_uid",), "commissioned_on", "retired_on"),
        Table("memberships", Membership, ("partner", "contract_id"), "valid_from", "valid_to"),
        Table("agreements", Agreement, ("cpo_party", "emsp_party", "route"), "valid_from", "valid_to"),
        Table("publications", Publication, ("tariff_id", "tariff_body", "published_at", "published_by", "channel")),
        Table("accounts", Account, ("role",)),
        Table("raci", Raci, ("activity",)),
    )
}  # fmt: skip

# The rest of them are about all sessions: a change of one has everything computed again.
BY_ROW = ("accounts", "agreements", "aliases", "assets", "fx_rates", "memberships", "meters", "publications", "raci")


def table_of(path: str) -> Table | None:
    """The table that a path is the file of: master/meters.csv; None for any other path."""
    pure = PurePath(path)
    return TABLES.get(pure.stem) if pure.suffix == ".csv" and str(pure.parent) == "master" else None
