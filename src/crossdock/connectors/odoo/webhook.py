"""Odoo's webhook actions as hints: who knows the token may wake the poll, and what is said is believed of nothing.

Odoo sends webhooks without signature, several times, out of date, or never, and waits one second for each.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Final

import orjson

from crossdock.connectors.protocol import Inbound, InboundRequest
from crossdock.core.errors import PayloadMalformed, Unauthenticated

HEADER: Final = "x-crossdock-token"
LARGEST: Final = 1024 * 1024


def authenticate(request: InboundRequest, token: str) -> None:
    """Compare the token of the URL (`?token=`) or of the header in constant time. Raises `Unauthenticated`."""
    given = request.query.get("token") or request.headers.get(HEADER, "")
    if not token or not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode()):
        raise Unauthenticated("the webhook's URL does not carry this channel's token")


def hint(request: InboundRequest) -> Inbound:
    """The one message of a webhook. Copies Odoo sends of one change are one message. Raises `PayloadMalformed`."""
    try:
        data = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise PayloadMalformed("the webhook's body is no JSON") from None
    if not isinstance(data, dict):
        raise PayloadMalformed("the webhook's body is no JSON object")
    return Inbound("hint", sha256(request.body).hexdigest(), request.body)
