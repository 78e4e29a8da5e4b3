"""The event envelope and the catalogue of event types with the payload each carries (CloudEvents 1.0 attributes); knows no transport."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from crossdock.canonical.acknowledgement import DocumentAcknowledgement
from crossdock.canonical.bank import BankStatement
from crossdock.canonical.base import Canonical
from crossdock.canonical.customer_invoice import CollectedInvoice, CustomerInvoice, InvoiceRequest
from crossdock.canonical.despatch import DespatchAdvice
from crossdock.canonical.document_sent import DocumentSent
from crossdock.canonical.freight import (
    FreightAccrual,
    FreightAudited,
    FreightInvoice,
    FreightQuote,
    ProofOfDelivery,
    TenderAnswer,
)
from crossdock.canonical.fulfilment import FulfilmentStatus, PickConfirmation
from crossdock.canonical.interchange import Interchange
from crossdock.canonical.inventory import InventoryLevel, StockChange, StockMovement
from crossdock.canonical.invoice import Invoice
from crossdock.canonical.journal import JournalAcknowledgement
from crossdock.canonical.order import OrderAmendment, OrderCancellation, OrderConfirmation, OrderShipped, SalesOrder
from crossdock.canonical.order_response import OrderResponse
from crossdock.canonical.party import Customer
from crossdock.canonical.payment import Chargeback, Payment, Refund
from crossdock.canonical.payout import Payout
from crossdock.canonical.product import Product
from crossdock.canonical.purchase_order import PurchaseOrder
from crossdock.canonical.receipt import ReceiptAdvice
from crossdock.canonical.returns import ReturnCancellation, ReturnReceipt, ReturnRequest
from crossdock.canonical.shipment import Milestone, Shipment

EVENT_PAYLOADS: dict[str, type[Canonical]] = {
    "customer.changed": Customer,
    "product.changed": Product,
    "stock.changed": StockChange,
    "stock.moved": StockMovement,
    "stock.counted": InventoryLevel,
    "order.placed": SalesOrder,
    "order.changed": SalesOrder,
    "order.amended": OrderAmendment,
    "order.confirmed": OrderConfirmation,
    "order.released": OrderConfirmation,
    "order.cancelled": OrderCancellation,
    "order.shipped": OrderShipped,
    "fulfilment.status": FulfilmentStatus,
    "picking.completed": PickConfirmation,
    "shipment.booked": Shipment,
    "shipment.shipped": Shipment,
    "shipment.dispatched": Shipment,
    "shipment.milestone": Milestone,
    "shipment.delivered": Milestone,
    "purchase_order.confirmed": PurchaseOrder,
    "purchase_order.changed": PurchaseOrder,
    "purchase_order.cancelled": PurchaseOrder,
    "purchase_order.answered": OrderResponse,
    "ship_notice.received": DespatchAdvice,
    "receipt.completed": ReceiptAdvice,
    "supplier_invoice.received": Invoice,
    "payment.authorized": Payment,
    "payment.captured": Payment,
    "payment.failed": Payment,
    "payment.cancelled": Payment,
    "refund.completed": Refund,
    "refund.failed": Refund,
    "chargeback.opened": Chargeback,
    "chargeback.closed": Chargeback,
    "customer_invoice.created": CustomerInvoice,
    "customer_invoice.posted": CustomerInvoice,
    "customer_invoice.paid": CustomerInvoice,
    "customer_invoice.cancelled": CustomerInvoice,
    "invoice.wanted": InvoiceRequest,
    "invoice.collected": CollectedInvoice,
    "return.requested": ReturnRequest,
    "return.cancelled": ReturnCancellation,
    "return.received": ReturnReceipt,
    "shipment.pod": ProofOfDelivery,
    "tender.answered": TenderAnswer,
    "freight.quoted": FreightQuote,
    "freight_invoice.received": FreightInvoice,
    "freight.claimed": FreightInvoice,
    "freight.audited": FreightAudited,
    "freight.accrued": FreightAccrual,
    "freight.billed": FreightInvoice,
    "statement.received": BankStatement,
    "payout.received": Payout,
    "journal.acknowledged": JournalAcknowledgement,
    "document.acknowledged": DocumentAcknowledgement,
    "document.sent": DocumentSent,
    "interchange.received": Interchange,
}
"""Every event type of the hub and the canonical object it carries."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A name by which another system knows a business transaction: scheme `wms:fulfilment`, value `FO-1001-1`."""

    scheme: str
    value: str


@dataclass(frozen=True, slots=True)
class Position:
    """Where an event stands in its stream, so that stale, duplicate and missing events are recognised.

    `stream` names who counts and what (`shopify-eu/order/1001`); `number` grows with every version. With `contiguous` the stream
    has no holes, so a jump means that an event is missing and this one waits for it.
    """

    stream: str
    number: int
    contiguous: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """A canonical event on its way through the hub.

    `id` is derived from the source's own identity of the fact, so that the same fact told twice is one event.
    `key` is the business key that orders processing (`order/shopify-eu/1001`); when the sender does not know it,
    it is empty and `references` lead to it.
    """

    id: str
    type: str
    source: str
    key: str
    data: Canonical
    occurred_at: datetime
    references: tuple[Reference, ...] = ()
    position: Position | None = None
    correlation: str = ""
    causation: str = ""
    extensions: dict[str, str] = field(default_factory=dict)


class WrittenEvent(Event):
    """An event whose payload is there as canonical JSON and is read only when somebody asks for it; equal in everything else."""

    __slots__ = ("_data", "_written")

    _data: Canonical | None
    _written: bytes

    @classmethod
    def of(
        cls,
        written: bytes,
        id: str,
        type: str,
        source: str,
        key: str,
        occurred_at: datetime,
        references: tuple[Reference, ...],
        position: Position | None,
        correlation: str,
        causation: str,
        extensions: dict[str, str],
    ) -> WrittenEvent:
        """An event with its payload as `pipeline.work.canonical_bytes` writes it."""
        event = object.__new__(cls)
        put = object.__setattr__
        put(event, "_data", None)
        put(event, "_written", written)
        put(event, "id", id)
        put(event, "type", type)
        put(event, "source", source)
        put(event, "key", key)
        put(event, "occurred_at", occurred_at)
        put(event, "references", references)
        put(event, "position", position)
        put(event, "correlation", correlation)
        put(event, "causation", causation)
        put(event, "extensions", extensions)
        return event

    @property
    def data(self) -> Canonical:
        """The payload."""
        if self._data is None:
            object.__setattr__(self, "_data", EVENT_PAYLOADS[self.type].model_validate_json(self._written))
        assert self._data is not None
        return self._data

    @data.setter
    def data(self, value: Canonical) -> None:
        # `dataclasses.replace` makes the copy with the payload at hand
        object.__setattr__(self, "_data", value)
