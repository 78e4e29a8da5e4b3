"""A target for benchmarks: takes anything, remembers when each order arrived and in what order; a process of its own."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

SEEN: list[tuple[str, float]] = []


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """`POST /orders` takes an order, `GET /seen` tells how many came, the last arrival and doubles, `GET /times` all arrivals."""
    if scope["type"] != "http":
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    answer = b'{"ok":true}'
    if scope["path"] == "/seen":
        numbers = [number for number, _ in SEEN]
        answer = json.dumps({"count": len(SEEN), "distinct": len(set(numbers)), "last": SEEN[-1][1] if SEEN else 0}).encode()
    elif scope["path"] == "/times":
        answer = json.dumps(dict(SEEN)).encode()
    else:
        mark = body.find(b'"number"')
        SEEN.append((body[mark + 9 : mark + 24].decode().split('"')[1], time.time()))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": answer})


async def main() -> None:
    from granian.constants import Interfaces
    from granian.server.embed import Server

    server = Server(app, port=int(sys.argv[1]), interface=Interfaces.ASGI, websockets=False, log_enabled=False, backlog=1024)
    await server.serve()


if __name__ == "__main__":
    import uvloop

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(main())
