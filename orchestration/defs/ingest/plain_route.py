"""What the plain routes of CDRs and of evidence have in common: which records of ocpi_plain are taken, and which left.

ocpi_plain is a result of a chunk with place, is_plain and has_more_keys. What does not belong here: what is plain.
"""

from collections.abc import Sequence

from orchestration.defs.ingest.cdr_chunk import CdrChunk
from orchestration.defs.ingest.raw_record import repeated_key
from orchestration.defs.ingest.record_chunks import RecordChunk

INSERT_RECORDS = """
insert into ingest.raw_records by name
select record_id, file_seq, position, record_sha256, raw_text, true as is_typed
from ocpi_text
where place in (select place from ocpi_plain where is_plain)
"""


def with_repeated_key(chunk: CdrChunk, records: RecordChunk) -> list[int]:
    """Places of plain records in which an object has a key twice."""
    more = chunk.execute("select place from ocpi_plain where is_plain and has_more_keys")
    return [place for (place,) in more if repeated_key(records.texts[place]) is not None]


def leave_out(chunk: CdrChunk, places: Sequence[int]) -> None:
    """Let the records at these places be plain no more."""
    numbers = ", ".join(map(str, places))
    chunk.keep(
        f"select * replace (is_plain and place not in ({numbers}) as is_plain) from ocpi_plain",  # noqa: S608 - whole numbers
        "ocpi_plain",
    )


def left_over(chunk: CdrChunk, records: RecordChunk) -> RecordChunk:
    """The records that are not plain."""
    odd = chunk.execute("select place from ocpi_plain where not is_plain order by place")
    return records.at(place for (place,) in odd) if odd else RecordChunk()
