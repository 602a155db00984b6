"""A file that is no text says what it is, and in which form to ask for it."""

import gzip
import io
import zipfile

import pytest

from orchestration.defs.ingest.files import GivenBytes, LandedFile, csv_lines, records_of
from orchestration.defs.ingest.mapping import Format
from orchestration.defs.ingest.records import FileError


def packed(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "{}")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (packed("[Content_Types].xml", "xl/workbook.xml"), "is an Excel workbook, which is not read; save it as CSV."),
        (packed("a.json"), "is a zip archive, which its name does not say; name it .zip."),
        (gzip.compress(b"[]"), "is packed by gzip, which its name does not say; name it .gz."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "is an old Office file, which is not read; save it as CSV."),
        (b"%PDF-1.7\n", "is a PDF, which is not read; ask for CSV or JSON."),
        (
            b"\n<!DOCTYPE html><p>502",
            "is a web page, such as an error of the server it was fetched from; fetch it again.",
        ),
    ],
)
def test_what_a_file_is_by_its_first_bytes(data: bytes, sentence: str) -> None:
    (record,) = records_of(LandedFile("emo", "cdrs", "a.json"), data, None)
    assert (record.position, record.problem) == (0, f"a.json {sentence}")
    with pytest.raises(FileError, match=sentence.rpartition(";")[2].strip(" .")):
        next(csv_lines(LandedFile("emo", "sessions", "a.csv"), GivenBytes(data), Format()))
    # What an archive holds is looked at, too.
    (inside,) = records_of(LandedFile("emo", "cdrs", "a.json.gz"), gzip.compress(data), None)
    assert inside.problem == f"a.json.gz {sentence}"


def test_text_is_left_alone() -> None:
    for data in (b"{}", b'[{"a": 1}]', b"\xef\xbb\xbf[1]", b'{"xl/": "PK"}\n{"b": 1}\n'):
        assert all(record.problem is None for record in records_of(LandedFile("emo", "cdrs", "a.json"), data, None))
