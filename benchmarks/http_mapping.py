"""CPU time of the generic HTTP connector per 1 KB order of three lines: receipt with an API key, and mapping with validation.

    python -m benchmarks.http_mapping

The baseline is what no mapping can save: decoding the body and validating the canonical object.
"""

from __future__ import annotations

import time
import timeit
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson

from benchmarks.record import record
from crossdock.canonical.order import SalesOrder
from crossdock.connectors.http_generic.connector import HttpConnector
from crossdock.connectors.protocol import InboundRequest, StoredMessage
from crossdock.testing import make_context

KEY = "benchmark-api-key"
OPTIONS: dict[str, Any] = {
    "channels": {"orders": {"auth": {"kind": "api_key"}, "topic": "order", "dedupe": {"paths": ["number", "version"]}}},
    "documents": {
        "order": {
            "event": "order.placed",
            "key": "order/{@system}/{number}",
            "id": "{number}/{version}",
            "references": [{"scheme": "{@system}:order", "value": "{number}"}],
            "occurred_at": "placed_at",
            "fields": {
                "number": "number",
                "placed_at": {"from": "placed_at", "as": "date"},
                "customer.id": "customer.id",
                "customer.name": "customer.name",
                "customer.email": "customer.email",
                "ship_to.name": "customer.name",
                "ship_to.street": "address.street",
                "ship_to.city": "address.city",
                "ship_to.postal_code": "address.postal_code",
                "ship_to.country": {"from": "address.country", "as": "country"},
                "currency": "currency",
                "total.amount": {"from": "total", "as": "decimal"},
                "total.currency": "currency",
                "lines": {
                    "each": "lines",
                    "fields": {
                        "number": "#",
                        "sku": "sku",
                        "name": "name",
                        "quantity.value": {"from": "quantity", "as": "decimal"},
                        "unit_price.amount": {"from": "price", "as": "decimal"},
                        "unit_price.currency": "$.currency",
                    },
                },
            },
        }
    },
}


def order(price: Any) -> bytes:
    """An order of about 1,000 bytes."""
    line = {"quantity": "2", "price": price, "name": "A lamp with a shade of some colour and a long name"}
    address = {"street": "1 Analytical Way", "city": "London", "postal_code": "N1 7AA", "country": "GB"}
    document = {
        "number": "SO-000123",
        "version": 1,
        "placed_at": "2026-01-02T03:04:05Z",
        "currency": "EUR",
        "customer": {"id": "C-1", "name": "Ada Byron", "email": "ada@example.com"},
        "address": address,
        "total": price,
        "lines": [{**line, "sku": f"SKU-{number:05}"} for number in range(3)],
        "note": "Leave it with the neighbour. " * 11,
    }
    return orjson.dumps(document)


def cost(work: Callable[[], object], times: int = 4_000) -> float:
    """Microseconds of CPU a call, the best of seven rounds."""
    return min(timeit.repeat(work, number=times, repeat=7, timer=time.process_time)) / times * 1e6


def floor_of(body: bytes, plain: dict[str, Any]) -> None:
    """What no mapping can save."""
    orjson.loads(body)
    SalesOrder.model_validate(plain)


def main() -> int:
    """Measure and record; exit code 1 when the goal was missed."""
    connector = HttpConnector(make_context(HttpConnector, system="inbox", options=OPTIONS, secrets={"webhook_secret": KEY}))
    results = []
    for name, price in (("text", "12.50"), ("numbers", 12.5)):
        body, now = order(price), datetime.now(UTC)
        request = InboundRequest("orders", {"x-api-key": KEY, "content-type": "application/json"}, body, now)
        (message,) = connector.receive(request)
        stored = StoredMessage("1", "inbox", "orders", message.topic, message.body, message.content_type, {}, now)
        (event,) = connector.normalize(stored)
        plain = event.data.model_dump(mode="json")
        receive, normalize = cost(partial(connector.receive, request)), cost(partial(connector.normalize, stored))
        floor = cost(partial(floor_of, body, plain))
        more = {"receive_us": round(receive, 1), "normalize_us": round(normalize, 1), "bytes": len(body)}
        found = record(
            f"http_mapping_{name}",
            receive + normalize,
            "us",
            baseline=floor,
            goal=2.5 if name == "text" else 4,
            higher=False,
            on="ratio",
            **more,
        )
        results.append(found)
    return 0 if all(result["met"] for result in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
