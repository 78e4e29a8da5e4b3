"""The `options:` block of a WooCommerce system; knows no wire format."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crossdock.canonical.shipment import MilestoneCode
from crossdock.connectors.base import Options


class WooCommerceOptions(Options):
    """Settings of one shop. Credentials: `consumer_key`, `consumer_secret`, `webhook_secret` (and `webhook_secret_previous`)."""

    api_path: str = "/wp-json/wc/v3"
    source: str = ""
    """The shop's home URL (`https://shop.example/`); when given, webhooks that name another source are refused."""
    max_age_seconds: Annotated[int, Field(ge=0)] = 0
    """Refuse webhooks whose order was modified longer ago; 0 takes any age, because WooCommerce signs no time."""
    accept_statuses: frozenset[str] = frozenset({"processing", "on-hold"})
    """Order statuses the hub is told of; an order in another one (pending payment, draft) is no order yet, a completed one is done."""
    offline_methods: frozenset[str] = frozenset({"bacs", "cheque", "cod"})
    """Payment methods whose orders count before they are paid."""
    placement_minutes: Annotated[int, Field(ge=0)] = 15
    """An update this soon after the order was created or paid is told as `order.placed`: it may be the first the hub hears of it."""
    sku_map: str = ""
    """Name of the value map that translates the shop's SKUs; empty: they are the hub's."""
    service_level_map: str = ""
    """Name of the value map that translates shipping method ids; empty: the id is kept."""
    fee_sku: str = ""
    """The SKU under which a fee (payment surcharge, gift wrap) becomes an order line; empty: an order with fees is refused."""
    vat_meta_keys: tuple[str, ...] = ("_billing_vat", "_vat_number", "_billing_vat_number", "billing_vat")
    incoterm: Annotated[str, Field(pattern="^([A-Z]{3})?$")] = ""
    """The delivery term this shop sells under, written on every order."""
    notify_customer: bool = True
    """Whether the note of a shipment goes to the customer by e-mail."""
    notify_milestones: frozenset[MilestoneCode] = frozenset({"out_for_delivery", "delivered", "attempted", "exception"})
    """Milestones whose note goes to the customer; the others are notes for the shop's staff."""
    poll_overlap_seconds: Annotated[int, Field(ge=0)] = 300
    poll_first_hours: Annotated[int, Field(gt=0)] = 24
    poll_page: Annotated[int, Field(gt=0, le=100)] = 50
    settle_seconds: Annotated[float, Field(ge=0)] = 2.0
    """How long after a lost answer the absence of its effect proves nothing."""
