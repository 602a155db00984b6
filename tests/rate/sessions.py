"""Short ways to write CDRs and tariffs in the tests of pricing."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from orchestration.defs.ingest.records import split
from orchestration.engine.price import price

Json = dict[str, Any]


def component(kind: str, amount: str, vat: str | None = None, step: int = 1) -> Json:
    """A price component; amounts as text, so that none is ever a float."""
    tax = {} if vat is None else {"vat": Decimal(vat)}
    return {"type": kind, "price": Decimal(amount), "step_size": step, **tax}


def element(*components: Json, **restrictions: Any) -> Json:
    return {"price_components": list(components), **({"restrictions": restrictions} if restrictions else {})}


def tariff(*elements: Json, name: str = "T1", **fields: Any) -> Json:
    return {"id": name, "currency": "EUR", "elements": list(elements), "last_updated": "2026-01-01T00:00:00Z", **fields}


def period(minute: float, tariff_id: str | None = None, **volumes: Any) -> Json:
    """A period that starts so many minutes after the session; volumes by dimension, hours as `minutes(5)`."""
    return {
        "start_date_time": minute,
        "dimensions": [{"type": kind, "volume": Decimal(str(volume))} for kind, volume in volumes.items()],
        **({} if tariff_id is None else {"tariff_id": tariff_id}),
    }


def minutes(count: float) -> Decimal:
    """Minutes as the hours that OCPI writes."""
    return (Decimal(str(count)) / 60).quantize(Decimal("0.000001"))


def cdr(tariffs: list[Json] | Json, *periods: Json, start: str = "2026-10-05T09:00:00Z", lasts: float = 60,
        **fields: Any) -> Json:  # fmt: skip
    """A CDR that starts at `start` and lasts so many minutes."""
    begin = datetime.fromisoformat(start.replace("Z", "+00:00"))

    def at(minute: float) -> str:
        return (begin + timedelta(minutes=minute)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    return {
        "country_code": "NL", "party_id": "EVS", "id": "C1", "currency": "EUR",
        "start_date_time": start, "end_date_time": at(lasts),
        "tariffs": tariffs if isinstance(tariffs, list) else [tariffs],
        "charging_periods": [{**p, "start_date_time": at(p["start_date_time"])} for p in periods],
        **fields,
    }  # fmt: skip


def to_json(value: Any) -> str:
    """JSON with decimals as their digits: a float would not be the number that was priced."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{to_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(to_json(item) for item in value) + "]"
    return format(value, "f") if isinstance(value, Decimal) else json.dumps(value)


def answers(cdrs: list[Json], **options: Any) -> list[Json]:
    """What `evsettle price` says about the CDRs, all in one call."""
    batch = "\n".join(to_json(item) for item in cdrs).encode()
    return [json.loads(line) for line in price(split(batch), **options)]


def cost(answer: Json, name: str = "total_cost") -> tuple[str | None, str | None] | None:
    """(net, gross) of one total; None when there is none."""
    amount = answer[name]
    return None if amount is None else (amount["excl_vat"], amount["incl_vat"])


def rules(answer: Json) -> set[str]:
    return {problem["rule_id"] for problem in answer["problems"]}
