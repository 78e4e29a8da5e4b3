"""Authenticates the sender of a request by the configured kind; compares in constant time and knows no document."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable
from datetime import UTC, datetime

from crossdock.connectors.http_generic.inbound_options import ApiKeyIn, BasicIn, BearerIn, HmacIn, Stamp, TokenIn
from crossdock.connectors.protocol import ConnectorContext, InboundRequest
from crossdock.core.errors import SecretMissing, SignatureExpired, SignatureInvalid, Unauthenticated

Check = Callable[[InboundRequest], None]
"""Returns for a proven sender. Raises `Unauthenticated`, `SignatureInvalid`, `SignatureExpired`, `SecretMissing`."""

_PIECE = re.compile(r"(\{body\}|\{timestamp\}|\{header:[^{}]+\})")


def compile_check(rule: ApiKeyIn | BearerIn | BasicIn | HmacIn | TokenIn, context: ConnectorContext) -> Check:
    """The check of a channel, compiled once."""
    if isinstance(rule, TokenIn):
        return _by_token
    if isinstance(rule, HmacIn):
        return _hmac(rule, context)
    header = rule.header if isinstance(rule, ApiKeyIn) else "authorization"
    before = f"{rule.username}:" if isinstance(rule, BasicIn) else ""

    def expected(secret: str) -> bytes:
        if isinstance(rule, ApiKeyIn):
            return secret.encode()
        if isinstance(rule, BearerIn):
            return b"Bearer " + secret.encode()
        return b"Basic " + base64.b64encode((before + secret).encode())

    def check(request: InboundRequest) -> None:
        shown = request.headers.get(header)
        if not shown:
            raise Unauthenticated(f"the header {header} is missing")
        offered = shown.encode("utf-8", "surrogateescape")
        if not any(hmac.compare_digest(expected(secret), offered) for secret in _secrets(context, rule.credential)):
            raise Unauthenticated(f"the credential in {header} is not the one agreed")

    return check


def _by_token(request: InboundRequest) -> None:
    if not request.identity:
        raise Unauthenticated("this channel takes access tokens of this hub, which the door has to ask for (`access.token`)")


def _secrets(context: ConnectorContext, purpose: str) -> list[str]:
    """The current secret, and the previous one while it is being changed."""
    before = f"{purpose}_previous"
    current = [context.secret(purpose)]
    return [*current, context.secret(before)] if before in context.credentials else current


def _hmac(rule: HmacIn, context: ConnectorContext) -> Check:
    pieces = [piece for piece in _PIECE.split(rule.signed) if piece]
    whole = pieces == ["{body}"]
    decode = {"text": str.encode, "hex": bytes.fromhex, "base64": _base64}[rule.key_encoding]

    def check(request: InboundRequest) -> None:
        shown = request.headers.get(rule.header)
        if not shown:
            raise Unauthenticated(f"the header {rule.header} is missing")
        parts = _parts(shown) if rule.part is not None else {}
        offered = parts.get(rule.part, "") if rule.part is not None else shown
        stamp = ""
        if rule.timestamp is not None:
            where = rule.timestamp
            stamp = parts.get(where.part, "") if where.part is not None else request.headers.get(where.header or "", "")
        if not offered or (rule.timestamp is not None and not stamp):
            raise Unauthenticated("signature or timestamp are missing")
        body = request.body if whole else b"".join(_signed(piece, request, stamp) for piece in pieces)
        theirs = offered.removeprefix(rule.prefix).encode("utf-8", "surrogateescape")
        for secret in _secrets(context, rule.credential):
            try:
                key = decode(secret)
            except ValueError:
                raise SecretMissing(
                    f"the credential {rule.credential!r} is not {rule.key_encoding}", purpose=rule.credential
                ) from None
            digest = hmac.digest(key, body, rule.algorithm)
            mine = digest.hex().encode() if rule.encoding == "hex" else base64.b64encode(digest)
            if hmac.compare_digest(mine, theirs.lower() if rule.encoding == "hex" else theirs):
                break
        else:
            raise SignatureInvalid
        if rule.timestamp is not None:
            _fresh(rule.timestamp, stamp, request.received_at)

    return check


def _base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _parts(header: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        found.setdefault(name, value)
    return found


def _signed(piece: str, request: InboundRequest, stamp: str) -> bytes:
    if piece == "{body}":
        return request.body
    if piece == "{timestamp}":
        return stamp.encode("utf-8", "surrogateescape")
    if piece.startswith("{header:"):
        return request.headers.get(piece[8:-1].lower(), "").encode("utf-8", "surrogateescape")
    return piece.encode()


def _fresh(rule: Stamp, stamp: str, now: datetime) -> None:
    try:
        if rule.format == "iso":
            moment = datetime.fromisoformat(stamp)
            if moment.tzinfo is None:
                raise ValueError(stamp)
        else:
            moment = datetime.fromtimestamp(int(stamp) // (1000 if rule.format == "unix_ms" else 1), UTC)
    except (ValueError, OverflowError, OSError):
        raise SignatureInvalid("the timestamp cannot be read") from None
    skew = (now - moment).total_seconds()
    if abs(skew) > rule.tolerance:
        words = f"the timestamp is {abs(skew):.0f} s {'old' if skew > 0 else 'ahead'}"
        raise SignatureExpired(words, skew_seconds=int(skew), tolerance_seconds=rule.tolerance)
