"""Fetches the orders changed in a window of time; knows no canonical object.

Windows overlap, and end two minutes ago: Amazon shows a change with that much delay. What is seen twice is the same message.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from crossdock.connectors.amazon.api import SellingPartnerApi, listed
from crossdock.connectors.amazon.options import AmazonOptions
from crossdock.connectors.amazon.v0 import changed_orders_v0
from crossdock.connectors.protocol import Inbound, PollResult
from crossdock.connectors.shop_orders import found_order
from crossdock.core.errors import ContractBroken

TOPIC: Final = "sp-api/order"
ORDERS: Final = "/orders/2026-01-01/orders"
DATA: Final = "BUYER,RECIPIENT,PROCEEDS,PROMOTION,CANCELLATION,FULFILLMENT,TAX"
DELAY: Final = timedelta(minutes=2)


async def changed_orders(api: SellingPartnerApi, options: AmazonOptions, cursor: Mapping[str, Any], now: datetime) -> PollResult:
    """One page of the orders updated in the window. Cursor: `since`, `seen` (version by order within the overlap), and on the way through
    several pages `token` and `until`."""
    since = str(cursor.get("since") or stamp(now - timedelta(hours=options.poll_first_hours)))
    until = str(cursor.get("until") or stamp(now - DELAY))
    if until <= since:
        return PollResult((), cursor)
    token = str(cursor.get("token") or "")
    if options.orders_api == "v0":
        orders, following = await changed_orders_v0(api, options, since, until, token)
    else:
        orders, following = await _page(api, options, since, until, token)
    seen: dict[str, str] = dict(cursor.get("seen", {}))
    messages: list[Inbound] = []
    for order in orders:
        identity, version = str(order.get("orderId")), str(order.get("lastUpdatedTime"))
        if seen.get(identity) != version:
            messages.append(found_order(TOPIC, identity, version, order))
            seen[identity] = version
    if following:
        return PollResult(messages, {"since": since, "seen": seen, "until": until, "token": following}, more=True)
    overlap = max(since, stamp(moment(until) - timedelta(seconds=options.poll_overlap_seconds)))
    return PollResult(messages, {"since": overlap, "seen": {one: version for one, version in seen.items() if version >= overlap}})


async def _page(
    api: SellingPartnerApi, options: AmazonOptions, since: str, until: str, token: str
) -> tuple[list[dict[str, Any]], str]:
    params = {
        "lastUpdatedAfter": since,
        "lastUpdatedBefore": until,
        "marketplaceIds": ",".join(options.marketplaces),
        "maxResultsPerPage": str(options.poll_page),
        "includedData": DATA,
    }
    if token:
        params["paginationToken"] = token
    page = await api.get("searchOrders", ORDERS, params)
    pagination = page.get("pagination")
    following = pagination.get("nextToken") if isinstance(pagination, dict) else None
    return listed(page.get("orders")), str(following or "")


async def read_order(api: SellingPartnerApi, number: str, data: str = "FULFILLMENT") -> Mapping[str, Any]:
    """One order with what is asked for of it. Raises `TargetRefused` for one Amazon does not know."""
    found = (await api.get("getOrder", f"{ORDERS}/{number}", {"includedData": data})).get("order")
    if not isinstance(found, dict):
        raise ContractBroken("getOrder: the answer has no order")
    return found


def stamp(when: datetime) -> str:
    """A time as Amazon takes it, whole seconds UTC."""
    return when.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """The time a stamp says."""
    return datetime.fromisoformat(text)
