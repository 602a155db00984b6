"""The plain route of evidence: one pass of SQL over records that are whole and usual, which nearly all are.

The statement is made from the plan that the careful route reads by (feed_values), so a field stands in one place for
both; what it does not take, feed_load reads field by field. What does not belong here: anything said about a record.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from orchestration.defs.ingest.cdr_chunk import CdrChunk, chunk_rows
from orchestration.defs.ingest.feed_fields import Field
from orchestration.defs.ingest.feed_mapping import Party, Spec
from orchestration.defs.ingest.feed_values import Plan
from orchestration.defs.ingest.plain_route import INSERT_RECORDS, leave_out, left_over, with_repeated_key
from orchestration.defs.ingest.record_chunks import RecordChunk

# A leaf is its JSON text. Texts begin and end with a sign that nobody would trim; a number is a text when it is whole.
_TEXT = r'"([!#-\[\]-~]([^"\\]*[!#-\[\]-~])?)?"|0|[1-9][0-9]{0,14}'
# Digits that a double holds, bare or quoted.
_NUMBER = r'-?[0-9]{1,7}(\.[0-9]{1,8})?|"(-?[0-9]{1,7}(\.[0-9]{1,8})?)?"'
_INSTANT = r'"([0-9]{3}[1-9]-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)?"'
_INSTANT_0 = r'"[0-9]{2}[1-9]0-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z"'
_PARTY = '"([A-Za-z]{2}[/*-]?[A-Za-z0-9]{3})?"'
_COUNTRY, _PARTY_ID = '"([A-Za-z]{2})?"', '"([A-Za-z0-9]{3})?"'

# Which records use a shape's words, where another shape might claim them too.
_SHAPES = {
    ("sessions", "plain"): """not contains(raw_text, '"id"')""",
    ("sessions", "2.1.1"): """contains(raw_text, '"start_datetime"')""",
    ("sessions", "2.2.1"): """not regexp_matches(raw_text, '"(start_datetime|auth_id|before_taxes)"')""",
    ("sessions", "2.3.0"): """contains(raw_text, '"before_taxes"')
        and not regexp_matches(raw_text, '"(start_datetime|auth_id)"')""",
    ("authorizations", "plain"): """not contains(raw_text, '"token"')""",
    # The uid of a token is read, so there is an object that has it.
    ("authorizations", "answer"): "token_uid is not null",
}
_TAXES = "total_cost.taxes"
# No colon or letter of a key is written as an escape, and no key is a path itself.
_HAS_NO_ESCAPED_KEY = r"""not regexp_matches(raw_text, '\\u00[0-7]|"[A-Za-z_0-9]+[.][A-Za-z_0-9.]+" *:')"""


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a CSV file: the names of its cells, each once, and the signs between and around them."""

    names: tuple[str, ...]
    delimiter: str
    quote: str


@dataclass(frozen=True, slots=True)
class PlainPlan:
    """What the statement is made from. parties: constants for records that name none; default: of the feed's sender.

    header: of a CSV file, None for JSON, of which `shape` tells whose words it uses.
    """

    plan: Plan
    shape: str
    parties: Mapping[str, str]
    default_party: str | None
    header: Header | None = None


@dataclass(slots=True)
class _Leaf:
    """The fields below a place in the record: objects by name, a list's first items by number, or a leaf."""

    below: dict[str, "_Leaf"] = field(default_factory=dict)

    def add(self, steps: Sequence[str]) -> None:
        if steps:
            self.below.setdefault(steps[0], _Leaf()).add(steps[1:])

    def structure(self) -> Any:
        """As DuckDB's from_json takes it."""
        if not self.below:
            return "JSON"
        if all(step.isdigit() for step in self.below):
            merged = _Leaf()
            for item in self.below.values():
                merged.below |= item.below
            return [merged.structure()]
        return {step: item.structure() for step, item in self.below.items()}

    def places(self, above: str) -> Iterator[str]:
        """The SQL of every place below that has a key."""
        for step, item in self.below.items():
            here = f"{above}[{step}]" if step.isdigit() else f'{above}."{step}"'
            if not step.isdigit():
                yield here
            yield from item.places(here)


