"""The records of a landing folder in other files: split, packed, shuffled and repeated by chance."""

import gzip
import io
import os
import random
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.defs.ingest.raw_record import json_problem
from orchestration.defs.ingest.records import split

Files = dict[str, bytes]
_LONG_AGO = 1_790_000_000


@dataclass(frozen=True, slots=True)
class Sent:
    """One record as its sender wrote it, and the batch that it comes with. header: of a CSV file.

    A partner's CSV invoice is one thing however many lines it has: it is sent whole.
    """

    folder: str
    batch: int
    text: bytes
    header: bytes | None


def records_of(landing: Path, batches: int, chance: random.Random) -> list[Sent]:
    """Every record in landing, with a batch of its own."""
    sent = []
    for path in sorted(path for path in landing.rglob("*") if path.is_file()):
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        folder = path.parent.relative_to(landing).as_posix()
        header: bytes | None = None
        if path.name.endswith(".csv"):
            header, _, rest = data.partition(b"\n")
            texts = [rest] if folder.endswith("/invoices") else rest.splitlines()
        else:
            texts = [record.text.encode() for record in split(data)]
        sent += [Sent(folder, chance.randrange(batches), text, header) for text in texts]
    return sent


def plain(records: Sequence[Sent], batch: int) -> Files:
    """The records of a batch, each once: one file a folder and header."""
    return {
        f"{folder}/{batch}-all.{'csv' if header is not None else 'ndjson'}": _lines(header, texts)
        for (folder, header), texts in _by_folder([record for record in records if record.batch == batch]).items()
    }


def repacked(records: Sequence[Sent], batch: int, chance: random.Random) -> Files:
    """The same records shuffled, in files of any size, form and packaging, with some that came before or come twice."""
    first = [record for record in records if record.batch == batch]
    before = [record for record in records if record.batch <= batch]
    again = chance.sample(before, len(before) // 10)
    files: Files = {}
    for (folder, header), sent in _by_folder([*first, *again]).items():
        chance.shuffle(sent)
        left = sent
        while left:
            # Two CSV invoices in one file would be rows of one another.
            count = 1 if folder.endswith("/invoices") else chance.choice((1, 7, 60, 400))
            part, left = left[:count], left[count:]
            stem = f"{folder}/{batch}-{len(files):04}"
            if header is None:
                # What is no JSON breaks whatever stands around it, unless each has its line.
                forms = list(_FORMS if len(part) > 1 else _SINGLE) if all(map(_is_json, part)) else ["lines"]
                form = chance.choice(forms)
                content, ending = (_FORMS | _SINGLE)[form](part), ".ndjson" if form == "lines" else ".json"
            else:
                content, ending = _lines(header, part), ".csv"
            match chance.choice(("plain", "gz", "zip")):
                case "plain":
                    files[stem + ending] = content
                case "gz":
                    files[f"{stem}{ending}.gz"] = gzip.compress(content)
                case "zip":
                    files[f"{stem}.zip"] = _zipped({f"sub/part{ending}": content})
    # Bytes that came before, under another name.
    name = chance.choice(sorted(files))
    files[name.replace(f"/{batch}-", f"/{batch}-again-")] = files[name]
    return files


def land(home: Path, files: Mapping[str, bytes]) -> None:
    """Write the files into a home's inbox, where they have been at rest for a while."""
    for name, data in files.items():
        path = home / "landing" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (_LONG_AGO, _LONG_AGO))


def _is_json(text: bytes) -> bool:
    return json_problem(text) is None


def _by_folder(records: Sequence[Sent]) -> dict[tuple[str, bytes | None], list[bytes]]:
    found: dict[tuple[str, bytes | None], list[bytes]] = {}
    for record in records:
        found.setdefault((record.folder, record.header), []).append(record.text)
    return found


def _lines(header: bytes | None, texts: Sequence[bytes]) -> bytes:
    return b"\n".join([*([header] if header is not None else []), *texts]) + b"\n"


def _array(texts: Sequence[bytes]) -> bytes:
    return b"[" + b" ,\n ".join(texts) + b"]"


def _envelope(texts: Sequence[bytes]) -> bytes:
    return b'{"data": [' + b",".join(texts) + b'], "status_code": 1000, "timestamp": "2026-11-01T00:00:00Z"}'


def _object(texts: Sequence[bytes]) -> bytes:
    return texts[0]


_FORMS: dict[str, Callable[[Sequence[bytes]], bytes]] = {
    "lines": lambda texts: _lines(None, texts), "array": _array, "envelope": _envelope,
}  # fmt: skip
_SINGLE: dict[str, Callable[[Sequence[bytes]], bytes]] = {**_FORMS, "object": _object}


def _zipped(members: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()
