"""Proof afterwards: one story under every name of an order, one trace through every call, and a chain that shows tampering."""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from contextlib import closing

import pytest
from aiohttp import web

from tests.acceptance.conftest import Opener
from tests.acceptance.dock import until
from tests.acceptance.people import LYON, Cast

pytestmark = pytest.mark.asyncio(loop_scope="session")

WAY = (
    "order.create", "order.confirm", "fulfilment.release", "shipment.book", "transfer.validate", "shop.fulfil", "shop.milestone",
)  # fmt: skip
"""Commands of the way that goes well, in the order in which they are issued."""
PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-0[01]")


async def test_the_story_is_told_under_every_name(cast: Cast) -> None:
    # given an order that arrived
    order = cast.shopify.orders(("HP-004", 2), buyer=LYON)
    await cast.warehouse.picks(order.number)
    parcel = await cast.carriers.booked(order)
    await cast.arrives(order)
    made = await cast.dock.desk.order(order.number)
    fulfilment = await cast.warehouse.gets(order.number)
    shop_id = str(cast.shopify.shop.store.find(order.number)["id"])
    # when somebody asks for it by the number in the shop, the shop's id, Odoo's number, the fulfilment or the waybill
    story = await cast.auditor.story(order.number)
    for name in (shop_id, made["name"], fulfilment.number, parcel.waybill):
        assert (await cast.auditor.story(name))["key"] == story["key"] == order.key, name
    # then it is the whole story, in order of time, with everything that came, went and was answered
    flows = {flow["process"].partition("/")[0]: flow for flow in story["flows"]}
    assert flows["order_to_fulfilment"]["stage"] == "delivered"
    assert flows["shipment_to_invoice"]["stage"] == "posted"
    assert all(flow["finished"] for flow in flows.values())
    steps = story["steps"]
    assert [step["at"] for step in steps] == sorted(step["at"] for step in steps)
    commands = [step["what"] for step in steps if step["step"] == "command"]
    first = [commands.index(name) for name in WAY]
    assert first == sorted(first), commands
    assert all(step["outcome"] == "accepted" for step in steps if step["step"] in ("command", "attempt"))
    assert all(step["received"] for step in steps if step["step"] == "received")
    assert all(step["canonical"] for step in steps if step["step"] == "event")
    assert all(step["mapped"] for step in steps if step["step"] == "command")
    received = {step["system"] for step in steps if step["step"] == "received"}
    assert received >= {"shopify-eu", "wms-north", "carrier-ups"}
    for name in WAY:
        exchanges = [
            e
            for step in steps
            if step["step"] == "attempt" and step["what"].startswith(f"{name} ")
            for e in step.get("exchanges", ())
        ]
        # several confirmations and milestones may travel together: one of them shows the call
        assert exchanges or name in ("order.create", "order.confirm", "shop.milestone"), name
        assert all(e["status"] and e["url"].startswith("http") for e in exchanges)
    assert {one["name"].partition(":")[0]: one["state"] for one in story["expectations"]} == dict.fromkeys(
        ("confirmed", "released", "picked", "booked", "dispatched", "delivered", "picked_up", "invoice_ready", "invoice_posted"),
        "fulfilled",
    )
    # and people read it too
    code, said = await cast.auditor.runs_outside("trace", parcel.waybill)
    assert code == 0
    assert all(words in said for words in ("order.create", "shipment.book", parcel.waybill, made["name"], "delivered"))


async def test_nothing_secret_is_in_the_story(cast: Cast) -> None:
    order = cast.outlet.orders(("HP-010", 1))
    await cast.warehouse.picks(order.number)
    await cast.arrives(order)
    _, said = await cast.auditor.runs("trace", order.number, "--json")
    secrets = {*cast.dock.town.keys.values(), cast.dock.desk.key} - {""}
    assert not [name for name in secrets if name in said]


