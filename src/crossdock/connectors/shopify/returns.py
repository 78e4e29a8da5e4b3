"""Returns customers ask for in the shop: found by poll, told as `return.requested`; knows no policy.

The webhook `returns/request` names neither the order nor the article, so it is kept and tells nothing: the poll reads the whole request.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from crossdock.canonical.events import Event, Reference
from crossdock.canonical.returns import ReturnReason, ReturnRequest, ReturnRequestLine
from crossdock.canonical.values import Quantity
from crossdock.connectors.document import Node, root
from crossdock.connectors.protocol import Inbound, PollResult, ValueMaps
from crossdock.connectors.shop_orders import translated
from crossdock.connectors.shopify import queries
from crossdock.connectors.shopify.backfill import moment, stamp
from crossdock.connectors.shopify.graphql import AdminApi, nodes_of
from crossdock.connectors.shopify.node import dig, number_of
from crossdock.connectors.shopify.options import ShopifyOptions

CHANNEL: Final = "returns"
TOPIC: Final = "graphql/returns"
REASONS: Final[dict[str, ReturnReason]] = {
    "DEFECTIVE": "defective",
    "NOT_AS_DESCRIBED": "not_as_described",
    "WRONG_ITEM": "wrong_item",
    "UNWANTED": "changed_mind",
    "STYLE": "changed_mind",
    "COLOR": "changed_mind",
    "SIZE_TOO_SMALL": "does_not_fit",
    "SIZE_TOO_LARGE": "does_not_fit",
}
"""Shopify's ReturnReason in the hub's words; any other is `other`."""


async def requested(api: AdminApi, options: ShopifyOptions, cursor: Mapping[str, Any], now: datetime) -> PollResult:
    """The returns asked for and not yet answered, of orders updated since `since`; each as a message that is the same when read again.

    Cursor: `since`, and on the way through several pages `after` and `top`.
    """
    since = str(cursor.get("since") or stamp(now - timedelta(hours=options.poll_first_hours)))
    query = f"return_status:return_requested updated_at:>='{since}'"
    page = await api.call(queries.UPDATED, q=query, after=cursor.get("after"))
    messages: list[Inbound] = []
    for found in nodes_of(page):
        order = await api.call(queries.RETURNS, id=found.get("id"))
        asked = [one for one in nodes_of(dig(order, "returns")) if one.get("status") == "REQUESTED"]
        messages += [_message({"order": {"id": dig(order, "id"), "name": dig(order, "name")}, "return": one}) for one in asked]
    top = max([str(cursor.get("top") or since), *(str(node.get("updatedAt")) for node in nodes_of(page))])
    if dig(page, "pageInfo", "hasNextPage") is True:
        return PollResult(messages, {"since": since, "after": dig(page, "pageInfo", "endCursor"), "top": top}, more=True)
    return PollResult(messages, {"since": max(since, stamp(moment(top) - timedelta(seconds=options.poll_overlap_seconds)))})


def return_event(value: Any, system: str, options: ShopifyOptions, value_maps: ValueMaps) -> Event:
    """`return.requested` on the order's key. Raises `SchemaInvalid` with every wrong field, `ValueMapMissing`."""
    node = root(value, "return")
    problems = node.problems
    order, asked = node.child("order"), node.child("return")
    if order is None or asked is None:
        for name, part in (("order", order), ("return", asked)):
            if part is None:
                node.wrong(name, "is missing")
        raise problems.refusal("return")
    order_number = order.text("name", required=True, limit=64).lstrip("#")
    number = asked.text("name", required=True, limit=64).lstrip("#")
    at = asked.time("createdAt", required=True)
    held = asked.child("returnLineItems")
    lines = [] if held is None else [_line(one, options, value_maps) for one in held.items("nodes")]
    if held is not None and dig(value, "return", "returnLineItems", "pageInfo", "hasNextPage") is True:
        asked.wrong("returnLineItems", "has more lines than are read at once; open this return by hand")
    payload = problems.build(
        ReturnRequest,
        "return",
        number=number,
        order_number=order_number,
        requested_at=at,
        requested_by="customer",
        channel="shop",
        lines=tuple(line for line in lines if line is not None),
    )
    if problems.found or payload is None or at is None:
        raise problems.refusal(f"return {number}")
    return Event(
        id=f"{system}/return/{number_of(asked.text('id'))}",
        type="return.requested",
        source=system,
        key=f"order/{system}/{order_number}",
        data=payload,
        occurred_at=at,
        references=(Reference(f"{system}:return", number),),
    )


def _line(line: Node, options: ShopifyOptions, value_maps: ValueMaps) -> ReturnRequestLine | None:
    shipped = line.child("fulfillmentLineItem")
    item = None if shipped is None else shipped.child("lineItem")
    if item is None:
        line.wrong("fulfillmentLineItem", "the article of the order is missing; open this return by hand")
        return None
    quantity = line.decimal("quantity", required=True)
    if quantity is None:
        return None
    return line.problems.build(
        ReturnRequestLine,
        line.path,
        number=str(number_of(line.text("id", required=True))),
        order_line=str(number_of(item.text("id", required=True))),
        sku=translated(value_maps, options.sku_map, item.text("sku", required=True)),
        quantity=Quantity(value=quantity),
        reason=REASONS.get(line.text("returnReason"), "other"),
        note=line.text("customerNote"),
    )


def _message(value: Mapping[str, Any]) -> Inbound:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8", "backslashreplace")
    identity = f"return/{number_of(value['return'].get('id'))}/{hashlib.sha256(body).hexdigest()[:16]}"
    return Inbound(TOPIC, identity, body)
