"""Tables of suppliers into documents: header recognised by name, cells read as stated, everything wrong told at once by row and column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, TypeVar

from pydantic import ValidationError

from crossdock.canonical import units
from crossdock.canonical.base import Canonical
from crossdock.canonical.codes import NO_CURRENCY
from crossdock.core.errors import PayloadMalformed
from crossdock.documents.collecting import Collecting, said
from crossdock.documents.drafts import Draft
from crossdock.documents.mapping import Codes, ReadContext
from crossdock.documents.reading import gtin_or_none
from crossdock.documents.tables.columns import ANSWERS, COLUMNS, KINDS, Kind, plain, recognise
from crossdock.documents.tables.grid import Cell, Row, rows

C = TypeVar("C", bound=Canonical)
HEADER_WITHIN: Final = 15
"""The header is looked for in so many rows: suppliers put their letterhead above it."""
_NUMBER: Final = re.compile(r"^[+-]?\d{1,20}(\.\d{1,10})?$", re.ASCII)
_SHORTENED: Final = re.compile(r"^\d[.,]\d+E\+\d+$", re.ASCII | re.IGNORECASE)
_DATES: Final[Mapping[str, tuple[str, str]]] = {
    "iso": ("%Y-%m-%d", "2026-05-31"),
    "d.m.y": ("%d.%m.%Y", "31.05.2026"),
    "d/m/y": ("%d/%m/%Y", "31/05/2026"),
    "m/d/y": ("%m/%d/%Y", "05/31/2026"),
}


class Table(Collecting):
    """One file of a template."""

    def __init__(self, kind: Kind, data: bytes, context: ReadContext, codes: Codes, file_name: str = "") -> None:
        super().__init__(context, codes)
        self.kind = kind
        self.context = context
        self.titles: list[str] = []
        self.places: dict[str, int] = {}
        self._rows = rows(data, file_name)
        self._columns = {column.name: column for column in COLUMNS[kind]}

    def lines(self) -> list[Line]:
        """All rows below the header. Raises `PayloadMalformed` when there is no header or a needed column is missing."""
        self._find_header()
        found = [Line(row, self) for row in self._rows]
        if not found:
            raise PayloadMalformed("the file has a header, but no rows below it")
        for line in found:
            for column in COLUMNS[self.kind]:
                if column.needed and not line.given(column.name):
                    line.wrong(column.name, "must not be empty")
        return found

    def _find_header(self) -> None:
        best: tuple[int, Row, dict[str, int], list[str], list[str]] | None = None
        for _ in range(HEADER_WITHIN):
            row = next(self._rows, None)
            if row is None:
                break
            titles = ["" if cell is None else str(cell) for cell in row.cells]
            places, missing, twice = recognise(self.kind, titles)
            if best is None or len(places) > best[0]:
                best = (len(places), row, places, missing, twice)
            if not missing:
                break
        if best is None or not best[0]:
            needed = ", ".join(column.name for column in COLUMNS[self.kind] if column.needed)
            raise PayloadMalformed(f"no row of the first {HEADER_WITHIN} is a header; columns needed are {needed}")
        _, row, places, missing, twice = best
        self.titles = ["" if cell is None else str(cell) for cell in row.cells]
        if missing or twice:
            words = [f"missing columns: {', '.join(missing)}"] if missing else []
            words += [f"columns that are there twice: {', '.join(twice)}"] if twice else []
            raise PayloadMalformed(
                f"row {row.number}: {'; '.join(words)}", row=row.number, missing=missing, header=self.titles[:100]
            )
        self.places = places

    def wrong(self, row: int, column: str, message: str, value: object = "") -> None:
        """Note a wrong cell; `column` is ours, the title told is the supplier's."""
        place = self.places.get(column)
        title = self.titles[place] if place is not None else column
        letter = letters(place) if place is not None else ""
        told = f"row {row}, column {letter + ' ' if letter else ''}({title})" if title else f"row {row}"
        where = {"place": told, "row": row, "column": title, "letter": letter, "value": str(value)[:80]}
        self.note(column, message, where, "table")

    def finish(self, kind: type[C], draft: Draft, anchors: Sequence[Line]) -> C | None:
        """The canonical object, or None when something is wrong with it; `anchors` are the rows of its lines."""
        try:
            return kind.model_validate(draft)
        except ValidationError as error:
            if not self.problems:
                self._invalid(error, anchors)
            return None

    def _invalid(self, error: ValidationError, anchors: Sequence[Line]) -> None:
        for item in error.errors(include_url=False, include_input=False):
            at = item["loc"]
            row = anchors[0].number
            if len(at) > 1 and at[0] == "lines" and isinstance(at[1], int) and at[1] < len(anchors):
                row = anchors[at[1]].number
            names = [str(part) for part in at if isinstance(part, str)]
            column = next((name for name in reversed(names) if name in self._columns), names[-1] if names else "")
            self.wrong(row, column, "must not be empty" if item["type"] == "missing" else said(item))

    def done(self) -> None:
        """Raise what was collected, if anything was."""
        self.tell("")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table, read by our column names."""

    row: Row
    table: Table

    @property
    def number(self) -> int:
        """The row's number in the file."""
        return self.row.number

    def cell(self, name: str) -> Cell:
        """The cell as it is in the file; None when the column is not there."""
        place = self.table.places.get(name)
        return self.row.cells[place] if place is not None and place < len(self.row.cells) else None

    def given(self, name: str) -> bool:
        """Whether a cell holds anything."""
        return self.cell(name) not in (None, "")

    def wrong(self, name: str, message: str) -> None:
        """Note that a cell is wrong."""
        self.table.wrong(self.number, name, message, self.cell(name) or "")

    def text(self, name: str, most: int = 512) -> str:
        """A cell as text; a number without its needless zeros, a date in ISO 8601."""
        value = self.cell(name)
        if value is None:
            return ""
        if isinstance(value, Decimal):
            return format(
                value.quantize(Decimal(1)) if value == value.to_integral_value() and abs(value) < 10**25 else value, "f"
            )
        found = value.isoformat() if isinstance(value, date) else str(value).strip()
        if name in ("gtin", "sscc", "pallet") and _SHORTENED.match(found):
            self.wrong(name, "the spreadsheet has shortened this number; format the column as text and enter it again")
            return ""
        if len(found) > most:
            self.wrong(name, f"is longer than {most} characters")
            return ""
        return found

    def number_of(self, name: str, least: Decimal | None = None) -> Decimal | None:
        """A number; None for an empty cell. Text must be written as stated: with the decimal mark, without marks for thousands."""
        value = self.cell(name)
        if value is None or value == "":
            return None
        mark = self.table.options.decimal
        found: Decimal | None = None
        if isinstance(value, Decimal):
            found = value
        elif isinstance(value, str):
            text = value.replace("\u00a0", "").strip().removesuffix("%").strip()
            other = "," if mark == "." else "."
            if other not in text and _NUMBER.match(text.replace(mark, ".")):
                found = Decimal(text.replace(mark, "."))
        if found is None:
            self.wrong(name, f"is not a number; write it like 1234{mark}50, without marks for thousands")
        elif least is not None and found < least:
            self.wrong(name, f"must not be below {least}")
            return None
        return found

    def day(self, name: str) -> date | None:
        """A day; None for an empty cell. Text must be written as stated; ISO 8601 is always understood."""
        value = self.cell(name)
        if value is None or value == "":
            return None
        if isinstance(value, date):
            return value
        pattern, example = _DATES[self.table.options.dates]
        if isinstance(value, str):
            for each in (pattern, "%Y-%m-%d"):
                try:
                    return datetime.strptime(value.strip()[:10] if each == "%Y-%m-%d" else value.strip(), each).date()  # noqa: DTZ007
                except ValueError:
                    continue
        self.wrong(name, f"is not a date; write it like {example}")
        return None

    def unit(self, name: str = "unit") -> str:
        """The Rec 20 unit of a cell, pieces for an empty one."""
        code = self.text(name)
        if (agreed := self.table.agreed("units", code, self.table.codes.translate)) is not None:
            return agreed
        if not code or plain(code) in _PIECES:
            return "C62"
        if code.upper() in units.units():
            return code.upper()
        if (known := units.from_x12(code.upper())) is not None:
            return known.code
        where = {"place": f"row {self.number}, column {name}", "row": self.number, "column": name}
        self.table.note_unknown(self.table.map_for("units"), code, where)
        return "C62"

    def answer(self, name: str = "answer") -> str:
        """What a supplier answers of a line."""
        found = ANSWERS.get(plain(self.text(name)))
        if found is None and self.given(name):
            self.wrong(name, "is none of accepted, changed, refused, backordered")
        return found or "accepted"

    def kind(self, name: str = "kind") -> str:
        """Whether it is an invoice or a credit note."""
        found = KINDS.get(plain(self.text(name)))
        if found is None:
            self.wrong(name, "is neither invoice nor credit note")
        return found or "invoice"

    def currency(self) -> str:
        """The currency of a cell, else the agreement's."""
        found = self.text("currency").upper() or (self.table.options.currency or "")
        if found and not re.fullmatch("[A-Z]{3}", found):
            self.wrong("currency", "is no ISO 4217 code such as EUR")
            return NO_CURRENCY
        return found

    def item(self) -> Draft:
        """The fields of a `TradedItem`."""
        gtin = self.text("gtin")
        valid = gtin_or_none(gtin) if gtin else None
        if gtin and valid is None:
            self.wrong("gtin", "is no GTIN: its check digit or its length is wrong")
        sku = self.text("sku", 128)
        maps = self.table.options.maps
        if sku and "skus" in maps:
            sku = self.table.codes.translate(maps["skus"], sku)
        return {"sku": sku, "supplier_sku": self.text("supplier_sku", 128), "gtin": valid or "", "name": self.text("name")}


_PIECES: Final = frozenset({"pcs", "pc", "piece", "pieces", "ea", "each", "stk", "st", "stuck", "stueck"})


def grouped(lines: Sequence[Line], column: str) -> Iterator[tuple[str, list[Line]]]:
    """The rows of each document, by the column that names it; what its head says must be the same in all of them."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(line.text(column), []).append(line)
    for name, own in found.items():
        for head in (each.name for each in COLUMNS[own[0].table.kind] if each.head):
            said = [(line, line.text(head)) for line in own if line.given(head)]
            for line, value in said[1:]:
                if value != said[0][1]:
                    line.wrong(head, f"differs from row {said[0][0].number} of the same document, which says {said[0][1]!r}")
        yield name, own


def head(lines: Sequence[Line], name: str) -> Line:
    """The first row of a document in which a column is filled, else its first row."""
    return next((line for line in lines if line.given(name)), lines[0])


def letters(place: int) -> str:
    """A column as spreadsheets call it: A, B, ..., Z, AA."""
    found = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        found = chr(65 + rest) + found
    return found
