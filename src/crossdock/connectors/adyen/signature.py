"""The signatures of Adyen's webhooks: made and checked; knows no event.

Standard notifications carry one in every item, over eight of its fields joined by colons (docs.adyen.com, "Verify HMAC signatures");
other webhooks carry one in the header HmacSignature, over the whole body. The key is written in hexadecimal, the signature in base64.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any, Final

from crossdock.core.errors import SecretMissing, SignatureInvalid, Unauthenticated

FIELDS: Final = ("pspReference", "originalReference", "merchantAccountCode", "merchantReference")


def key_of(secret: str) -> bytes:
    """The HMAC key. Raises `SecretMissing` when it is not hexadecimal."""
    try:
        return bytes.fromhex(secret.strip())
    except ValueError:
        raise SecretMissing("the HMAC key of the webhook is not hexadecimal") from None


def signed_text(item: Mapping[str, Any]) -> str:
    """What the signature of an item covers; a field that is not there counts as empty."""
    amount = item.get("amount")
    found = amount if isinstance(amount, dict) else {}
    values = [item.get(name) for name in FIELDS]
    values += [found.get("value"), found.get("currency"), item.get("eventCode"), item.get("success")]
    return ":".join(_text(value) for value in values)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else ""


def sign(secret: str, signed: bytes) -> str:
    """A signature as Adyen writes it. Raises `SecretMissing`."""
    return base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()


def verify(given: Any, secrets: Iterable[str], signed: bytes, where: str) -> None:
    """Accept when `given` is the signature under one of `secrets`. Raises `Unauthenticated` without one, `SignatureInvalid`."""
    if not isinstance(given, str) or not given.strip():
        raise Unauthenticated(f"{where} is not signed", field="hmacSignature")
    offered = given.strip().encode("utf-8", "replace")
    matches = [hmac.compare_digest(offered, sign(secret, signed).encode()) for secret in secrets if secret]
    if not any(matches):
        raise SignatureInvalid(f"the signature of {where} does not match", field="hmacSignature")
