"""Faults of place, token, tariff, money and outcome: what a CDR refers to, and what it asks for."""

import json
from dataclasses import replace
from random import Random

from orchestration.demo.cdrs import Fields, periods_text, put_costs
from orchestration.demo.clock import DAY, iso
from orchestration.demo.fault import Fault, net, place, scale_claim, ten_thousandths
from orchestration.demo.sessions import Session, Wish
from orchestration.demo.tariffs import Tariff, decimal_text


def _unknown_evse(fields: Fields, session: Session, rng: Random) -> None:
    place = json.loads(fields["cdr_location"])
    number = rng.randint(70, 99)
    uid, evse_id = place["evse_uid"].rsplit("-", 1)[0], place["evse_id"].rsplit("*", 1)[0]
    place |= {"evse_uid": f"{uid}-{number}", "evse_id": f"{evse_id}*{number}"}
    fields["cdr_location"] = json.dumps(place, ensure_ascii=False)


def _in_small_letters(fields: Fields, session: Session, rng: Random) -> None:
    place(fields, evse_uid=session.connector.evse_uid.lower())


def _unknown_token(fields: Fields, session: Session, rng: Random) -> None:
    fields["cdr_token"] = json.dumps(json.loads(fields["cdr_token"]) | {"uid": f"09{rng.getrandbits(48):012X}"})


def _no_tariff(fields: Fields, session: Session, rng: Random) -> None:
    del fields["tariffs"]
    fields["charging_periods"] = periods_text(session, None)


def _expired(fields: Fields, session: Session, rng: Random) -> None:
    tariff, clock = session.connector.tariff, session.start
    text = tariff.ocpi(clock - 400 * DAY, valid_to=clock - rng.randint(1, 20) * DAY)
    fields["tariffs"] = f"[{text}]"


def _other_currency(fields: Fields, session: Session, rng: Random) -> None:
    tariff = session.connector.tariff
    other = "GBP" if tariff.currency != "GBP" else "EUR"
    fields["tariffs"] = f"[{replace(tariff, currency=other).ocpi(session.start - 400 * DAY)}]"


def _untaxed(fields: Fields, session: Session, rng: Random) -> None:
    fields["tariffs"] = f"[{session.connector.tariff.ocpi(session.start - 400 * DAY, is_taxed=False)}]"
    for name in [name for name in fields if name.endswith("_cost")]:
        fields[name] = json.dumps({"excl_vat": "?"}).replace('"?"', net(fields[name]))


def _too_high(fields: Fields, session: Session, rng: Random) -> None:
    scale_claim(fields, rng.randint(115, 180))


def _too_low(fields: Fields, session: Session, rng: Random) -> None:
    scale_claim(fields, rng.randint(40, 80))


def _other_connector(fields: Fields, session: Session, rng: Random) -> None:
    place(fields, connector_id=str(rng.randint(5, 9)))


def _no_place(fields: Fields, session: Session, rng: Random) -> None:
    place(fields, evse_uid="#NA", evse_id="#NA", connector_id="#NA")


def _other_country(fields: Fields, session: Session, rng: Random) -> None:
    place(fields, country="BEL")


def _embed(fields: Fields, session: Session, tariff: Tariff) -> None:
    fields["tariffs"] = f"[{tariff.ocpi(session.start - 400 * DAY)}]"


def _switched(fields: Fields, session: Session, rng: Random) -> None:
    tariff = session.connector.tariff
    second = session.periods[1].start
    fields["tariffs"] = f"[{tariff.ocpi(session.start - 400 * DAY)}, {tariff.ocpi(second)}]"


def _has_second_period(session: Session) -> bool:
    return len(session.periods) >= 2


def _for_ad_hoc(fields: Fields, session: Session, rng: Random) -> None:
    fields["tariffs"] = fields["tariffs"].replace('"REGULAR"', '"AD_HOC_PAYMENT"')


def _dearer_than_registered(fields: Fields, session: Session, rng: Random) -> None:
    tariff = session.connector.tariff
    _embed(
        fields, session, replace(tariff, energy=tuple(replace(band, price=band.price + 500) for band in tariff.energy))
    )


def _unregistered(fields: Fields, session: Session, rng: Random) -> None:
    known = f'"{session.connector.tariff.tariff_id}"'
    for name in ("tariffs", "charging_periods"):
        fields[name] = fields[name].replace(known, f'{known[:-1]}-X"')


def _by_the_former(fields: Fields, session: Session, rng: Random) -> None:
    del fields["tariffs"]
    put_costs(fields, session, session.connector.tariff.former)


def _no_currency(fields: Fields, session: Session, rng: Random) -> None:
    fields["currency"] = '"XXZ"'


