"""The example in the README is valid and does what the text around it says."""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from crossdock.connectors.http_generic import connector as module
from crossdock.connectors.http_generic.connector import HttpConnector
from crossdock.connectors.protocol import Capabilities, InboundRequest, StoredMessage
from crossdock.core.commands import Command
from crossdock.core.errors import Unauthenticated
from crossdock.testing import make_context

README = Path(module.__file__).parent / "README.md"
SECRETS = {"webhook_secret": "configurator-secret", "api_key": "configurator-key"}
ORDER: dict[str, Any] = {
    "type": "order",
    "order": {
        "no": 4711,
        "revision": 2,
        "created": "2026-03-04T10:00:00+01:00",
        "currency": "EUR",
        "buyer": {"id": 9, "first": "Ada", "last": "Byron", "mail": " Ada@Example.com "},
        "delivery": {"street": "1 Way", "city": "London", "zip": "N1", "country": "United Kingdom"},
        "total": 1030.99,
        "shipping": "EXPR",
        "paid": True,
        "items": [
            {"article": "LAMP/red", "qty": 2, "cents": 51500},
            {"kind": "gift-note", "article": "-"},
            {"article": "BULB", "qty": "0.5", "cents": 198},
        ],
    },
}


@pytest.fixture
def example() -> HttpConnector:
    system = yaml.safe_load(re.search(r"```yaml\n(.*?)```", README.read_text(), re.DOTALL)[1])  # type: ignore[index]
    maps = {"service-levels": {"EXPR": "express"}}
    return HttpConnector(
        make_context(HttpConnector, system="configurator", options=system["options"], secrets=SECRETS, value_maps=maps)
    )


def test_an_order_comes_in(example: HttpConnector) -> None:
    body, now = orjson.dumps(ORDER), datetime.now(UTC)
    stamp = str(int(now.timestamp()))
    signature = hmac.digest(b"configurator-secret", stamp.encode() + b"." + body, "sha256").hex()
    (found,) = example.receive(InboundRequest("orders", {"x-signature": f"t={stamp},v1={signature}"}, body, now))
    assert (found.topic, found.dedupe_key) == ("order", 'order:["4711","2"]')
    with pytest.raises(Unauthenticated):
        example.receive(InboundRequest("orders", {}, body, now))
    (event,) = example.normalize(StoredMessage("u", "configurator", "orders", found.topic, found.body, "", {}, now))
    order: Any = event.data
    assert (event.key, order.number, order.customer.name, order.customer.email) == (
        "order/configurator/4711",
        "4711",
        "Ada Byron",
        "ada@example.com",
    )
    assert (order.total.amount, order.ship_to.country, order.ship_to.name) == (Decimal("1030.99"), "GB", "Byron")
    assert (order.service_level, order.payment_status) == ("express", "paid")
    assert [(line.number, line.sku, line.quantity.value, line.unit_price.amount) for line in order.lines] == [
        ("1", "LAMP", Decimal(2), Decimal("515.00")),
        ("3", "BULB", Decimal("0.5"), Decimal("1.98")),
    ]


def test_what_it_can_do_is_declared(example: HttpConnector) -> None:
    assert example.capabilities == Capabilities(
        commands=frozenset({"document.send", "shop.fulfil"}),
        repeatable=frozenset({"shop.fulfil"}),
        topics=frozenset({"order", "order-cancelled"}),
        questions=frozenset({"stock.available"}),
        receives=True,
        polls=True,
        batch=50,
        consequences={"missed": 2},  # a poll is asked last after a restore: what it tells may be about what others begin
    )
    command = Command("c", "shop.fulfil", "configurator", "k", {"order_number": "4711"})
    assert tuple(example.serial(command)) == ("order/4711",)
    assert (example.batch_key(command), example.batch_key(Command("c", "document.send", "configurator", "k", {}))) == (
        "",
        "document.send",
    )


def test_every_step_and_option_is_in_the_readme() -> None:
    from crossdock.connectors.http_generic.inbound_options import ChannelRule, HmacIn
    from crossdock.connectors.http_generic.outbound_options import BatchRule, CommandRule, FindRule, PollRule
    from crossdock.overlay.steps import _SIMPLE, StepSpec

    text = README.read_text()
    names = {*_SIMPLE, *StepSpec.model_fields}
    for model in (ChannelRule, HmacIn, CommandRule, FindRule, BatchRule, PollRule):
        names |= set(model.model_fields) - {"match_command"}
    assert [name for name in sorted(names) if not re.search(rf"\b{name}\b", text)] == []
