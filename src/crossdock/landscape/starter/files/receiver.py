"""A stand-in for the system that gets the orders: takes every POST once, keeps it in received/ and answers 201. For trying out only."""

from __future__ import annotations

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER = Path(__file__).parent / "received"


class Receiver(BaseHTTPRequestHandler):
    """Keeps documents under their idempotency key; a repeated request changes nothing."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        key = re.sub(r"[^A-Za-z0-9._-]", "_", self.headers.get("idempotency-key", "without-key"))[:120]
        target = FOLDER / f"{key}.json"
        known = target.exists()
        if not known:
            FOLDER.mkdir(exist_ok=True)
            target.write_bytes(body)
            sys.stdout.write(f"received {json.loads(body).get('number', '?')}: {target.name}\n")
            sys.stdout.flush()
        self.answer(200 if known else 201)

    def do_GET(self) -> None:
        self.answer(200)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: what matters is printed above."""


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8091
    sys.stdout.write(f"listening on http://127.0.0.1:{port}\n")
    sys.stdout.flush()
    ThreadingHTTPServer(("127.0.0.1", port), Receiver).serve_forever()
