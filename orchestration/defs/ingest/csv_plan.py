"""A CSV mapping made ready for reading rows: which field comes from which column, and how.

What does not belong here: reading a cell (csv_cells) or a row (csv_cdrs).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.defs.ingest.mapping import Columns, IdPart, Mapping, MappingError, Number, Stamp, Text

TEXTS = (
    "session_id", "authorization_reference", "token_uid", "token_type", "contract_id",
    "location_id", "evse_uid", "evse_id", "connector_id", "meter_id", "credit_reference_id", "invoice_reference_id",
    "remark",
)  # fmt: skip
ALL_TEXTS = (*TEXTS, "cdr_id", "cpo_party", "emsp_party", "currency", "tariff_id", "auth_method")
NUMBERS = (
    "energy_kwh", "total_time_hours", "total_parking_hours", "claimed_excl_tax", "claimed_incl_tax",
    "claimed_fixed_excl_tax", "claimed_energy_excl_tax", "claimed_time_excl_tax", "claimed_parking_excl_tax",
    "register_start_kwh", "register_end_kwh",
)  # fmt: skip
STAMPS = ("started_at", "ended_at", "last_updated")


@dataclass(frozen=True, slots=True)
class Plan:
    """A mapping made ready: what to read from each row, without what the mapping does not name."""

    mapping: Mapping
    columns: Columns
    constants: dict[str, str | None]
    texts: list[tuple[str, Text]]
    numbers: list[tuple[str, Number]]
    stamps: list[tuple[str, Stamp]]
    id_parts: list[IdPart]
    weekday: Text | None

    @classmethod
    def of(cls, mapping: Mapping) -> "Plan":
        """The plan of a mapping that names columns."""
        columns = mapping.columns
        assert columns is not None, "a mapping without columns reads no CSV"
        given = {
            name: getattr(columns, name) for name in columns.__struct_fields__ if getattr(columns, name) is not None
        }
        parts = mapping.id.columns if mapping.id is not None else ()
        return cls(
            mapping=mapping,
            columns=columns,
            constants={name: getattr(mapping.constants, name, None) for name in ALL_TEXTS},
            texts=[(name, _spec(given[name], Text)) for name in ALL_TEXTS if name in given],
            numbers=[(name, _spec(given[name], Number)) for name in NUMBERS if name in given],
            stamps=[(name, _spec(given[name], Stamp)) for name in STAMPS if name in given],
            id_parts=[IdPart(column=part) if isinstance(part, str) else part for part in parts],
            weekday=_spec(columns.weekday, Text) if columns.weekday is not None else None,
        )


def _spec(given: Any, model: Any) -> Any:
    return model(column=given) if isinstance(given, str) else given


def check_columns(names: Sequence[str], plan: Plan) -> None:
    """Raise MappingError naming the first column that the mapping wants and the file does not have."""
    for name in _named_columns(plan):
        if name not in names:
            raise MappingError(
                f"the column {name!r} of the mapping is not in the file, which has {', '.join(names)}; "
                "correct the mapping, or ask for the file again."
            )


def _named_columns(plan: Plan) -> Iterator[str]:
    for _, text in plan.texts:
        yield text.column
    for _, number in plan.numbers:
        yield number.column
    for _, stamp in plan.stamps:
        yield from (column for column in (stamp.column, stamp.date, stamp.time, stamp.zone) if column is not None)
    yield from (part.column for part in plan.id_parts)
    if plan.weekday is not None:
        yield plan.weekday.column
    if plan.mapping.test_when is not None:
        yield plan.mapping.test_when.column
