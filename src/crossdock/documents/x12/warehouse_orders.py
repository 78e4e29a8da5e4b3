"""X12 940 and 943: what a warehouse outside is told to ship and to expect, out of `FulfilmentOrder` and `ExpectedReceipt`."""

from __future__ import annotations

from decimal import Decimal

from crossdock.canonical.fulfilment import FulfilmentLine, FulfilmentOrder
from crossdock.canonical.party import Address, TradingParty
from crossdock.canonical.product import TradedItem
from crossdock.canonical.receipt import ExpectedLine, ExpectedReceipt
from crossdock.documents.mapping import Codes, WriteContext, writes
from crossdock.documents.writing import Writing
from crossdock.documents.x12.items import item_pairs
from crossdock.documents.x12.parties import write_party
from crossdock.documents.x12.terms import number_elements
from crossdock.edi.writer import Row


@writes("x12", "940")
def write_shipping_order(order: FulfilmentOrder, context: WriteContext, codes: Codes) -> list[Row]:
    """A 940: one line a fulfilment line, its number in N9*LI, so that the 945 can name it. W05-01 is `F` for a cancellation."""
    writing = Writing(context, codes)
    status = {"cancel": "F", "change": "R", "replace": "R"}.get(context.purpose, "N")
    rows: list[Row] = [("W05", status, order.number, order.order_number[:22])]
    rows += write_party(writing, "ST", _party(order.ship_to))
    rows.append(("N1", "WH", "", "ZZ", writing.code("warehouses", order.warehouse, "N104")))
    if order.ship_by is not None:
        rows.append(("G62", "10", writing.date(order.ship_by), "8", writing.time(order.ship_by)[:4]))
    rows += [("NTE", "WHI", chunk) for chunk in writing.chunks(order.note, 80)]
    carrier, service = writing.code("carriers", order.carrier, "W6610"), writing.code("services", order.service_level, "W6605")
    if carrier or service:
        rows.append(("W66", "CC", "M", "", "", writing.text(service, 35), "", "", "", "", carrier))
    for place, line in enumerate(order.lines, 1):
        rows += _ordered(writing, line, place)
    rows.append(("W76", writing.number(sum((line.quantity.value for line in order.lines), Decimal(0)))))
    writing.finish(f"940 {order.number}")
    return rows


def _party(address: Address) -> TradingParty:
    name = address.company or address.name
    inner = address.model_copy(update={"company": address.name if address.company else ""})
    return TradingParty(name=name, address=inner, contact=address.name, phone=address.phone, email=address.email)


def _ordered(writing: Writing, line: FulfilmentLine, place: int) -> list[Row]:
    unit = writing.unit(line.quantity.unit, x12=True, place=f"line {line.number}")
    sku = writing.code("skus", line.sku, "W0105")
    lot = [*[""] * 6, line.lot] if line.lot else []  # W01-12
    return [
        ("LX", str(place)),
        ("W01", writing.number(line.quantity.value), unit, "", "VN", sku, *lot),
        ("N9", "LI", line.number),
    ]


@writes("x12", "943")
def write_expected_receipt(receipt: ExpectedReceipt, context: WriteContext, codes: Codes) -> list[Row]:
    """A 943: one W04 a line; N9*LI is the order's line, N9*LA the label of the package (SSCC). W06-01 says what it does to an earlier one."""
    writing = Writing(context, codes)
    report = {"cancel": "C", "replace": "R", "change": "R"}.get(context.purpose, "J" if receipt.version == 1 else "R")
    number, _ = number_elements(receipt.order_number)
    rows: list[Row] = [
        ("W06", report, receipt.number, writing.date(context.moment), receipt.despatch_number or receipt.number, "", number[:22])
    ]
    if receipt.supplier is not None:
        rows += [row for row in write_party(writing, "SF", receipt.supplier) if row[0] != "PER"]
    rows.append(("N1", "WH", "", "ZZ", writing.code("warehouses", receipt.warehouse, "N104")))
    for code, value in (("BM", receipt.waybill), ("CN", receipt.tracking_number)):
        if value:
            rows.append(("N9", code, value))
    if receipt.expected_at is not None:
        rows.append(("G62", "17", writing.date(receipt.expected_at), "G", writing.time(receipt.expected_at)[:4]))
    rows += [("NTE", "WHI", chunk) for chunk in writing.chunks(receipt.note, 80)]
    if receipt.carrier:
        rows.append(("W27", "M", writing.code("carriers", receipt.carrier, "W2702")[:4]))
    labels = {unit.reference: unit.sscc or unit.reference for unit in receipt.units}
    for line in receipt.lines:
        rows += _expected(writing, line, labels.get(line.package, ""))
    rows.append(("W03", writing.number(sum((line.quantity.value for line in receipt.lines), Decimal(0)))))
    writing.finish(f"943 {receipt.number}")
    return rows


def _expected(writing: Writing, line: ExpectedLine, label: str) -> list[Row]:
    unit = writing.unit(line.quantity.unit, x12=True, place=f"line {line.number}")
    pairs = warehouse_pairs(writing, line)
    first, more = pairs[:4], pairs[4:6]
    first += [""] * (4 - len(first))
    upc = line.gtin if len(line.gtin) == 12 else ""
    rows: list[Row] = [
        ("W04", writing.number(line.quantity.value), unit, upc, *first, "", "", *(more or ["", ""]), "", line.lot),
    ]
    if line.name:
        rows.append(("G69", writing.text(line.name, 45)))
    rows.append(("N9", "LI", line.order_line))
    rows += [("N9", "SE", serial) for serial in line.serials]
    if label:
        rows.append(("N9", "LA", label))
    if line.expiry is not None:
        rows.append(("G62", "36", writing.day(line.expiry)))
    return rows


def warehouse_pairs(writing: Writing, item: TradedItem) -> list[str]:
    """Item numbers for a warehouse, to which our SKU is the depositor's: `VN`, then GTIN, then the supplier's number as `MG`."""
    pairs: list[str] = []
    if item.sku:
        pairs += ["VN", writing.code("skus", item.sku, "item")]
    plain = item.model_copy(update={"sku": "", "supplier_sku": "", "identifiers": ()})
    pairs += item_pairs(plain, without=("gtin",) if len(item.gtin) == 12 else ())
    if item.supplier_sku:
        pairs += ["MG", item.supplier_sku]
    return pairs
