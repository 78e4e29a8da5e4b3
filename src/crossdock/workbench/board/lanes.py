"""The lanes of the board: which expectation belongs where, by the stage it is about; knows no request."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

RELEASE, SHIPMENT, INVOICE, RETURN, ANSWER, FEED, OTHER = (
    "release", "shipment", "invoice", "return", "acknowledgement", "feed", "other",
)  # fmt: skip

TITLES: Final[dict[str, Any]] = {
    RELEASE: _("Order release"),
    SHIPMENT: _("Shipment confirmation"),
    INVOICE: _("Invoice readiness"),
    RETURN: _("Return completion"),
    ANSWER: _("Acknowledgement due"),
    FEED: _("Feeds silent or slow"),
    OTHER: _("Other expectations"),
}
"""In the order of the board; the last is shown only when it holds something."""

_STAGES: Final[dict[str, str]] = {
    "confirmed": RELEASE, "released": RELEASE, "paid": RELEASE,
    "picked": SHIPMENT, "booked": SHIPMENT, "dispatched": SHIPMENT, "delivered": SHIPMENT, "shipped": SHIPMENT,
    "noticed": SHIPMENT, "received": SHIPMENT, "matched": INVOICE,
    "picked_up": SHIPMENT, "departed": SHIPMENT, "cleared": SHIPMENT, "proof": SHIPMENT, "audited": INVOICE,
}  # fmt: skip
_WORDS: Final = (
    ("invoic", INVOICE),
    ("billed", INVOICE),
    ("return", RETURN),
    ("refund", RETURN),
    ("ack", ANSWER),
    ("answer", ANSWER),
)

STAGES: Final[dict[str, Any]] = {
    "confirmed": _("confirm the order"),
    "released": _("release it to the warehouse"),
    "paid": _("take the payment"),
    "picked": _("pick it"),
    "booked": _("book the carrier"),
    "dispatched": _("hand it to the carrier"),
    "delivered": _("deliver it"),
    "acknowledged": _("acknowledge what was sent"),
    "answered": _("confirm the purchase order"),
    "noticed": _("announce the goods"),
    "received": _("receive the goods"),
    "invoiced": _("invoice the goods"),
    "matched": _("receive what is invoiced"),
    "picked_up": _("pick the goods up"),
    "departed": _("move the goods"),
    "cleared": _("clear customs"),
    "proof": _("get the delivery signed for"),
    "invoice_ready": _("have what the invoice waits for"),
    "invoice_posted": _("post the invoice"),
    "invoice_paid": _("pay the invoice"),
    "audited": _("judge the carrier's charges"),
    "billed": _("make the bill"),
    "return_authorised": _("authorise the return"),
    "return_received": _("receive what comes back"),
    "refunded": _("give the money back"),
    "return_completed": _("finish the return"),
}
"""What has to happen, in words."""


def lane(stage: str) -> str:
    """The lane of an expectation about this stage."""
    known = _STAGES.get(stage)
    return known or next((place for word, place in _WORDS if word in stage), OTHER)


def says(stage: str) -> str:
    """What has to happen, in words; the stage's own name when it is none of ours."""
    return str(STAGES.get(stage, stage))
