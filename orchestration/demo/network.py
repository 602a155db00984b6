"""Chargers and drivers: sites with connectors for each operator, tokens for each eMSP, as OCPI feeds."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from orchestration.defs.ingest.contract_ids import check_digit
from orchestration.demo.clock import LocalClock, Month, iso
from orchestration.demo.parties import ISSUER_OF, OPERATORS, OWN_EMSP, PARTNERS, City, Operator
from orchestration.demo.tariffs import Tariff, object_text

AC_SESSIONS = 22  # a month and connector: leaves room, so that a draw seldom meets an occupied one
DC_SESSIONS = 50
TOKEN_SESSIONS = 7
LEAST_CONNECTORS = 12  # at least three sites: one of each power
DC_SHARE = 30  # per cent of sessions
AC_POWERS = (11_000, 11_000, 22_000)
DC_POWERS = (50_000, 150_000, 300_000)
MASTER_AGE_DAYS = 200
# Chargers of ours at which only planted faults happen, each kind at sites of its own.
SIGNED, RENAMED, RETIRED, SOLD, ZONELESS, UNSHOWN = SPECIAL = (
    "signed", "renamed", "retired", "sold", "zoneless", "unshown"
)  # fmt: skip
SPECIAL_POWER = 150_000
_AMPERES = {11_000: 16, 22_000: 32, 50_000: 125, 150_000: 350, 300_000: 500}
_STREETS = ("Stationsplein", "Marktweg", "Havenstraat", "Parklaan", "Ringweg", "Molenweg", "Kerkstraat", "Zuiderpark")


@dataclass(slots=True)
class Connector:
    """One connector. `text` is its CDR location as JSON; `busy` its sessions in order, so that none overlap."""

    operator: Operator
    clock: LocalClock
    tariff: Tariff
    location_id: str
    evse_uid: str
    evse_id: str
    power_w: int
    is_dc: bool
    text: str
    site: str = ""
    busy: list[tuple[int, int]] = field(default_factory=list)

    @property
    def is_csv(self) -> bool:
        """Its sessions are rows of a CSV file, which have one period."""
        return self.operator.layout == "csv"


@dataclass(slots=True)
class Token:
    """One driver's token. `text` is the CDR token as JSON."""

    emsp: str
    uid: str
    kind: str
    contract_id: str
    is_valid: bool
    text: str
    busy: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Network:
    """All chargers and drivers, with the feeds that describe them: party to JSON objects."""

    connectors: dict[tuple[str, bool], list[Connector]] = field(default_factory=dict)
    special: dict[str, list[Connector]] = field(default_factory=dict)
    tokens: dict[str, list[Token]] = field(default_factory=dict)
    blocked: dict[str, list[Token]] = field(default_factory=dict)
    locations_feed: dict[str, list[str]] = field(default_factory=dict)
    tokens_feed: dict[str, list[str]] = field(default_factory=dict)


