"""Standard Webhooks signatures (standardwebhooks.com, symmetric scheme v1): made and checked; knows no system."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime

from crossdock.connectors.protocol import ConnectorContext, InboundRequest
from crossdock.core.errors import SecretMissing, SignatureExpired, SignatureInvalid, Unauthenticated


def secret_key(secret: str) -> bytes:
    """The HMAC key in `whsec_<base64>` (or bare base64). Raises `SecretMissing` when it is not base64."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise SecretMissing("the webhook secret is not `whsec_` followed by base64") from None


def sign(key: bytes, identity: str, timestamp: str, body: bytes) -> str:
    """One signature as it stands in `webhook-signature`."""
    digest = hmac.digest(key, b"%b.%b.%b" % (identity.encode(), timestamp.encode(), body), "sha256")
    return "v1," + base64.b64encode(digest).decode()


def verify(keys: Iterable[bytes], headers: Mapping[str, str], body: bytes, now: datetime, tolerance: int) -> str:
    """The `webhook-id` of a rightly signed request; `keys` are those valid at the moment (two while a secret is changed).

    Raises `Unauthenticated` (headers missing), `SignatureInvalid`, `SignatureExpired` (timestamp off by more than `tolerance` seconds).
    """
    identity = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "")
    if not (identity and timestamp and signatures):
        raise Unauthenticated("webhook-id, webhook-timestamp and webhook-signature are needed")
    offered = [part.encode() for part in signatures.split()]
    expected = [sign(key, identity, timestamp, body).encode() for key in keys]
    if not any(hmac.compare_digest(mine, theirs) for mine in expected for theirs in offered):
        raise SignatureInvalid
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise SignatureInvalid("webhook-timestamp is not a number of seconds")
    skew = int(now.timestamp()) - int(timestamp)
    if abs(skew) > tolerance:
        raise SignatureExpired(
            f"the timestamp is {abs(skew)} s {'old' if skew > 0 else 'ahead'}", skew_seconds=skew, tolerance_seconds=tolerance
        )
    return identity


def authenticate(context: ConnectorContext, request: InboundRequest, tolerance: int) -> None:
    """Check a request with the credentials `webhook_secret` and, while it is changed, `webhook_secret_previous`. Raises what `verify` raises."""
    purposes = ("webhook_secret", "webhook_secret_previous")
    keys = [secret_key(context.secret(name)) for name in purposes if name in context.credentials]
    if not keys:
        context.secret("webhook_secret")  # raises with the name of what is missing
    verify(keys, request.headers, request.body, request.received_at, tolerance)
