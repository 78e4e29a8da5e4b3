"""What a subscriber's answers mean; knows no event."""

from __future__ import annotations

from datetime import datetime

from crossdock.connectors.http import HttpAnswer, raise_for_transport_status
from crossdock.core.errors import EndpointGone, TargetRefused, TargetUnavailable

REFUSED = frozenset({400, 406, 409, 413, 415, 422})
"""The subscriber says that this event will never do; a person looks at it and the next events go on."""


def check(answer: HttpAnswer, now: datetime) -> None:
    """Return for a 2xx, else raise. A 5xx may be sent again: the receiver knows an event by its `webhook-id` (Standard Webhooks).

    410 means that the subscription is over (Standard Webhooks, "Operational considerations") and parks the subscriber, as a redirect does.
    """
    status = answer.status
    if status < 300:
        return
    if status < 400:
        raise EndpointGone(f"HTTP {status}: the endpoint redirects", status=status)
    if status in REFUSED:
        raise TargetRefused(f"HTTP {status}", status=status, answer=answer.body[:500].decode("utf-8", "replace"))
    if status >= 500 and status not in (502, 503, 504):
        raise TargetUnavailable(f"HTTP {status}", status=status)
    raise_for_transport_status(answer, now)
