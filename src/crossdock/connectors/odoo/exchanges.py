"""Cleans the records of calls: Odoo's tracebacks and keys that travel in bodies are not kept; knows no model."""

from __future__ import annotations

import re

from crossdock.connectors.http import current_call

_DEBUG = re.compile(rb'"debug"\s*:\s*"(?:[^"\\]|\\.)*("|\\?$)')


def mark() -> int:
    """How many exchanges the current attempt has so far."""
    scope = current_call.get()
    return len(scope.exchanges) if scope is not None else 0


def clean(since: int, *secrets: str) -> None:
    """Take tracebacks out of the answers and `secrets` out of the bodies of all exchanges after `mark()`."""
    scope = current_call.get()
    if scope is None:
        return
    for exchange in scope.exchanges[since:]:
        if b'"debug"' in exchange.answered:
            exchange.answered = _DEBUG.sub(b'"debug":"(removed)"', exchange.answered)
        for secret in secrets:
            exchange.sent = exchange.sent.replace(secret.encode(), b"(removed)")
            exchange.answered = exchange.answered.replace(secret.encode(), b"(removed)")
