"""Shopify's payloads meet the mapping: any JSON gives events or an error of the tree, exact amounts, every wrong field named."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shop_bench import connector

from crossdock.canonical.order import SalesOrder
from crossdock.connectors.net_amounts import net_line, per_unit
from crossdock.connectors.protocol import Inbound
from crossdock.connectors.shopify.connector import ORDER_TOPICS
from crossdock.core.errors import CrossdockError, DocumentUnknown, PayloadMalformed, SchemaInvalid
from crossdock.simulators.shopify import Shopify
from crossdock.simulators.shopify.store import Store
from crossdock.simulators.shopify.views import Views
from tests.connectors.mutations import VALUES, spoiled
from tests.connectors.shop_scenes import events_of, meets, samples

STORE = Store(lambda *_: None)
ORDER = STORE.place(random.Random(4), [("XD-001", 2), ("XD-003", 1)])
ONE = connector(Shopify(), products="events")


def node_of(order: dict[str, Any]) -> dict[str, Any]:
    """The order as the poll finds it."""

    def settle(value: Any) -> Any:
        if callable(value):
            value = value(None, first=50)
        if isinstance(value, dict):
            return {
                key: settle(inner) for key, inner in value.items() if key not in ("fulfillmentOrders", "fulfillments", "variant")
            }
        return [settle(inner) for inner in value] if isinstance(value, list) else value

    found: dict[str, Any] = settle(Views(STORE).order(order))
    return found


NODE = node_of(ORDER)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(ORDER_TOPICS - {"graphql/orders"})), spoiled(ORDER))
def test_any_change_of_an_order_gives_events_or_an_error_of_the_tree(topic: str, order: Any) -> None:
    for event in meets(ONE, topic, order):
        assert event.key.startswith("order/shopify-eu/")
        event.data.model_dump_json()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spoiled(NODE))
def test_any_change_of_a_polled_order_gives_events_or_an_error_of_the_tree(node: Any) -> None:
    for event in meets(ONE, "graphql/orders", node):
        event.data.model_dump_json()


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["orders/create", "graphql/orders", "products/update", "orders/delete", "refunds/create"]), VALUES)
def test_any_json_gives_events_or_an_error_of_the_tree(topic: str, value: Any) -> None:
    meets(ONE, topic, value)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["orders/create", "graphql/orders"]), st.binary(max_size=200))
def test_any_bytes_give_an_error_of_the_tree(topic: str, body: bytes) -> None:
    with pytest.raises(CrossdockError):
        events_of(ONE, Inbound(topic, "x", body))


def test_every_wrong_field_is_named_not_the_first() -> None:
    order = json.loads(json.dumps(ORDER))
    order["currency"] = "Euro"
    order["updated_at"] = "yesterday"
    order["line_items"][0] |= {"sku": None, "quantity": 0}
    order["line_items"][1]["price"] = "a lot"
    order["shipping_address"]["country_code"] = "Germany"
    with pytest.raises(SchemaInvalid) as caught:
        events_of(ONE, Inbound("orders/create", "x", json.dumps(order).encode()))
    problems = caught.value.detail["problems"]
    assert all(item.keys() == {"path", "message", "kind"} and all(item.values()) for item in problems)
    fields = {item["path"] for item in problems}
    assert fields >= {
        "currency",
        "updated_at",
        "line_items.0.sku",
        "line_items.0.quantity",
        "line_items.1.price",
        "shipping_address.country_code",
    }


def test_amounts_are_exact_also_when_they_come_as_json_numbers() -> None:
    text = json.dumps(ORDER).replace(f'"price": "{ORDER["line_items"][0]["price"]}"', '"price": 1234567890.10', 1)
    [event] = events_of(ONE, Inbound("orders/create", "x", text.encode()))
    order = event.data
    assert isinstance(order, SalesOrder)
    line = order.lines[0]
    tax = line.tax.amount if line.tax else Decimal(0)
    assert abs(line.unit_price.amount * line.quantity.value + tax - 2 * Decimal("1234567890.10")) < Decimal("0.000002")


def test_a_deeply_nested_body_and_a_huge_number_are_malformed_not_crashes() -> None:
    for body in (b"[" * 100_000, b'{"id": ' + b"9" * 10_000 + b"}", b'{"id": NaN}'):
        with pytest.raises(PayloadMalformed):
            events_of(ONE, Inbound("orders/create", "x", body))


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"], ids=["NUL", "unpaired surrogate"])
def test_characters_no_database_takes_are_refused_by_name_of_the_field(text: str) -> None:
    order = {**ORDER, "note": text, "line_items": [{**ORDER["line_items"][0], "name": text}]}
    with pytest.raises(SchemaInvalid) as caught:
        events_of(ONE, Inbound("orders/create", "x", json.dumps(order).encode()))
    assert {item["path"] for item in caught.value.detail["problems"]} == {"note", "line_items.0.name"}


def test_an_unknown_topic_is_refused_and_known_quiet_ones_give_no_event() -> None:
    with pytest.raises(DocumentUnknown):
        events_of(ONE, Inbound("themes/publish", "x", b"{}"))
    for topic in (
        "refunds/create",
        "fulfillments/create",
        "inventory_levels/update",
        "customers/update",
        "orders/edited",
        "app/uninstalled",
    ):
        assert events_of(ONE, Inbound(topic, "x", b"{}")) == []


def test_a_guest_without_shipping_address_is_shipped_to_the_billing_address() -> None:
    order = {**ORDER, "customer": None, "shipping_address": None}
    [event] = events_of(ONE, Inbound("orders/create", "x", json.dumps(order).encode()))
    assert isinstance(event.data, SalesOrder)
    assert event.data.customer.id == f"guest-{ORDER['id']}"
    assert event.data.ship_to.city == ORDER["billing_address"]["city"]


decimals = st.decimals(min_value=0, max_value=99_999, places=2)


@given(
    decimals,
    st.integers(1, 500),
    st.decimals(min_value=0, max_value=1, places=2),
    st.decimals(min_value=0, max_value=30, places=1),
)
def test_taking_the_tax_out_keeps_the_sum_of_the_line(price: Decimal, quantity: int, share: Decimal, percent: Decimal) -> None:
    units = Decimal(quantity)
    discount = (price * units * share).quantize(Decimal("0.01"))
    gross = price * units - discount
    tax = (gross * percent / (100 + percent)).quantize(Decimal("0.01"))
    net = net_line(price, units, discount, tax, includes_tax=True)
    if gross > 0 and tax < gross:
        assert abs(net.unit_price * units - net.discount + net.tax - gross) <= units * Decimal("0.0000005") + Decimal("0.000001")


@given(decimals, st.integers(1, 999))
def test_a_unit_price_times_the_quantity_is_the_total_to_a_fraction_of_a_cent(total: Decimal, quantity: int) -> None:
    assert abs(per_unit(total, Decimal(quantity)) * quantity - total) < Decimal("0.0006")


SAMPLES = sorted(samples("shopify").glob("*.json"))


@pytest.mark.skipif(not SAMPLES, reason="no sample corpus (CROSSDOCK_CORPUS)")
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("topic", ["orders/create", "graphql/orders", "products/create", "orders/delete", "refunds/create"])
def test_samples_by_others_are_read_or_refused_with_a_reason(path: Path, topic: str) -> None:
    try:
        for event in events_of(ONE, Inbound(topic, "x", path.read_bytes())):
            assert event.data.model_dump_json()
    except CrossdockError as error:
        refusal = error.as_dict()
    else:
        return
    assert refusal["message"] and refusal["code"] in ("validate.schema", "normalize.malformed")
    assert refusal["detail"].get("problems") or refusal["code"] == "normalize.malformed"


@pytest.mark.skipif(not SAMPLES, reason="no sample corpus (CROSSDOCK_CORPUS)")
def test_a_draft_order_by_others_is_a_whole_order_once_it_is_completed() -> None:
    draft = json.loads((samples("shopify") / "draft_order.json").read_text())["draft_order"]
    for number, line in enumerate(draft["line_items"]):
        line["id"] = number + 1
        line["sku"] = line["sku"] or "ENGRAVING"
    draft |= {"financial_status": "paid", "cancelled_at": None, "test": False}
    [event] = events_of(ONE, Inbound("orders/create", "x", json.dumps(draft).encode()))
    assert isinstance(event.data, SalesOrder)
    assert [(line.sku, str(line.unit_price.amount)) for line in event.data.lines] == [
        ("IPOD2008GREEN", "199.00"),
        ("ENGRAVING", "494.14"),
    ]
    assert event.data.ship_to.region == "VA" and str(event.data.total.amount) == "1027.41"
