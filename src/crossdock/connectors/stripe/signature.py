"""The Stripe-Signature header (docs.stripe.com/webhooks, "Verify manually"): made and checked; knows no event.

`t=<seconds>,v1=<hex>,v1=<hex>,v0=...`: v1 is HMAC-SHA256 over `<t>.<body>`. While a secret is being rolled there are several v1, one for
each secret; other schemes are ignored, so that nobody can lower the strength by leaving v1 out.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from crossdock.connectors.signing import check_age
from crossdock.core.errors import SignatureInvalid, Unauthenticated

HEADER: Final = "Stripe-Signature"
MOST: Final = 16
"""Parts a header may have; Stripe sends three or four."""


def sign(secret: str, at: int, body: bytes) -> str:
    """The v1 signature of a body sent at `at` (seconds since 1970)."""
    return hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()


def verify(given: str, secrets: Iterable[str], body: bytes, now: datetime, tolerance: float) -> None:
    """Accept a webhook signed under one of `secrets` not more than `tolerance` seconds from now.

    Raises `Unauthenticated` (no signature), `SignatureInvalid`, and for a right signature of another time `SignatureExpired`.
    """
    if not given.strip():
        raise Unauthenticated(f"the header {HEADER} is missing", header=HEADER)
    parts = [part.strip().partition("=") for part in given.split(",", MOST)]
    times = [value for name, _, value in parts if name == "t"]
    offered = [value.encode("utf-8", "replace") for name, _, value in parts if name == "v1" and value]
    if (
        len(parts) > MOST
        or len(times) != 1
        or not (times[0].isascii() and times[0].isdigit() and len(times[0]) <= 11)
        or not offered
    ):
        raise SignatureInvalid(f"{HEADER} is not `t=...,v1=...`", header=HEADER)
    at = int(times[0])
    expected = [sign(secret, at, body).encode() for secret in secrets if secret]
    matches = [hmac.compare_digest(mine, theirs) for mine in expected for theirs in offered]
    if not any(matches):
        raise SignatureInvalid(f"{HEADER} does not match the body", header=HEADER)
    try:
        said = datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        raise SignatureInvalid(f"{HEADER} has a time that is none", header=HEADER) from None
    check_age(said, now, tolerance, tolerance, "the webhook")
