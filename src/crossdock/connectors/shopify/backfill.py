"""Fetches the orders changed in a window of time, so that a missed webhook is made good; knows no canonical object.

Windows overlap: an order committed late under an earlier `updated_at` is still found, and what is seen twice is the same message.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from crossdock.connectors.protocol import Inbound, PollResult
from crossdock.connectors.shopify import queries
from crossdock.connectors.shopify.graphql import AdminApi, nodes_of
from crossdock.connectors.shopify.node import dig, number_of
from crossdock.connectors.shopify.options import ShopifyOptions
from crossdock.core.errors import Contended, ContractBroken

TOPIC: Final = "graphql/orders"


async def changed_orders(api: AdminApi, options: ShopifyOptions, cursor: Mapping[str, Any], now: datetime) -> PollResult:
    """One page of the orders updated since `since`. Cursor: `since`, and on the way through several pages `after` and `top`.

    The next window begins a little before the newest `updated_at` seen: the shop's clock decides, not this machine's.
    """
    since = str(cursor.get("since") or stamp(now - timedelta(hours=options.poll_first_hours)))
    page = await api.call(queries.ORDERS, q=f"updated_at:>='{since}'", first=options.poll_page, after=cursor.get("after"))
    messages = []
    top = str(cursor.get("top") or since)
    for node in nodes_of(page):
        await complete(api, node)
        messages.append(message(node))
        top = max(top, str(node.get("updatedAt") or ""))
    if dig(page, "pageInfo", "hasNextPage") is True:
        return PollResult(messages, {"since": since, "after": dig(page, "pageInfo", "endCursor"), "top": top}, more=True)
    start = stamp(moment(top) - timedelta(seconds=options.poll_overlap_seconds))
    return PollResult(messages, {"since": max(since, start)})


def moment(text: str) -> datetime:
    """A time as Shopify wrote it. Raises `ContractBroken`."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ContractBroken("an order whose updatedAt is no time") from None


async def complete(api: AdminApi, node: dict[str, Any]) -> None:
    """Fetch the line items beyond the first page. Raises `Contended` when the order changed meanwhile: half old, half new is no version."""
    connection = node.get("lineItems")
    gid, after = node.get("id"), dig(connection, "pageInfo", "endCursor")
    while dig(connection, "pageInfo", "hasNextPage") is True:
        order = await api.call(queries.ORDER_LINES, id=gid, after=after)
        if dig(order, "updatedAt") != node.get("updatedAt"):
            raise Contended(f"order {number_of(gid)} changed while it was read", order_id=number_of(gid))
        connection = dig(order, "lineItems")
        after = dig(connection, "pageInfo", "endCursor")
        node["lineItems"]["nodes"].extend(nodes_of(connection))
    if isinstance(node.get("lineItems"), dict):
        node["lineItems"].pop("pageInfo", None)


def message(node: Mapping[str, Any]) -> Inbound:
    """The order as a message; its identity is the order, its version and its content."""
    body = json.dumps(node, ensure_ascii=False, separators=(",", ":"), default=number_text).encode("utf-8", "backslashreplace")
    digest = hashlib.sha256(body).hexdigest()[:16]
    return Inbound(TOPIC, f"order/{number_of(node.get('id'))}/{node.get('updatedAt')}/{digest}", body)


def number_text(value: Any) -> str:
    """Amounts are text in GraphQL; a number with a fraction keeps its digits as text."""
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)


def stamp(moment: datetime) -> str:
    """A time as Shopify's search takes it, whole seconds UTC."""
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")
