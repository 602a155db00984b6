"""What a session costs under the tariff that its CDR cites, beside the version in force: both by the same models.

What does not belong here: which of them is settled; that is the version in force.
"""

import json
from decimal import Decimal

import duckdb

from orchestration.defs.ingest.records import split
from orchestration.engine.price import PriceError, price
from orchestration.facts.home import Home

_RECORD = """
    select records.raw_text, cdrs.time_zone
    from inspect.cdrs as cdrs
    inner join ingest.raw_records as records on cdrs.record_id = records.record_id
    where cdrs.cdr_key = ?
"""


def cited_price(home: Home, cdr_key: str) -> Decimal | None:
    """The net total of a CDR by the tariffs it embeds, at 4 decimals, as `evsettle price` gives it.

    None when it cannot be told: no tariff in it, not priceable by it, or a run holds the warehouse.
    """
    try:
        with duckdb.connect(str(home.warehouse), read_only=True) as connection:
            row = connection.execute(_RECORD, [cdr_key]).fetchone()
        answers = [] if row is None else [json.loads(answer) for answer in price(split(row[0].encode()), (), row[1])]
    except (duckdb.Error, PriceError, UnicodeEncodeError):
        return None
    if len(answers) != 1 or answers[0]["total_cost"] is None or answers[0]["total_cost"]["excl_vat"] is None:
        return None
    return Decimal(answers[0]["total_cost"]["excl_vat"])
