"""Files that are no text, known by how they begin: what they are, and in which form to ask for them.

What does not belong here: JSON and CSV.
"""

HEAD_BYTES = 4096

_WORKBOOK = "is an Excel workbook, which is not read; save it as CSV"
_BEGINNINGS = (
    (b"\x1f\x8b", "is packed by gzip, which its name does not say; name it .gz"),
    (b"\xd0\xcf\x11\xe0", "is an old Office file, which is not read; save it as CSV"),
    (b"%PDF-", "is a PDF, which is not read; ask for CSV or JSON"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive, which is not read; pack it as .zip or .gz"),
    (b"Rar!", "is a RAR archive, which is not read; pack it as .zip or .gz"),
    (b"\x28\xb5\x2f\xfd", "is packed by zstd, which is not read; pack it as .zip or .gz"),
    (b"\xfd7zXZ", "is packed by xz, which is not read; pack it as .zip or .gz"),
    (b"BZh9", "is packed by bzip2, which is not read; pack it as .zip or .gz"),
    (b"PAR1", "is a Parquet file, which is not read; ask for CSV or NDJSON"),
)
_ZIP = b"PK\x03\x04"


def other_kind(head: bytes) -> str | None:
    """What a file is that begins so, and what to do; None where it may be text."""
    if head.startswith(_ZIP):
        if b"[Content_Types].xml" in head or b"xl/" in head:
            return _WORKBOOK
        return "is a zip archive, which its name does not say; name it .zip"
    lower = head.lstrip().lower()
    if lower.startswith((b"<!doctype html", b"<html")):
        return "is a web page, such as an error of the server it was fetched from; fetch it again"
    return next((what for beginning, what in _BEGINNINGS if head.startswith(beginning)), None)
