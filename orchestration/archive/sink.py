"""Where an export is written: a folder or a zip archive, each file hashed as it goes in."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from orchestration.defs.ingest.unpack import pieces
from orchestration.facts.objects import Readable

# A zip archive keeps no time of ours, so that the same content is the same archive.
_DATE = (1980, 1, 1, 0, 0, 0)
# What is packed already is stored as it is.
_PACKED = (".zst", ".parquet", ".xlsx", ".pdf", ".gz", ".zip")


class ExportError(Exception):
    """The export cannot be written; one sentence with the remedy."""


class Sink:
    """Files by name, with the SHA-256 and size of each."""

    def __init__(self, archive: zipfile.ZipFile | None, folder: Path) -> None:
        self._archive, self._folder = archive, folder
        self.written: dict[str, tuple[str, int]] = {}

    def add(self, name: str, content: Readable | bytes) -> None:
        """Write one file. A name is given once."""
        stream = io.BytesIO(content) if isinstance(content, bytes) else content
        digest, size = hashlib.sha256(), 0
        with self._opened(name) as file:
            for piece in pieces(stream):
                digest.update(piece)
                size += len(piece)
                file.write(piece)
        self.written[name] = (digest.hexdigest(), size)

    def add_file(self, name: str, path: Path) -> None:
        """Write a file that stands somewhere."""
        with path.open("rb") as stream:
            self.add(name, stream)

    @contextmanager
    def _opened(self, name: str) -> Iterator[BinaryIO]:
        if self._archive is not None:
            info = zipfile.ZipInfo(name, _DATE)
            info.compress_type = zipfile.ZIP_STORED if name.endswith(_PACKED) else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            with self._archive.open(info, "w", force_zip64=True) as member:
                yield member  # type: ignore[misc]
            return
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            yield file


@contextmanager
def open_sink(target: Path) -> Iterator[Sink]:
    """A new folder, or a new archive when the name ends in .zip: there whole, or not at all. Raises ExportError."""
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise ExportError(f"{target} is there already: name a folder or a .zip that is not.")
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.unfinished")
    if unfinished.exists():
        raise ExportError(f"{unfinished} was left by an export that broke off: remove it and try again.")
    if target.suffix.lower() == ".zip":
        with zipfile.ZipFile(unfinished, "x") as archive:
            yield Sink(archive, unfinished)
    else:
        unfinished.mkdir()
        yield Sink(None, unfinished)
        if target.exists():
            target.rmdir()
    unfinished.rename(target)
