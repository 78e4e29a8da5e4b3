"""How senders prove themselves: HMAC over the body, over timestamp and body, or an agreed token; in constant time, knows no carrier."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from crossdock.connectors.signing import check_age
from crossdock.core.errors import SignatureInvalid, Unauthenticated


def digest(key: str, signed: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104)."""
    return hmac.new(key.encode(), signed, hashlib.sha256).digest()


def needed(value: str, header: str) -> str:
    """A header that must be there. Raises `Unauthenticated`."""
    if not value.strip():
        raise Unauthenticated(f"the header {header} is missing", header=header)
    return value.strip()


def check(offered: Sequence[bytes], keys: Iterable[str], make: Callable[[str], bytes], header: str) -> None:
    """Accept when one of the offered digests is the one made with one of the keys. Raises `SignatureInvalid`."""
    made = [make(key) for key in keys if key]
    matches = [hmac.compare_digest(mine, theirs) for mine in made for theirs in offered]
    if not any(matches):
        raise SignatureInvalid(f"{header} does not match the body", header=header)


def check_token(offered: str, keys: Iterable[str], where: str) -> None:
    """Accept an agreed secret as it is. Raises `Unauthenticated` without one, `SignatureInvalid` with a wrong one."""
    theirs = needed(offered, where).encode("utf-8", "replace")
    matches = [hmac.compare_digest(key.encode(), theirs) for key in keys if key]
    if not any(matches):
        raise SignatureInvalid(f"{where} is not the agreed one", header=where)


def from_hex(text: str) -> list[bytes]:
    """The digest in a hexadecimal text; none when it is not one."""
    try:
        return [binascii.unhexlify(text.strip().encode("ascii", "replace"))]
    except (binascii.Error, ValueError):
        return []


def from_base64(text: str) -> list[bytes]:
    """The digest in a base64 text; none when it is not one."""
    try:
        return [base64.b64decode(text.strip().encode("ascii", "replace"), validate=True)]
    except (binascii.Error, ValueError):
        return []


def check_time(text: str, now: datetime, tolerance: int, header: str) -> None:
    """Refuse a timestamp (seconds, ISO 8601 or RFC 5322) too far from now. Raises `SignatureExpired`, `SignatureInvalid`."""
    check_age(_moment(text.strip(), header), now, tolerance, tolerance, header)


def _moment(text: str, header: str) -> datetime:
    try:
        if text.isascii() and text.isdigit() and len(text) <= 12:
            return datetime.fromtimestamp(int(text), UTC)
        moment = datetime.fromisoformat(text) if text[:4].isdigit() else parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        raise SignatureInvalid(f"{header} is no time", header=header) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
