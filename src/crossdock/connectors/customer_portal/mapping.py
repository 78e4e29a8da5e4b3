"""What a customer's portal asks, as canonical events: a return opened or taken back. Pure.

The same request is one message whichever way it comes: signed to the hub's door, or by the REST interface.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import orjson

from crossdock.canonical.base import Canonical
from crossdock.canonical.events import Event, Reference
from crossdock.canonical.returns import ReturnCancellation, ReturnRequest
from crossdock.connectors.contracts.bodies import read_object
from crossdock.connectors.customer_portal.options import CustomerPortalOptions
from crossdock.connectors.document import parse
from crossdock.connectors.protocol import Inbound, StoredMessage
from crossdock.connectors.wrong_fields import refusal
from crossdock.core.errors import DocumentUnknown, PayloadMalformed

Topic = Literal["return.requested", "return.cancelled"]
PAYLOADS: Final[dict[str, type[ReturnRequest] | type[ReturnCancellation]]] = {
    "return.requested": ReturnRequest,
    "return.cancelled": ReturnCancellation,
}


def inbound(topic: str, document: Mapping[str, Any], shop: str = "") -> Inbound:
    """A request as a message. A return has one request and one cancellation under its number: the same again is known.

    Raises `DocumentUnknown`, `PayloadMalformed`.
    """
    if topic not in PAYLOADS:
        raise DocumentUnknown(f"a customer's portal has no {topic!r}", topic=topic)
    number = document.get("number")
    if not isinstance(number, str) or not 0 < len(number) <= 64:
        raise PayloadMalformed("`data.number`, the portal's own number of the return, is missing or longer than 64 characters")
    body = orjson.dumps({"type": topic, "shop": shop, "data": dict(document)}, option=orjson.OPT_SORT_KEYS)
    return Inbound(topic, f"{topic}/{number}", body)


def from_webhook(body: bytes, options: CustomerPortalOptions) -> Inbound:
    """A signed request's message. `shop` may be left out where the portal speaks of one only. Raises what `inbound` raises."""
    asked = read_object(body)
    topic, document, shop = asked.get("type"), asked.get("data"), asked.get("shop") or options.shops[0]
    if not isinstance(topic, str) or not isinstance(document, dict):
        raise PayloadMalformed("a request needs a text `type` and an object `data`")
    if len(options.shops) > 1 and not asked.get("shop"):
        raise PayloadMalformed("this portal speaks of several shops: say which in `shop`")
    if shop not in options.shops:
        raise PayloadMalformed(f"{shop!r} is no shop of this portal")
    return inbound(topic, document, str(shop))


def events(message: StoredMessage, options: CustomerPortalOptions) -> Sequence[Event]:
    """The event of a message, on the key of its order. Raises `SchemaInvalid` naming every wrong field."""
    asked = read_object(message.body)
    topic = str(asked.get("type"))
    if topic not in PAYLOADS:
        raise DocumentUnknown(f"a customer's portal has no {topic!r}", topic=topic)
    data: Canonical = parse(PAYLOADS[topic], _dated(topic, asked.get("data"), message), "data")
    number, order = str(getattr(data, "number", "")), str(getattr(data, "order_number", ""))
    if not order:
        raise refusal("data.order_number: the order is missing", "data.order_number", "is missing", "missing")
    shop = str(asked.get("shop") or options.shops[0])
    return (
        Event(
            id=f"{message.system}/{topic}/{number}",
            type=topic,
            source=message.system,
            key=f"order/{shop}/{order}",
            data=data,
            occurred_at=message.received_at,
            references=(Reference(f"{message.system}:return", number),),
        ),
    )


def _dated(topic: str, document: Any, message: StoredMessage) -> Any:
    """When nobody says when it was asked, it was when it came."""
    if not isinstance(document, dict):
        return document
    name = "requested_at" if topic == "return.requested" else "cancelled_at"
    return {name: message.received_at, **document}
