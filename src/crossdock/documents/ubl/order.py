"""UBL Order, OrderChange and OrderCancellation (Peppol BIS Ordering 3): purchase orders out, customers' orders in; knows no system."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from crossdock.canonical.order import OrderCancellation, SalesOrder
from crossdock.canonical.purchase_order import PurchaseOrder, PurchaseOrderLine
from crossdock.documents.drafts import Draft
from crossdock.documents.mapping import Codes, Mapped, ReadContext, WriteContext, reads, writes
from crossdock.documents.ubl.building import Parts, amount, day, document, moment, quantity
from crossdock.documents.ubl.elements import Node, Reading, currency_of, root_of
from crossdock.documents.ubl.items import read_item, read_price, write_item, write_price
from crossdock.documents.ubl.parties import (
    UNTAXED,
    read_allowances,
    read_delivery_place,
    read_party,
    tax_category,
    write_allowances,
    write_delivery_place,
    write_party,
)

PROFILE: Final = "urn:fdc:peppol.eu:poacc:bis:ordering:3"
ADVANCED: Final = "urn:fdc:peppol.eu:poacc:bis:advanced_ordering:3"
CUSTOMIZATION: Final = "urn:fdc:peppol.eu:poacc:trns:{}:3"
_STATUS: Final = {"open": "", "closed": "42", "cancelled": "2"}
_STATUSES: Final = {"42": "closed", "2": "cancelled"}
"""Line status codes of UNTDID 1229: 2 deleted, 42 already delivered."""


@writes("ubl", "Order", "OrderChange", "OrderCancellation")
def write_order(order: PurchaseOrder, context: WriteContext, codes: Codes) -> bytes:
    """A purchase order as Order, its later versions as OrderChange, its cancellation as OrderCancellation."""
    if context.purpose == "cancel":
        return document("OrderCancellation", _cancellation(order, context))
    if context.purpose == "change" or (context.purpose == "original" and order.revision > 0):
        return document("OrderChange", _order(order, context, change=True))
    return document("Order", _order(order, context, change=False))


def _head(order: PurchaseOrder, context: WriteContext, transaction: str, profile: str) -> Parts:
    number_of = context.number if context.number and transaction != "order" else order.number
    return [
        ("cbc:CustomizationID", CUSTOMIZATION.format(transaction)),
        ("cbc:ProfileID", profile),
        ("cbc:ID", number_of),
    ]


def _order(order: PurchaseOrder, context: WriteContext, *, change: bool) -> Parts:
    parts = _head(order, context, "order_change" if change else "order", ADVANCED if change else PROFILE)
    parts += [("cbc:SalesOrderID", order.supplier_order_number)]
    parts += moment(order.ordered_at, context.options.zone, "cbc:IssueDate", "cbc:IssueTime")
    parts += [("cbc:SequenceNumberID", str(order.revision))] if change else [("cbc:OrderTypeCode", "220")]
    parts += [("cbc:Note", order.note), ("cbc:DocumentCurrencyCode", order.currency)]
    if change:
        parts += [("cac:OrderReference", [("cbc:ID", order.number)])]
    parts += [
        ("cac:QuotationDocumentReference", [("cbc:ID", order.quotation)]),
        ("cac:Contract", [("cbc:ID", order.contract)]),
        ("cac:BuyerCustomerParty", [("cac:Party", write_party(order.buyer, context.parties.ours, 1))]),
        ("cac:SellerSupplierParty", [("cac:Party", write_party(order.supplier, context.parties.theirs, 1, UNTAXED))]),
        ("cac:AccountingCustomerParty", [("cac:Party", write_party(order.invoice_to, None, 1))]),
        ("cac:Delivery", _delivery(order)),
        (
            "cac:DeliveryTerms",
            [("cbc:ID", order.incoterm), ("cac:DeliveryLocation", [("cbc:ID", order.incoterm_place)])],
        ),
        ("cac:PaymentTerms", [("cbc:Note", order.payment_terms)]),
        *write_allowances(order.allowances),
        ("cac:TaxTotal", [("cbc:TaxAmount", amount(order.tax))]),
        ("cac:AnticipatedMonetaryTotal", _totals(order)),
    ]
    parts += [("cac:OrderLine", _line(line, change)) for line in order.lines]
    return parts


def line_net(line: PurchaseOrderLine) -> Decimal:
    """What a line comes to: quantity by price for its base, less allowances, plus charges; not rounded."""
    net = line.quantity.value * line.unit_price.amount / (line.price_base or Decimal(1))
    return net + sum((each.amount.amount if each.charge else -each.amount.amount for each in line.allowances), Decimal(0))


def _totals(order: PurchaseOrder) -> Parts:
    """BIS Ordering, rules T01-R011 to R016: the totals follow from the lines; the payable amount is what the buyer states."""
    lines = order.total.model_copy(
        update={"amount": sum((_rounded(line, order).amount for line in order.lines if line.status != "cancelled"), Decimal(0))}
    )
    return [("cbc:LineExtensionAmount", amount(lines)), ("cbc:PayableAmount", amount(order.total))]


def _rounded(line: PurchaseOrderLine, order: PurchaseOrder) -> Any:
    return order.total.model_copy(update={"amount": line_net(line)}).rounded()


def _delivery(order: PurchaseOrder) -> Parts:
    return [
        *write_delivery_place(order.ship_to),
        (
            "cac:RequestedDeliveryPeriod",
            [("cbc:StartDate", day(order.delivery_date)), ("cbc:EndDate", day(order.latest_delivery_date))],
        ),
        (
            "cac:DeliveryParty",
            [
                ("cac:PartyName", [("cbc:Name", order.ship_to.name if _contact(order) else "")]),
                (
                    "cac:Contact",
                    [
                        ("cbc:Name", order.ship_to.contact),
                        ("cbc:Telephone", order.ship_to.phone),
                        ("cbc:ElectronicMail", order.ship_to.email),
                    ],
                ),
            ],
        ),
    ]


def _contact(order: PurchaseOrder) -> bool:
    return bool(order.ship_to.contact or order.ship_to.phone or order.ship_to.email)


def _line(line: PurchaseOrderLine, change: bool) -> Parts:
    net = line.unit_price.model_copy(update={"amount": line_net(line)}).rounded()
    item: Parts = [
        ("cbc:ID", line.number),
        ("cbc:LineStatusCode", _STATUS[line.status] or ("3" if change else "")),
        ("cbc:Quantity", quantity(line.quantity)),
        ("cbc:LineExtensionAmount", amount(net)),
    ]
    deliveries: Parts = [
        (
            "cac:Delivery",
            [
                ("cbc:Quantity", quantity(each.quantity)),
                (
                    "cac:RequestedDeliveryPeriod",
                    [("cbc:StartDate", day(each.delivery_date)), ("cbc:EndDate", day(each.delivery_date))],
                ),
            ],
        )
        for each in line.schedule
    ]
    if line.delivery_date is not None:
        period: Parts = [("cbc:StartDate", day(line.delivery_date)), ("cbc:EndDate", day(line.delivery_date))]
        deliveries.insert(0, ("cac:Delivery", [("cac:RequestedDeliveryPeriod", period)]))
    item += deliveries
    item += write_allowances(line.allowances)
    item.append(("cac:Price", write_price(line.unit_price, line.price_base, line.quantity)))
    tax = ("cac:ClassifiedTaxCategory", tax_category(line.tax_category, line.tax_percent))
    item.append(("cac:Item", write_item(line, tax)))
    return [("cbc:Note", line.note), ("cac:LineItem", item)]


def _cancellation(order: PurchaseOrder, context: WriteContext) -> Parts:
    return [
        *_head(order, context, "order_cancellation", ADVANCED),
        *moment(context.moment, context.options.zone, "cbc:IssueDate", "cbc:IssueTime"),
        ("cbc:CancellationNote", order.reason or order.note or "The order is cancelled."),
        ("cac:OrderReference", [("cbc:ID", order.number)]),
        ("cac:BuyerCustomerParty", [("cac:Party", write_party(order.buyer, context.parties.ours, 1))]),
        ("cac:SellerSupplierParty", [("cac:Party", write_party(order.supplier, context.parties.theirs, 1, UNTAXED))]),
    ]


def read_purchase_order(data: bytes, context: ReadContext, codes: Codes) -> PurchaseOrder:
    """An Order or OrderChange as the purchase order it states. Raises `PayloadMalformed`, `SchemaInvalid`, `ValueMapMissing`."""
    reading = Reading(context, codes)
    return reading.finish(PurchaseOrder, _draft(Node(root_of(data), reading)))


def _draft(root: Node) -> Draft:
    reading = root.reading
    currency = currency_of(
        root, "cac:AnticipatedMonetaryTotal/cbc:PayableAmount", "cac:OrderLine/cac:LineItem/cac:Price/cbc:PriceAmount"
    )
    lines = root.all("cac:OrderLine/cac:LineItem")
    reading.anchors[()] = root
    reading.anchors |= {("lines", at): line for at, line in enumerate(lines)}
    delivery = root.first("cac:Delivery")
    ship_to = read_delivery_place(delivery)
    buyer = read_party(root.first("cac:BuyerCustomerParty/cac:Party"))
    total = root.money("cac:AnticipatedMonetaryTotal/cbc:PayableAmount", currency)
    drafts = [_line_draft(line, currency) for line in lines]
    for at, each in enumerate(drafts):
        if each.get("unit_price") is None:
            reading.wrong("the line has no price (cac:Price/cbc:PriceAmount)", lines[at], f"lines.{at}.unit_price")
    return {
        "number": root.text("cac:OrderReference/cbc:ID") or root.text("cbc:ID"),
        "revision": _revision(root),
        "ordered_at": root.moment("cbc:IssueDate", "cbc:IssueTime"),
        "buyer": buyer,
        "supplier": read_party(root.first("cac:SellerSupplierParty/cac:Party")),
        "ship_to": ship_to or buyer,
        "invoice_to": read_party(root.first("cac:AccountingCustomerParty/cac:Party")),
        "currency": currency,
        "lines": drafts,
        "allowances": read_allowances(root, currency),
        "tax": root.money("cac:TaxTotal/cbc:TaxAmount", currency),
        "total": total if total is not None else {"amount": _sum(drafts), "currency": currency},
        "delivery_date": _first_day(delivery, "cbc:StartDate"),
        "latest_delivery_date": _first_day(delivery, "cbc:EndDate"),
        "delivery_zone": reading.options.zone,
        "incoterm": _incoterm(root),
        "incoterm_place": root.text("cac:DeliveryTerms/cac:DeliveryLocation/cbc:ID"),
        "payment_terms": root.texts("cac:PaymentTerms/cbc:Note"),
        "contract": root.text("cac:Contract/cbc:ID"),
        "quotation": root.text("cac:QuotationDocumentReference/cbc:ID"),
        "supplier_order_number": root.text("cbc:SalesOrderID"),
        "warehouse": reading.options.warehouse,
        "note": root.texts("cbc:Note"),
    }


def _revision(root: Node) -> int:
    text = root.text("cbc:SequenceNumberID")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _incoterm(root: Node) -> str:
    found = root.text("cac:DeliveryTerms/cbc:ID").upper()
    return found if len(found) == 3 and found.isascii() and found.isalpha() else ""


def _first_day(delivery: Node | None, name: str) -> Any:
    if delivery is None:
        return None
    return delivery.day(f"cac:RequestedDeliveryPeriod/{name}") or (
        delivery.day("cbc:RequestedDeliveryDate") if name == "cbc:StartDate" else None
    )


def _sum(lines: list[Draft]) -> Decimal:
    total = Decimal(0)
    for each in lines:
        if each.get("quantity") and each.get("unit_price"):
            total += each["quantity"]["value"] * each["unit_price"]["amount"] / (each.get("price_base") or Decimal(1))
    return total


def _line_draft(line: Node, currency: str) -> Draft:
    deliveries = line.all("cac:Delivery")
    schedule = [
        {"quantity": amount_of, "delivery_date": _first_day(each, "cbc:StartDate")}
        for each in deliveries
        if (amount_of := each.quantity("cbc:Quantity")) is not None and _first_day(each, "cbc:StartDate") is not None
    ]
    whole = next((each for each in deliveries if each.first("cbc:Quantity") is None), None)
    tax = line.first("cac:Item/cac:ClassifiedTaxCategory")
    return {
        **read_item(line.first("cac:Item")),
        **read_price(line.first("cac:Price"), currency),
        "number": line.text("cbc:ID"),
        "quantity": line.quantity("cbc:Quantity"),
        "allowances": read_allowances(line, currency),
        "tax_category": tax.text("cbc:ID") if tax is not None else "",
        "tax_percent": tax.decimal("cbc:Percent") if tax is not None else None,
        "delivery_date": _first_day(whole, "cbc:StartDate"),
        "schedule": schedule,
        "status": _STATUSES.get(line.text("cbc:LineStatusCode"), "open"),
        "note": "\n".join(filter(None, (line.outer.texts("cbc:Note"), line.texts("cbc:Note")))),
    }


@reads("ubl", "Order", "OrderChange")
def read_order(data: bytes, context: ReadContext, codes: Codes) -> list[Mapped]:
    """A customer's Order as `order.placed`, an OrderChange as `order.changed`.

    Raises `PayloadMalformed`, `SchemaInvalid` and `ValueMapMissing` with everything that is wrong, each with its path.
    """
    reading = Reading(context, codes)
    root = Node(root_of(data), reading)
    order = reading.finish(PurchaseOrder, _draft(root))
    lines = root.all("cac:OrderLine/cac:LineItem")
    drafts = [
        _sales_line(line, node, reading) for line, node in zip(order.lines, lines, strict=True) if line.status != "cancelled"
    ]
    sales = reading.finish(SalesOrder, _sales_order(order, drafts, root))
    changed = context.type == "OrderChange"
    return [
        Mapped(
            "order.changed" if changed else "order.placed",
            sales,
            number=order.number,
            purpose="change" if changed else "original",
            version=order.revision,
            occurred_at=order.ordered_at,
        )
    ]


def _sales_line(line: PurchaseOrderLine, node: Node, reading: Reading) -> Draft:
    """A line as a sales order has it: the SKU is the item number the agreement says, and the price is for one unit."""
    numbers = {"seller": line.supplier_sku, "buyer": line.sku, "gtin": line.gtin}
    sku = next((numbers[kind] for kind in reading.options.sku if numbers.get(kind)), "")
    if not sku:
        reading.wrong("there is no item number that could be our SKU", node, "lines")
    discount = sum((-each.amount.amount if each.charge else each.amount.amount for each in line.allowances), Decimal(0))
    return {
        "number": line.number,
        "sku": reading.code("skus", sku, node) or "?",
        "name": line.name,
        "quantity": line.quantity,
        "unit_price": line.unit_price.model_copy(update={"amount": line.unit_price.amount / (line.price_base or Decimal(1))}),
        "discount": line.unit_price.model_copy(update={"amount": discount}) if discount else None,
        "identifiers": [*line.identifiers, *([{"scheme": "gtin", "value": line.gtin}] if line.gtin else [])],
    }


def _sales_order(order: PurchaseOrder, lines: list[Draft], root: Node) -> Draft:
    buyer = order.buyer
    if order.ship_to.address is None and buyer.address is None:
        root.reading.wrong("there is no address to deliver to", root, "ship_to")
    address = order.ship_to.address or buyer.address
    theirs = root.reading.context.parties.theirs
    named = next((each.value for each in (*buyer.identifiers, *((buyer.endpoint,) if buyer.endpoint else ()))), "")
    return {
        "number": order.number,
        "placed_at": order.ordered_at,
        "customer": {
            "id": theirs.id or named or buyer.name,
            "name": buyer.name or theirs.name,
            "email": buyer.email,
            "phone": buyer.phone,
            "vat": buyer.vat,
            "is_company": True,
            "identifiers": buyer.identifiers,
            "address": buyer.address,
        },
        "ship_to": address.model_copy(update={"name": order.ship_to.name}) if address is not None else None,
        "bill_to": order.invoice_to.address if order.invoice_to is not None else None,
        "currency": order.currency,
        "lines": lines,
        "tax": order.tax,
        "total": order.total,
        "incoterm": order.incoterm,
        "note": order.note,
    }


@reads("ubl", "OrderCancellation")
def read_cancellation(data: bytes, context: ReadContext, codes: Codes) -> list[Mapped]:
    """A customer's OrderCancellation as `order.cancelled`."""
    reading = Reading(context, codes)
    root = Node(root_of(data), reading)
    reading.anchors[()] = root
    number_of = root.text("cac:OrderReference/cbc:ID")
    if not number_of:
        reading.wrong("the cancelled order is not named (cac:OrderReference/cbc:ID)", root, "number")
    moment_of = root.moment("cbc:IssueDate", "cbc:IssueTime")
    draft: Draft = {"number": number_of, "reason": root.texts("cbc:CancellationNote"), "cancelled_at": moment_of}
    data_of = reading.finish(OrderCancellation, draft)
    return [Mapped("order.cancelled", data_of, number=root.text("cbc:ID"), purpose="cancel", occurred_at=data_of.cancelled_at)]
