"""Whether a file that cannot be read to its end has that end: then what is broken stays so, and nothing more is coming.

What does not belong here: how old a file is and whether it is waited for (arriving).
"""

import zipfile
from pathlib import Path

from orchestration.defs.ingest.unpack import FileError, is_gzip, is_zip, pieces, unpacked

# Files of lines: one that ends with a line's end is whole, however broken that line is.
_LINES = (".ndjson", ".jsonl", ".csv", ".tsv", ".txt")
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_TAIL_BYTES = 1024


def is_end_there(path: Path) -> bool:
    """Whether the file ends as its kind does: an archive's directory or trailer, the end of a line, of an array."""
    try:
        size = path.stat().st_size
        if size == 0:
            return False
        if is_gzip(path.name):
            return _is_gzip_whole(path, size)
        with path.open("rb") as file:
            head = file.read(4).removeprefix(b"\xef\xbb\xbf")
            file.seek(-min(size, _TAIL_BYTES), 2)
            tail = file.read()
        if is_zip(path.name):
            return head[:2] != b"PK" or zipfile.is_zipfile(path)
    except OSError:
        return False
    if head.startswith(_UTF16_BOMS):
        # Never read, however much of it comes.
        return True
    if path.name.lower().endswith(_LINES):
        return tail.endswith(b"\n")
    return head[:1] == b"[" and tail.rstrip().endswith(b"]")


def _is_gzip_whole(path: Path, size: int) -> bool:
    """Whether it does not break off: a wrong checksum in its middle is no missing end."""
    try:
        with path.open("rb") as packed:
            for _ in pieces(unpacked(path.name, packed, size)):
                pass
    except FileError as error:
        return not isinstance(error.__cause__, EOFError)
    return True
