"""The plain route of CDRs: one pass of SQL over records that are whole and usual, which nearly all are.

What does not belong here: any record of which something has to be said. cdr_rows reads those field by field.
"""

from collections.abc import Sequence

import duckdb

from orchestration.defs.ingest.cdr_chunk import CdrChunk
from orchestration.defs.ingest.cdr_tariffs import ParsedTariffs, distinct_tariffs, load_tariffs_of_cdrs
from orchestration.defs.ingest.plain_route import INSERT_RECORDS, leave_out, left_over, with_repeated_key
from orchestration.defs.ingest.raw_record import repeated_key
from orchestration.defs.ingest.record_chunks import RecordChunk

_TARIFFS_SQL = """
select
    record_id,
    place,
    ocpi_version,
    unnest(range(1, len(tariffs) + 1)) as tariff_index,
    cast(unnest(tariffs) as varchar) as tariff_text
from ocpi_plain
where is_plain and len(tariffs) > 0
"""

_INSERTS = (
    INSERT_RECORDS,
    """
    insert into ingest.raw_cdrs by name
    select * exclude (place, periods, tariffs, signed_data, taxes, has_more_keys, is_plain)
    from ocpi_plain
    where is_plain
    """,
    """
    insert into ingest.raw_charging_periods by name
    select record_id, period_no, period.* exclude (dimensions, largest, is_excess)
    from (
        select record_id, unnest(range(1, len(periods) + 1)) as period_no, unnest(periods) as period
        from ocpi_plain
        where is_plain
    )
    """,
)

_HAS_DETAILS_SQL = """
select 1 from ocpi_plain as plain cross join ocpi_load as load
where plain.is_plain and load.profile = 'record'
and (plain.signed_data is not null or plain.ocpi_version = '2.3.0')
limit 1
"""
_DETAIL_INSERTS = (
    """
    insert into ingest.raw_signed_values by name
    select
        record_id, value_no, signed_value.nature, signed_value.plain_data, signed_value.signed_data,
        signed_data.encoding_method, signed_data.encoding_method_version as encoding_version, signed_data.public_key,
        signed_data.url
    from (
        select
            record_id, signed_data,
            unnest(range(1, len(signed_data.signed_values) + 1)) as value_no,
            unnest(signed_data.signed_values) as signed_value
        from ocpi_plain
        where is_plain and len(signed_data.signed_values) > 0
    )
    """,
    """
    insert into ingest.raw_cdr_taxes by name
    select
        record_id, part, tax_no, tax.name as tax_name, tax.account_number,
        ocpi_number(cast(tax.percentage as varchar)) as tax_percent,
        ocpi_number(cast(tax.amount as varchar)) as tax_amount
    from (
        select record_id, part, unnest(range(1, len(taxes) + 1)) as tax_no, unnest(taxes) as tax
        from (
            select
                record_id,
                unnest(['total', 'fixed', 'energy', 'time', 'parking', 'reservation']) as part,
                unnest(taxes) as taxes
            from ocpi_plain
            where is_plain and ocpi_version = '2.3.0'
        )
        where len(taxes) > 0
    )
    """,
)


def load_plain(connection: duckdb.DuckDBPyConnection, records: RecordChunk, parsed: ParsedTariffs) -> RecordChunk:
    """Load the plain CDRs of a chunk; returns the records that are not among them."""
    chunk = CdrChunk(connection, records)
    chunk.run("cdr_plain", "ocpi_plain")
    chunk.keep(_TARIFFS_SQL, "ocpi_tariffs")
    tariffs = distinct_tariffs(chunk)
    repeated = _with_repeated_key_anywhere(chunk, records, tariffs)
    if repeated:
        leave_out(chunk, repeated)
        chunk.keep(_TARIFFS_SQL, "ocpi_tariffs")
        tariffs = distinct_tariffs(chunk)
    details = _DETAIL_INSERTS if chunk.execute(_HAS_DETAILS_SQL) else ()
    for sql in (*_INSERTS, *details):
        chunk.execute(sql)
    load_tariffs_of_cdrs(connection, chunk, tariffs, parsed)
    return left_over(chunk, records)


def _with_repeated_key_anywhere(chunk: CdrChunk, records: RecordChunk, tariffs: Sequence[tuple[str, str]]) -> list[int]:
    """The same with those in whose tariffs one is; there it is looked for once a text."""
    repeated = with_repeated_key(chunk, records)
    texts = {text for text, _ in tariffs if repeated_key(text) is not None}
    if texts:
        sent = chunk.execute("select place, tariff_text from ocpi_tariffs")
        repeated += [place for place, text in sent if text in texts]
    return repeated
