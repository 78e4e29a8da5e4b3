"""Tables written for suppliers: CSV and XLSX with typed cells in which nothing is taken for a formula; knows no business field."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from crossdock.documents.tables.columns import COLUMNS, Column, Kind
from crossdock.documents.tables.grid import FileFormat, guarded
from crossdock.documents.tables.reading import letters

Value = str | Decimal | int | date | None
_EPOCH: Final = datetime(2026, 1, 1)  # noqa: DTZ001


def write(kind: Kind, rows: Iterable[Mapping[str, Value]], form: FileFormat = "xlsx", decimal: str = ".") -> bytes:
    """A file of a template with these rows. The same rows give the same cells; text that looks like a formula stays text."""
    columns = COLUMNS[kind]
    return _workbook(columns, rows) if form == "xlsx" else _csv(columns, rows, decimal)


def _csv(columns: Sequence[Column], rows: Iterable[Mapping[str, Value]], decimal: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";" if decimal == "," else ",", lineterminator="\r\n")
    writer.writerow([column.name for column in columns])
    for row in rows:
        writer.writerow([_cell(row.get(column.name), decimal) for column in columns])
    return text.getvalue().encode("utf-8-sig")  # without the mark Excel takes the file for its own code page


def _cell(value: Value, decimal: str) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f").replace(".", decimal)
    if isinstance(value, date):
        return value.isoformat()
    return guarded(value) if isinstance(value, str) else str(value)


def _workbook(columns: Sequence[Column], rows: Iterable[Mapping[str, Value]]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.cell import Cell
    from openpyxl.styles import Font, PatternFill

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Data"
    sheet.freeze_panes = "A2"
    for at, column in enumerate(columns, 1):
        head = sheet.cell(1, at)
        assert isinstance(head, Cell)
        _put(head, column.name)
        head.font = Font(bold=True)
        head.fill = PatternFill("solid", fgColor="FFE699" if column.needed else "DDEBF7")
        sheet.column_dimensions[letters(at - 1)].width = max(12, len(column.name) + 2)
    for number, row in enumerate(rows, 2):
        for at, column in enumerate(columns, 1):
            value = row.get(column.name)
            if value is not None and value != "":
                cell = sheet.cell(number, at)
                assert isinstance(cell, Cell)
                _put(cell, value)
    guide = book.create_sheet("Columns")
    for number, words in enumerate(
        [("column", "needed", "example", "meaning", "also recognised"), *(_told(each) for each in columns)], 1
    ):
        for at, text in enumerate(words, 1):
            cell = guide.cell(number, at)
            assert isinstance(cell, Cell)
            _put(cell, text)
    book.properties.created = book.properties.modified = _EPOCH
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _told(column: Column) -> tuple[str, ...]:
    return (column.name, "yes" if column.needed else "", column.example, column.says, ", ".join(column.also))


def _put(cell: object, value: Value) -> None:
    from openpyxl.cell import Cell

    assert isinstance(cell, Cell)
    if isinstance(value, str):
        text = "".join(sign for sign in value if sign >= " " or sign in "\t\n")[:32_000]
        cell.value = text
        cell.data_type = "s"  # text that begins with = stays text
        cell.number_format = "@"
        cell.quotePrefix = text.startswith(("=", "+", "-", "@"))
    else:
        cell.value = value
        if isinstance(value, date):
            cell.number_format = "yyyy-mm-dd"


def template(kind: Kind, form: FileFormat = "xlsx", rows: Iterable[Mapping[str, Value]] = ()) -> bytes:
    """An empty template, or one with what is known already."""
    return write(kind, rows, form)
