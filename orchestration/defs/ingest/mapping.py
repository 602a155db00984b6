"""How a CSV feed is read: master/mappings/<source>.<feed>.yaml as a checked model.

What does not belong here: reading any row (csv_cdrs, csv_cells).
"""

import codecs
import re
from datetime import UTC, datetime
from typing import Literal

import msgspec
import pycountry

from orchestration.defs.ingest.declared import Declared, DeclaredError, read_declared
from orchestration.defs.ingest.zones import is_zone

_PARTY = re.compile(r"[A-Z]{2}/[A-Z0-9]{3}")
_BOM = b"\xef\xbb\xbf"
_MOMENT = datetime(2026, 10, 23, 14, 45, 59, tzinfo=UTC)


class MappingError(DeclaredError):
    """A mapping cannot be used; the message is one sentence naming file, key and remedy."""


class Format(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the file is written. `missing`: what stands in a cell that has no value, besides nothing at all."""

    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    header: bool = True
    missing: tuple[str, ...] = ()


class Text(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text column, trimmed; then cut at the first `cut_at`, then without a `drop_suffix` at its end."""

    column: str
    cut_at: str | None = None
    drop_suffix: str | None = None


class Number(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number column. The unit is what the file has; energy becomes kWh, durations hours, cents the currency."""

    column: str
    unit: Literal["kWh", "Wh", "hours", "minutes", "seconds", "h:mm:ss", "cents"] | None = None
    decimal: Literal[".", ","] = "."
    thousands: Literal[".", ",", " ", "'"] | None = None


class Stamp(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An instant: one `column` with `format` (iso, or as strptime), or a `date` and a `time` column with theirs.

    `zone` is a column that says its offset, as -07:00 or as a word of the mapping's zone_offsets. It is how a stamp
    without an offset of its own is read; one that contradicts it is a finding (TIME_LOCAL_AS_UTC).
    """

    column: str | None = None
    format: str = "iso"
    date: str | None = None
    date_format: str = "%Y-%m-%d"
    time: str | None = None
    time_format: str = "%H:%M"
    zone: str | None = None


class Columns(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which column of the file gives which field of a CDR."""

    cdr_id: str | Text | None = None
    cpo_party: str | Text | None = None
    emsp_party: str | Text | None = None
    started_at: str | Stamp
    ended_at: str | Stamp
    last_updated: str | Stamp | None = None
    session_id: str | Text | None = None
    authorization_reference: str | Text | None = None
    auth_method: str | Text | None = None
    token_uid: str | Text | None = None
    token_type: str | Text | None = None
    contract_id: str | Text | None = None
    location_id: str | Text | None = None
    evse_uid: str | Text | None = None
    evse_id: str | Text | None = None
    connector_id: str | Text | None = None
    meter_id: str | Text | None = None
    currency: str | Text | None = None
    tariff_id: str | Text | None = None
    energy_kwh: str | Number
    total_time_hours: str | Number | None = None
    total_parking_hours: str | Number | None = None
    claimed_excl_tax: str | Number | None = None
    claimed_incl_tax: str | Number | None = None
    claimed_fixed_excl_tax: str | Number | None = None
    claimed_energy_excl_tax: str | Number | None = None
    claimed_time_excl_tax: str | Number | None = None
    claimed_parking_excl_tax: str | Number | None = None
    register_start_kwh: str | Number | None = None
    register_end_kwh: str | Number | None = None
    # The CDR that this row takes back: a row that names one is a credit.
    credit_reference_id: str | Text | None = None
    invoice_reference_id: str | Text | None = None
    remark: str | Text | None = None
    # The English name of the start's weekday: evidence for a repair of its year.
    weekday: str | Text | None = None


class Constants(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every row of the feed has and no column says."""

    cpo_party: str | None = None
    emsp_party: str | None = None
    currency: str | None = None
    tariff_id: str | None = None
    time_zone: str | None = None
    country: str | None = None
    auth_method: str | None = None
    connector_id: str | None = None


class IdPart(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A raw column of an id, or its first characters."""

    column: str
    first: int | None = None


class IdRecipe(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An id for rows that have none, from raw columns, so that a later repair of dates does not change it.

    readable: the columns joined by `-`; hash: the first 24 hex digits of their SHA-256.
    A value that occurs again in the file gets its occurrence number: `…#2`.
    """

    columns: tuple[str | IdPart, ...]
    prefix: str = ""
    form: Literal["readable", "hash"] = "readable"


class TestWhen(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which rows are tests and no customer's session; capitals do not count."""

    column: str
    starts_with: str | None = None
    equals: str | None = None


class Mapping(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """master/mappings/<source>.<feed>.yaml.

    nonexistent_times: a local time that the clocks skip in spring is read with the offset before the
    change (shift), or refused (refuse). A repeated one in autumn is read as the first, and marked.
    A feed of JSON needs no columns: its mapping gives constants where the records name none.
    """

    format: Format = Format()
    columns: Columns | None = None
    constants: Constants = Constants()
    id: IdRecipe | None = None
    test_when: TestWhen | None = None
    nonexistent_times: Literal["shift", "refuse"] = "shift"
    zone_offsets: dict[str, str] = msgspec.field(default_factory=dict)


def mapping_path(source: str, feed: str) -> str:
    """Where the mapping of a feed stands, from the home's root."""
    return f"master/mappings/{source}.{feed}.yaml"


def read_mapping(path: str, data: bytes) -> Mapping:
    """The mapping in a file. Raises MappingError."""
    try:
        mapping = read_declared(path, data, Mapping)
    except DeclaredError as error:
        raise MappingError(str(error)) from None
    for problem in _problems(mapping):
        raise MappingError(f"{path}: {problem}")
    return mapping


def _problems(mapping: Mapping) -> list[str]:
    constants, columns = mapping.constants, mapping.columns
    problems = format_problems(mapping.format)
    for name, prefixed in (("cpo_party", "evse_id"), ("emsp_party", "contract_id")):
        constant = getattr(constants, name)
        if constant is None and columns is not None and getattr(columns, name) is None:
            # Its prefix names the party, where the file has such ids.
            if getattr(columns, prefixed) is None:
                problems.append(
                    f"constants.{name} is missing; write it as NL/EVS, or name its column, or that of {prefixed}, "
                    "under columns."
                )
        elif constant is not None and not _PARTY.fullmatch(constant):
            problems.append(f"constants.{name} is {constant!r}; write country and party, as NL/EVS.")
    problems += [] if columns is None else _stamp_problems(columns)
    if columns is not None and (columns.cdr_id is None) == (mapping.id is None):
        problems.append("exactly one of columns.cdr_id and id must say where a CDR's id comes from; keep one.")
    if mapping.id is not None and not mapping.id.columns:
        problems.append("id.columns is empty; name the columns that tell rows apart.")
    if constants.time_zone is not None and not is_zone(constants.time_zone):
        problems.append(f"constants.time_zone is {constants.time_zone!r}; write an IANA zone like Europe/Amsterdam.")
    problems += currency_problems(constants.currency)
    problems += [
        f"zone_offsets.{word} is {offset!r}; write an offset like -07:00."
        for word, offset in mapping.zone_offsets.items()
        if not re.fullmatch(r"[+-]\d\d:[0-5]\d", offset)
    ]
    test = mapping.test_when
    if test is not None and (test.starts_with is None) == (test.equals is None):
        problems.append("test_when needs exactly one of starts_with and equals; keep one.")
    return problems


def format_problems(given: Format) -> list[str]:
    """What is wrong with a declared format, a sentence each."""
    problems = []
    if len(given.delimiter) != 1 or given.delimiter in '"\r\n':
        problems.append(f"format.delimiter is {given.delimiter!r}; write one character.")
    if len(given.quote) != 1 or given.quote in "\r\n" or given.quote == given.delimiter or not given.quote.isascii():
        problems.append(f"format.quote is {given.quote!r}; write one character that is not the delimiter.")
    try:
        # Lines are found in bytes, so that positions and hashes are those of the file; UTF-16 is turned into them.
        name = codecs.lookup(given.encoding).name
        is_usable = name.startswith("utf-16") or codecs.encode(',"\n', name) in (b',"\n', _BOM + b',"\n')
    except (LookupError, TypeError):
        is_usable = False
    if not is_usable:
        problems.append(
            f"format.encoding is {given.encoding!r}; use utf-8, utf-16, latin-1, cp1252 or another one-byte encoding."
        )
    if not given.header:
        problems.append("format.header is false, but columns are named by the header; add a header line to the file.")
    return problems


def _stamp_problems(columns: Columns) -> list[str]:
    named = ((name, getattr(columns, name)) for name in ("started_at", "ended_at", "last_updated"))
    return [problem for name, stamp in named if isinstance(stamp, Stamp) for problem in check_stamp(name, stamp)]


def check_stamp(name: str, stamp: Stamp) -> list[str]:
    """What is wrong with a declared stamp, a sentence each."""
    problems = []
    if (stamp.column is None) == (stamp.date is None) or (stamp.date is None) != (stamp.time is None):
        problems.append(f"columns.{name} needs either column, or date and time; keep one of the two.")
    for key in ("format", "date_format", "time_format"):
        form = getattr(stamp, key)
        if form == "iso":
            continue
        try:
            read = datetime.strptime(_MOMENT.strftime(form), form)
        except ValueError:
            problems.append(f"columns.{name}.{key} is {form!r}; write it as %Y-%m-%d %H:%M:%S.")
            continue
        # What a form leaves out would be read as 1900, the first of January or midnight.
        if key == "time_format":
            if (read.hour, read.minute) != (_MOMENT.hour, _MOMENT.minute):
                problems.append(f"columns.{name}.{key} is {form!r}, which says no hour and minute; write it as %H:%M.")
        elif read.date() != _MOMENT.date():
            problems.append(
                f"columns.{name}.{key} is {form!r}, which says no year, month and day; write it as %Y-%m-%d."
            )
    return problems


def currency_problems(given: str | None) -> list[str]:
    """What is wrong with a declared currency."""
    if given is None or pycountry.currencies.get(alpha_3=given) is not None:
        return []
    return [f"constants.currency is {given!r}; write an ISO 4217 code, as EUR."]
