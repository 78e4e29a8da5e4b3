"""A file of a supplier as rows of cells: what it really is, within bounds of size; knows no business field."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Final, Literal

from crossdock.core.errors import PayloadMalformed
from crossdock.documents.tables.workbook import open_workbook

MAX_BYTES: Final = 16 << 20
MAX_ROWS: Final = 20_000
MAX_COLUMNS: Final = 120
MAX_CELL: Final = 4_000
Cell = str | Decimal | date | bool | None
"""A cell as it is in the file: CSV knows text only, XLSX numbers and dates too."""
FileFormat = Literal["csv", "xlsx"]
_OTHERS: Final = (
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Excel file (.xls) or a workbook with a password",
        "Save it as .xlsx without a password.",
    ),
    (b"%PDF-", "a PDF", "Send the spreadsheet, not a print of it."),
    (b"{\\rtf", "a text document", "Save it as .csv or .xlsx."),
    (b"<", "a web page or XML", "Save it as .csv or .xlsx."),
    (b"\x1f\x8b", "a compressed file", "Unpack it first."),
    (b"\x89PNG", "a picture", "Send the spreadsheet itself."),
    (b"\xff\xd8\xff", "a picture", "Send the spreadsheet itself."),
    (b"Rar!", "an archive", "Unpack it first."),
    (b"7z\xbc\xaf", "an archive", "Unpack it first."),
)
_ENDINGS: Final[dict[str, FileFormat]] = {".csv": "csv", ".txt": "csv", ".tsv": "csv", ".xlsx": "xlsx"}
_DELIMITERS: Final = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number in the file (the first is 1) and its cells."""

    number: int
    cells: tuple[Cell, ...]

    def __bool__(self) -> bool:
        return any(cell is not None and cell != "" for cell in self.cells)


def format_of(data: bytes, file_name: str = "") -> FileFormat:
    """What a file really is. Raises `PayloadMalformed` for anything but CSV and XLSX, and for a name that says something else."""
    if not data.strip():
        raise PayloadMalformed("the file is empty")
    if len(data) > MAX_BYTES:
        raise PayloadMalformed(f"the file has {len(data)} bytes; at most {MAX_BYTES} are read")
    for start, what, advice in _OTHERS:
        if data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(start):
            raise PayloadMalformed(f"the file is {what}. {advice}")
    found: FileFormat = "xlsx" if data.startswith(b"PK") else "csv"
    ending = PurePosixPath(file_name.lower()).suffix
    said = _ENDINGS.get(ending)
    if ending in (".xlsm", ".xlsb", ".xls", ".ods"):
        raise PayloadMalformed(f"{ending} files are not read. Save it as .xlsx or .csv.")
    if said is not None and said != found:
        raise PayloadMalformed(
            f"the file's name says {said.upper()}, but it is {'a workbook or an archive' if found == 'xlsx' else 'text'}"
        )
    return found


def rows(data: bytes, file_name: str = "") -> Iterator[Row]:
    """The rows of a file that are not blank. Raises `PayloadMalformed` for what cannot be read, and beyond the bounds."""
    kind = format_of(data, file_name)
    found = _csv_rows(data) if kind == "csv" else _bounded(open_workbook(data))
    for row in found:
        if row.number > MAX_ROWS:
            raise PayloadMalformed(f"row {row.number}: the file has more than {MAX_ROWS} rows; split it", row=row.number)
        if row:
            yield row


def _bounded(cells: Iterator[tuple[Cell, ...]]) -> Iterator[Row]:
    for number, each in enumerate(cells, 1):
        yield Row(number, each[:MAX_COLUMNS])


def _csv_rows(data: bytes) -> Iterator[Row]:
    text = _decode(data)
    delimiter = _delimiter(text)
    csv.field_size_limit(MAX_CELL * 4)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if len(cells) > MAX_COLUMNS:
                raise PayloadMalformed(f"row {reader.line_num}: more than {MAX_COLUMNS} columns", row=reader.line_num)
            yield Row(reader.line_num, tuple(_unguarded(cell.strip()) for cell in cells))
    except csv.Error as error:
        raise PayloadMalformed(f"row {reader.line_num}: not CSV: {error}", row=reader.line_num) from None


def _decode(data: bytes) -> str:
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        raise PayloadMalformed(f"row {row}: the text is not UTF-8. Save it as 'CSV UTF-8', or as .xlsx.", row=row) from None
    for at, sign in enumerate(text):
        if sign < " " and sign not in "\r\n\t":
            row = text.count("\n", 0, at) + 1
            raise PayloadMalformed(f"row {row}: holds a character that is no text (code {ord(sign)})", row=row)
    return text


def _delimiter(text: str) -> str:
    """The delimiter the header is written with: the one that cuts it into most cells."""
    head = next((line for line in text.splitlines() if line.strip()), "")
    if head.lower().startswith("sep=") and len(head) >= 5:  # Excel's own hint
        return head[4]
    return max(_DELIMITERS, key=head.count)


GUARDED: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""


def guarded(text: str) -> str:
    """Text that no spreadsheet takes for a formula: with an apostrophe before it when it would."""
    return f"'{text}" if text.startswith(GUARDED) or (text.startswith("'") and text[1:].startswith((*GUARDED, "'"))) else text


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith((*GUARDED, "'")) else text
