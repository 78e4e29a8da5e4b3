"""CSV text to rows of named cells and back, with errors that name row and column; knows no business field."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import IO, Any
from zoneinfo import ZoneInfo

from crossdock.connectors.wms_csv.columns import COLUMNS, FileKind
from crossdock.connectors.wms_csv.options import Dialect
from crossdock.core.errors import PayloadMalformed

MOST_PROBLEMS = 50


@dataclass(slots=True)
class Problems:
    """What is wrong in a file; `done` raises when there is anything."""

    found: list[dict[str, Any]] = field(default_factory=list)

    def add(self, row: int, column: str, words: str, value: str = "") -> None:
        """Remember a wrong cell; rows count from 1, the header is row 1."""
        self.found.append({"row": row, "column": column, "message": words, "value": value[:80]})

    def done(self) -> None:
        """Raise `PayloadMalformed` with all problems (the first fifty in the detail)."""
        if self.found:
            first = self.found[0]
            more = f" and {len(self.found) - 1} more" if len(self.found) > 1 else ""
            words = f"row {first['row']}, column {first['column']}: {first['message']}{more}"
            raise PayloadMalformed(words, problems=self.found[:MOST_PROBLEMS], count=len(self.found))


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number in the file and its cells by our names; a missing column is an empty cell."""

    number: int
    cells: Mapping[str, str]
    names: Mapping[str, str]
    dialect: Dialect
    problems: Problems

    def text(self, name: str) -> str:
        """A cell without blanks around it."""
        return self.cells.get(name, "").strip()

    def needed(self, name: str) -> str:
        """A cell that must not be empty."""
        value = self.text(name)
        if not value:
            self.wrong(name, "must not be empty")
        return value

    def decimal(self, name: str) -> Decimal | None:
        """A number, None for an empty cell."""
        value = self.text(name)
        if not value:
            return None
        plain = value.replace(",", ".") if self.dialect.decimal == "," else value
        try:
            number = Decimal(plain)
            if number.is_finite() and "_" not in plain and (self.dialect.decimal == "." or "." not in value):
                return number
        except InvalidOperation:
            pass
        self.wrong(name, f"not a number with {self.dialect.decimal!r} as decimal mark")
        return None

    def integer(self, name: str) -> int | None:
        """A whole number from 1, None for an empty cell."""
        value = self.text(name)
        if not value:
            return None
        if value.isascii() and value.isdigit() and len(value) < 19 and int(value) > 0:
            return int(value)
        self.wrong(name, "not a whole number from 1")
        return None

    def time(self, name: str) -> datetime | None:
        """A time in UTC, None for an empty cell."""
        value = self.text(name)
        if not value:
            return None
        try:
            iso = self.dialect.times == "iso"
            moment = datetime.fromisoformat(value) if iso else datetime.strptime(value, self.dialect.times)  # noqa: DTZ007
        except ValueError:
            self.wrong(name, f"not a time in the format {self.dialect.times!r}")
            return None
        if moment.tzinfo is None:
            if not self.dialect.zone:
                self.wrong(name, "a time without offset; set `zone` in the dialect")
                return None
            moment = moment.replace(tzinfo=ZoneInfo(self.dialect.zone))
        return moment.astimezone(UTC)

    def day(self, name: str) -> date | None:
        """A calendar day: ISO 8601, or the day of a time in the dialect's letters; None for an empty cell."""
        value = self.text(name)
        if not value:
            return None
        try:
            return date.fromisoformat(value)
        except ValueError:
            moment = self.time(name)
        return None if moment is None else moment.astimezone(ZoneInfo(self.dialect.zone or "UTC")).date()

    def flag(self, name: str) -> bool:
        """Yes or no; an empty cell is yes."""
        value = self.text(name).lower()
        if value in ("", "1", "y", "yes", "true", "j", "ja", "x"):
            return True
        if value not in ("0", "n", "no", "false", "nein"):
            self.wrong(name, "neither yes nor no")
        return False

    def wrong(self, name: str, words: str) -> None:
        """Remember that a cell is wrong, under the partner's name of the column."""
        self.problems.add(self.number, self.names.get(name, name), words, self.cells.get(name, ""))


class Table:
    """How one kind of file is written: dialect and column names."""

    def __init__(self, kind: FileKind, dialect: Dialect, renamed: Mapping[str, str]) -> None:
        self._columns = COLUMNS[kind]
        self._dialect = dialect
        self.names = {name: renamed.get(name, name) for name in self._columns.all}

    def rows(self, body: bytes, problems: Problems) -> list[Row]:
        """All rows of a file. Raises `PayloadMalformed` when it cannot be read at all or columns are missing."""
        try:
            text = body.decode(self._dialect.encoding)
        except UnicodeDecodeError as error:
            row = body[: error.start].count(b"\n") + 1
            raise PayloadMalformed(f"row {row}: not in the encoding {self._dialect.encoding}", row=row) from None
        if "\0" in text:
            row = text[: text.index("\0")].count("\n") + 1
            raise PayloadMalformed(f"row {row}: holds the character NUL, which is no text", row=row)
        return list(self.read(io.StringIO(text, newline=""), problems))

    def read(self, text: IO[str], problems: Problems) -> Iterator[Row]:
        """The rows of an open text, one after the other; blank lines are left out."""
        dialect = self._dialect
        reader = csv.reader(text, delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True)
        try:
            header = [cell.strip() for cell in next(reader, [])]
            places = self._places(header)
            for cells in reader:
                if not cells or not any(cell.strip() for cell in cells):
                    continue
                if len(cells) != len(header):
                    problems.add(reader.line_num, "-", f"{len(cells)} cells, but the header has {len(header)}")
                    continue
                named = {name: cells[place] for name, place in places.items()}
                yield Row(reader.line_num, named, self.names, dialect, problems)
        except csv.Error as error:
            raise PayloadMalformed(f"row {reader.line_num}: not CSV: {error}", row=reader.line_num) from None

    def _places(self, header: list[str]) -> dict[str, int]:
        missing = [self.names[name] for name in self._columns.needed if self.names[name] not in header]
        if missing:
            raise PayloadMalformed(f"row 1: missing columns: {', '.join(missing)}", missing=missing, header=header[:100])
        return {name: header.index(theirs) for name, theirs in self.names.items() if theirs in header}

    def write(self, rows: Iterable[Mapping[str, object]]) -> bytes:
        """A file of these rows; the same rows give the same bytes. Raises `PayloadMalformed` for a character the encoding lacks."""
        dialect = self._dialect
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=dialect.delimiter, quotechar=dialect.quote, lineterminator=dialect.line_end)
        writer.writerow(self.names.values())
        for row in rows:
            writer.writerow([self._written(row.get(name)) for name in self.names])
        try:
            # The mark that received files may carry is not sent: some readers take it for a part of the first column's name.
            return text.getvalue().encode("utf-8" if dialect.encoding == "utf-8-sig" else dialect.encoding)
        except UnicodeEncodeError as error:
            sign = text.getvalue()[error.start]
            raise PayloadMalformed(
                f"the character {sign!r} does not exist in {dialect.encoding}", encoding=dialect.encoding
            ) from None

    def _written(self, value: object) -> str:
        if isinstance(value, Decimal):
            plain = format(value, "f")
            return plain.replace(".", ",") if self._dialect.decimal == "," else plain
        if isinstance(value, datetime):
            local = value.astimezone(ZoneInfo(self._dialect.zone)) if self._dialect.zone else value
            return local.isoformat() if self._dialect.times == "iso" else local.strftime(self._dialect.times)
        return "" if value is None else str(value)
