"""Cancels orders by the order acknowledgement feed, which Amazon works off by itself: an order that is cancelled is never sent again.

The feed of a command is remembered only to ask how it went; after a restart it is sent once more, which cancels nothing twice.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final
from xml.sax.saxutils import escape

from crossdock.connectors.amazon.api import SellingPartnerApi, listed
from crossdock.connectors.amazon.options import AmazonOptions
from crossdock.connectors.amazon.orders import read_order
from crossdock.core.commands import Command
from crossdock.core.errors import AnswerPending, ContractBroken, TargetRefused

FEEDS: Final = "/feeds/2021-06-30"
FEED: Final = "POST_ORDER_ACKNOWLEDGEMENT_DATA"
CONTENT: Final = "text/xml; charset=UTF-8"
REASONS: Final = (("customer", "BuyerCanceled"), ("buyer", "BuyerCanceled"), ("address", "ShippingAddressUndeliverable"),
                  ("price", "PricingError"), ("stock", "NoInventory"), ("inventory", "NoInventory"))  # fmt: skip
OPEN: Final = frozenset({"IN_QUEUE", "IN_PROGRESS"})
LOOK_AGAIN: Final = 60.0
KEPT: Final = 1_000


class Cancelling:
    """Cancellations of one account."""

    def __init__(self, api: SellingPartnerApi, options: AmazonOptions) -> None:
        self._api = api
        self._options = options
        self._feeds: OrderedDict[str, str] = OrderedDict()

    async def cancelled(self, number: str) -> bool:
        """Whether the order is cancelled."""
        return _cancelled(await read_order(self._api, number))

    async def cancel(self, number: str, command: Command) -> bool:
        """Have the order cancelled; False when it was. Raises `AnswerPending` while Amazon works on it, `TargetRefused`."""
        order = await read_order(self._api, number)
        if _cancelled(order):
            return False
        feed = self._feeds.get(command.id)
        if feed is None:
            feed = await self._send(
                acknowledgement(self._options.seller_id, number, order, str(command.data.get("reason") or ""))
            )
            self._feeds[command.id] = feed
            while len(self._feeds) > KEPT:
                self._feeds.popitem(last=False)
        state = str((await self._api.get("getFeed", f"{FEEDS}/feeds/{feed}")).get("processingStatus"))
        if state not in OPEN | {"DONE"}:
            raise TargetRefused(f"Amazon ended the cancellation with {state}", feed=feed, status=state)
        if await self.cancelled(number):
            return True
        if state == "DONE":
            raise TargetRefused("Amazon worked the cancellation off and the order is not cancelled; read its report", feed=feed)
        raise AnswerPending("Amazon has the cancellation and has not worked it off yet", retry_after=LOOK_AGAIN, feed=feed)

    async def _send(self, content: bytes) -> str:
        made = await self._api.write("createFeedDocument", "POST", f"{FEEDS}/documents", {"contentType": CONTENT}, safe=True)
        document, url = made.get("feedDocumentId"), made.get("url")
        if not isinstance(document, str) or not isinstance(url, str):
            raise ContractBroken("createFeedDocument: the answer has no document")
        await self._api.upload(url, content, CONTENT)
        body = {"feedType": FEED, "marketplaceIds": list(self._options.marketplaces), "inputFeedDocumentId": document}
        feed = (await self._api.write("createFeed", "POST", f"{FEEDS}/feeds", body)).get("feedId")
        if not isinstance(feed, str) or not feed:
            raise ContractBroken("createFeed: the answer has no feed")
        return feed


def _cancelled(order: Mapping[str, Any]) -> bool:
    state = order.get("fulfillment")
    return isinstance(state, dict) and state.get("fulfillmentStatus") == "CANCELLED"


def acknowledgement(seller: str, number: str, order: Mapping[str, Any], reason: str) -> bytes:
    """The feed: the whole order is acknowledged as failed, each item with the reason Amazon knows for it."""
    code = next((name for word, name in REASONS if word in reason.lower()), "GeneralAdjustment")
    items = "".join(
        f"<Item><AmazonOrderItemCode>{escape(str(line.get('orderItemId')))}</AmazonOrderItemCode><CancelReason>{code}</CancelReason></Item>"
        for line in listed(order.get("orderItems"))
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><AmazonEnvelope><Header><DocumentVersion>1.01</DocumentVersion>'
        f"<MerchantIdentifier>{escape(seller)}</MerchantIdentifier></Header><MessageType>OrderAcknowledgement</MessageType>"
        f"<Message><MessageID>1</MessageID><OrderAcknowledgement><AmazonOrderID>{escape(number)}</AmazonOrderID>"
        f"<StatusCode>Failure</StatusCode>{items}</OrderAcknowledgement></Message></AmazonEnvelope>"
    ).encode()
