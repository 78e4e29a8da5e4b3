"""Checks webhook signatures made with a shared secret (HMAC, RFC 2104) in constant time; knows no header and no system."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime

from crossdock.core.errors import SignatureExpired, SignatureInvalid, Unauthenticated


def base64_hmac_sha256(secret: str, body: bytes) -> str:
    """The signature as Shopify and WooCommerce write it: base64 of the HMAC-SHA256 of the raw body."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def check_signature(given: str, secrets: Iterable[str], body: bytes, header: str) -> None:
    """Accept when `given` is the signature under one of `secrets` (two while a secret is being changed).

    Raises `Unauthenticated` without a signature, `SignatureInvalid` with a wrong one.
    """
    if not given:
        raise Unauthenticated(f"the header {header} is missing", header=header)
    offered = given.strip().encode("utf-8", "replace")
    matches = [hmac.compare_digest(offered, base64_hmac_sha256(secret, body).encode()) for secret in secrets if secret]
    if not any(matches):
        raise SignatureInvalid(f"{header} does not match the body", header=header)


def check_age(said: datetime, now: datetime, max_age: float, max_ahead: float, what: str) -> None:
    """Refuse a message said to be older than `max_age` or newer than `max_ahead` seconds from now. Raises `SignatureExpired`."""
    age = (now - said).total_seconds()
    if age > max_age:
        raise SignatureExpired(f"{what} is {age:.0f} s old, allowed are {max_age:.0f} s", age_seconds=round(age))
    if -age > max_ahead:
        raise SignatureExpired(f"{what} is {-age:.0f} s in the future, allowed are {max_ahead:.0f} s", age_seconds=round(age))
