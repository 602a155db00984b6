"""The records of a landed file as ingest split it when it was taken in, from the ledger's objects alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from orchestration.defs.ingest.feed_mapping import read_any_mapping
from orchestration.defs.ingest.files import LandedFile, records_of
from orchestration.defs.ingest.landing import standing_master
from orchestration.defs.ingest.mapping import MappingError, mapping_path
from orchestration.defs.ingest.records import RawRecord
from orchestration.facts import objects
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry


def split_landed(
    home: Home, entries: Sequence[Entry], arrival: Entry, file: Mapping[str, Any], data: bytes
) -> list[RawRecord]:
    """The records of one file of an arrival, under the mapping of that time. `data`: the file's bytes."""
    master = standing_master([entry for entry in entries if entry.seq < arrival.seq])
    path = mapping_path(file["source"], file["feed"])
    try:
        mapping = read_any_mapping(path, objects.get(home, master[path]), file["feed"]) if path in master else None
    except MappingError:
        # It was read the same way then: a mapping that cannot be read is none.
        mapping = None
    return records_of(LandedFile(file["source"], file["feed"], file["file_name"]), data, mapping)
