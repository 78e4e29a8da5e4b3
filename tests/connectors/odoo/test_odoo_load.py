"""load(): the lost race, the refusals, the warnings, and external ids that Odoo's cache knows before the database does."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest
from odoo_world import World
from scripted_odoo import Say, odoo_error, scripted

from crossdock.connectors.http import CallScope, current_call
from crossdock.connectors.odoo.load import Loader
from crossdock.core.errors import AnswerLost, Contended, EffectUnknown, TargetRefused

RACE = "could not serialize access due to concurrent update\n"
LOST: dict[str, Any] = {
    "ids": False,
    "messages": [{"type": "error", "message": RACE, "rows": {"from": 0, "to": 0}}],
    "nextrow": 0,
}
RELATION = re.compile(r"_ids?(?:$|/)")
"""Columns of Odoo's that point to other records, as its naming rules call them."""
WON: dict[str, Any] = {"ids": [7], "messages": [], "nextrow": 0}


async def test_a_lost_race_is_repeated_with_growing_pauses() -> None:
    waits: list[int] = []

    async def pause(attempt: int) -> None:
        waits.append(attempt)

    async with scripted() as server:
        server.on("res.partner/load", LOST, LOST, WON)
        loader = Loader(server.connector.client, pause)
        assert await loader.load("res.partner", ["id", "name"], [["crossdock.x", "X"]]) == [7]
        sent = server.asked("res.partner/load")
    assert waits == [0, 1] and sent[0] == sent[1] == sent[2]
    context = sent[0]["context"]
    assert context == {"lang": "en_US", "tz": "UTC", "allowed_company_ids": [1], "mode": "update", "noupdate": True}


async def test_a_race_lost_again_and_again_is_deferred() -> None:
    waits: list[int] = []

    async def pause(attempt: int) -> None:
        waits.append(attempt)

    async with scripted(contention_repeats=2) as server:
        server.on("res.partner/load", LOST)
        with pytest.raises(Contended):
            await Loader(server.connector.client, pause).load("res.partner", ["id", "name"], [["crossdock.x", "X"]])
    assert waits == [0, 1]


@pytest.mark.parametrize(
    "messages",
    [
        [
            {
                "type": "error",
                "message": "No matching record found for database id '9'",
                "rows": {"from": 1, "to": 1},
                "field": "partner_id",
            }
        ],
        [{"type": "error", "message": RACE}, {"type": "error", "message": "Missing required value"}],
        [{"type": "error", "message": "You are not allowed to create 'Contact' (res.partner) records."}],
        [],
    ],
    ids=["reference", "race and another", "no right", "silence"],
)
async def test_any_other_refusal_goes_to_a_person(messages: list[dict[str, Any]]) -> None:
    async with scripted() as server:
        server.on("res.partner/load", {"ids": False, "messages": messages})
        with pytest.raises(TargetRefused) as caught:
            await Loader(server.connector.client).load(
                "res.partner", ["id", "name"], [["crossdock.x", "X"], ["crossdock.y", "Y"]]
            )
    assert len(server.asked("res.partner/load")) == 1
    assert caught.value.detail["rows"] == sorted(m["rows"]["from"] for m in messages if "rows" in m)


async def test_a_warning_is_a_refusal_even_with_an_id() -> None:
    """Odoo found several records for a name and took one: a guess is no mapping."""
    message = 'Found multiple matches for value "HUB-A" in field "Order Lines" (2 matches)'
    async with scripted() as server:
        server.on("sale.order/load", {"ids": [9], "messages": [{"type": "warning", "message": message, "field": "order_line"}]})
        with pytest.raises(TargetRefused) as caught:
            await Loader(server.connector.client).load("sale.order", ["id"], [["crossdock.x"]])
    assert caught.value.detail["fields"] == ["order_line"] and caught.value.detail["kept"] == [9]


async def test_an_answer_of_another_shape_is_uncertain() -> None:
    async with scripted() as server:
        server.on("sale.order/load", [1])
        with pytest.raises(AnswerLost):
            await Loader(server.connector.client).load("sale.order", ["id"], [["crossdock.x"]])


