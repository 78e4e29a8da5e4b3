"""What is the same in the orders of all web shops: their events, their currency, their amounts; knows no shop's fields."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from crossdock.canonical.codes import NO_CURRENCY
from crossdock.canonical.events import Event, Position, Reference
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.order import OrderCancellation, OrderLine, SalesOrder
from crossdock.canonical.values import Money, Quantity
from crossdock.connectors.document import Node, plain, read_json, root
from crossdock.connectors.net_amounts import NetLine
from crossdock.connectors.protocol import Inbound, StoredMessage, ValueMaps


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


def order_line(
    node: Node,
    names: dict[str, str],
    *,
    number: str,
    sku: str,
    name: str,
    quantity: Decimal,
    net: NetLine,
    currency: str,
    known_as: tuple[str, str],
) -> OrderLine | None:
    """A line from its net amounts; None with every wrong field noted under its names in the shop. `known_as`: scheme and value of the
    shop's own name of the article."""
    return node.problems.build(
        OrderLine,
        node.path,
        names,
        number=number,
        sku=sku,
        name=name,
        quantity=Quantity(value=quantity),
        unit_price=money(net.unit_price, currency),
        discount=money(net.discount, currency) if net.discount else None,
        tax=money(net.tax, currency) if net.tax else None,
        identifiers=(Identifier(scheme=known_as[0], value=known_as[1]),) if known_as[1] else (),
    )


def found_order(topic: str, order_id: object, version: object, order: Mapping[str, Any]) -> Inbound:
    """An order a poll found, as a message; its identity is the order, its version and its content."""
    body = json.dumps(order, ensure_ascii=False, separators=(",", ":"), default=_number_text).encode("utf-8", "backslashreplace")
    digest = hashlib.sha256(body).hexdigest()[:16]
    return Inbound(topic, f"order/{order_id}/{version}/{digest}", body)


def _number_text(value: Any) -> str:
    """Shops state amounts as text; a number with a fraction keeps its digits as text."""
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)


def currency_of(order: Node) -> str:
    """The order's currency; a wrong one is noted once and stands as `NO_CURRENCY` until the order is refused."""
    currency = order.text("currency", required=True)
    if re.fullmatch("[A-Z]{3}", currency):
        return currency
    if currency:
        order.wrong("currency", "is no ISO 4217 code")
    return NO_CURRENCY


def money(amount: Decimal, currency: str) -> Money:
    """An amount, written the one way (see `plain`)."""
    return Money(amount=plain(amount), currency=currency)


def translated(value_maps: ValueMaps, name: str, code: str) -> str:
    """The hub's code for the shop's; the shop's own when there is none, or no value map is named. Raises `ValueMapMissing`."""
    return value_maps.translate(name, code) if code and name else code
