"""An OCPI tariff object as typed, exact content, and what in it cannot be priced.

Source: the Tariffs module of OCPI 2.1.1, 2.2.1 and 2.3.0. What does not belong here: reading
files, writing tables (tariff_rows) and choosing a price (rate).
"""

import hashlib
import json
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from orchestration.defs.ingest.json_fields import FieldReader, read_instant, show
from orchestration.defs.ingest.tariff_elements import Component, Element, read_elements

TAX_INCLUDED = ("YES", "NO", "N/A")


class TariffError(ValueError):
    """What was sent is not a tariff object. The message is one sentence."""


class Tariff(msgspec.Struct, frozen=True):
    """One tariff object. `body` is the sha256 of its price-relevant content, `number` the body's first 15 hex digits.

    price_body and tax_body are the hashes of its two halves: 2.1.1 cannot say the second, and 2.3.0 says NO where
    versions before say nothing.
    problems: what in it cannot be priced, a phrase with the field's name each; rounded: the numbers with more than 8
    decimals.
    """

    body: str
    number: int
    tariff_id: str | None
    party: str | None
    currency: str | None
    type: str | None
    valid_from: datetime | None
    valid_to: datetime | None
    last_updated: datetime | None
    min_price_excl_tax: Decimal | None
    min_price_incl_tax: Decimal | None
    max_price_excl_tax: Decimal | None
    max_price_incl_tax: Decimal | None
    tax_included: str | None
    elements: tuple[Element, ...]
    price_body: str
    tax_body: str
    problems: tuple[str, ...] = ()
    rounded: tuple[str, ...] = ()


def parse_tariff(raw: bytes | str | dict[str, Any], ocpi_version: str = "2.2.1") -> Tariff:
    """The tariff object typed, whatever its version wrote. Raises TariffError when it is not a JSON object.

    Versions share one shape: a version's own fields (tax_included of 2.3.0) are read where they stand.
    A field that cannot be read is None and named in problems: never a number that was not sent.
    """
    reader = FieldReader()
    fields = raw if isinstance(raw, dict) else _load(raw, reader)
    elements = read_elements(reader, fields.get("elements"))
    min_excl, min_incl = reader.limit(fields, "min_price")
    max_excl, max_incl = reader.limit(fields, "max_price")
    currency = reader.text(fields, "currency", "")
    if currency is None:
        reader.problems.append("currency is missing")
    tax_included = reader.choice(fields, "tax_included", TAX_INCLUDED, "")
    valid_from, valid_to = reader.instant(fields, "start_date_time"), reader.instant(fields, "end_date_time")
    currency = currency.upper() if currency else None
    content = [currency, min_excl, min_incl, max_excl, max_incl, tax_included, elements, reader.problems]
    body = _sha256(content)
    country, party = fields.get("country_code"), fields.get("party_id")
    return Tariff(
        body=body,
        number=int(body[:15], 16),
        tariff_id=_plain(fields.get("id")),
        party=f"{country}/{party}".upper() if isinstance(country, str) and isinstance(party, str) else None,
        currency=currency,
        type=_plain(fields.get("type")),
        valid_from=valid_from,
        valid_to=valid_to,
        last_updated=read_instant(fields.get("last_updated")),
        min_price_excl_tax=min_excl,
        min_price_incl_tax=min_incl,
        max_price_excl_tax=max_excl,
        max_price_incl_tax=max_incl,
        tax_included=tax_included,
        elements=elements,
        price_body=_sha256([currency, min_excl, max_excl, [_untaxed(element) for element in elements]]),
        tax_body=_sha256(
            [
                min_incl,
                max_incl,
                tax_included if tax_included != "NO" else None,
                [[component.tax_percent for component in element.components] for element in elements],
            ]
        ),
        problems=tuple(reader.problems),
        rounded=tuple(reader.rounded),
    )


def _untaxed(element: Element) -> Element:
    components = tuple(msgspec.structs.replace(component, tax_percent=None) for component in element.components)
    return msgspec.structs.replace(element, components=components)


def _load(raw: bytes | str, reader: FieldReader) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) < len(pairs):
            names = [name for name, _ in pairs]
            reader.problems += [f"{name} is given more than once" for name in fields if names.count(name) > 1]
        return fields

    try:
        value = json.loads(raw, parse_float=Decimal, parse_int=Decimal, parse_constant=Decimal, object_pairs_hook=once)
    except (ValueError, RecursionError, InvalidOperation) as error:
        raise TariffError(f"the tariff is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise TariffError(f"the tariff is {show(value)}, expected an object")
    return value


def _sha256(content: list[Any]) -> str:
    """The hash of the canonical content: 0.10 and 0.1 are one number, an absent step and step 0 one step."""
    text = json.dumps([_canonical(value) for value in content], separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _canonical(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value.normalize() + 0, "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Component):
        fields = msgspec.structs.astuple(value)
        return [_canonical(field or None) if name == "step_size" else _canonical(field)
                for name, field in zip(value.__struct_fields__, fields, strict=True)]  # fmt: skip
    if isinstance(value, Element):
        return [_canonical(getattr(value, name)) for name in value.__struct_fields__ if name != "restrictions_text"]
    if isinstance(value, (list, tuple)):
        return [_canonical(item) for item in value]
    return value


def _plain(value: object) -> str | None:
    """An id or name as text; a number is taken as its digits."""
    return (
        str(value) if isinstance(value, (str, int, Decimal)) and not isinstance(value, bool) and value != "" else None
    )
