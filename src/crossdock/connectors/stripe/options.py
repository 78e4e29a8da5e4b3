"""The `options:` block of a Stripe system; knows no wire format."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crossdock.connectors.base import Options


class StripeOptions(Options):
    """Settings of one account. Credentials: `secret_key`, `webhook_secret` and, while it is being rolled, `webhook_secret_previous`."""

    api_version: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}(\.[a-z]+)?$")] = "2025-09-30.clover"
    """Sent as Stripe-Version, so that an upgrade of the account changes nothing here."""
    live: bool | None = None
    """When given, events of the other mode (test or live) are refused."""
    account: Annotated[str, Field(pattern=r"^(acct_\w+)?$")] = ""
    """A connected account to act for (Stripe-Account); its events name it, and those of others are refused."""
    tolerance_seconds: Annotated[int, Field(gt=0, le=3600)] = 300
    """How far a webhook's time may be off."""
    shop: str = ""
    """The system whose order numbers the payments carry; without it, an order is found by the payment's reference only."""
    shop_key: str = ""
    """Metadata that name this system instead, where one account serves several shops; where it is not filled, `shop` counts."""
    order_keys: tuple[str, ...] = ("order_number", "order_id")
    """Metadata in which the shop writes its order number, the first that is filled counts."""
    poll_events: Literal["undelivered", "all"] = "undelivered"
    """Which events the poll reads: those Stripe could not deliver to every webhook endpoint, or (without an endpoint) all."""
    poll_overlap_seconds: Annotated[int, Field(ge=0)] = 300
    poll_first_hours: Annotated[int, Field(gt=0, le=30 * 24)] = 24
    """How far back the first poll looks; Stripe keeps events for 30 days."""
    settle_seconds: Annotated[float, Field(ge=0)] = 5.0
    """How long after a lost answer the absence of its effect proves nothing."""
