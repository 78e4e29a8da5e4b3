"""Fetches the orders modified since the last poll, so that a missed webhook is made good; knows no canonical object.

WooCommerce counts pages by position in a list that moves while orders change. So a poll never asks for the next page but for
the orders modified since the last one it saw; only within one crowded second it has to turn pages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from crossdock.connectors.document import array_items
from crossdock.connectors.protocol import Inbound, PollResult
from crossdock.connectors.woocommerce.options import WooCommerceOptions
from crossdock.connectors.woocommerce.rest import RestApi
from crossdock.core.errors import ContractBroken

TOPIC: Final = "rest/orders"
SECOND: Final = timedelta(seconds=1)


async def modified_orders(api: RestApi, options: WooCommerceOptions, cursor: Mapping[str, Any], now: datetime) -> PollResult:
    """One page of the orders modified after `since` (the shop's clock, GMT without zone). Cursor: `since`, and within a second `page`."""
    since = str(cursor.get("since") or stamp(now.replace(tzinfo=None) - timedelta(hours=options.poll_first_hours)))
    page = int(cursor.get("page") or 1)
    text = await api.get_text(
        "orders",
        modified_after=since,
        dates_are_gmt="true",
        orderby="modified",
        order="asc",
        per_page=str(options.poll_page),
        page=str(page),
    )
    try:
        items = list(array_items(text))
    except ValueError:
        raise ContractBroken("the list of orders is no JSON array") from None
    messages = [message(raw.encode()) for _, raw in items]
    seen = [moment(value) for value, _ in items]
    if len(items) < options.poll_page:
        newest = max([*seen, moment({"date_modified_gmt": cursor.get("top") or since})])
        return PollResult(messages, {"since": max(since, stamp(newest - timedelta(seconds=options.poll_overlap_seconds)))})
    further = stamp(max(seen) - SECOND)  # `modified_after` leaves out its own second
    top = max(str(cursor.get("top") or ""), stamp(max(seen)))
    if further > since:
        return PollResult(messages, {"since": further, "top": top}, more=True)
    return PollResult(messages, {"since": since, "page": page + 1, "top": top}, more=True)


def message(body: bytes) -> Inbound:
    """An order as a message. The same bytes are the same message, whether a webhook or a poll brought them."""
    return Inbound(TOPIC, identity("order", body), body)


def identity(resource: str, body: bytes) -> str:
    """The identity of a payload. X-WC-Webhook-Delivery-ID is none: it is new for every attempt and the same for one second."""
    return f"{resource}/{hashlib.sha256(body).hexdigest()}"


def moment(value: Any) -> datetime:
    """When an order was modified, GMT without zone. Raises `ContractBroken`."""
    try:
        return datetime.fromisoformat(value["date_modified_gmt"]).replace(tzinfo=None)
    except (TypeError, KeyError, ValueError):
        raise ContractBroken("an order without date_modified_gmt") from None


def stamp(when: datetime) -> str:
    """A time as WooCommerce takes it, whole seconds."""
    return when.replace(microsecond=0).isoformat()
