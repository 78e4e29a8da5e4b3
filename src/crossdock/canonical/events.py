"""The event envelope and the catalogue of event types with the payload each carries (CloudEvents 1.0 attributes); knows no transport."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from crossdock.canonical.base import Canonical
from crossdock.canonical.fulfilment import FulfilmentStatus, PickConfirmation
from crossdock.canonical.inventory import InventoryLevel, StockChange
from crossdock.canonical.order import OrderCancellation, OrderConfirmation, SalesOrder
from crossdock.canonical.party import Customer
from crossdock.canonical.product import Product
from crossdock.canonical.shipment import Milestone, Shipment

EVENT_PAYLOADS: dict[str, type[Canonical]] = {
    "customer.changed": Customer,
    "product.changed": Product,
    "stock.changed": StockChange,
    "stock.counted": InventoryLevel,
    "order.placed": SalesOrder,
    "order.changed": SalesOrder,
    "order.confirmed": OrderConfirmation,
    "order.released": OrderConfirmation,
    "order.cancelled": OrderCancellation,
    "fulfilment.status": FulfilmentStatus,
    "picking.completed": PickConfirmation,
    "shipment.booked": Shipment,
    "shipment.dispatched": Shipment,
    "shipment.milestone": Milestone,
    "shipment.delivered": Milestone,
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