def build_network(rng: Random, month: Month, sessions: int) -> Network:
    """A network of the size that so many sessions need."""
    network = Network()
    known_at = month.starts_at - MASTER_AGE_DAYS * 86_400
    shares = sum(operator.share for operator in OPERATORS)
    for operator in OPERATORS:
        clock = LocalClock(operator.zone, month)
        expected = max(60, sessions * operator.share // shares)
        network.locations_feed[operator.party] = []
        for is_dc, per_connector in ((False, AC_SESSIONS), (True, DC_SESSIONS)):
            percent = DC_SHARE if is_dc else 100 - DC_SHARE
            count = max(LEAST_CONNECTORS, -(-expected * percent // (100 * per_connector)))
            _add_sites(rng, network, operator, clock, is_dc, count, known_at)
    for kind in SPECIAL:
        _add_special(rng, network, kind, LocalClock(OPERATORS[0].zone, month), sessions, known_at)
    own = OPERATORS[0].share
    drivers = sum(partner.driver_share for partner in PARTNERS)
    for partner in PARTNERS:
        if partner.driver_share:
            expected = sessions * own * partner.driver_share // (shares * drivers)
            _add_tokens(rng, network, partner.party, expected, known_at)
    _add_tokens(rng, network, OWN_EMSP, sessions * (shares - own) // shares, known_at)
    return network


def _add_sites(
    rng: Random, network: Network, operator: Operator, clock: LocalClock, is_dc: bool, count: int, known_at: int
) -> None:
    tariffs = [tariff for tariff in operator.tariffs if tariff.is_dc == is_dc and tariff.is_shown]
    connectors: list[Connector] = []
    feed = network.locations_feed[operator.party]
    party = operator.party.split("/")[1]
    site = 0
    while len(connectors) < count:
        number = len(feed) + 1
        # Shifted after each round of three, so that every tariff meets every power.
        tariff = tariffs[(site + site // 3) % len(tariffs)]
        power = (DC_POWERS if is_dc else AC_POWERS)[site % 3]
        place = _place(rng, f"{party}-L{number:05}", operator, rng.choice(operator.cities))
        evses = []
        for position in range(1, 1 + min(rng.randint(2, 5), count - len(connectors))):
            connector = _connector(operator, clock, tariff, place, number, position, power, is_dc)
            connectors.append(connector)
            evses.append(_evse_text(connector, tariff, known_at))
        feed.append(_location_text(place, operator, evses, known_at))
        site += 1
    network.connectors[operator.party, is_dc] = connectors


def _add_special(rng: Random, network: Network, kind: str, clock: LocalClock, sessions: int, known_at: int) -> None:
    operator = OPERATORS[0]
    fast = [one for one in operator.tariffs if one.is_dc]
    tariff = next(one for one in fast if (not one.is_shown if kind == UNSHOWN else one.parking is not None))
    feed = network.locations_feed[operator.party]
    connectors = network.special.setdefault(kind, [])
    # Ten faults of the meter share the chargers that sign.
    for _ in range(1 + sessions // (2_000 if kind == SIGNED else 15_000)):
        number = len(feed) + 1
        place = _place(rng, f"{operator.party.split('/')[1]}-L{number:05}", operator, rng.choice(operator.cities))
        added = [
            _connector(operator, clock, tariff, place, number, position, SPECIAL_POWER, True)
            for position in range(1, 5)
        ]
        for connector in added:
            connector.site = kind
        connectors += added
        evses = [_evse_text(connector, tariff, known_at) for connector in added]
        text = _location_text(place, operator, evses, known_at)
        feed.append(text.replace(operator.zone, "Europe/Atlantis") if kind == ZONELESS else text)


def old_uid(evse_uid: str) -> str:
    """What a charger was called before it got the name that its locations feed has."""
    return f"OLD-{evse_uid}"


def _place(rng: Random, location_id: str, operator: Operator, city: City) -> dict[str, str]:
    latitude = _degrees(city.latitude * 100 + rng.randint(-30_000, 30_000))
    longitude = _degrees(city.longitude * 100 + rng.randint(-40_000, 40_000))
    return {
        "id": json.dumps(location_id),
        "name": json.dumps(f"{city.name} {rng.choice(_STREETS)}", ensure_ascii=False),
        "address": json.dumps(f"{rng.choice(_STREETS)} {rng.randint(1, 240)}"),
        "city": json.dumps(city.name, ensure_ascii=False),
        "postal_code": json.dumps(city.postal_code),
        "country": json.dumps(operator.country3),
        "coordinates": f'{{"latitude": "{latitude}", "longitude": "{longitude}"}}',
    }


def _degrees(millionths: int) -> str:
    # OCPI asks for at least five decimals, zeros included.
    sign = "-" if millionths < 0 else ""
    return f"{sign}{abs(millionths) // 1_000_000}.{abs(millionths) % 1_000_000:06}"


def _connector(
    operator: Operator,
    clock: LocalClock,
    tariff: Tariff,
    place: dict[str, str],
    number: int,
    position: int,
    power: int,
    is_dc: bool,
) -> Connector:
    country, party = operator.party.split("/")
    uid = f"{country}-{party}-E{number:05}-{position}"
    evse_id = f"{country}*{party}*E{number:05}*{position}"
    fields = place | {"evse_uid": json.dumps(uid), "evse_id": json.dumps(evse_id), "connector_id": '"1"'}
    fields |= {f"connector_{name}": value for name, value in _plug(is_dc).items()}
    location_id = json.loads(place["id"])
    return Connector(operator, clock, tariff, location_id, uid, evse_id, power, is_dc, object_text(fields))


def _plug(is_dc: bool) -> dict[str, str]:
    if is_dc:
        return {"standard": '"IEC_62196_T2_COMBO"', "format": '"CABLE"', "power_type": '"DC"'}
    return {"standard": '"IEC_62196_T2"', "format": '"SOCKET"', "power_type": '"AC_3_PHASE"'}


def _evse_text(connector: Connector, tariff: Tariff, known_at: int) -> str:
    plug = {"id": '"1"'} | _plug(connector.is_dc)
    plug |= {
        "max_voltage": "920" if connector.is_dc else "230",
        "max_amperage": str(_AMPERES[connector.power_w]),
        "max_electric_power": str(connector.power_w),
        "tariff_ids": json.dumps([tariff.tariff_id]),
        "last_updated": f'"{iso(known_at)}"',
    }
    return object_text(
        {
            "uid": json.dumps(connector.evse_uid),
            "evse_id": json.dumps(connector.evse_id),
            "status": '"AVAILABLE"',
            "connectors": f"[{object_text(plug)}]",
            "last_updated": f'"{iso(known_at)}"',
        }
    )


def _location_text(place: dict[str, str], operator: Operator, evses: Sequence[str], known_at: int) -> str:
    country, party = operator.party.split("/")
    fields = {"country_code": json.dumps(country), "party_id": json.dumps(party)} | place
    fields |= {
        "publish": "true",
        "evses": "[" + ", ".join(evses) + "]",
        "time_zone": json.dumps(operator.zone),
        "last_updated": f'"{iso(known_at)}"',
    }
    return object_text(fields)


def _add_tokens(rng: Random, network: Network, emsp: str, expected: int, known_at: int) -> None:
    count = max(20, expected // TOKEN_SESSIONS)
    good = [_token(rng, emsp, number, True) for number in range(1, count + 1)]
    blocked = [_token(rng, emsp, number, False) for number in range(count + 1, count + 1 + max(3, count // 50))]
    network.tokens[emsp] = good
    network.blocked[emsp] = blocked
    network.tokens_feed[emsp] = [_token_text(token, known_at) for token in (*good, *blocked)]


def _token(rng: Random, emsp: str, number: int, is_valid: bool) -> Token:
    country, party = emsp.split("/")
    kind = rng.choice(("RFID", "RFID", "APP_USER"))
    # The number is part of it, so that no two are alike however many there are.
    uid = f"04{number:06X}{rng.getrandbits(24):06X}" if kind == "RFID" else f"app-{party.lower()}-{number:07}"
    contract_id = f"{country}-{party}-C{number:08}-{check_digit(f'{country}{party}C{number:08}')}"
    fields = {"country_code": country, "party_id": party, "uid": uid, "type": kind, "contract_id": contract_id}
    return Token(emsp, uid, kind, contract_id, is_valid, json.dumps(fields))


def _token_text(token: Token, known_at: int) -> str:
    fields = json.loads(token.text) | {
        "visual_number": token.contract_id,
        "issuer": ISSUER_OF[token.emsp],
        "valid": token.is_valid,
        "whitelist": "ALLOWED",
        "language": "nl" if token.emsp.startswith("NL") else "en",
        "last_updated": iso(known_at),
    }
    return json.dumps(fields, ensure_ascii=False)
