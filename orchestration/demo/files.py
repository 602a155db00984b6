"""Files of the demo: which record lies in which file, how each source files them, and truth.csv.

Records are written as they are made: a file is never held in memory.
"""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

from orchestration.demo.cdrs import Fields, cdr_fields, cdr_key, cdr_text
from orchestration.demo.clock import DAY, Month, iso
from orchestration.demo.csv_rows import CSV_HEADER, csv_cells, csv_row
from orchestration.demo.fault import Change, net
from orchestration.demo.faults import FAULTS
from orchestration.demo.meters import Meters
from orchestration.demo.parties import OPERATORS, Operator
from orchestration.demo.sessions import Session
from orchestration.demo.tariffs import Tariff

_OPERATOR_BY_SOURCE = {operator.source: operator for operator in OPERATORS}
TRUTH_COLUMNS = ("cdr_key", "file", "fault", "rule_id")


@dataclass(frozen=True, slots=True)
class Place:
    """One record to write: a session, or the echo of one that a fault makes."""

    session: Session
    echo: int = 0  # 1 for the second record of a session, 2 for the third


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
        fault = FAULTS[session.fault] if session.fault else None
        if fault is not None and fault.is_unsent:
            continue
        operator = _OPERATOR_BY_SOURCE[fault.by] if fault is not None and fault.by else session.connector.operator
        series = fault.series if fault is not None else ""
        if series:
            path = f"own/cdrs/{series}.ndjson"
            chunks.setdefault(path, Chunk(path, operator, month.ends_at, [])).places.append(Place(session))
            continue
        first = _chunk_number(session.sent_at, month, operator)
        _chunk(chunks, operator, first, month).places.append(Place(session))
        for number in range(1, 1 + len(_echoes(session))):
            _chunk(chunks, operator, first + 1, month).places.append(Place(session, number))
    _begin_series(chunks)
    return [chunks[path] for path in sorted(chunks)]


def _begin_series(chunks: dict[str, Chunk]) -> None:
    """The first two files of the series whose third one never comes: each takes a session without a fault."""
    fourth = chunks.get("own/cdrs/part-4.ndjson")
    if fourth is None:
        return
    own = [chunk for chunk in chunks.values() if chunk.operator is fourth.operator]
    clean = [(chunk, place) for chunk in own for place in chunk.places if not place.session.fault]
    for number, (chunk, place) in enumerate(clean[:2], start=1):
        chunk.places.remove(place)
        path = f"own/cdrs/part-{number}.ndjson"
        chunks[path] = Chunk(path, fourth.operator, fourth.sent_at, [place])


def _echoes(session: Session) -> list[Change]:
    fault = FAULTS[session.fault] if session.fault else None
    return [echo for echo in (fault.echo, fault.echo_again) if echo is not None] if fault else []


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
    meters: Meters
    truth: list[tuple[str, str, str, str]]
    # What each session was asked for, by the id it has here: id, energy in kWh and net amount as its CDRs say.
    claims: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)

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
            return self._row(session, path)
        tariff = session.connector.tariff
        fields = cdr_fields(session, self.tariff_texts[tariff.cpo, tariff.tariff_id])
        signed = self.meters.signed_data(session)
        if signed is not None:
            fields["signed_data"] = signed
        if not session.fault:
            self._claim(session, fields)
            return cdr_text(fields)
        fault = FAULTS[session.fault]
        if fault.change is not None:
            fault.change(fields, session, self.rng)
        echoes = _echoes(session)
        if place.echo:
            echoes[place.echo - 1](fields, session, self.rng)
        # Who cannot send a record that can be read bills it no better; a credit is on no invoice.
        if fault.stands or place.echo < len(_echoes(session)):
            self._claim(session, fields)
        key = cdr_key(fields) if fault.keeps_key else ""
        text = cdr_text(fields)
        if fault.mangle is not None:
            text = fault.mangle(text, self.rng)
        # Of several records with one fault, the last is the one that a rule finds.
        rule_id = fault.rule_id if place.echo == len(echoes) else ""
        where = f"{path}#{position}" if fault.is_record else path
        if fault.series:
            rule_id = ""  # the file is at fault, not the session
        if rule_id or not fault.is_record:
            self.truth.append((key, where, fault.name, rule_id))
        return text

    def _row(self, session: Session, path: str) -> str:
        cells = csv_cells(session)
        fault = FAULTS[session.fault] if session.fault else None
        if fault is not None:
            if fault.cells is not None:
                fault.cells(cells)
            key = f"{session.connector.operator.party}|{session.cdr_id}".lower()
            self.truth.append((key, path, fault.name, fault.rule_id))
        return csv_row(cells)

    def _claim(self, session: Session, fields: Fields) -> None:
        if "credit" not in fields:
            claim = (json.loads(fields["id"]), fields["total_energy"], net(fields["total_cost"]))
            self.claims.setdefault(session.cdr_id, []).append(claim)


def spoil_files(landing: Path) -> list[tuple[str, str, str, str]]:
    """What is wrong with whole files: the truth of it, without a key."""
    truth = []
    for name, fault in FAULTS.items():
        path = landing / "own" / "cdrs" / f"{fault.series}.ndjson"
        if not fault.series or not path.is_file():
            continue
        if fault.rule_id == "BATCH_COUNT_MISMATCH":
            lines = path.read_bytes().count(b"\n")
            path.with_name(f"{path.name}.manifest.json").write_text(
                f'{{"record_count": {lines + 1}}}\n', encoding="utf-8"
            )
        elif fault.rule_id == "BATCH_REPLAYED":
            again = path.with_name("again-b.ndjson")
            again.write_bytes(path.read_bytes())
            path = again
        truth.append(("", path.relative_to(landing).as_posix(), name, fault.rule_id))
    return truth


def unsent(sessions: Sequence[Session]) -> list[tuple[str, str, str, str]]:
    """The truth of sessions whose CDR never comes: in place of its key the session's, which has the same form."""
    return [
        (f"{session.connector.operator.party}|{session.session_id}".lower(), "", fault.name, fault.rule_id)
        for session in sessions
        if session.fault and (fault := FAULTS[session.fault]).is_unsent
    ]


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
