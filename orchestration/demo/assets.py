"""Chargers of ours as things: who owns them and since when they serve, how they were called, which meters they have."""

from datetime import timedelta
from pathlib import Path

from orchestration.demo.clock import Month
from orchestration.demo.meters import meters_csv
from orchestration.demo.network import RENAMED, RETIRED, SOLD, Network, old_uid
from orchestration.demo.parties import OPERATORS, OWN_CPO, OWN_EMSP, PARTNERS

_ASSETS = "evse_uid,owner_party,commissioned_on,retired_on,site_model,user_group,max_power_kw"
_ALIASES = "kind,old_id,canonical_id,valid_from,valid_to,reason"
_AGREEMENTS = "cpo_party,emsp_party,route,valid_from,valid_to"


def write_assets(folder: Path, month: Month, network: Network) -> None:
    """master/assets.csv, aliases.csv, meters.csv and agreements.csv."""
    since = (month.first - timedelta(days=700)).isoformat()
    gone = (month.first - timedelta(days=40)).isoformat()
    buyer = OPERATORS[1].party
    assets = [f"{one.evse_uid},{OWN_CPO},{since},{gone},public,,150" for one in network.special[RETIRED]]
    assets += [f"{one.evse_uid},{buyer},{since},,public,,150" for one in network.special[SOLD]]
    aliases = [
        f"evse,{OWN_CPO}|{old_uid(one.evse_uid)},{OWN_CPO}|{one.evse_uid},,,migration"
        for one in network.special[RENAMED]
    ]
    agreements = [f"{OWN_CPO},{partner.party},,{since}T00:00:00Z," for partner in PARTNERS if partner.driver_share]
    agreements += [
        f"{operator.party},{OWN_EMSP},,{since}T00:00:00Z," for operator in OPERATORS if operator.party != OWN_CPO
    ]
    for name, header, rows in (
        ("assets", _ASSETS, assets),
        ("aliases", _ALIASES, aliases),
        ("agreements", _AGREEMENTS, agreements),
    ):
        (folder / f"{name}.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    (folder / "meters.csv").write_text(meters_csv(network), encoding="utf-8")
