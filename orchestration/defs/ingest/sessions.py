"""Where the fields of OCPI Session objects and of OCPI answers to an authorization stand, version by version.

Source: OCPI mod_sessions and mod_tokens of 2.1.1, 2.2.1 and 2.3.0; authorization_id is Gireve's addition to 2.1.1.
"""

from typing import Any

from orchestration.defs.ingest.feed_fields import AUTHORIZATIONS, SESSIONS
from orchestration.defs.ingest.feed_mapping import Party, Spec
from orchestration.defs.ingest.feed_objects import ObjectReader
from orchestration.defs.ingest.feed_values import Plan, Values

_LATER: dict[str, str | Spec] = {
    "cpo_party": Party(country="country_code", party="party_id"),
    "emsp_party": Party(country="cdr_token.country_code", party="cdr_token.party_id"),
    "session_id": "id",
    "started_at": "start_date_time",
    "ended_at": "end_date_time",
    "energy_kwh": "kwh",
    "status": "status",
    "token_uid": "cdr_token.uid",
    "token_type": "cdr_token.type",
    "contract_id": "cdr_token.contract_id",
    "auth_method": "auth_method",
    "authorization_reference": "authorization_reference",
    "location_id": "location_id",
    "evse_uid": "evse_uid",
    "connector_id": "connector_id",
    "meter_id": "meter_id",
    "currency": "currency",
    "last_updated": "last_updated",
}
V211 = Plan.plain(
    SESSIONS,
    {
        "session_id": "id",
        "started_at": "start_datetime",
        "ended_at": "end_datetime",
        "energy_kwh": "kwh",
        "status": "status",
        # 2.1.1 knows the token by its auth_id alone, which is the contract's id.
        "token_uid": "auth_id",
        "contract_id": "auth_id",
        "auth_method": "auth_method",
        "authorization_reference": "authorization_id",
        "location_id": "location.id",
        "evse_uid": "location.evses.1.uid",
        "evse_id": "location.evses.1.evse_id",
        "connector_id": "location.evses.1.connectors.1.id",
        "meter_id": "meter_id",
        "currency": "currency",
        "total_cost_excl_tax": "total_cost",
        "last_updated": "last_updated",
    },
)
V221 = Plan.plain(
    SESSIONS, _LATER | {"total_cost_excl_tax": "total_cost.excl_vat", "total_cost_incl_tax": "total_cost.incl_vat"}
)
V230 = Plan.plain(SESSIONS, _LATER | {"total_cost_excl_tax": "total_cost.before_taxes"})

_ANSWER: dict[str, str | Spec] = {field.name: field.name for field in AUTHORIZATIONS.fields}
AUTHORIZATION_INFO = Plan.plain(
    AUTHORIZATIONS,
    _ANSWER
    | {
        "emsp_party": Party(country="token.country_code", party="token.party_id"),
        "token_uid": "token.uid",
        "token_type": "token.type",
        "contract_id": "token.contract_id",
        "location_id": "location.location_id",
        "evse_uid": "location.evse_uids.1",
    },
)


OCPI_PLANS = {"2.1.1": V211, "2.2.1": V221, "2.3.0": V230, "answer": AUTHORIZATION_INFO}


def session_shape(record: dict[str, Any]) -> str:
    """The version that a session's fields tell; `plain` when it uses our own names."""
    if "session_id" in record and "id" not in record:
        return "plain"
    if "start_datetime" in record or ("auth_id" in record and "cdr_token" not in record):
        return "2.1.1"
    cost = record.get("total_cost")
    return "2.3.0" if isinstance(cost, dict) and "before_taxes" in cost else "2.2.1"


def add_taxes(record: dict[str, Any], values: Values) -> None:
    """2.3.0: the cost with tax is the one without and all taxes; no list of taxes says nothing about them."""
    cost = record.get("total_cost")
    taxes = cost.get("taxes") if isinstance(cost, dict) else None
    net = values.fields["total_cost_excl_tax"]
    if net is None or taxes is None:
        return
    reader = ObjectReader()
    amounts = [
        reader.number(tax, "amount", place) for place, tax in reader.objects({"taxes": taxes}, "taxes", "total_cost.")
    ]
    values.problems += reader.problems
    if None not in amounts and not reader.problems:
        values.fields["total_cost_incl_tax"] = sum((amount for amount in amounts if amount is not None), net)