def prepare_plain(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the macros that the statements use."""
    connection.execute((Path(__file__).parent / "cdr_macros.sql").read_text())


def load_plain_evidence(connection: duckdb.DuckDBPyConnection, records: RecordChunk, plain: PlainPlan) -> RecordChunk:
    """Load the records of a chunk that are plain in the words of the plan; returns those that are not."""
    chunk = CdrChunk(connection, {"ocpi_text": chunk_rows(connection, records)})
    chunk.keep(_statement(plain), "ocpi_plain")
    if repeated := with_repeated_key(chunk, records):
        leave_out(chunk, repeated)
    chunk.execute(INSERT_RECORDS)
    chunk.execute(
        f"insert into ingest.raw_{plain.plan.feed.name} by name"  # noqa: S608 - own names
        " select * exclude (place, has_more_keys, is_plain) from ocpi_plain where is_plain"
    )
    return left_over(chunk, records)


def _statement(plain: PlainPlan) -> str:
    """A row for each record of ocpi_text: its fields, whether they may be taken, whether more keys are there."""
    plan, feed = plain.plan, plain.plan.feed
    paths = plan.column_names()
    has_taxes = feed.name == "sessions" and plain.shape == "2.3.0"
    if has_taxes:
        paths = [*paths, _TAXES]
    values, usual = [], ["problem is null", "record is not null"]
    for known in feed.fields:
        value, is_usual = _field(known, plan.columns.get(known.name))
        values.append(f"{value} as {known.name}")
        usual += [is_usual] if is_usual else []
    if has_taxes:
        usual.append(_TAXES_ARE_USUAL)
    usual += [f"{known.name} is not null" for known in feed.fields if known.is_required]
    if feed.one_of:
        usual.append(f"coalesce({', '.join(feed.one_of)}) is not null")
    if plain.header is None:
        usual += [_SHAPES.get((feed.name, plain.shape), "true"), _HAS_NO_ESCAPED_KEY]
        record, has_more_keys = _json_record(paths)
    else:
        record, has_more_keys = _csv_record(plain.header, paths), "false"
    parties, source = _parties(plain)
    shown = [known.name for known in feed.fields if known.name not in parties]
    if has_taxes:
        shown[shown.index("total_cost_incl_tax")] = f"{_WITH_TAXES} as total_cost_incl_tax"
    # The literals are the project's own words, but for a mapping's parties and a header's signs, which are quoted.
    return f"""
    with read_once as (
        select place, record_id, problem, raw_text, colons, {record} as record
        from ocpi_text
    ),
    fields as (
        select *, {", ".join(values)}, {has_more_keys} as has_more_keys
        from read_once
    )
    select place, record_id, {source} as party_source,
        {", ".join([*(f"{value} as {name}" for name, value in parties.items()), *shown])},
        has_more_keys, coalesce({" and ".join(usual)}, false) as is_plain
    from fields
    """  # noqa: S608


def _json_record(paths: Sequence[str]) -> tuple[str, str]:
    """The record as a struct of leaves, and whether its text has more colons than what was read of it."""
    tree = _Leaf()
    for path in paths:
        tree.add(path.split("."))
    there = " + ".join(f"ocpi_there({place})" for place in tree.places("record"))
    colons = f"ocpi_colons(concat({', '.join(_leaf(path) for path in paths)}))"
    return f"try(from_json(raw_text, '{json.dumps(tree.structure())}'))", f"{there} + {colons} <> colons"


def _csv_record(header: Header, paths: Sequence[str]) -> str:
    """The same of a line without quotes, each cell as the JSON text that it would be."""
    cells = f"string_split(raw_text, {_quoted(header.delimiter)})"
    leaves = ", ".join(
        f'"{path}" := '
        + (f"""'"' || {cells}[{header.names.index(path) + 1}] || '"'""" if path in header.names else "null::varchar")
        for path in paths
    )
    # What is longer, or has a return in it, the reader of CSV may refuse.
    return f"""case when len({cells}) = {len(header.names)} and length(raw_text) < 100000
        and not contains(raw_text, {_quoted(header.quote)}) and not contains(raw_text, chr(13))
        then struct_pack({leaves}) end"""


def _place(path: str) -> str:
    steps = path.split(".")
    return "record" + "".join(f"[{step}]" if step.isdigit() else f'."{step}"' for step in steps)


def _leaf(path: str) -> str:
    return f"cast({_place(path)} as varchar)"


def _quoted(value: str | None) -> str:
    return "null" if value is None else "'" + value.replace("'", "''") + "'"


def _is(path: str, *patterns: str) -> str:
    matches = " or ".join(f"regexp_full_match({_leaf(path)}, {_quoted(pattern)})" for pattern in patterns)
    return f"({_place(path)} is null or {matches})"


def _text(path: str) -> str:
    return f"""nullif(trim({_leaf(path)}, '"'), '')"""


def _field(known: Field, spec: Spec | None) -> tuple[str, str]:
    """A field's value, and what must hold for it to be that; nothing where no plan says where it stands."""
    if isinstance(spec, Party) and spec.column is None:
        country, party = str(spec.country), str(spec.party)
        usual = f"{_is(country, _COUNTRY)} and {_is(party, _PARTY_ID)}"
        return f"upper({_text(country)} || '/' || {_text(party)})", usual
    column = getattr(spec, "column", None)
    if column is None:
        return "cast(null as varchar)" if known.kind not in ("number", "instant") else "null", ""
    text = _text(column)
    match known.kind:
        case "number":
            return f"try_cast({text} as decimal(18, 8))", _is(column, _NUMBER)
        case "instant":
            stamp = f"try_cast({text} as timestamptz)"
            return stamp, f"{_is(column, _INSTANT, _INSTANT_0)} and ({text} is null or {stamp} is not null)"
        case "word":
            words = ", ".join(_quoted(f'"{word}"') for word in ("", *known.words))
            return text, f"({_place(column)} is null or {_leaf(column)} in ({words}))"
        case "party":
            return f"upper(left({text}, 2) || '/' || right({text}, 3))", _is(column, _PARTY)
        case _:
            return text, _is(column, _TEXT)


def _parties(plain: PlainPlan) -> tuple[dict[str, str], str]:
    """The parties by field, and how the weakest of them is known, as parties.complete_parties tells."""
    feed = plain.plan.feed
    has = {known.name for known in feed.fields}
    prefixes = {
        "cpo_party": "ocpi_evse_party(evse_id)" if "evse_id" in has else "null",
        "emsp_party": "ocpi_contract_party(contract_id)" if "contract_id" in has else "null",
    }
    parties, ranks = {}, []
    for name, prefix in prefixes.items():
        if name not in has:
            continue
        mapped = _quoted(plain.parties.get(name))
        default = _quoted(plain.default_party if name == feed.sender else None)
        parties[name] = f"coalesce(fields.{name}, {prefix}, {mapped}, {default})"
        ranks.append(
            f"case when fields.{name} is not null then 1 when {prefix} is not null then 2"
            f" when {mapped} is not null then 3 when {default} is not null then 4 end"
        )
    weakest = f"greatest({', '.join(ranks)})" if len(ranks) > 1 else ranks[0]
    return parties, f"['record', 'prefix', 'mapping', 'contract'][{weakest}]"


# 2.3.0: the cost with tax is the one without and all taxes; no list of taxes says nothing about them.
_AMOUNTS = 'list_transform(from_json(cast(record.total_cost.taxes as varchar), \'[{"amount": "JSON"}]\'), lambda tax: '
_TAXES_ARE_USUAL = (
    "(record.total_cost.taxes is null or coalesce(list_bool_and("
    + _AMOUNTS
    + r"coalesce(regexp_full_match(cast(tax.amount as varchar), '-?[0-9]{1,7}(\.[0-9]{1,8})?'), false))), false))"
)
_WITH_TAXES = "total_cost_excl_tax + list_sum(" + _AMOUNTS + "try_cast(cast(tax.amount as varchar) as decimal(18, 8))))"
