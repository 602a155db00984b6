"""Files of the demo: which record lies in which file, how each source files them, and truth.csv.

Records are written as they are made: a file is never held in memory.
"""

import csv
import gzip
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

from orchestration.demo.cdrs import cdr_fields, cdr_key, cdr_text
from orchestration.demo.clock import DAY, Month, iso
from orchestration.demo.csv_rows import CSV_HEADER, csv_row
from orchestration.demo.faults import FAULTS
from orchestration.demo.parties import Operator
from orchestration.demo.sessions import Session
from orchestration.demo.tariffs import Tariff

TRUTH_COLUMNS = ("cdr_key", "file", "fault", "rule_id")


@dataclass(frozen=True, slots=True)
class Place:
    """One record to write: a session, or the echo of one that a fault makes."""

    session: Session
    is_echo: bool = False


@dataclass(slots=True)
class Chunk:
    """One CDR file: its operator's layout, its path below landing, its records in order."""

    path: str
    operator: Operator
    sent_at: int
    places: list[Place]


def plan_chunks(sessions: Sequence[Session], month: Month) -> list[Chunk]:
    """Files of all sources by name. An echo lies in the file after its session's."""
    chunks: dict[str, Chunk] = {}
    for session in sessions:
        operator = session.connector.operator
        first = _chunk_number(session.sent_at, month, operator)
        _chunk(chunks, operator, first, month).places.append(Place(session))
        if session.fault and FAULTS[session.fault].echo is not None:
            _chunk(chunks, operator, first + 1, month).places.append(Place(session, is_echo=True))
    return [chunks[path] for path in sorted(chunks)]


def _chunk_number(at: int, month: Month, operator: Operator) -> int:
    first_day = month.starts_at // DAY + 1  # local midnight is the evening before in UTC
    return max(0, at // DAY - first_day) // operator.days


def _chunk(chunks: dict[str, Chunk], operator: Operator, number: int, month: Month) -> Chunk:
    day = month.first + timedelta(days=number * operator.days)
    ending = operator.layout if operator.layout in ("ndjson", "csv") else "json"
    path = f"{operator.source}/cdrs/cdrs-{day.isoformat()}.{ending}" + (".gz" if operator.is_gzip else "")
    sent_at = month.starts_at + (number + 1) * operator.days * DAY
    return chunks.setdefault(path, Chunk(path, operator, sent_at, []))


@dataclass
class CdrWriter:
    """Writes CDR files and collects the truth of what was planted."""

    landing: Path
    rng: Random
    tariff_texts: dict[tuple[str, str], str]
    truth: list[tuple[str, str, str, str]]

    def write(self, chunk: Chunk, advance: Callable[[int], object]) -> None:
        """One file; `advance` is told of each record."""
        operator = chunk.operator
        with record_file(self.landing / chunk.path, operator.layout, operator.is_gzip, chunk.sent_at) as put:
            for place in chunk.places:
                put(self._text(place, chunk.path, put.position + 1))
                advance(1)

    def _text(self, place: Place, path: str, position: int) -> str:
        session = place.session
        if session.connector.is_csv:
            return csv_row(session)
        tariff = session.connector.tariff
        fields = cdr_fields(session, self.tariff_texts[tariff.cpo, tariff.tariff_id])
        if not session.fault:
            return cdr_text(fields)
        fault = FAULTS[session.fault]
        if fault.change is not None:
            fault.change(fields, session, self.rng)
        if place.is_echo and fault.echo is not None:
            fault.echo(fields, session, self.rng)
        key = cdr_key(fields) if fault.keeps_key else ""
        text = cdr_text(fields)
        if fault.mangle is not None:
            text = fault.mangle(text, self.rng)
        # Of two records with one fault, the second is the one that a rule finds.
        rule_id = fault.rule_id if place.is_echo or fault.echo is None else ""
        where = f"{path}#{position}" if fault.is_record else path
        if rule_id or not fault.is_record:
            self.truth.append((key, where, fault.name, rule_id))
        return text


class Put:
    """Appends records to an open file and numbers them: lines, or elements of an array."""

    def __init__(self, file: io.TextIOBase, separator: str) -> None:
        self._file = file
        self._separator = separator
        self.position = 0

    def __call__(self, text: str) -> None:
        if self.position:
            self._file.write(self._separator)
        self._file.write(text)
        self.position += 1


@contextmanager
def record_file(path: Path, layout: str, is_gzip: bool, at: int) -> Iterator[Put]:
    """An open file of records: ndjson, array, the envelope of an OCPI response sent at `at`, or csv."""
    head, separator, tail = {
        "ndjson": ("", "\n", "\n"),
        "csv": (CSV_HEADER + "\n", "\n", "\n"),
        "array": ("[\n", ",\n", "\n]\n"),
        "envelope": (
            '{"data": [\n',
            ",\n",
            f'\n], "status_code": 1000, "status_message": "Success", "timestamp": "{iso(at)}"}}\n',
        ),
    }[layout]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as raw:
        # Neither name nor time in the archive's header: the same records give the same bytes.
        packed = gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=4) if is_gzip else raw
        with io.TextIOWrapper(packed, encoding="utf-8", newline="") as file:
            file.write(head)
            yield Put(file, separator)
            file.write(tail)


def write_records(path: Path, layout: str, texts: Sequence[str], at: int) -> None:
    """A whole feed file."""
    with record_file(path, layout, False, at) as put:
        for text in texts:
            put(text)


def write_truth(path: Path, truth: Sequence[tuple[str, str, str, str]]) -> None:
    """truth.csv: what was planted where, and which rule must find it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(TRUTH_COLUMNS)
        writer.writerows(truth)


def tariff_texts(tariffs: Sequence[Tariff], valid_from: int) -> dict[tuple[str, str], str]:
    """The OCPI text of each tariff, by party and id."""
    return {(tariff.cpo, tariff.tariff_id): tariff.ocpi(valid_from) for tariff in tariffs}
