"""A host of a test: takes documents as the receiver of its region, sends requests it is told to, or relays and records; told by JSON lines on standard input.

Runs alone (`python host.py`), inside a network namespace of its own where there is one, so it imports nothing of the product.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

CHUNK = 65_536


class Receiver(BaseHTTPRequestHandler):
    """Takes documents; refuses those whose street says so."""

    protocol_version = "HTTP/1.1"
    taken: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        refused = b"refuse-me" in body
        if not refused:
            self.taken.append(str(json.loads(body)["number"]))
        self.answer(422 if refused else 201)

    def do_GET(self) -> None:
        self.answer(200)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


class Relay:
    """Every byte of every connection, in both directions, goes through here into a file; `cut` ends them and takes no more."""

    def __init__(self, listen: tuple[str, int], target: tuple[str, int], record: str) -> None:
        self.target = target
        self.record = open(record, "ab", buffering=0)  # noqa: SIM115 - as long as the process
        self.cut = False
        self.open: set[socket.socket] = set()
        self.listener = socket.create_server(listen)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            near, _ = self.listener.accept()
            threading.Thread(target=self.join, args=(near,), daemon=True).start()

    def join(self, near: socket.socket) -> None:
        if self.cut:
            near.close()
            return
        try:
            far = socket.create_connection(self.target, 5)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        self.open |= {near, far}
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=self.pump, args=(one, other), daemon=True).start()

    def pump(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(CHUNK):
                self.record.write(data)
                other.sendall(data)
        for each in (one, other):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self.open -= {one, other}

    def set(self, cut: bool) -> None:
        self.cut = cut
        for each in list(self.open) if cut else ():
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def sniff(interface: str, record: str) -> None:
    """Every frame on an interface, whatever it carries, into a file."""
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
    raw.bind((interface, 0))

    def listen() -> None:
        with open(record, "ab", buffering=0) as file:
            while True:
                with contextlib.suppress(OSError):  # the link is down for a while
                    file.write(raw.recv(CHUNK))

    threading.Thread(target=listen, daemon=True).start()


def request(told: dict[str, Any]) -> dict[str, Any]:
    body = told["body"].encode() if "body" in told else None
    asked = urllib.request.Request(told["url"], body, told.get("headers", {}), method="POST" if body is not None else "GET")
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return {"status": answer.status, "body": answer.read().decode(), "headers": dict(answer.headers)}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "body": error.read().decode(), "headers": dict(error.headers)}
    except OSError as error:
        return {"status": 0, "body": str(error), "headers": {}}


def main() -> None:
    relays: list[Relay] = []
    for line in sys.stdin:
        told = json.loads(line)
        do = told["do"]
        answer: dict[str, Any] = {}
        if do == "receive":
            server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
            answer = {"port": server.server_address[1]}
        elif do == "port":
            with socket.socket() as probe:
                probe.bind((told["host"], 0))
                answer = {"port": probe.getsockname()[1]}
        elif do == "taken":
            answer = {"taken": Receiver.taken}
        elif do == "relay":
            relays.append(Relay((told["host"], told.get("port", 0)), tuple(told["target"]), told["record"]))
            answer = {"port": relays[-1].port}
        elif do == "cut":
            relays[told["relay"]].set(told["cut"])
        elif do == "sniff":
            sniff(told["interface"], told["record"])
        elif do == "request":
            answer = request(told)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
