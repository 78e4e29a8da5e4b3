"""The portal as a connector: orders are shown, forms and files become events, what is wrong is told with its place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from crossdock.canonical.order_response import OrderResponse
from crossdock.connectors.portal.connector import SHOWN, PortalConnector
from crossdock.connectors.portal.mapping import JSON, as_stated, orders_of, written
from crossdock.connectors.portal.options import PortalOptions
from crossdock.connectors.protocol import StoredMessage
from crossdock.core.commands import Command
from crossdock.core.errors import DocumentUnknown, PayloadMalformed, SchemaInvalid, TargetRefused
from crossdock.core.outcomes import Accepted, EffectAbsent
from crossdock.testing.contexts import ManualClock, make_context
from tests.documents.test_ubl_reading import invoice

ANSWER = OrderResponse.model_validate(
    {"number": "A1", "order_number": "P00012", "answered_at": "2026-05-02T08:00:00Z", "verdict": "accepted"}
)


@pytest.fixture
def connector() -> PortalConnector:
    context = make_context(PortalConnector, endpoint="", options={"zone": "Europe/Berlin"}, secrets={}, clock=ManualClock())
    return PortalConnector(context)


def message(topic: str, body: bytes, content_type: str = JSON, **headers: str) -> StoredMessage:
    at = datetime(2026, 5, 2, 8, tzinfo=UTC)
    return StoredMessage("M1", "portal-acme", "portal", topic, body, content_type, headers, at)


@pytest.mark.parametrize("name", sorted(SHOWN))
async def test_an_order_is_shown_by_being_delivered(connector: PortalConnector, name: str) -> None:
    command = Command("c1", name, "portal-acme", "purchase/odoo/P1", {"purchase_order": {"number": "P1", "revision": 2}})
    assert await connector.deliver(command) == Accepted({"reference": "P1", "revision": 2})
    assert isinstance(await connector.find_effect(command), EffectAbsent)
    with pytest.raises(TargetRefused):
        await connector.deliver(Command("c2", name, "portal-acme", "k", {}))


def test_a_form_becomes_an_event_that_leads_to_its_order(connector: PortalConnector) -> None:
    (event,) = connector.normalize(message("order_response", written("order_response", ANSWER, "anna")))
    assert (event.type, event.source, event.key) == ("purchase_order.answered", "portal-acme", "")
    assert event.data == ANSWER
    assert [(each.scheme, each.value) for each in event.references] == [("purchase:order", "P00012")]


def test_a_file_becomes_an_event_per_document_in_the_notation_its_author_stated(connector: PortalConnector) -> None:
    body = b"order_number;line;answer;quantity\r\nP1;1;changed;1,5\r\nP2;1;accepted;\r\n"
    first, second = connector.normalize(message("order_response", body, "text/csv", decimal=","))
    assert isinstance(first.data, OrderResponse)
    assert str(first.data.lines[0].quantity and first.data.lines[0].quantity.value) == "1.5"
    assert {first.id, second.id} == {"M1/0", "M1/1"}
    with pytest.raises(SchemaInvalid) as caught:
        connector.normalize(message("order_response", body, "text/csv"))
    assert caught.value.detail["problems"][0]["row"] == 2


def test_a_ubl_invoice_is_taken_as_invoice_only(connector: PortalConnector) -> None:
    (event,) = connector.normalize(message("invoice", invoice(), "application/xml"))
    assert event.type == "supplier_invoice.received"
    assert orders_of(event.data) == ["P00012"]
    with pytest.raises(DocumentUnknown):
        connector.normalize(message("ship_notice", invoice(), "application/xml"))


@pytest.mark.parametrize(
    ("topic", "body", "error"),
    [
        ("order_response", b"{", PayloadMalformed),
        ("order_response", b"[]", PayloadMalformed),
        ("order_response", orjson.dumps({"document": {"number": ""}}), SchemaInvalid),
        ("nothing", b"{}", DocumentUnknown),
    ],
)
def test_what_cannot_be_read_is_refused(connector: PortalConnector, topic: str, body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        connector.normalize(message(topic, body))


def test_a_stated_notation_must_be_a_known_one() -> None:
    options: Any = PortalOptions()
    assert as_stated(options, ",", "d.m.y").dates == "d.m.y"
    assert as_stated(options, "x", "y") is options
