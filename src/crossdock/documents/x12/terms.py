"""What the heads and lines of X12 documents have in common: dates, references, notes, currency, allowances, terms; knows no document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from crossdock.canonical.codes import NO_CURRENCY
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.purchase_order import AllowanceCharge
from crossdock.documents.drafts import Draft, money, refer
from crossdock.documents.moments import x12_moment
from crossdock.documents.nodes import Node, at, qualified
from crossdock.documents.reading import Reading
from crossdock.documents.writing import Writing
from crossdock.documents.x12.qualifiers import ALLOWANCES, CHARGES
from crossdock.edi.segments import Segment
from crossdock.edi.writer import Row

RELEASE_MARK: Final = "#"
"""Between a blanket order's number and its release: X12 has two elements for what is one number to the business."""

LINE_REFERENCE: Final = "x12:ref"
"""The scheme of what REF segments of a line say; `x12:mg` is an item number."""


def read_number(segment: Segment, number: int, release: int) -> str:
    """An order's number; a release of a blanket order carries its release number behind `#` (data elements 324 and 328)."""
    main, part = at(segment, number), at(segment, release)
    return f"{main}{RELEASE_MARK}{part}" if main and part else main


def number_elements(number: str) -> tuple[str, str]:
    """The order number and the release number in it."""
    main, _, part = number.partition(RELEASE_MARK)
    return main, part


def read_moment(reading: Reading, segment: Segment, day: int, time: int = 0, zone: int = 0) -> datetime | None:
    """A point in time from elements of a segment; a date alone is the beginning of that day in the agreement's zone."""
    found = at(segment, day)
    if not found:
        return None
    try:
        return x12_moment(found, at(segment, time) if time else "", at(segment, zone) if zone else "", reading.options.zone)
    except ValueError as problem:
        reading.wrong(str(problem), segment, day)
        return None


def read_day(reading: Reading, segment: Segment, element: int) -> date | None:
    """A calendar day as it stands on the paper."""
    found = at(segment, element)
    if not found:
        return None
    try:
        moment = x12_moment(found, "", "", "UTC")
    except ValueError as problem:
        reading.wrong(str(problem), segment, element)
        return None
    return moment.date()


def day_of(reading: Reading, segments: Sequence[Segment], *qualifiers: str) -> date | None:
    """The day of the DTM with the earliest of some qualifiers."""
    found = qualified(segments, qualifiers)
    return read_day(reading, found, 2) if found is not None else None


def moment_of(reading: Reading, segments: Sequence[Segment], *qualifiers: str) -> datetime | None:
    """The moment of the DTM with the earliest of some qualifiers."""
    found = qualified(segments, qualifiers)
    return read_moment(reading, found, 2, 3, 4) if found is not None else None


def read_references(segments: Sequence[Segment], fields: Mapping[str, str], draft: Draft, scheme: str = "x12") -> None:
    """REF (or N9) segments: those named in `fields` fill a field, the others become identifiers `x12:dp` (of a line `x12:ref:dp`)."""
    for segment in segments:
        qualifier, value = at(segment, 1), at(segment, 2) or at(segment, 3)
        if value:
            refer(draft, fields, qualifier, value, scheme)


def write_references(identifiers: Sequence[Identifier], tag: str = "REF", scheme: str = "x12") -> list[Row]:
    """The identifiers that came from, or are meant for, REF segments: `x12:dp`, of a line `x12:ref:dp`."""
    found: list[Row] = []
    for each in identifiers:
        prefix, _, qualifier = each.scheme.rpartition(":")
        if prefix == scheme and 2 <= len(qualifier) <= 3:
            found.append((tag, qualifier.upper(), each.value))
    return found


def read_note(node: Node) -> str:
    """Free text: N9 loops with MSG, MTX and NTE; the texts of one loop are one paragraph."""
    if "N9" not in node.inner and "MSG" not in node.own and "NTE" not in node.own:
        return ""
    paragraphs = [
        " ".join(at(each, 1) for each in loop.all("MSG")) or " ".join(at(each, 2) for each in loop.all("MTX"))
        for loop in node.loops("N9")
    ]
    paragraphs += [" ".join(at(each, 1) for each in node.all("MSG")), " ".join(at(each, 2) for each in node.all("NTE"))]
    return "\n".join(each for each in paragraphs if each)


def write_note(writing: Writing, note: str) -> list[Row]:
    """Free text as N9 loops, one a paragraph, with as many MSG of 264 characters as it takes."""
    rows: list[Row] = []
    for paragraph in note.split("\n"):
        chunks = writing.chunks(paragraph, 264)
        if chunks:
            rows.append(("N9", "ZZ", "NOTE"))
            rows += [("MSG", chunk) for chunk in chunks]
    return rows


