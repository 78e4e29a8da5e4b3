"""Ship notices out of a spreadsheet: one row per item, lot and package."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

from crossdock.canonical.despatch import DespatchAdvice
from crossdock.canonical.events import Reference
from crossdock.canonical.gs1 import fault
from crossdock.documents.drafts import Draft
from crossdock.documents.mapping import Codes, Mapped, ReadContext, reads
from crossdock.documents.moments import zone_of
from crossdock.documents.tables.reading import Line, Table, grouped, head


@reads("tables", "ship_notice")
def read_ship_notices(data: bytes, context: ReadContext, codes: Codes) -> list[Mapped]:
    """One `ship_notice.received` per delivery note and purchase order in the file.

    Raises `PayloadMalformed`, `SchemaInvalid` and `ValueMapMissing`; each problem names row and column.
    """
    table = Table("ship_notice", data, context, codes)
    made: list[Mapped] = []
    for number, lines in grouped(table.lines(), "notice_number"):
        orders: dict[str, list[Line]] = {}
        for line in lines:
            orders.setdefault(line.text("order_number"), []).append(line)
        for order, own in orders.items():
            notice = table.finish(DespatchAdvice, _draft(number, order, own, context), own)
            if notice is not None:
                reference = Reference("purchase:order", order)
                made.append(Mapped("ship_notice.received", notice, (reference,), number=number, occurred_at=notice.issued_at))
    table.done()
    return made


def _draft(number: str, order: str, lines: list[Line], context: ReadContext) -> Draft:
    units: dict[str, Draft] = {}
    drafts = [_line(line, at, order, units) for at, line in enumerate(lines, 1)]
    zone = context.options.zone
    weights = [unit["weight_kg"] for unit in units.values() if unit["weight_kg"] is not None]
    carrier = head(lines, "carrier").text("carrier")
    return {
        "number": number,
        "order_number": order,
        "issued_at": context.moment,
        "shipped_at": _moment(head(lines, "shipped_on").day("shipped_on"), zone),
        "expected_at": _moment(head(lines, "expected_on").day("expected_on"), zone),
        "carrier": carrier,
        "carrier_name": carrier,
        "waybill": head(lines, "waybill").text("waybill"),
        "tracking_number": head(lines, "tracking_number").text("tracking_number"),
        "gross_weight_kg": sum(weights, Decimal(0)) if weights else None,
        "units": list(units.values()),
        "lines": drafts,
        "note": head(lines, "note").text("note", 4000),
    }


def _moment(day: date | None, zone: str) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), zone_of(zone)).astimezone(UTC)


def _line(line: Line, at: int, order: str, units: dict[str, Draft]) -> Draft:
    package = _package(line, units)
    return {
        **line.item(),
        "number": str(at),
        "order_number": order,
        "order_line": line.text("line", 64),
        "quantity": {"value": line.number_of("quantity", Decimal(0)) or Decimal(0), "unit": line.unit()},
        "lot": line.text("lot"),
        "expiry": line.day("expiry"),
        "best_before": line.day("best_before"),
        "serials": line.text("serials", 4000).replace(",", " ").replace(";", " ").split(),
        "package": package,
    }


def _package(line: Line, units: dict[str, Draft]) -> str:
    """The package a row is in, made when it is met first; one is named by its SSCC, else by the supplier's number."""
    sscc = _sscc(line, "sscc")
    named = line.text("package", 64)
    if not sscc and len(named) == 18 and not fault("sscc", named):
        sscc = named
    pallet = line.text("pallet", 64)
    if pallet and pallet not in units:
        units[pallet] = {
            "reference": pallet,
            "sscc": _sscc(line, "pallet") if len(pallet) == 18 else "",
            "kind": "PX",
            "inside": "",
            "weight_kg": None,
        }
    reference = sscc or named
    if not reference:
        return pallet
    known = units.setdefault(
        reference,
        {"reference": reference, "sscc": sscc, "kind": line.text("package_type"), "inside": pallet, "weight_kg": None},
    )
    weight = line.number_of("weight_kg", Decimal(0))
    if weight is not None:
        if known["weight_kg"] not in (None, weight):
            line.wrong("weight_kg", f"differs from another row of the same package, which says {known['weight_kg']}")
        known["weight_kg"] = weight
    return reference


def _sscc(line: Line, column: str) -> str:
    text = line.text(column).replace(" ", "").removeprefix("(00)")
    if len(text) == 20 and text.startswith("00"):
        text = text[2:]
    if text and (why := fault("sscc", text)):
        line.wrong(column, f"is no SSCC: {why}")
        return ""
    return text
