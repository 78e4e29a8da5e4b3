"""What is the same in the orders of all web shops: their events, their currency, their amounts; knows no shop's fields."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal

from crossdock.canonical.events import Event, Position, Reference
from crossdock.canonical.order import OrderCancellation, SalesOrder
from crossdock.canonical.values import Money
from crossdock.connectors.document import Node, plain, read_json, root
from crossdock.connectors.protocol import StoredMessage, ValueMaps


def order_event(
    system: str, order_id: str, number: str, version: int, at: datetime, payload: SalesOrder | OrderCancellation, *, new: bool
) -> Event:
    """The event of one state of an order; `new` says that the hub may not know the order yet.

    `version` numbers the states of the order (see `document.microseconds`), so a state that comes late is seen to be old.
    """
    kind = "order.cancelled" if isinstance(payload, OrderCancellation) else "order.placed" if new else "order.changed"
    return Event(
        id=f"{system}/order/{order_id}/{version}/{kind}",
        type=kind,
        source=system,
        key=f"order/{system}/{number}",
        data=payload,
        occurred_at=at,
        references=(Reference(f"{system}:order", number), Reference(f"{system}:order_id", order_id)),
        position=Position(f"{system}/order/{order_id}", version),
    )


def deleted_order(message: StoredMessage, system: str) -> Event:
    """`order.cancelled` for an order deleted in the shop, whose message holds nothing but its id. Raises `SchemaInvalid`."""
    node = root(read_json(message.body), message.topic)
    order_id = node.text("id", required=True, limit=64)
    node.problems.raise_if_any(message.topic)
    return Event(
        id=f"{system}/order/{order_id}/deleted",
        type="order.cancelled",
        source=system,
        key="",
        data=OrderCancellation(number=order_id, reason="deleted in the shop", cancelled_at=message.received_at),
        occurred_at=message.received_at,
        references=(Reference(f"{system}:order_id", order_id),),
    )


def currency_of(order: Node) -> str:
    """The order's currency; a wrong one is noted once and stands as XXX (ISO 4217: no currency) until the order is refused."""
    currency = order.text("currency", required=True)
    if re.fullmatch("[A-Z]{3}", currency):
        return currency
    if currency:
        order.wrong("currency", "is no ISO 4217 code")
    return "XXX"


def money(amount: Decimal, currency: str) -> Money:
    """An amount, written the one way (see `plain`)."""
    return Money(amount=plain(amount), currency=currency)


def translated(value_maps: ValueMaps, name: str, code: str) -> str:
    """The hub's code for the shop's; the shop's own when there is none, or no value map is named. Raises `ValueMapMissing`."""
    return value_maps.translate(name, code) if code and name else code
