"""The `options:` block of a Shopify system; knows no wire format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from crossdock.connectors.base import Options


class ShopifyOptions(Options):
    """Settings of one shop. Credentials: `access_token`, `webhook_secret` and, while it is being changed, `webhook_secret_previous`."""

    api_version: Annotated[str, Field(pattern=r"^\d{4}-(01|04|07|10)$")] = "2026-04"
    shop_domain: str = ""
    """`my-shop.myshopify.com`; when given, webhooks of any other shop are refused."""
    max_age_seconds: Annotated[int, Field(gt=0)] = 6 * 3600
    """Webhooks triggered longer ago are refused. Shopify itself repeats a webhook for four hours."""
    max_ahead_seconds: Annotated[int, Field(ge=0)] = 300
    location: str = ""
    """The Shopify location whose stock is set, `gid://shopify/Location/1` or `1`; used for every hub location not in `locations`."""
    locations: Mapping[str, str] = {}
    """Hub location (warehouse) -> Shopify location."""
    notify_customer: bool = True
    restock_on_cancel: bool = True
    refund_on_cancel: bool = False
    accept_test_orders: bool = False
    placement_minutes: Annotated[int, Field(ge=0)] = 15
    """An update this soon after the order was created is told as `order.placed`: it may have overtaken the creation, or outlived it."""
    products: Literal["ignore", "events"] = "ignore"
    """`events` turns products/create and products/update into `product.changed`; by default the ERP is master of products."""
    sku_map: str = ""
    """Name of the value map that translates the shop's SKUs; empty: they are the hub's."""
    service_level_map: str = ""
    """Name of the value map that translates shipping method codes; empty: the code is kept."""
    incoterm: Annotated[str, Field(pattern="^([A-Z]{3})?$")] = ""
    """The delivery term this shop sells under, written on every order."""
    poll_overlap_seconds: Annotated[int, Field(ge=0)] = 300
    poll_first_hours: Annotated[int, Field(gt=0)] = 24
    poll_page: Annotated[int, Field(gt=0, le=50)] = 6
    settle_seconds: Annotated[float, Field(ge=0)] = 2.0
    """How long after a lost answer the absence of its effect proves nothing."""
