"""Finds a secret in anything a connector lets out: plain, quoted, or inside base64 whatever stands before it."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

SHORTEST = 8
"""A shorter secret would be found by chance."""


def disguises(secret: str) -> frozenset[str]:
    """The forms a secret takes on the wire and in text: itself, URL-quoted, JSON-escaped, and in base64 at each of the three offsets."""
    raw = secret.encode()
    forms = {secret, quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1]}
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
        forms.add(encoded[(0, 2, 3)[offset] : -1])
    return frozenset(form for form in forms if len(form) >= SHORTEST)


class LeakWatch:
    """Collects what a connector lets out during a test and says which of it holds a secret."""

    def __init__(self, secrets: Iterable[str]) -> None:
        values = tuple(secrets)
        short = [len(value) for value in values if len(value) < SHORTEST]
        if short:
            raise ValueError(f"test secrets need at least {SHORTEST} characters, or they would be found by chance")
        self._forms = frozenset().union(*(disguises(value) for value in values))
        self.found: list[str] = []

    def look(self, where: str, value: object) -> None:
        """Remember `where` when the text of `value` holds a secret."""
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        if any(form in text for form in self._forms):
            self.found.append(where)
