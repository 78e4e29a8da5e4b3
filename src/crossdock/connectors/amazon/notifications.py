"""Notifications an EventBridge rule forwards to the hub: which ones concern it; knows no order's content.

They say only that something changed. What changed is read by the poll, so a forged or lost one does no harm.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Final

from crossdock.connectors.document import read_json
from crossdock.connectors.protocol import Inbound, InboundRequest
from crossdock.core.errors import DocumentUnknown, PayloadMalformed, Unauthenticated

TOPIC: Final = "notification"
HEADER: Final = "x-api-key"
EXPECTED: Final = frozenset(
    {
        "ORDER_CHANGE",
        "TRANSACTION_UPDATE",
        "FEED_PROCESSING_FINISHED",
        "REPORT_PROCESSING_FINISHED",
        "LISTINGS_ITEM_ISSUES_CHANGE",
    }
)
"""About what the hub reads or writes; each is kept beside what the poll finds."""


def received(request: InboundRequest, key: str) -> Inbound:
    """A notification, known by its own id. Raises `Unauthenticated`, `PayloadMalformed`."""
    given = request.headers.get(HEADER, "")
    if not given or not hmac.compare_digest(given.encode(), key.encode()):
        raise Unauthenticated(f"the header {HEADER} is missing or wrong")
    body = _object(request.body)
    identity = _metadata(body).get("NotificationId") or hashlib.sha256(request.body).hexdigest()
    return Inbound(TOPIC, f"notification/{str(identity)[:200]}", request.body)


def noticed(body: bytes) -> str:
    """The kind of a notification that concerns the hub. Raises `DocumentUnknown` for others, `PayloadMalformed`."""
    notification = _object(body)
    kind = notification.get("NotificationType") or notification.get("notificationType")
    if not isinstance(kind, str) or not kind:
        raise PayloadMalformed("the notification does not say its type")
    if not isinstance(notification.get("Payload") or notification.get("payload"), dict):
        raise PayloadMalformed(f"the notification {kind!r} has no payload")
    if kind not in EXPECTED:
        raise DocumentUnknown(f"{kind} concerns nothing the hub does; take it out of the subscriptions", topic=kind)
    return kind


def _object(body: bytes) -> dict[str, Any]:
    """The notification, out of the envelope EventBridge puts around it."""
    found = read_json(body)
    if not isinstance(found, dict):
        raise PayloadMalformed("a JSON object is expected")
    detail = found.get("detail")
    return detail if isinstance(detail, dict) and "detail-type" in found else found


def _metadata(notification: dict[str, Any]) -> dict[str, Any]:
    found = notification.get("NotificationMetadata") or notification.get("notificationMetadata")
    if not isinstance(found, dict):
        return {}
    return {name[:1].upper() + name[1:]: value for name, value in found.items()}
