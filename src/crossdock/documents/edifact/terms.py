"""What EDIFACT messages have in common: dates, references, texts, amounts, currency, allowances, taxes; knows no message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from crossdock.canonical.codes import NO_CURRENCY
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.purchase_order import AllowanceCharge
from crossdock.documents.drafts import Draft, money, refer
from crossdock.documents.edifact.qualifiers import UNIT_CODES, UNITS
from crossdock.documents.moments import edifact_date, edifact_moment
from crossdock.documents.nodes import Node, qualified
from crossdock.documents.reading import Reading
from crossdock.documents.writing import Writing
from crossdock.edi.segments import Segment
from crossdock.edi.writer import Row

DOCUMENT_DATE: Final = "137"


def head_of(reading: Reading, node: Node) -> Segment:
    """The BGM, without which there is no message. Raises `SchemaInvalid` when it is missing."""
    return reading.head(node, "BGM")


def moment_of(reading: Reading, segments: Sequence[Segment], *qualifiers: str) -> datetime | None:
    """The moment of the DTM with the earliest of some qualifiers, in the agreement's zone unless it says its own."""
    segment = qualified(segments, qualifiers)
    if segment is None or not segment.value(1, 2):
        return None
    try:
        return edifact_moment(segment.value(1, 2), segment.value(1, 3), reading.options.zone)
    except ValueError as problem:
        reading.wrong(str(problem), segment, 1, 2)
        return None


def day_of(reading: Reading, segments: Sequence[Segment], *qualifiers: str) -> date | None:
    """The calendar day of the DTM with the earliest of some qualifiers, as it stands on the paper."""
    segment = qualified(segments, qualifiers)
    return read_day(reading, segment) if segment is not None else None


def read_day(reading: Reading, segment: Segment) -> date | None:
    """The calendar day of a DTM."""
    value = segment.value(1, 2)
    if not value:
        return None
    try:
        return edifact_moment(value, segment.value(1, 3), "UTC").date()
    except ValueError as problem:
        reading.wrong(str(problem), segment, 1, 2)
        return None


def write_moment(writing: Writing, qualifier: str, moment: datetime) -> Row:
    """A DTM of a point in time, in the agreement's zone."""
    value, form = edifact_date(moment, writing.options.zone)
    return ("DTM", (qualifier, value, form))


def write_day(writing: Writing, qualifier: str, day: date) -> Row:
    """A DTM of a calendar day."""
    return ("DTM", (qualifier, writing.day(day), "102"))


def read_references(groups: Sequence[Node], fields: Mapping[str, str], draft: Draft) -> None:
    """RFF groups: those named in `fields` fill a field, the others become identifiers `edifact:xa`."""
    for group in groups:
        reference(group.opener, fields, draft)


def reference(segment: Segment, fields: Mapping[str, str], draft: Draft) -> None:
    """One RFF into a draft."""
    qualifier, value = segment.value(1, 1), segment.value(1, 2)
    if value:
        refer(draft, fields, qualifier, value, "edifact")


def write_references(identifiers: Sequence[Identifier], most: int = 10) -> list[Row]:
    """RFF segments of the identifiers that came from, or are meant for, them: `edifact:xa`."""
    found: list[Row] = []
    for each in identifiers:
        prefix, _, qualifier = each.scheme.rpartition(":")
        if prefix == "edifact" and 2 <= len(qualifier) <= 3:
            found.append(("RFF", (qualifier.upper(), each.value)))
    return found[:most]


def read_note(node: Node, *subjects: str) -> str:
    """FTX texts of some subjects (all but terms of payment when none is named), a paragraph a segment."""
    found = []
    for segment in node.all("FTX"):
        subject = segment.value(1)
        if subject in subjects if subjects else subject != "AAB":
            found.append(" ".join(part for part in (segment.value(4, place) for place in range(1, 6)) if part))
    return "\n".join(each for each in found if each)


def write_note(writing: Writing, note: str, subject: str = "AAI") -> list[Row]:
    """FTX segments of five texts each, a paragraph beginning a segment of its own. D.96A has 70 characters a text, later ones 512."""
    most = 70 if writing.context.release.startswith("D.9") else 512
    rows: list[Row] = []
    for paragraph in note.split("\n"):
        chunks = writing.chunks(paragraph, most)
        rows += [("FTX", subject, "", "", tuple(chunks[n : n + 5])) for n in range(0, len(chunks), 5)]
    return rows


def read_currency(reading: Reading, node: Node, needed_at: Segment) -> str | None:
    """CUX reference currency, or what the agreement says. A document without either is refused."""
    for group in node.loops("CUX"):
        if code := group.opener.value(1, 2):
            return code
    if reading.options.currency is None:
        reading.wrong("the message names no currency (CUX01-2), and neither does the agreement", needed_at)
        return NO_CURRENCY
    return reading.options.currency