def _foreign_currency(fields: Fields, session: Session, rng: Random) -> None:
    tariff = session.connector.tariff
    fields["currency"] = '"SEK"'
    _embed(fields, session, replace(tariff, currency="SEK"))


def _odd_gross(fields: Fields, session: Session, rng: Random) -> None:
    total = json.loads(fields["total_cost"], parse_float=str, parse_int=str)
    gross = decimal_text(ten_thousandths(total["incl_vat"]) + 10_000 * rng.randint(1, 3), 4)
    fields["total_cost"] = f'{{"excl_vat": {total["excl_vat"]}, "incl_vat": {gross}}}'


def _free_tariff(fields: Fields, session: Session, rng: Random) -> None:
    tariff = session.connector.tariff
    free = replace(tariff, energy=tuple(replace(band, price=0) for band in tariff.energy), flat=None, parking=None)
    _embed(fields, session, free)


def _for_nothing(fields: Fields, session: Session, rng: Random) -> None:
    for name in [name for name in fields if name.endswith("_cost")]:
        fields[name] = '{"excl_vat": 0, "incl_vat": 0}'


def _at_home(fields: Fields, session: Session, rng: Random) -> None:
    fields["home_charging_compensation"] = "true"


def _never_came(fields: Fields, session: Session, rng: Random) -> None:
    hours = fields["total_time"]
    named = f', "tariff_id": "{session.connector.tariff.tariff_id}"'
    dimension = f'{{"type": "RESERVATION_TIME", "volume": {hours}}}'
    start = iso(session.start)
    fields["charging_periods"] = f'[{{"start_date_time": "{start}", "dimensions": [{dimension}]{named}}}]'
    fields["total_energy"] = "0"
    fields["total_parking_time"] = "0"


_EMBEDDED = Wish(has_embedded_tariff=True)
_REGISTERED = Wish(sources=("own", "fahrstrom"))
TERMS_FAULTS = (
    Fault("unknown_evse", "LOC_UNKNOWN", change=_unknown_evse),
    Fault("small_letters", "ID_FORM_DRIFT", change=_in_small_letters),
    Fault("unknown_token", "AUTH_TOKEN_UNKNOWN", change=_unknown_token),
    Fault("blocked_token", "AUTH_TOKEN_BLOCKED", is_blocked=True),
    Fault("no_tariff", "TARIFF_REF_MISSING", _EMBEDDED, change=_no_tariff),
    Fault("tariff_expired", "TARIFF_NOT_IN_FORCE", _EMBEDDED, change=_expired),
    Fault("tariff_currency", "CCY_TARIFF_MISMATCH", _EMBEDDED, change=_other_currency),
    Fault("no_vat", "TAX_MISSING", _EMBEDDED, change=_untaxed),
    Fault("claim_too_high", "PRICE_TOTAL_DIFF", change=_too_high),
    Fault("claim_too_low", "PRICE_TOTAL_DIFF", change=_too_low),
    Fault("other_connector", "LOC_CONNECTOR_DRIFT", change=_other_connector),
    Fault("no_place", "LOC_NA_MISUSE", change=_no_place),
    Fault("other_country", "LOC_SNAPSHOT_DIFF", change=_other_country),
    Fault("tariff_switched", "TARIFF_SWITCHED_IN_SESSION", Wish(has_embedded_tariff=True, is_dc=True),
          change=_switched, fits=_has_second_period),
    Fault("tariff_for_ad_hoc", "TARIFF_TYPE_WRONG", _EMBEDDED, change=_for_ad_hoc),
    Fault("tariff_not_as_registered", "TARIFF_BODY_DIFF", _REGISTERED, change=_dearer_than_registered),
    Fault("tariff_unregistered", "TARIFF_UNKNOWN", _REGISTERED, change=_unregistered),
    Fault("by_the_former", "TARIFF_CLAIMED_VS_FORCE", Wish(sources=("fahrstrom",)), change=_by_the_former),
    Fault("no_currency", "CCY_INVALID", change=_no_currency),
    Fault("foreign_currency", "CCY_NO_FX_TERM", _EMBEDDED, change=_foreign_currency),
    Fault("odd_gross", "TAX_ARITHMETIC", change=_odd_gross),
    Fault("free_tariff", "OUTCOME_FREE_VEND_BILLED", Wish(has_embedded_tariff=True, is_plain=True),
          change=_free_tariff),
    Fault("for_nothing", "OUTCOME_UNPRICED", change=_for_nothing),
    Fault("at_home", "OUTCOME_HOME_COMP", change=_at_home),
    Fault("never_came", "OUTCOME_RESERVATION", Wish(is_plain=True), change=_never_came),
)  # fmt: skip