async def test_every_call_carries_the_trace_it_belongs_to(opens: Opener) -> None:
    cast = await opens()
    town = cast.dock.town
    # given witnesses at every system
    seen: dict[str, list[tuple[str, str, str, str]]] = defaultdict(list)

    def witness(name: str):  # type: ignore[no-untyped-def]
        def see(request: web.Request) -> None:
            about = (
                request.method,
                request.path,
                request.headers.get("traceparent", ""),
                request.headers.get("x-correlation-id", ""),
            )
            seen[name].append(about)

        return see

    for name, system in town.systems.items():
        system.witness = witness(name)
    orders = [cast.shopify.orders(("HP-004", 1)), cast.outlet.orders(("HP-004", 1), buyer=LYON)]
    for order in orders:
        await cast.warehouse.picks(order.number)
        await cast.arrives(order)
    # then each of their calls is part of a trace, polls and logins too
    bought = {"acme-fasteners"}  # nothing is bought in this story
    systems = set(town.systems) - bought - (set() if cast.dock.desk.simulator else {"odoo"})
    assert set(seen) >= systems
    for name in systems:
        wrong = [call for call in seen[name] if not PARENT.fullmatch(call[2])]
        assert not wrong, f"{name}: {wrong[:3]} of {len(seen[name])}"
        wrong = [call for call in seen[name] if PARENT.fullmatch(call[2])[1] != call[3]]  # type: ignore[index]
        assert not wrong, f"{name}: {wrong[:3]}"
    # and what was done for an order carries that order's correlation id at the warehouse and the carrier
    for order in orders:
        [(correlation,)] = await cast.dock.rows("SELECT DISTINCT correlation FROM ledger_instance WHERE key=?", order.key)
        fulfilment = cast.warehouse.released(order.number)[0].number
        released = [call for call in seen["wms-north"] if call[1].endswith(fulfilment) and call[0] == "PUT"]
        assert {PARENT.fullmatch(call[2])[1] for call in released} == {correlation}  # type: ignore[index]
        carrier = "carrier-dhl" if order.shop == "shopify-eu" else "carrier-ups"
        booked = [call for call in seen[carrier] if call[0] == "POST" and "ship" in call[1]]
        assert {PARENT.fullmatch(call[2])[1] for call in booked} == {correlation}  # type: ignore[index]
        story = await cast.auditor.story(correlation)
        assert story["key"] == order.key


async def test_the_chain_holds_and_shows_tampering(opens: Opener) -> None:
    cast = await opens()
    order = cast.shopify.orders(("HP-004", 1))
    await cast.warehouse.picks(order.number)
    await cast.arrives(order)
    code, said = await cast.auditor.runs_outside("audit", "verify")
    assert code == 0, said
    assert "intact" in said
    # when somebody with access to the database changes what was received
    change = "UPDATE ledger_event SET data=? WHERE type='order.placed'"
    await tamper(cast, change, b"{}")
    code, said = await cast.auditor.runs("audit", "verify")
    assert code == 1, said
    assert "partition" in said


async def test_a_link_taken_out_of_the_chain_shows(opens: Opener) -> None:
    cast = await opens()
    order = cast.outlet.orders(("HP-004", 1))
    await cast.warehouse.gets(order.number)
    await cast.dock.close_hub()
    [(partition, last)] = await last_link(cast)
    await tamper(cast, "DELETE FROM ledger_audit WHERE partition=? AND seq=?", partition, last)
    code, said = await cast.auditor.runs("audit", "verify")
    await cast.dock.open_hub()
    assert code == 1, said


async def last_link(cast: Cast) -> list[tuple[int, int]]:
    """The newest link of the longest chain."""
    sql = "SELECT partition, MAX(seq) FROM ledger_audit GROUP BY partition ORDER BY 2 DESC LIMIT 1"
    return [(int(partition), int(seq)) for partition, seq in await run(cast, sql)]


async def tamper(cast: Cast, sql: str, *args: object) -> None:
    """Somebody who can reach the database goes around the hub."""
    await run(cast, sql, *args)


async def run(cast: Cast, sql: str, *args: object) -> list[tuple[object, ...]]:
    ledger = cast.dock.ledger
    if ledger.startswith("sqlite"):
        with closing(sqlite3.connect(ledger.removeprefix("sqlite:///"), timeout=20, isolation_level=None)) as connection:
            return connection.execute(sql, args).fetchall()
    import psycopg

    with psycopg.connect(ledger, autocommit=True) as connection:
        done = connection.execute(sql.replace("?", "%s"), args)  # type: ignore[arg-type]
        return done.fetchall() if done.description else []


async def test_at_the_end_nothing_was_doubled_or_out_of_order(cast: Cast) -> None:
    """Runs last at the dock all tests share, whatever they did there."""
    for system in cast.dock.town.systems.values():
        await system.webhooks.drained()
    await until(
        lambda: cast.dock.rows("SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM ledger_delivery WHERE state IN (0,1,2,3))"),
        "nothing is on its way",
    )
    verdict = cast.dock.town.judge()
    # what a person let go beyond what was ordered is no double; tests/acceptance/test_picks.py says what it must be
    doubles = [one for one in verdict.doubles if not one.startswith("odoo line")]
    assert (doubles, verdict.violations) == ([], ())
    code, said = await cast.auditor.runs("audit", "verify")
    assert code == 0, said
