"""Which canonical documents commands carry and under which names (docs/reference/commands.md); judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crossdock.canonical.acknowledgement import DocumentAcknowledgement
from crossdock.canonical.bank import CreditTransfer
from crossdock.canonical.base import Canonical
from crossdock.canonical.customer_invoice import InvoiceRequest
from crossdock.canonical.despatch import DespatchAdvice
from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.canonical.freight import FreightInvoice, Tender
from crossdock.canonical.fulfilment import FulfilmentOrder, PickConfirmation
from crossdock.canonical.interchange import Interchange
from crossdock.canonical.inventory import InventoryLevel, QuantityChange
from crossdock.canonical.invoice import Invoice
from crossdock.canonical.journal import Journal
from crossdock.canonical.order import SalesOrder
from crossdock.canonical.order_response import OrderResponse
from crossdock.canonical.purchase_order import PurchaseOrder
from crossdock.canonical.receipt import ExpectedReceipt, ReceiptAdvice
from crossdock.canonical.returns import ExpectedReturn, ReturnAnswer, ReturnTransfer
from crossdock.canonical.shipment import Milestone, Shipment

CARRIED: Final[dict[str, type[Canonical]]] = {
    "order": SalesOrder,
    "previous": SalesOrder,
    "fulfilment": FulfilmentOrder,
    "shipment": Shipment,
    "confirmation": PickConfirmation,
    "milestone": Milestone,
    "levels": InventoryLevel,
    "changes": QuantityChange,
    "purchase_order": PurchaseOrder,
    "previous_purchase_order": PurchaseOrder,
    "answer": OrderResponse,
    "ship_notice": DespatchAdvice,
    "expected_receipt": ExpectedReceipt,
    "receipt": ReceiptAdvice,
    "invoice": Invoice,
    "invoice_request": InvoiceRequest,
    "expected_return": ExpectedReturn,
    "return_transfer": ReturnTransfer,
    "return_answer": ReturnAnswer,
    "credit_transfer": CreditTransfer,
    "tender": Tender,
    "freight_invoice": FreightInvoice,
    "journal": Journal,
    "acknowledgement": DocumentAcknowledgement,
    "interchange": Interchange,
}
"""Name in the command's data and the document found there, alone or as a list."""
_AS_EVENT: Final = {
    "order.create": ("order.placed", "order"),
    "order.change": ("order.changed", "order"),
    "purchase_order.send": ("purchase_order.confirmed", "purchase_order"),
    "purchase_order.change": ("purchase_order.changed", "purchase_order"),
    "receipt.validate": ("receipt.completed", "receipt"),
    "bill.create": ("supplier_invoice.received", "invoice"),
}
"""Command: the event whose rules its document must keep as well when a person corrected it, and the document's name."""


def documents(command: str, data: Mapping[str, Any]) -> list[tuple[str, type[Canonical], Any]]:
    """The documents in a command's data: (path, class, JSON value)."""
    if command in ("document.send", "event.publish") and data.get("event") in EVENT_PAYLOADS:
        return [("document", EVENT_PAYLOADS[data["event"]], data.get("document"))]
    found: list[tuple[str, type[Canonical], Any]] = []
    for name, kind in CARRIED.items():
        value = data.get(name)
        if isinstance(value, list):
            found += [(f"{name}.{place}", kind, each) for place, each in enumerate(value)]
        elif isinstance(value, dict):
            found.append((name, kind, value))
    return found


def judged_as(command: str, data: Mapping[str, Any]) -> tuple[str, Any] | None:
    """The event type by whose business rules a command's document is judged, and the document; None when there is none."""
    if command == "document.send":
        return (str(data["event"]), data.get("document")) if data.get("event") in EVENT_PAYLOADS else None
    event, name = _AS_EVENT.get(command, ("", ""))
    return (event, data.get(name)) if event else None
