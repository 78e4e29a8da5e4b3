"""What the door answers: JSON and problem details with the headers every answer carries; knows no endpoint."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson

from crossdock.core.errors import CrossdockError

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

SHOWN: Final = 120
"""Characters of a name a stranger chose that are repeated in an answer, a log or an exception."""

EVERY: Final = ((b"server", b"crossdock"), (b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))
"""No proxy or browser keeps an answer or guesses another type; the name of the server's software and its version stay inside."""
JSON: Final = [*EVERY, (b"content-type", b"application/json")]
PROBLEM: Final = [*EVERY, (b"content-type", b"application/problem+json")]
TEXT: Final = [*EVERY, (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")]


async def answer(send: Send, status: int, content: Mapping[str, Any], **headers: str) -> None:
    """Send a JSON object; `headers` are further ones, `_` for `-`. A mapping with a `code` is a problem (RFC 9457)."""
    start = PROBLEM if "code" in content else JSON
    if headers:
        start = [*start, *((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": orjson.dumps(content)})


async def refuse(send: Send, error: CrossdockError, status: int, correlation: str = "", **headers: str) -> None:
    """Send an error as problem details."""
    await answer(send, status, problem(error, status, correlation), **headers)


def problem(error: CrossdockError, status: int, correlation: str = "") -> dict[str, Any]:
    """An error as problem details (RFC 9457): stable code, what is wrong, what to do."""
    content = {
        "type": f"urn:crossdock:error:{error.code}",
        "title": error.summary(),
        "status": status,
        "detail": error.message,
        "code": error.code,
        "hint": error.hint,
    }
    if correlation:
        content["correlation"] = correlation
    return content


def short(name: str) -> str:
    """A name a stranger chose, quoted, printable and not longer than `SHOWN`."""
    return repr(name if len(name) <= SHOWN else f"{name[:SHOWN]}…")
