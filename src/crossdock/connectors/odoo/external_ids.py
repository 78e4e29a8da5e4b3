"""The hub's external ids in Odoo: one name per thing, derived from its business key, so that creating it twice is impossible.

A line's name starts with its order's name, so no line can carry the name of another order's line (Odoo would silently move it).
Parts are separated by `/` and escaped, so different keys never give the same name.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final
from urllib.parse import unquote

_ESCAPED: Final = frozenset(",/%~\"'")
LONGEST_PART: Final = 200
"""Longer than any order or line number (64 characters) can become."""


def escape(part: str) -> str:
    """A part of a name with separators, quotes, white space and control characters as `%XX` of UTF-8: Odoo refuses spaces, commas separate ids.

    A part that would grow beyond 200 characters is cut and ends in a digest of the whole, because PostgreSQL indexes the name.
    """
    text = "".join(_percent(c) if c in _ESCAPED or c.isspace() or not c.isprintable() else c for c in part)
    if len(text) <= LONGEST_PART:
        return text
    return f"{text[:160]}~{sha256(part.encode()).hexdigest()[:32]}"


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())


def unescape(part: str) -> str:
    """The inverse of `escape` for parts that were not cut."""
    return unquote(part)


class ExternalIds:
    """Makes and reads the names of one company in one database."""

    def __init__(self, prefix: str, company: int) -> None:
        self.prefix = prefix
        self.company = company

    def name(self, kind: str, *parts: str) -> str:
        """`prefix.kind/company/part/part`."""
        return "/".join([f"{self.prefix}.{kind}", str(self.company), *map(escape, parts)])

    def order(self, key: str) -> str:
        """The name of an order by its business key `order/<system>/<number>`."""
        return self.name("order", *order_parts(key))

    def order_line(self, key: str, number: str) -> str:
        """The name of an order's line."""
        return self.name("order_line", *order_parts(key), number)

    def key_of(self, xid: str) -> str:
        """The business key in an order's or order line's name; empty when the name is not one of the hub's."""
        parts = self._parts(xid)
        if parts and parts[0] in ("order", "order_line") and len(parts) >= 4:
            return f"order/{unescape(parts[2])}/{unescape(parts[3])}"
        return ""

    def line_of(self, xid: str) -> str:
        """The line number in an order line's name; empty when the name is not one of the hub's."""
        parts = self._parts(xid)
        return unescape(parts[4]) if parts and parts[0] == "order_line" and len(parts) == 5 else ""

    def request_of(self, xid: str) -> str:
        """The number of the request in the name of a customer's paper; empty when the name is not one of the hub's."""
        parts = self._parts(xid)
        return unescape(parts[2]) if len(parts) == 3 and parts[0] == "paper" else ""

    def made_here(self, xid: str) -> bool:
        """Whether a name is one of the hub's, of any kind."""
        return bool(self._parts(xid))

    def _parts(self, xid: str) -> list[str]:
        start = f"{self.prefix}."
        return xid[len(start) :].split("/") if xid.startswith(start) else []


def order_parts(key: str) -> tuple[str, str]:
    """System and number of a business key; the number may hold slashes. A key of another shape is all number."""
    head, _, rest = key.partition("/")
    system, slash, number = rest.partition("/")
    return (system, number) if head == "order" and slash else ("", key)


def digest(*values: str) -> str:
    """A short identity of content: 24 hexadecimal characters."""
    return sha256("\x1f".join(values).encode()).hexdigest()[:24]
