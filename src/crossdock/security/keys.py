"""API keys and one-time links: made, taken apart, hashed and compared; knows nobody they belong to."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import Final

MARK: Final = "cdk"
"""Every key begins so: scanners of repositories can find one that was committed."""
_FORM: Final = re.compile(r"cdk_([a-z0-9]{10})_([A-Za-z0-9]{43})")
_PREFIX: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made. `shown` is shown once and kept nowhere."""

    prefix: str
    shown: str = field(repr=False)
    digest: str = field(repr=False)


def new_key() -> NewKey:
    """A key of 256 bits; its prefix names it in lists and in the audit trail."""
    prefix = "".join(secrets.choice(_PREFIX) for _ in range(10))
    secret = "".join(secrets.choice(_LETTERS) for _ in range(43))
    return NewKey(prefix, f"{MARK}_{prefix}_{secret}", digest_of(secret))


def taken_apart(text: str) -> tuple[str, str] | None:
    """(prefix, secret) of what somebody shows; None when it has not the form of a key."""
    found = _FORM.fullmatch(text)
    return (found[1], found[2]) if found else None


def digest_of(secret: str) -> str:
    """SHA-256 in hex: a secret of 256 bits cannot be guessed from it, so nothing slower is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def fits(secret: str, digest: str) -> bool:
    """Whether the secret has this digest, compared in constant time; an empty digest never fits and takes as long."""
    return hmac.compare_digest(digest_of(secret), digest or "0" * 64) and bool(digest)


def new_link_token() -> tuple[str, str]:
    """(token, digest) of a one-time link: only the digest is kept."""
    token = secrets.token_urlsafe(32)
    return token, digest_of(token)