# Finding external ids ------------------------------------------------------------------------------------------


async def test_an_absent_external_id_is_absent() -> None:
    async with scripted() as server:
        message = "External ID not found in the system: crossdock.x"
        server.on("ir.model.data/check_object_reference", odoo_error("builtins.ValueError", message, 500))
        assert await server.connector.client.find("crossdock.x", "sale.order", [["id", ">", 0]]) is None


async def test_an_external_id_in_odoos_cache_only_is_looked_up_in_the_database() -> None:
    """Odoo puts external ids into its cache before the commit; another transaction then sees the name and no record."""
    async with scripted() as server:
        server.on("ir.model.data/check_object_reference", ["sale.order", False])
        server.on("sale.order/search", [3, 4])
        server.on("sale.order/get_external_id", {"3": "", "4": "crossdock.x"})
        find = server.connector.client.find
        assert await find("crossdock.x", "sale.order", [["client_order_ref", "=", "1"]]) == 4
        assert await find("crossdock.y", "sale.order", [["client_order_ref", "=", "1"]]) is None
        with pytest.raises(EffectUnknown):
            await find("crossdock.x", "sale.order")
        assert server.asked("sale.order/search")[0]["context"]["active_test"] is False


async def test_another_error_of_the_lookup_is_not_taken_for_absent() -> None:
    async with scripted() as server:
        server.on(
            "ir.model.data/check_object_reference",
            Say({"name": "builtins.ValueError", "message": "Invalid field", "arguments": []}, 500),
        )
        with pytest.raises(Exception, match="Invalid field"):
            await server.connector.client.find("crossdock.x", "sale.order", [["id", ">", 0]])


# Deletions ------------------------------------------------------------------------------------------------------


async def test_a_record_is_gone_only_when_reading_it_says_so() -> None:
    """A search hides what the user may not see any more, and reading the bare id of anything gives it back without looking."""
    cursor = {
        "v": 1,
        "done": "2026-01-01 00:00:00",
        "swept": "2026-01-01 00:00:00",
        "checked": "2026-01-01 00:00:00",
        "pass": None,
        "seen": {},
        "ids": "7-9",
        "as_of": 0,
    }
    async with scripted() as server:
        server.on("sale.order/search", [8])
        server.on("sale.order/read", [{"id": 9, "write_date": "2026-01-01 00:00:00"}])
        found = await server.connector.poll("orders", cursor)
        assert [m.dedupe_key.split(",")[:2] for m in found.messages] == [["sale.order", "7"]]
        assert set(server.asked("sale.order/read")[0]["fields"]) - {"id"}
        hidden = odoo_error("odoo.exceptions.AccessError", "not yours", 403)
        server.on("sale.order/read", hidden, hidden, Say([]))
        found = await server.connector.poll("orders", cursor)
        assert [m.dedupe_key.split(",")[:2] for m in found.messages] == [["sale.order", "9"]], "one hidden, one deleted"
        server.on("sale.order/read", hidden)
        many = await server.connector.poll("orders", {**cursor, "ids": "8-500"})
        assert many.messages == [] and len(server.asked("sale.order/read")) == 5


async def test_relations_are_named_by_id_only(world: World) -> None:
    """Odoo clears a relation it cannot read, and guesses one by its name: neither can happen to what carries an id."""
    sku, _ = await world.product()
    scope = CallScope()
    token = current_call.set(scope)
    try:
        await world.connector().deliver(world.create(world.order((sku, "1", "10"))))
    finally:
        current_call.reset(token)
    loads = [each for each in scope.exchanges if each.url.endswith("/load")]
    assert {each.url.rsplit("/", 2)[1] for each in loads} == {"res.partner", "sale.order"}
    for each in loads:
        columns = orjson.loads(each.sent)["fields"]
        relations = [name for name in columns if RELATION.search(name.removeprefix("order_line/"))]
        assert relations
        assert [name for name in relations if not name.endswith(("/id", "/.id"))] == []
