"""Places where a credential could come to light, as bytes: the whole ledger unpacked, files, and a receiver of traces."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.payloads import Damaged, unpack
from crossdock.ledger.store import Store

TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type='table'",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname='public'",
}


def dumped(url: str) -> Iterator[tuple[str, bytes]]:
    """(table, everything a row holds, unpacked) of every row of every table."""
    store = Store(LedgerLocation.parse(url))
    try:
        tables = store.read.run(lambda s: s.rows(TABLES[s.vendor]))
        for (table,) in tables:
            for row in store.read.run(lambda s, table=table: s.rows(f'SELECT * FROM "{table}"')):  # type: ignore[misc]
                yield table, b"\0".join(_plain(value) for value in row)
    finally:
        store.close()


def _plain(value: Any) -> bytes:
    if isinstance(value, (bytes, memoryview)):
        raw = bytes(value)
        try:
            return raw + unpack(raw)
        except Damaged:
            return raw
    return str(value).encode("utf-8", "surrogateescape")


def in_files(folder: Path, but: Iterable[str] = ()) -> Iterator[tuple[str, bytes]]:
    """(name, content) of every file below a folder, except those whose path begins with one of `but`."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not name.startswith(tuple(but)):
            yield name, path.read_bytes()


def spellings(secret: str) -> Iterator[bytes]:
    """The secret as it is, and the part of it that stands in any base64 text that holds it."""
    raw = secret.encode()
    yield raw
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + raw).rstrip(b"=")
        yield whole[4 if shift else 0 : -4]


def found(secrets: Iterable[tuple[str, str]], places: Iterable[tuple[str, bytes]]) -> list[str]:
    """Which secret came to light where."""
    wanted = [(name, text) for name, secret in secrets for text in spellings(secret)]
    return sorted({f"{name} in {place}" for place, content in places for name, text in wanted if text in content})


class TraceReceiver:
    """An OpenTelemetry collector's OTLP door (protobuf over HTTP) on loopback that keeps what it gets."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        kept = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                kept.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def spans(self) -> list[Any]:
        """Every span it got, read with the protocol's own messages."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        requests = [ExportTraceServiceRequest.FromString(body) for body in list(self.bodies)]
        return [span for r in requests for resource in r.resource_spans for scope in resource.scope_spans for span in scope.spans]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
