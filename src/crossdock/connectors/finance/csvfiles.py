"""The contract as CSV: a file of one journal out, a row a posting; a file of acknowledgements in, a row a journal. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

from crossdock.canonical.events import Event
from crossdock.connectors.finance.mapping import event_of
from crossdock.connectors.finance.options import ByCsv
from crossdock.core.errors import PayloadMalformed, SchemaInvalid

FILE: Final = "acknowledgements"
HEAD: Final = (
    "number", "company", "book", "document", "document_number", "order_number", "posting_date", "document_date", "period", "currency", "total",
    "reverses", "justified_by", "approved_by",
)  # fmt: skip
LINE: Final = (
    "number",
    "account",
    "debit",
    "credit",
    "party",
    "tax_code",
    "tax_percent",
    "cost_centre",
    "reference",
    "description",
)
AMOUNTS: Final = frozenset({"total", "debit", "credit", "tax_percent"})
NEEDED: Final = frozenset({"number", "verdict"})
KNOWN: Final = (*sorted(NEEDED), "posted_number", "posting_date", "reason_code", "reason", "at")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")


def columns() -> tuple[str, ...]:
    """The columns of a journal's file, in order."""
    return (*HEAD, *("line" if name == "number" else name for name in LINE))


def journal_file(body: Mapping[str, Any], options: ByCsv) -> bytes:
    """A journal as CSV (RFC 4180, UTF-8): the head on every row."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=options.delimiter, lineterminator="\r\n")
    writer.writerow(columns())
    head = [_cell(name, body[name], options) for name in HEAD]
    for line in body["lines"]:
        writer.writerow([*head, *(_cell(name, line[name], options) for name in LINE)])
    return out.getvalue().encode()


def file_name(number: str) -> str:
    """A journal's file: the same for the same number, safe on every file system."""
    safe = _UNSAFE.sub("_", number)[:80]
    return (
        f"JOURNAL_{safe}.csv" if safe == number else f"JOURNAL_{safe}_{blake2b(number.encode(), digest_size=4).hexdigest()}.csv"
    )


def acknowledgements(body: bytes, delimiter: str, system: str, received: datetime) -> list[Event]:
    """`journal.acknowledged`, one a row. One wrong row refuses the file: `PayloadMalformed` names every one of them."""
    try:
        rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), delimiter=delimiter, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise PayloadMalformed(f"the file of acknowledgements cannot be read: {error}") from None
    if not rows:
        raise PayloadMalformed("the file of acknowledgements is empty")
    names = [each.strip().lower() for each in rows[0]]
    if missing := sorted(NEEDED - set(names)):
        raise PayloadMalformed(f"the file of acknowledgements has no column {', '.join(missing)}", columns=names)
    return _events(names, rows[1:], system, received)


def _events(names: Sequence[str], rows: Sequence[Sequence[str]], system: str, received: datetime) -> list[Event]:
    found: list[Event] = []
    problems: list[dict[str, Any]] = []
    for number, row in enumerate(rows, start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(names):
            problems.append({"row": number, "message": f"{len(row)} cells where {len(names)} are named"})
            continue
        cells = {name: cell.strip() for name, cell in zip(names, row, strict=True) if name in KNOWN}
        try:
            found.append(event_of(cells, system, received))
        except SchemaInvalid as error:
            problems.append({"row": number, "message": error.message})
    if problems:
        raise PayloadMalformed(f"row {problems[0]['row']}: {problems[0]['message']}", problems=problems[:50], count=len(problems))
    return found


def _cell(name: str, value: Any, options: ByCsv) -> str:
    text = str(value)
    if name in AMOUNTS:
        return text.replace(".", options.decimal)
    # a cell that begins like a formula must not become one when somebody opens the file
    return f"'{text}" if text[:1] in ("=", "@", "\t") else text