def read_quantity(reading: Reading, segment: Segment) -> Draft | None:
    """A QTY; without a unit it counts pieces."""
    amount = reading.decimal(segment.value(1, 2), segment, 1, 2)
    if amount is None:
        return None
    unit = read_unit(reading, segment, segment.value(1, 3))
    return {"value": amount, "unit": unit} if unit is not None else None


def read_unit(reading: Reading, segment: Segment, code: str) -> str | None:
    """A Rec 20 unit; the agreement's map goes first, then what usage writes for it."""
    if not code:
        return "C62"
    if "units" not in reading.options.maps and code in UNITS:
        return UNITS[code]
    return reading.unit(code, segment, 1, 3, x12=False)


def quantity_of(reading: Reading, node: Node, *qualifiers: str) -> Draft | None:
    """The quantity of the QTY with the earliest of some qualifiers."""
    segment = node.first("QTY", *qualifiers)
    return read_quantity(reading, segment) if segment is not None else None


def write_unit(writing: Writing, code: str) -> str:
    """How a unit is written: by the agreement's map, else as GS1 guides want it."""
    written = writing.unit(code, x12=False)
    return UNIT_CODES.get(written, written)


def amount_of(reading: Reading, segments: Sequence[Segment], *qualifiers: str) -> Decimal | None:
    """The amount of the MOA with the earliest of some qualifiers."""
    segment = qualified(segments, qualifiers)
    return reading.decimal(segment.value(1, 2), segment, 1, 2) if segment is not None else None


def read_allowances(reading: Reading, node: Node, currency: str | None, base: Decimal | None) -> list[Draft]:
    """ALC groups: amount (MOA 8, 23, 204), else percentage of `base`."""
    found: list[Draft] = []
    for group in node.loops("ALC"):
        opener = group.opener
        kind = opener.value(1)
        if kind not in ("A", "C"):
            continue
        draft: Draft = {"charge": kind == "C", "code": opener.value(2, 2) or opener.value(5, 1), "reason": opener.value(5, 4)}
        draft["reason"] = draft["reason"] or opener.value(2, 1)
        moneys = (*group.all("MOA"), *(inner.opener for inner in group.loops("MOA")))
        amount = amount_of(reading, moneys, "8", "204", "23")
        percents = (*group.all("PCD"), *(inner.opener for inner in group.loops("PCD")))
        percent = reading.decimal(percents[0].value(1, 2), percents[0], 1, 2) if percents else None
        if percent is not None:
            draft["percent"] = percent
            if amount is None and base is not None:
                amount = (base * percent / 100).quantize(Decimal("0.01"))
        if (of := amount_of(reading, moneys, "25")) is not None:
            draft["base"] = money(of, currency)
        if amount is None:
            reading.wrong("the allowance or charge has no amount", opener)
            continue
        if amount < 0:
            draft["charge"], amount = not draft["charge"], -amount
        draft["amount"] = money(amount, currency)
        for tax in group.loops("TAX"):
            draft["tax_category"] = tax.opener.value(6)
            if (rate := reading.decimal(tax.opener.value(5, 4), tax.opener, 5, 4)) is not None:
                draft["tax_percent"] = rate
        found.append(draft)
    return found


def write_allowances(writing: Writing, allowances: Sequence[AllowanceCharge]) -> list[Row]:
    """ALC groups with percentage, amount and tax."""
    rows: list[Row] = []
    for each in allowances:
        special = "" if each.charge else each.code
        service = (
            ((each.code if each.charge else "", "", "", writing.text(each.reason, 35)),) if each.charge or each.reason else ()
        )
        rows.append(("ALC", "C" if each.charge else "A", ("", special), "", "", *service))
        if each.percent is not None:
            rows.append(("PCD", ("2" if each.charge else "1", writing.number(each.percent))))
        rows.append(("MOA", ("8", writing.number(each.amount.amount))))
        if each.base is not None:
            rows.append(("MOA", ("25", writing.number(each.base.amount))))
        if each.tax_category or each.tax_percent is not None:
            rows.append(write_tax(writing, each.tax_percent, each.tax_category))
    return rows


def write_tax(writing: Writing, percent: Decimal | None, category: str) -> Row:
    """A TAX segment: value added tax of a rate (C243) and a category (UNTDID 5305)."""
    rate = ("", "", "", writing.number(percent)) if percent is not None else ""
    return ("TAX", "7", "VAT", "", "", rate, category)
