"""Who takes part in the demo: our two roles, partners with contracts, operators with tariffs, one hub.

All names are invented. What does not belong here: chargers, drivers and sessions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from orchestration.demo.tariffs import Band, Tariff

OWN_CPO = "NL/EVS"
OWN_EMSP = "NL/EVM"
HUB = "gridlink"


@dataclass(frozen=True, slots=True)
class Partner:
    """One contract. `driver_share` weighs its drivers among the visitors of our chargers; 0 is no eMSP."""

    folder: str
    name: str
    party: str
    country: str
    currency: str
    driver_share: int = 0
    tariff_source: str = "registry"
    frequency: str = "monthly"
    requires: str = ""  # what differs from the template


@dataclass(frozen=True, slots=True)
class City:
    """Where sites stand: centre in 1/10000 degree, and a postal code of it."""

    name: str
    postal_code: str
    latitude: int
    longitude: int


@dataclass(frozen=True, slots=True)
class Operator:
    """A charge point operator: where its CDRs arrive and how they are filed, its sites and tariffs.

    `share` weighs its sessions among all sessions. `layout` is ndjson, array, envelope or csv; a
    file holds `days` days.
    """

    party: str
    source: str
    country: str
    country3: str
    zone: str
    share: int
    layout: str
    is_gzip: bool
    days: int
    cities: tuple[City, ...]
    tariffs: tuple[Tariff, ...]
    has_tariff_feed: bool = False
    takes_embedded_tariff: bool = True


PARTNERS = (
    Partner("emo", "eMobility Operator B.V.", "NL/EMO", "NL", "EUR", 42),
    Partner("voltreis", "Voltreis B.V.", "NL/VTR", "NL", "EUR", 22, frequency="semi-monthly"),
    Partner("albion", "Albion Drive Ltd", "GB/ALD", "GB", "EUR", 8),
    Partner("fahrstrom", "Fahrstrom GmbH", "DE/FST", "DE", "EUR", 28),
    Partner("nordlade", "Nordlade SE", "DE/NDL", "DE", "EUR", tariff_source="cdr"),
    Partner("alpenstrom", "Alpenstrom AG", "CH/ALP", "CH", "CHF", tariff_source="cdr"),
    # Its CSV cannot say how the price was taxed.
    Partner("polderlaad", "Polderlaad B.V.", "NL/PLD", "NL", "EUR", requires="[location, token, tariff]"),
    Partner("islecharge", "Isle Charge Ltd", "GB/ISC", "GB", "GBP", tariff_source="cdr"),
)

_OWN_TARIFFS = (
    Tariff(OWN_CPO, "AC-BASIC", "EUR", 210, (Band(3900),), "EUR 0.39 per kWh"),
    Tariff(
        OWN_CPO,
        "AC-DAYNIGHT",
        "EUR",
        210,
        (Band(2900, hours=(23, 7)), Band(4200)),
        "EUR 0.42 per kWh, EUR 0.29 between 23:00 and 07:00",
    ),
    Tariff(
        OWN_CPO,
        "AC-START-IDLE",
        "EUR",
        210,
        (Band(3600),),
        "EUR 0.35 per session, EUR 0.36 per kWh, EUR 1.50 per hour parked without charging after 4 hours",
        flat=3500,
        parking=15000,
        parking_step=60,
        parking_after=4 * 3600,
    ),
    Tariff(
        OWN_CPO,
        "AC-WEEKEND",
        "EUR",
        210,
        (Band(3300, is_weekend=True), Band(4500, hours=(7, 21)), Band(3100)),
        "EUR 0.45 per kWh on weekdays between 07:00 and 21:00, else EUR 0.31; EUR 0.33 on weekends",
    ),
    Tariff(
        OWN_CPO, "DC-FAST", "EUR", 210, (Band(5900),), "EUR 0.50 per session, EUR 0.59 per kWh", is_dc=True, flat=5000
    ),
    Tariff(
        OWN_CPO,
        "DC-ULTRA",
        "EUR",
        210,
        (Band(6400, hours=(22, 6)), Band(7100)),
        "EUR 0.71 per kWh, EUR 0.64 between 22:00 and 06:00; EUR 9.00 per hour parked by day; at most EUR 45.00",
        is_dc=True,
        parking=90000,
        parking_step=60,
        parking_hours=(8, 20),
        maximum=450000,
    ),
    Tariff(OWN_CPO, "DC-PILOT", "EUR", 210, (Band(5500),), "EUR 0.55 per kWh", is_dc=True, is_shown=False),
)

_FAHRSTROM_TARIFFS = (
    Tariff(
        "DE/FST", "FS-AC", "EUR", 190, (Band(4400),), "0,44 EUR je kWh, 0,60 EUR je Stunde", time=6000, time_step=60
    ),
    Tariff(
        "DE/FST",
        "FS-DC",
        "EUR",
        190,
        (Band(5600, hours=(20, 8)), Band(6600)),
        "0,66 EUR je kWh, von 20 bis 8 Uhr 0,56 EUR",
        is_dc=True,
    ),
)

_NORDLADE_TARIFFS = (
    Tariff(
        "DE/NDL",
        "NDL-AC-1",
        "EUR",
        190,
        (Band(4100),),
        "0,41 EUR je kWh, 1,20 EUR je Stunde Standzeit von 8 bis 22 Uhr",
        parking=12000,
        parking_hours=(8, 22),
    ),
    Tariff("DE/NDL", "NDL-AC-2", "EUR", 190, (Band(4700),), "0,47 EUR je kWh"),
    Tariff("DE/NDL", "NDL-DC-1", "EUR", 190, (Band(6900),), "0,69 EUR je kWh", is_dc=True),
)

_ALPENSTROM_TARIFFS = (
    Tariff("CH/ALP", "ALP-AC", "CHF", 81, (Band(3500, hours=(22, 6)), Band(4900)), "CHF 0.49 pro kWh, nachts CHF 0.35"),
    Tariff(
        "CH/ALP", "ALP-DC", "CHF", 81, (Band(6500),), "CHF 1.00 pro Ladung, CHF 0.65 pro kWh", is_dc=True, flat=10000
    ),
)

_ISLECHARGE_TARIFFS = (
    Tariff("GB/ISC", "ISC-AC", "GBP", 200, (Band(4600),), "GBP 0.46 per kWh"),
    Tariff(
        "GB/ISC",
        "ISC-DC",
        "GBP",
        200,
        (Band(6200, hours=(0, 7)), Band(7500)),
        "GBP 0.75 per kWh, GBP 0.62 between midnight and 07:00",
        is_dc=True,
    ),
)

# A CSV row is one period: only prices that need no more fit.
_POLDERLAAD_TARIFFS = (
    Tariff("NL/PLD", "PLD-AC", "EUR", 210, (Band(4050),), "EUR 0,405 per kWh"),
    Tariff(
        "NL/PLD", "PLD-DC", "EUR", 210, (Band(6200),), "EUR 0,75 per sessie, EUR 0,62 per kWh", is_dc=True, flat=7500
    ),
)

OPERATORS = (
    Operator(
        party=OWN_CPO,
        source="own",
        country="NL",
        country3="NLD",
        zone="Europe/Amsterdam",
        share=58,
        layout="ndjson",
        is_gzip=False,
        days=1,
        cities=(
            City("Amsterdam", "1012 JS", 523728, 48936),
            City("Rotterdam", "3012 CL", 519225, 44791),
            City("Utrecht", "3511 LX", 520907, 51214),
            City("Eindhoven", "5611 AZ", 514416, 54697),
            City("Zwolle", "8011 PK", 525168, 60830),
        ),
        tariffs=_OWN_TARIFFS,
        takes_embedded_tariff=False,
    ),
    Operator(
        party="DE/FST",
        source="fahrstrom",
        country="DE",
        country3="DEU",
        zone="Europe/Berlin",
        share=12,
        layout="array",
        is_gzip=False,
        days=7,
        cities=(City("Köln", "50667", 509375, 69603), City("Münster", "48143", 519607, 76261)),
        tariffs=_FAHRSTROM_TARIFFS,
        has_tariff_feed=True,
        takes_embedded_tariff=False,
    ),
    Operator(
        party="DE/NDL",
        source=HUB,
        country="DE",
        country3="DEU",
        zone="Europe/Berlin",
        share=14,
        layout="ndjson",
        is_gzip=True,
        days=1,
        cities=(City("Hamburg", "20095", 535511, 99937), City("Bremen", "28195", 530793, 88017)),
        tariffs=_NORDLADE_TARIFFS,
    ),
    Operator(
        party="CH/ALP",
        source="alpenstrom",
        country="CH",
        country3="CHE",
        zone="Europe/Zurich",
        share=9,
        layout="envelope",
        is_gzip=False,
        days=7,
        cities=(City("Zürich", "8001", 473769, 85417), City("Bern", "3011", 469480, 74474)),
        tariffs=_ALPENSTROM_TARIFFS,
    ),
    Operator(
        party="NL/PLD",
        source="polderlaad",
        country="NL",
        country3="NLD",
        zone="Europe/Amsterdam",
        share=8,
        layout="csv",
        is_gzip=False,
        days=7,
        cities=(City("Almere", "1315 HR", 523508, 52647), City("Lelystad", "8224 BX", 525185, 54714)),
        tariffs=_POLDERLAAD_TARIFFS,
        has_tariff_feed=True,
        takes_embedded_tariff=False,
    ),
    Operator(
        party="GB/ISC",
        source=HUB,
        country="GB",
        country3="GBR",
        zone="Europe/London",
        share=7,
        layout="ndjson",
        is_gzip=True,
        days=1,
        cities=(City("Harwich", "CO12 3HH", 519450, 12890), City("London", "EC2V 7HH", 515155, -922)),
        tariffs=_ISLECHARGE_TARIFFS,
    ),
)

OPERATOR_OF: Mapping[str, Operator] = MappingProxyType({operator.party: operator for operator in OPERATORS})
ISSUER_OF: Mapping[str, str] = MappingProxyType(
    {partner.party: partner.name for partner in PARTNERS} | {OWN_EMSP: "EVSettle Mobility B.V."}
)
