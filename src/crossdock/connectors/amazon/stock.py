"""States how many pieces may be sold, one listing a call; knows no order. Stating the same level twice changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from crossdock.connectors.amazon.api import SellingPartnerApi
from crossdock.connectors.amazon.options import AmazonOptions
from crossdock.connectors.document import Node, root
from crossdock.connectors.shop_stock import pieces_by_sku
from crossdock.core.commands import Command
from crossdock.core.errors import TargetRefused
from crossdock.core.outcomes import Accepted


class Stock:
    """The listings of one account."""

    def __init__(self, api: SellingPartnerApi, options: AmazonOptions) -> None:
        self._api = api
        self._options = options

    async def deliver(self, command: Command) -> Accepted:
        """Carry out a `shop.stock`. A SKU without a listing is no error: it is named in the ack. Raises `TargetRefused`, `SchemaInvalid`."""
        unknown: list[str] = []
        for sku, level in pieces_by_sku(command).items():
            for marketplace in self._options.marketplaces:
                if not await self._set(sku, marketplace, max(0, level)) and sku not in unknown:
                    unknown.append(sku)
        return Accepted({"unknown": unknown})

    async def _set(self, sku: str, marketplace: str, level: int) -> bool:
        value = [{"fulfillment_channel_code": self._options.fulfilment_channel, "quantity": level}]
        # merged, not replaced: handling times beside the quantity stay as the seller set them
        body = {
            "productType": "PRODUCT",
            "patches": [{"op": "merge", "path": "/attributes/fulfillment_availability", "value": value}],
        }
        path = f"/listings/2021-08-01/items/{self._options.seller_id}/{quote(sku, safe='')}"
        try:
            answer = await self._api.write("patchListingsItem", "PATCH", path, body, {"marketplaceIds": marketplace})
        except TargetRefused as refused:
            if refused.detail.get("status") == 404:
                return False
            raise
        if answer.get("status") != "ACCEPTED":
            raise TargetRefused(f"the level of {sku} was not taken: {issues(answer)}", sku=sku, status=str(answer.get("status")))
        return True


def issues(answer: Mapping[str, Any]) -> str:
    """What Amazon finds wrong with a listing, in its words."""
    found: list[Node] = root(dict(answer), "submission").items("issues")
    return "; ".join(f"{one.text('code')}: {one.text('message')}" for one in found[:5]) or str(
        answer.get("status") or "no status"
    )
