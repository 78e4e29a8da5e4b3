"""What travels between a region and the coordinator: one signed JSON statement each way; knows no report's content."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

import orjson

from crossdock.coordination.errors import ReportRefused
from crossdock.governance.signing import key_id, public_of, sign_statement, statement_holds

VERSION: Final = 1
LARGEST: Final = 4 * 1024 * 1024
"""Bytes of a statement."""
MEANT: Final = {"report": b"crossdock region report 1\n", "answer": b"crossdock coordinator answer 1\n"}
"""What a signature says: one made for the one is never valid as the other."""


def sealed(statement: Mapping[str, Any], private: str, meant: str) -> bytes:
    """A statement with its signature. Raises `SigningKeyUnusable`."""
    body = orjson.dumps({"v": VERSION, **statement}, option=orjson.OPT_SORT_KEYS)
    return orjson.dumps({"statement": body.decode(), "signature": sign_statement(private, MEANT[meant] + body)})


def said(data: bytes) -> dict[str, Any]:
    """What a statement says, before anything proves it: to find whose key it has to be signed by. Raises `ReportRefused`."""
    try:
        outer = orjson.loads(data)
        inner = orjson.loads(outer["statement"])
    except (ValueError, KeyError, TypeError):
        raise ReportRefused("it is no signed statement") from None
    if not isinstance(inner, dict) or inner.get("v") != VERSION or not isinstance(outer.get("signature"), str):
        raise ReportRefused("it is a statement of another form")
    return inner


def proven(data: bytes, public: str, meant: str) -> dict[str, Any]:
    """What a statement says, signed by this public key. Raises `ReportRefused`."""
    inner, outer = said(data), orjson.loads(data)
    if not statement_holds(public, MEANT[meant] + outer["statement"].encode(), outer["signature"]):
        raise ReportRefused(f"it is not signed by key {key_id(public)}")
    return inner


def digest(data: bytes) -> str:
    """The SHA-256 of some bytes in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def digest_of(held: Mapping[int, str]) -> str:
    """One digest over the sequence numbers and digests of many reports: two sides that hold the same agree on it."""
    return digest("\n".join(f"{number}:{held[number]}" for number in sorted(held)).encode())


class Pseudonyms:
    """Stable names for business keys that tell nobody outside the region whose they are: a keyed digest under a secret that never leaves it."""

    def __init__(self, private: str) -> None:
        public_of(private)
        self._secret = hmac.digest(private.strip().encode(), b"crossdock pseudonyms 1", "sha256")

    def of(self, key: str) -> str:
        """The pseudonym of a business key: 16 hexadecimal digits."""
        return hmac.digest(self._secret, key.encode("utf-8", "surrogatepass"), "sha256").hex()[:16]
