"""A sender for benchmarks: prepared HTTP/1.1 requests over kept-alive connections, as lean as Python allows; a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time


class Connection(asyncio.Protocol):
    """One connection: sends the next request when the answer to the last one is complete."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._buffer = b""
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self.send()

    def send(self) -> None:
        request = self._run.next()
        if request is None:
            self._transport.close()  # type: ignore[union-attr]
            return
        self._sent = time.perf_counter()
        self._transport.write(request)  # type: ignore[union-attr]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        lowered = head.lower()
        mark = lowered.find(b"content-length:")
        length = int(lowered[mark + 15 :].split(b"\r\n", 1)[0]) if mark >= 0 else 0
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        self._run.answered(int(head[9:12]), time.perf_counter() - self._sent)
        wait = self._run.pause()
        if wait:
            asyncio.get_running_loop().call_later(wait, self.send)
        else:
            self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._run.closed()


class Run:
    """Hands out requests and counts answers."""

    def __init__(self, requests: list[bytes], connections: int, rate: float) -> None:
        self._requests = requests
        self._next = 0
        self._open = connections
        self._rate = rate / connections if rate else 0.0
        self.statuses: dict[int, int] = {}
        self.latencies: list[float] = []
        self.done = asyncio.Event()

    def next(self) -> bytes | None:
        if self._next >= len(self._requests):
            return None
        self._next += 1
        return self._requests[self._next - 1]

    def pause(self) -> float:
        return 1.0 / self._rate if self._rate else 0.0

    def answered(self, status: int, seconds: float) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.latencies.append(seconds)

    def closed(self) -> None:
        self._open -= 1
        if self._open == 0:
            self.done.set()


def order(number: int, lines: int = 6) -> bytes:
    """An order of about 1 KB in the senders' own format."""
    body = {
        "number": f"B{number:07d}",
        "version": 1,
        "placed_at": "2026-01-31T10:15:00+01:00",
        "customer": {
            "id": f"C-{number % 977}",
            "name": f"Customer {number % 977} GmbH",
            "email": f"buyer{number % 977}@example.com",
        },
        "address": {"street": f"Hauptstr. {number % 200}", "city": "Berlin", "postal_code": "10115", "country": "DE"},
        "currency": "EUR",
        "service": "STD",
        "total": "171.00",
        "lines": [
            {
                "sku": f"SKU-{(number * 7 + i) % 5000:05d}",
                "name": f"Part number {i} of the order, blue",
                "quantity": 1 + i,
                "price": "9.50",
            }
            for i in range(lines)
        ],
    }
    return json.dumps(body).encode()


def request(path: str, host: str, body: bytes, headers: dict[str, str]) -> bytes:
    """One prepared request."""
    given = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{given}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--path", default="/in/inbox/orders")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--key", default="")
    args = parser.parse_args()
    headers = {"X-Api-Key": args.key} if args.key else {}
    requests = [request(args.path, f"127.0.0.1:{args.port}", order(args.first + i), headers) for i in range(args.count)]
    run = Run(requests, args.connections, args.rate)
    loop = asyncio.get_running_loop()
    started, started_at = time.perf_counter(), time.time()
    for _ in range(args.connections):
        await loop.create_connection(lambda: Connection(run), "127.0.0.1", args.port)
    await run.done.wait()
    seconds = time.perf_counter() - started
    latencies = sorted(run.latencies)
    report = {
        "started": started_at,
        "seconds": seconds,
        "per_second": len(latencies) / seconds,
        "statuses": run.statuses,
        "p50_ms": latencies[len(latencies) // 2] * 1000,
        "p99_ms": latencies[int(len(latencies) * 0.99) - 1] * 1000,
    }
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
