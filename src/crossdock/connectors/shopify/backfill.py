"""Fetches the orders changed in a window of time, so that a missed webhook is made good; knows no canonical object.

Windows overlap: an order committed late under an earlier `updated_at` is still found, and what is seen twice is the same message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from crossdock.connectors.protocol import Inbound, PollResult
from crossdock.connectors.shop_orders import found_order
from crossdock.connectors.shopify import queries
from crossdock.connectors.shopify.graphql import AdminApi, nodes_of
from crossdock.connectors.shopify.node import dig, number_of
from crossdock.connectors.shopify.options import ShopifyOptions
from crossdock.core.errors import Contended, ContractBroken, Throttled

TOPIC: Final = "graphql/orders"


async def changed_orders(api: AdminApi, options: ShopifyOptions, cursor: Mapping[str, Any], now: datetime) -> PollResult:
    """The orders updated since `since`, up to a hundred. First their ids and versions are listed, which costs little; only versions this
    cursor has not seen are read whole, so that overlapping windows do not eat the shop's query budget.

    Cursor: `since`, `seen` (version by order id within the overlap), and on the way through several pages `after` and `top`. The next
    window begins a little before the newest `updated_at` seen: the shop's clock decides, not this machine's.
    """
    since = str(cursor.get("since") or stamp(now - timedelta(hours=options.poll_first_hours)))
    page = await api.call(queries.UPDATED, q=f"updated_at:>='{since}'", after=cursor.get("after"))
    seen: dict[str, str] = dict(cursor.get("seen", {}))
    new = [str(node.get("id")) for node in nodes_of(page) if seen.get(str(node.get("id"))) != node.get("updatedAt")]
    messages: list[Inbound] = []
    for start in range(0, len(new), options.poll_page):
        try:
            orders = await read(api, new[start : start + options.poll_page])
        except Throttled:
            if not messages:
                raise
            return PollResult(
                messages, {**cursor, "since": since, "seen": seen}, more=True
            )  # what was read is kept, the rest comes later
        for node in orders:
            messages.append(found_order(TOPIC, number_of(node.get("id")), node.get("updatedAt"), node))
            seen[str(node.get("id"))] = str(node.get("updatedAt"))
    top = max([str(cursor.get("top") or since), *(str(node.get("updatedAt")) for node in nodes_of(page))])
    overlap = max(since, stamp(moment(top) - timedelta(seconds=options.poll_overlap_seconds)))
    seen = {order: version for order, version in seen.items() if version >= overlap}
    if dig(page, "pageInfo", "hasNextPage") is True:
        after = dig(page, "pageInfo", "endCursor")
        return PollResult(messages, {"since": since, "seen": seen, "after": after, "top": top}, more=True)
    return PollResult(messages, {"since": overlap, "seen": seen})


async def read(api: AdminApi, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Whole orders by id; one that was deleted meanwhile is left out. Raises `ContractBroken`, `Contended`."""
    found = await api.call(queries.ORDERS, ids=list(ids))
    if not isinstance(found, list) or not all(node is None or isinstance(node, dict) for node in found):
        raise ContractBroken("nodes: not a list of orders")
    orders = [node for node in found if node]
    for order in orders:
        await complete(api, order)
    return orders


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


def stamp(moment: datetime) -> str:
    """A time as Shopify's search takes it, whole seconds UTC."""
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")
