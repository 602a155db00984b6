"""Records of one or more files as columns, in pieces of bounded size: what the loader hands to DuckDB at once.

What does not belong here: where a record begins and ends (records, record_stream).
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from orchestration.defs.ingest.raw_record import RawRecord, repeated_key

# A chunk is closed when it holds this much: memory of a load is a few times CHUNK_BYTES, whatever the file's size.
CHUNK_BYTES = 64 * 1024 * 1024
CHUNK_RECORDS = 100_000


@dataclass(slots=True)
class RecordChunk:
    """Records side by side, one list a column, all of one length; see RawRecord for what each is.

    colons: how many there are in the text, by which a key that is there twice is told without reading it again.
    """

    file_seqs: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    sha256s: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    problems: list[str | None] = field(default_factory=list)
    colons: list[int] = field(default_factory=list)
    size: int = 0

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def record_ids(self) -> list[int]:
        """(file_seq << 32) | position."""
        return [file_seq << 32 | position for file_seq, position in zip(self.file_seqs, self.positions, strict=True)]

    @property
    def is_full(self) -> bool:
        """Whether nothing more should be added."""
        return self.size >= CHUNK_BYTES or len(self) >= CHUNK_RECORDS

    def append(self, file_seq: int, record: RawRecord) -> None:
        """Add one record."""
        self.file_seqs.append(file_seq)
        self.positions.append(record.position)
        self.sha256s.append(record.sha256)
        self.texts.append(record.text)
        self.problems.append(record.problem)
        self.colons.append(record.text.count(":"))
        self.size += len(record.text)

    def extend(self, other: "RecordChunk") -> None:
        """Add all records of another chunk."""
        self.file_seqs += other.file_seqs
        self.positions += other.positions
        self.sha256s += other.sha256s
        self.texts += other.texts
        self.problems += other.problems
        self.colons += other.colons
        self.size += other.size

    def at(self, places: Iterable[int]) -> "RecordChunk":
        """Those of the records that stand at these places."""
        chosen, records = RecordChunk(), self.records()
        for place in places:
            chosen.append(self.file_seqs[place], records[place])
        return chosen

    def records(self) -> list[RawRecord]:
        """The records one by one."""
        columns = zip(self.positions, self.texts, self.sha256s, self.problems, strict=True)
        return [RawRecord(*values) for values in columns]


def with_repeated_keys(chunk: RecordChunk) -> RecordChunk:
    """The same records, those in which an object has a key twice with that as their problem."""
    for place, text in enumerate(chunk.texts):
        if chunk.problems[place] is None and (name := repeated_key(text)) is not None:
            chunk.problems[place] = f"the record has the key {name[:60]} twice, so it says two things"
    return chunk


def chunks_of_records(file_seq: int, records: Iterable[RawRecord]) -> Iterator[RecordChunk]:
    """One file's records as chunks."""
    chunk = RecordChunk()
    for record in records:
        chunk.append(file_seq, record)
        if chunk.is_full:
            yield chunk
            chunk = RecordChunk()
    if chunk:
        yield chunk


def merged(chunks: Iterable[RecordChunk]) -> Iterator[RecordChunk]:
    """Small chunks put together: ten thousand files of a hundred records cost what one file of all costs."""
    gathered = RecordChunk()
    for chunk in chunks:
        if gathered and gathered.size + chunk.size > CHUNK_BYTES:
            yield gathered
            gathered = RecordChunk()
        if gathered or not chunk.is_full:
            gathered.extend(chunk)
        else:
            gathered = chunk
        if gathered.is_full:
            yield gathered
            gathered = RecordChunk()
    if gathered:
        yield gathered


def prefetched(chunks: Iterable[RecordChunk]) -> Iterator[RecordChunk]:
    """The same chunks, the next one read while this one is loaded: DuckDB works without Python's lock."""
    iterator = iter(chunks)
    with ThreadPoolExecutor(max_workers=1) as reader:
        coming = reader.submit(next, iterator, None)
        while (chunk := coming.result()) is not None:
            coming = reader.submit(next, iterator, None)
            yield chunk