def read_currency(reading: Reading, node: Node, needed_at: Segment) -> str | None:
    """CUR02, or what the agreement says. A document without either is refused: a currency is nothing to be guessed."""
    for segment in node.all("CUR"):
        if code := at(segment, 2):
            return code
    if reading.options.currency is None:
        reading.wrong("the document names no currency (CUR02), and neither does the agreement", needed_at)
        return NO_CURRENCY
    return reading.options.currency


def read_allowances(reading: Reading, node: Node, currency: str | None, base: Decimal | None) -> list[Draft]:
    """SAC loops. SAC05 is an amount with two implied decimals; a rate or percentage alone is worked out on `base`."""
    if "SAC" not in node.own and "SAC" not in node.inner:
        return []
    found: list[Draft] = []
    for segment in (*node.all("SAC"), *(loop.opener for loop in node.loops("SAC"))):
        kind = at(segment, 1)
        if kind not in ("A", "C", "P", "S"):
            continue
        code = at(segment, 2)
        charge = kind in ("C", "S")
        amount = reading.implied(at(segment, 5), 2, segment, 5)
        percent = reading.decimal(at(segment, 7), segment, 7)
        if amount is None:
            amount = _worked_out(reading, segment, percent, base)
        if amount is None:
            reading.wrong("the allowance or charge has no amount", segment, 5)
            continue
        if amount < 0:
            charge, amount = not charge, -amount
        known = (CHARGES if charge else ALLOWANCES).get(code, f"x12:{code.lower()}" if code else "")
        draft: Draft = {"charge": charge, "amount": money(amount, currency), "code": known, "reason": at(segment, 15)}
        if percent is not None:
            draft["percent"] = percent
        found.append(draft)
    return found


def _worked_out(reading: Reading, segment: Segment, percent: Decimal | None, base: Decimal | None) -> Decimal | None:
    if percent is not None and base is not None:
        return (base * percent / 100).quantize(Decimal("0.01"))
    rate, quantity = reading.decimal(at(segment, 8), segment, 8), reading.decimal(at(segment, 10), segment, 10)
    return (rate * quantity).quantize(Decimal("0.01")) if rate is not None and quantity is not None else None


_ALLOWANCE_CODES: Final = {code: x12 for x12, code in reversed(list(ALLOWANCES.items()))}
_CHARGE_CODES: Final = {code: x12 for x12, code in reversed(list(CHARGES.items()))}


def write_allowances(writing: Writing, allowances: Sequence[AllowanceCharge]) -> list[Row]:
    """SAC segments; a code X12 does not know travels as its reason."""
    rows: list[Row] = []
    for each in allowances:
        table = _CHARGE_CODES if each.charge else _ALLOWANCE_CODES
        code = each.code[4:].upper() if each.code.startswith("x12:") else table.get(each.code, "D240" if each.charge else "C310")
        percent = ("3", writing.number(each.percent)) if each.percent is not None else ("", "")
        amount = writing.implied(each.amount.amount, 2, "SAC05")
        rest = ("", "", "", "", "", "", "", writing.text(each.reason, 80))
        rows.append(("SAC", "C" if each.charge else "A", code, "", "", amount, *percent, *rest))
    return rows


def read_terms(reading: Reading, node: Node, start: date | None, draft: Draft) -> None:
    """ITD: terms in words (ITD12, or made of its numbers) and the day the net amount is due (ITD06, or ITD07 days after the invoice)."""
    segment = node.first("ITD")
    if segment is None:
        return
    words = at(segment, 12)
    percent, days, net = at(segment, 3), at(segment, 5), at(segment, 7)
    if not words:
        parts = [f"{percent}% {days} days" if percent and days else "", f"net {net} days" if net else ""]
        words = ", ".join(part for part in parts if part)
    if words:
        draft["payment_terms"] = words
    due = read_day(reading, segment, 6)
    if due is None and start is not None and net.isdecimal() and len(net) < 4 and at(segment, 2) in ("3", ""):
        due = date.fromordinal(start.toordinal() + int(net))
    if due is not None:
        draft["due_date"] = due


def read_incoterm(node: Node, draft: Draft) -> None:
    """FOB04 `01` says that FOB05 is an Incoterm; FOB03 is the place."""
    segment = node.first("FOB")
    if segment is None:
        return
    code = at(segment, 5)
    if at(segment, 4) == "01" and len(code) == 3 and code.isalpha():
        draft["incoterm"] = code.upper()
        draft["incoterm_place"] = at(segment, 3)


def write_incoterm(writing: Writing, code: str, place: str) -> list[Row]:
    """FOB with an Incoterm and its place."""
    if not code:
        return []
    return [("FOB", "DF", "ZZ" if place else "", writing.text(place, 80), "01", code)]
