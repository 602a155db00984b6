"""A landed file as records: JSON by its structure, CSV by its lines; what cannot be opened is one record."""

import hashlib
from dataclasses import dataclass
from pathlib import PurePath

from orchestration.defs.ingest.csv_records import split_lines
from orchestration.defs.ingest.feed_mapping import FeedMapping
from orchestration.defs.ingest.mapping import Format, Mapping
from orchestration.defs.ingest.records import FileError, RawRecord, decompress, split

_CSV_ENDINGS = (".csv", ".tsv", ".txt")


@dataclass(frozen=True, slots=True)
class LandedFile:
    """Where a file stands in landing/."""

    source: str
    feed: str
    file_name: str

    @property
    def subject(self) -> str:
        """As decisions name it: <source>/<feed>/<file>."""
        return f"{self.source}/{self.feed}/{self.file_name}"


def is_csv(file: LandedFile, mapping: Mapping | FeedMapping | None) -> bool:
    """Whether the file is read by lines: its ending says so, or its feed has a mapping and it is no JSON."""
    name = file.file_name.lower().removesuffix(".gz")
    if name.endswith(_CSV_ENDINGS):
        return True
    return mapping is not None and PurePath(name).suffix not in (".json", ".ndjson", ".jsonl")


def records_of(file: LandedFile, data: bytes, mapping: Mapping | FeedMapping | None) -> list[RawRecord]:
    """Every record of the file in order. One that cannot be unpacked is one record at position 0 with its problem."""
    try:
        content = decompress(file.file_name, data)
    except FileError as error:
        return [broken_file(data, str(error))]
    if is_csv(file, mapping):
        form = mapping.format if mapping else Format()
        return split_lines(content, form.encoding, form.delimiter)[1:]
    return split(content)


def broken_file(data: bytes, problem: str) -> RawRecord:
    """A whole file as one record that cannot be read."""
    return RawRecord(0, "", hashlib.sha256(data).hexdigest(), problem)
