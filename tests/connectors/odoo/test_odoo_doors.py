"""What guards the connector: the allow-list, separate keys, webhooks that only hint, and health that looks behind the plain pages."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest
from odoo_world import WEBHOOK_TOKEN, World, accepted, attempt
from scripted_odoo import Say, scripted

from crossdock.connectors.odoo import allow
from crossdock.connectors.odoo.mapping import DocumentMapping
from crossdock.connectors.odoo.options import OdooOptions
from crossdock.connectors.odoo.webhook import authenticate
from crossdock.connectors.protocol import InboundRequest, StoredMessage
from crossdock.core.commands import Command
from crossdock.core.errors import CallNotAllowed, CrossdockError, PayloadMalformed, SecretMissing, Unauthenticated
from crossdock.testing.contexts import ManualClock

# Allow-list ---------------------------------------------------------------------------------------------------


async def test_a_call_outside_the_list_never_leaves() -> None:
    async with scripted() as server:
        for model, method in (
            ("account.payment.register", "action_create_payments"),
            ("res.users", "write"),
            ("sale.order", "unlink"),
            ("ir.model.data", "search_read"),
            ("stock.picking", "create"),
        ):
            with pytest.raises(CallNotAllowed) as caught:
                await server.connector.client.call(model, method, ids=[1])
            assert caught.value.detail["call"] == f"{model}/{method}"
        assert server.calls == []


async def test_the_landscapes_list_replaces_the_default(world: World) -> None:
    connector = world.connector(allow=allow.READ)
    sku, _ = await world.product()
    outcome = await attempt(connector, world.create(world.order((sku, "1", "10"))))
    assert isinstance(outcome, CallNotAllowed) and outcome.detail["call"] == "res.partner/load"
    await connector.poll("orders", {})


@pytest.mark.parametrize(
    ("model", "method", "arguments"),
    [
        ("stock.quant", "write", {"vals": {"inventory_quantity": 1}}),
        ("stock.quant", "create", {"vals_list": [{"inventory_quantity": 1}, {"quantity": 1}]}),
        ("sale.order", "create", {"vals_list": [{}]}),
        ("sale.order", "unlink", {}),
        ("sale.order", "_create_invoices", {}),
    ],
)
def test_some_calls_are_never_made_whatever_the_list_says(model: str, method: str, arguments: dict) -> None:
    with pytest.raises(CallNotAllowed, match="never"):
        allow.check(model, method, arguments, {f"{model}/{method}"})


def test_the_default_list_is_what_the_connector_needs() -> None:
    parts = (allow.READ, allow.ORDERS, allow.LOGISTICS, allow.PURCHASES, allow.FINANCE, allow.VALUATION, allow.KEYS)
    assert sum(map(len, parts)) == len(frozenset().union(*parts)) == len(allow.DEFAULT)
    written = {name for name in allow.DEFAULT - allow.READ if name.startswith("account.")}
    assert written == {
        "account.move/load",
        "account.move/write",
        "account.move/action_post",
        "account.move/js_assign_outstanding_line",
        "account.payment/load",
        "account.payment/action_post",
    }, "papers are made, posted and settled, and nothing is reset, cancelled, deleted or reversed by a button"
    assert {name for name in allow.DEFAULT - allow.READ if name.startswith("res.users")} == {
        "res.users.apikeys/generate",
        "res.users.apikeys/revoke",
    }, "the hub makes and ends keys, and writes no user"


async def test_each_kind_of_call_goes_under_its_own_key(world: World) -> None:
    simulator = world.control("say who wrote")
    sku, _ = await world.product(stock=5)
    keys = {
        "read_key": simulator.keys["hub-berlin"],
        "orders_key": simulator.keys["hub"],
        "logistics_key": simulator.keys["admin"],
    }
    connector = world.connector(key="0" * 40, secrets=keys, company_id=1)
    sale = await world.sold(connector, (sku, "1", "10"))
    accepted(await attempt(connector, world.picked(sale, {"line": "1", "sku": sku, "quantity": "1"})))
    (order,) = await world.rows("sale.order", [["id", "=", int(sale.erp_id)]], ["create_uid"])
    (line,) = await world.rows("stock.move.line", [["picking_id.sale_id", "=", int(sale.erp_id)]], ["create_uid"])
    users = {row["login"]: row["id"] for row in await world.rows("res.users", [], ["login"], key=world.admin_key)}
    assert (order["create_uid"][0], line["create_uid"][0]) == (users["hub"], users["admin"])


# Webhooks -----------------------------------------------------------------------------------------------------

BODY = orjson.dumps(
    {"_action": "hub so(#483)", "_id": 19, "_model": "sale.order", "id": 19, "write_date": "2026-11-23 07:10:13.022185"}
)


def request(world: World, token: str | None = WEBHOOK_TOKEN, body: bytes = BODY, **headers: str) -> InboundRequest:
    query = {} if token is None else {"token": token}
    return InboundRequest("hint", headers, body, ManualClock().now(), query)


async def test_a_webhook_wakes_the_poll_and_says_nothing(world: World) -> None:
    connector = world.connector()
    (first,) = connector.receive(request(world))
    (again,) = connector.receive(request(world))
    assert first.topic == "hint" and first.dedupe_key == again.dedupe_key, "Odoo sends four of each, and thirteen of some"
    stored = StoredMessage("m", "odoo", "hint", "hint", first.body, first.content_type, {}, ManualClock().now())
    assert list(connector.normalize(stored)) == []
    (other,) = connector.receive(request(world, body=BODY.replace(b"022185", b"022186")))
    assert other.dedupe_key != first.dedupe_key
    assert connector.receive(request(world, None, **{"x-crossdock-token": WEBHOOK_TOKEN}))


@pytest.mark.parametrize("token", [None, "", "wrong", WEBHOOK_TOKEN[:-1], WEBHOOK_TOKEN + "x", "\udce9é"])
async def test_a_webhook_without_the_token_is_refused(world: World, token: str | None) -> None:
    with pytest.raises(Unauthenticated) as caught:
        world.connector().receive(request(world, token))
    assert WEBHOOK_TOKEN not in str(caught.value.as_dict())


async def test_a_webhook_that_is_no_json_is_refused(world: World) -> None:
    for body in (b"", b"{", b"[1]", b"\xff"):
        with pytest.raises(PayloadMalformed):
            world.connector().receive(request(world, body=body))


async def test_an_empty_token_opens_no_door(world: World) -> None:
    for sent in (request(world, None), request(world, "")):
        with pytest.raises(Unauthenticated):
            authenticate(sent, "")


async def test_without_a_token_in_the_vault_nobody_comes_in(world: World) -> None:
    connector = world.connector()
    object.__setattr__(connector.context, "credentials", {"api_key": "x"})
    with pytest.raises(SecretMissing):
        connector.receive(request(world))


# Health -------------------------------------------------------------------------------------------------------


async def test_health_names_the_version_and_the_end_of_the_key(world: World) -> None:
    probe = await world.connector().probe()
    assert probe.healthy and probe.version.startswith("19") and probe.detail["company"] == 1
    assert probe.credential_expires is not None and probe.credential_expires.tzinfo is not None


async def test_a_key_about_to_end_is_told_while_all_is_well(world: World) -> None:
    clock = ManualClock()
    probe = await world.connector(clock=clock).probe()
    assert probe.credential_expires is not None and probe.message == ""
    clock.set(probe.credential_expires - timedelta(days=3, hours=1))
    probe = await world.connector(clock=clock).probe()
    assert probe.healthy and "ends in 3 days" in probe.message
    named = await world.connector(clock=clock, key_name="no such key").probe()
    assert named.healthy and named.credential_expires is None


async def test_a_database_that_is_down_is_seen_behind_the_plain_pages(world: World) -> None:
    """The version page and the plain health page answer 200 with the database down."""
    world.control("lose its database").database_up = False
    probe = await world.connector().probe()
    assert not probe.healthy and "database" in probe.message


async def test_a_refused_key_is_not_health(world: World) -> None:
    probe = await world.connector(key="0" * 40).probe()
    assert not probe.healthy and probe.detail["code"] == "deliver.credential_refused"


# Order of writers ---------------------------------------------------------------------------------------------


async def test_writers_of_one_product_share_a_name(world: World) -> None:
    connector = world.connector()
    pick = {"lines": [{"sku": "B", "substituted_for": "A"}, {"sku": "C"}]}
    assert connector.serial(Command("1", "transfer.validate", "odoo", "k", {"confirmation": pick})) == ("sku:A", "sku:B", "sku:C")
    assert connector.serial(Command("1", "order.confirm", "odoo", "k", {"order": {"lines": [{"sku": "A"}]}})) == ("sku:A",)
    assert connector.serial(Command("1", "stock.adjust", "odoo", "k", {"levels": [{"sku": "A"}, {"sku": "A"}]})) == ("sku:A",)
    assert connector.serial(Command("1", "order.create", "odoo", "k", {"order": {"lines": [{"sku": "A"}]}})) == ()
    assert connector.serial(Command("1", "order.confirm", "odoo", "k", {"erp_id": "7"})) == ()
    for garbage in ({}, {"confirmation": None}, {"confirmation": {"lines": 5}}, {"levels": [1, {"sku": 2}]}):
        assert connector.serial(Command("1", "transfer.validate", "odoo", "k", garbage)) == ()
    assert connector.batch_key(Command("1", "order.create", "odoo", "k", {})) == "order.create"
    assert connector.batch_key(Command("1", "transfer.validate", "odoo", "k", {})) == ""


# Mapping ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("topic", ["order", "transfer", "stock", "product", "deleted"])
@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"null", b"{", b'{"id": {}, "state": []}', b'{"id": 1, "key": 5, "name": 2, "state": "sale"}']
)
async def test_a_document_of_another_shape_is_malformed(world: World, topic: str, body: bytes) -> None:
    connector = world.connector(picks_in_odoo=True)
    stored = StoredMessage("m", "odoo", "orders", topic, body, "application/json", {}, ManualClock().now())
    with pytest.raises(CrossdockError) as caught:
        connector.normalize(stored)
    assert caught.value.code == "normalize.malformed"


async def test_a_document_of_an_unknown_kind_is_said_to_be_unknown() -> None:
    mapping = DocumentMapping("odoo", None, OdooOptions(database="x"))  # type: ignore[arg-type]
    with pytest.raises(CrossdockError, match="invoice"):
        mapping.events(StoredMessage("m", "odoo", "x", "invoice", b"{}", "application/json", {}, ManualClock().now()))


async def test_an_answer_in_html_with_status_200_is_no_snapshot() -> None:
    async with scripted() as server:
        server.on("product.product/search_read", Say(b"<html>", 200, "text/html"))
        with pytest.raises(CrossdockError):
            _ = [chunk async for chunk in server.connector.snapshot()]
