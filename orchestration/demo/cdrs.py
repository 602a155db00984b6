"""A session as an OCPI 2.2.1 CDR: a mapping of field to JSON text, in the order of the specification.

Values are JSON text and not numbers, so that what is written is exactly what was worked out.
"""

import json

from orchestration.demo.clock import HOUR, iso
from orchestration.demo.sessions import Session
from orchestration.demo.tariffs import Claim, Tariff, decimal_text, object_text, price_text

Fields = dict[str, str]


def cdr_fields(session: Session, tariff_text: str) -> Fields:
    """The CDR of a session, its tariff embedded. The claim is the tariff's price of its periods."""
    connector, token = session.connector, session.token
    tariff = connector.tariff
    country, party = connector.operator.party.split("/")
    fields = {
        "country_code": f'"{country}"',
        "party_id": f'"{party}"',
        "id": f'"{session.cdr_id}"',
        "start_date_time": f'"{iso(session.start)}"',
        "end_date_time": f'"{iso(session.end)}"',
        "session_id": f'"{session.session_id}"',
        "cdr_token": token.text,
    }
    if token.kind == "APP_USER":
        fields |= {"auth_method": '"COMMAND"', "authorization_reference": f'"A{session.session_id[:20]}"'}
    else:
        fields["auth_method"] = '"AUTH_REQUEST"'
    fields |= {
        "cdr_location": connector.text,
        "currency": f'"{tariff.currency}"',
        "tariffs": f"[{tariff_text}]",
        "charging_periods": periods_text(session, tariff.tariff_id),
    }
    put_costs(fields, session, tariff)
    fields["last_updated"] = f'"{iso(session.sent_at)}"'
    return fields


def cdr_key(fields: Fields) -> str:
    """lower(cpo_party)|lower(cdr_id)."""
    country, party, cdr_id = (json.loads(fields[name]) for name in ("country_code", "party_id", "id"))
    return f"{country}/{party}|{cdr_id}".lower()


def hours_text(seconds: int) -> str:
    """A multiple of nine seconds in hours, exact at four decimals."""
    return decimal_text(seconds * 10_000 // HOUR, 4)


def periods_text(session: Session, tariff_id: str | None) -> str:
    """The charging periods as JSON; without a tariff id they name none."""
    named = "" if tariff_id is None else f', "tariff_id": "{tariff_id}"'
    periods = []
    for period in session.periods:
        hours = hours_text(period.end - period.start)
        if period.is_parking:
            dimensions = f'{{"type": "PARKING_TIME", "volume": {hours}}}'
        else:
            energy = decimal_text(period.energy_wh, 3)
            dimensions = f'{{"type": "ENERGY", "volume": {energy}}}, {{"type": "TIME", "volume": {hours}}}'
        periods.append(f'{{"start_date_time": "{iso(period.start)}", "dimensions": [{dimensions}]{named}}}')
    return "[" + ", ".join(periods) + "]"


def put_costs(fields: Fields, session: Session, tariff: Tariff, claim: Claim | None = None) -> None:
    """Volumes and costs of the session; what the tariff gives where no claim is named."""
    if claim is None:
        claim = tariff.price(session.periods, session.connector.clock)
    fields["total_cost"] = price_text(claim.total, tariff.vat)
    if claim.fixed is not None:
        fields["total_fixed_cost"] = price_text(claim.fixed, tariff.vat)
    fields["total_energy"] = decimal_text(session.energy_wh, 3)
    fields["total_energy_cost"] = price_text(claim.energy, tariff.vat)
    fields["total_time"] = hours_text(session.end - session.start)
    if claim.time is not None:
        fields["total_time_cost"] = price_text(claim.time, tariff.vat)
    fields["total_parking_time"] = hours_text(session.parking_seconds)
    if claim.parking is not None:
        fields["total_parking_cost"] = price_text(claim.parking, tariff.vat)


def cdr_text(fields: Fields) -> str:
    """The CDR as one line of JSON."""
    return object_text(fields)
