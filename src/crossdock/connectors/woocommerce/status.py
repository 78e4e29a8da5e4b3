"""What an order's status in WooCommerce means to the hub; knows no payload field but the status and the payment."""

from __future__ import annotations

from typing import Final, Literal

from crossdock.connectors.document import Node
from crossdock.connectors.woocommerce.options import WooCommerceOptions

Meaning = Literal["live", "cancelled", "nothing"]
PROGRESS: Final = {
    "checkout-draft": 0,
    "pending": 1,
    "on-hold": 2,
    "processing": 3,
    "completed": 4,
    "failed": 5,
    "cancelled": 6,
    "refunded": 7,
    "trash": 8,
}
"""How far a status is along: orders two states of one second, because WooCommerce counts whole seconds."""


def meaning(order: Node, options: WooCommerceOptions) -> tuple[Meaning, str]:
    """Whether the hub is told of the order, and the reason of a cancellation.

    An abandoned checkout (`pending`, then `failed` or `cancelled` without ever being paid) never was an order and is not cancelled either.
    A refund of an order that was completed is a return, not a cancellation.
    """
    status = order.text("status", required=True)
    counted = order.raw("date_paid_gmt") is not None or order.text("payment_method") in options.offline_methods
    if status in options.accept_statuses:
        return "live", ""
    if status in ("cancelled", "failed") and counted:
        return "cancelled", "payment failed" if status == "failed" else "cancelled in the shop"
    if status == "refunded" and order.raw("date_completed_gmt") is None:
        return "cancelled", "refunded before it was completed"
    if status == "trash" and counted:
        return "cancelled", "moved to the shop's trash"
    return "nothing", ""


def payment(order: Node) -> str:
    """The canonical payment status."""
    if order.text("status") == "refunded":
        return "refunded"
    return "paid" if order.raw("date_paid_gmt") is not None else "pending"
