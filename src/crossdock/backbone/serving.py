"""The schema registry on a socket; knows HTTP and no schema."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from crossdock.backbone.registry import Registry

LARGEST: Final = 4 * 1024 * 1024
"""Bytes of a schema that are read."""


def server(registry: Registry, host: str, port: int) -> ThreadingHTTPServer:
    """A server that answers once `serve_forever` runs."""
    alone = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        timeout = 30

        def _handle(self) -> None:
            size = int(self.headers.get("content-length") or 0)
            if not 0 <= size <= LARGEST:
                self.send_error(413)
                return
            body = self.rfile.read(size)
            with alone:
                status, value = registry.answer(self.command, self.path, body)
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/vnd.schemaregistry.v1+json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = _handle

        def log_message(self, format: str, *args: object) -> None:
            """Requests are not logged."""

    return ThreadingHTTPServer((host, port), Handler)


def serve(registry: Registry, host: str, port: int, listening: Callable[[str], None]) -> None:
    """Answer until interrupted."""
    made = server(registry, host, port)
    listening(f"http://{host}:{made.server_address[1]}")
    try:
        made.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        made.server_close()
