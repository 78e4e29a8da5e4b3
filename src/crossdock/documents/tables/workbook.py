"""XLSX files opened with care: how much they unpack to is known before anything is parsed; knows no business field."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import IO, Any, Final

from crossdock.core.errors import PayloadMalformed

MAX_UNPACKED: Final = 96 << 20
MAX_MEMBER: Final = 64 << 20
MAX_MEMBERS: Final = 500
MAX_RATIO: Final = 250
_PIECE: Final = 1 << 16
_NEEDED: Final = ("[Content_Types].xml", "xl/workbook.xml")


def open_workbook(data: bytes) -> Iterator[tuple[Any, ...]]:
    """The rows of the first visible sheet, one after the other. Raises `PayloadMalformed`.

    Refused before anything is parsed: what is no workbook, what unpacks to more than `MAX_UNPACKED` or swells beyond `MAX_RATIO`, whatever its
    directory claims; a member with a document type declaration; macros.
    """
    _inspect(data)
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except (
        InvalidFileException,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        SyntaxError,
        zipfile.BadZipFile,
        OSError,
    ) as error:
        raise PayloadMalformed(f"the workbook cannot be read: {type(error).__name__}. Save it again as .xlsx.") from None
    try:
        sheet = next((each for each in book.worksheets if each.sheet_state == "visible"), None)
        if sheet is None:
            raise PayloadMalformed("the workbook has no visible sheet")
        # what the sheet claims as its dimensions is not to be trusted: a million empty columns would be made of it
        sheet.reset_dimensions()
        for cells in sheet.iter_rows(max_col=120):
            yield tuple(_value(cell) for cell in cells)
    except PayloadMalformed:
        raise
    except Exception as error:  # a parser of others on a file of strangers
        raise PayloadMalformed(f"the workbook cannot be read: {type(error).__name__}. Save it again as .xlsx.") from None
    finally:
        book.close()


def _inspect(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            names = {each.filename for each in members}
            if not all(each in names for each in _NEEDED):
                raise PayloadMalformed("the file is an archive, but no Excel workbook (.xlsx)")
            if any("vbaproject" in name.lower() for name in names):
                raise PayloadMalformed("the workbook holds macros. Save it as .xlsx without macros.")
            if len(members) > MAX_MEMBERS:
                raise PayloadMalformed(f"the workbook has more than {MAX_MEMBERS} parts")
            left = MAX_UNPACKED
            for each in members:
                if each.flag_bits & 1:
                    raise PayloadMalformed("the workbook is encrypted. Save it without a password.")
                with archive.open(each) as stream:
                    left -= _measure(stream, each, left)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError, ValueError) as error:
        raise PayloadMalformed(f"the workbook is damaged: {type(error).__name__}") from None
    except zipfile.LargeZipFile:
        raise PayloadMalformed("the workbook is too large") from None
    except Exception as error:
        if isinstance(error, PayloadMalformed):
            raise
        raise PayloadMalformed(f"the workbook is damaged: {type(error).__name__}") from None  # zlib.error and what it may become


def _measure(stream: IO[bytes], member: zipfile.ZipInfo, left: int) -> int:
    """Bytes a member really unpacks to, counted while unpacking."""
    size = 0
    tail = b""
    markup = member.filename.endswith((".xml", ".rels"))
    while piece := stream.read(_PIECE):
        size += len(piece)
        if size > min(MAX_MEMBER, left) or (size > 1 << 20 and size > max(member.compress_size, 1) * MAX_RATIO):
            raise PayloadMalformed("the workbook unpacks to far more than it should; it is refused")
        if markup:
            seen = (tail + piece).replace(b"\x00", b"")
            if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
                raise PayloadMalformed("the workbook declares entities; it is refused")
            tail = piece[-20:]
    return size


def _value(cell: Any) -> Any:
    value = cell.value
    if value is None or isinstance(value, bool | str):
        return value.strip() if isinstance(value, str) else value
    if isinstance(value, int | float):
        # fifteen digits are what a spreadsheet keeps and shows; more is binary noise
        number = Decimal(value) if isinstance(value, int) else Decimal(format(value, ".15g"))
        return number * 100 if "%" in str(getattr(cell, "number_format", "")) else number
    if isinstance(value, datetime):
        return value.date() if value.time() == time() else value.isoformat()
    if isinstance(value, date):
        return value
    return str(value)
