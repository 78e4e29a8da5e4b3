"""The system-of-record matrix at run time: a system that says of others' fields what is accepted already is heard, one that says more is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.pipeline.conftest import Depot, order_body

DEALT = "SELECT type, source, state FROM ledger_event ORDER BY id"
APPLIED, FAILED, WAITING = 1, 6, 5


def by_desk(number: str, version: int, **changes: object) -> bytes:
    """What the order desk says about an order of the shop."""
    content = json.loads(order_body(number, version, **changes))
    return json.dumps({**content, "for": "shop"}).encode()


@pytest.fixture
def landscape_folder(landscape_folder: Path) -> Path:
    (landscape_folder / "systems/desk.yaml").write_text("kind: test_shop\nowner: ops\nendpoint: http://127.0.0.1:1\n")
    (landscape_folder / "ownership.yaml").write_text(
        "entities: {order: {owner: shop, groups: {papers: {fields: [incoterm], owner: desk, others: refuse}}}}\n"
        "events:\n  order.placed: {originates: [shop]}\n  order.changed: {originates: [shop], enriches: [desk]}\n"
    )
    flow = landscape_folder / "flows/orders.yaml"
    flow.write_text(flow.read_text().replace("sources: [shop]", "sources: [shop, desk]"))
    return landscape_folder


async def test_others_fields_are_accepted_while_they_say_what_is_known(start) -> None:
    async with start() as hub:
        assert (await hub.post(order_body("1")))[0] == 202
        await hub.until_rows(DEALT, lambda rows: len(rows) == 1)
        await hub.post(by_desk("1", 2, incoterm="DAP"), "desk")
        await hub.until_rows(DEALT, lambda rows: rows[1:] == [("order.changed", "desk", APPLIED)])
        assert await hub.rows("SELECT id FROM ledger_exception") == []


async def test_also_when_both_come_with_one_micro_batch(start) -> None:
    depot = Depot()
    async with start(depot, in_flight=0) as hub:
        for body, system in (
            (order_body("1"), "shop"),
            (by_desk("1", 2, incoterm="DAP"), "desk"),
            (by_desk("1", 3, note="x"), "desk"),
        ):
            assert (await hub.post(body, system))[0] == 202
    async with start(depot) as hub:
        found = await hub.until_rows(DEALT, lambda rows: len(rows) == 3 and WAITING not in {row[2] for row in rows})
        assert sorted(row[2] for row in found) == [APPLIED, APPLIED, FAILED]


async def test_others_fields_that_say_something_new_go_to_a_person(start) -> None:
    async with start() as hub:
        await hub.post(order_body("1"))
        await hub.until_rows(DEALT, lambda rows: len(rows) == 1)
        await hub.post(by_desk("1", 2, incoterm="DAP", note="leave it at the door"), "desk")
        [(code, message, detail, key)] = await hub.until_rows("SELECT code, message, detail, key FROM ledger_exception", bool)
        assert (code, key) == ("authorize.field_not_owned", "order/shop/1")
        assert message == "desk does not own note"
        assert json.loads(detail)["fields"] == [{"field": "note", "owners": ["shop"]}]
        assert (await hub.rows(DEALT))[1:] == [("order.changed", "desk", FAILED)]
        assert len(hub.depot.taken) == 1


async def test_before_anything_is_known_nothing_is_equal(start) -> None:
    async with start() as hub:
        await hub.post(by_desk("9", 2), "desk")
        [(code, subject)] = await hub.until_rows("SELECT code, subject FROM ledger_exception", bool)
        assert (code, subject) == ("authorize.field_not_owned", "event")
        await hub.post(order_body("9"))
        await hub.until_rows(DEALT, lambda rows: rows[1:] == [("order.placed", "shop", APPLIED)])


async def test_what_waited_for_its_transaction_is_compared_when_it_has_come(start, landscape_folder: Path) -> None:
    flow = landscape_folder / "flows/orders.yaml"
    text = (
        flow.read_text().replace("sources: [shop, desk]", "sources: [shop]").replace("target: depot", "target: depot, desk: desk")
    )
    flow.write_text(text)
    async with start() as hub:
        for number in ("8", "9"):
            await hub.post(by_desk(number, 2, note="ring twice"), "desk")
        await hub.until_rows(DEALT, lambda rows: [row[2] for row in rows] == [WAITING, WAITING])
        await hub.post(order_body("8", note="ring twice"))
        await hub.post(order_body("9"))
        await hub.until_rows(DEALT, lambda rows: [row[2] for row in rows] == [APPLIED, FAILED, APPLIED, APPLIED])


async def test_fields_to_be_refused_are_refused_at_once(start) -> None:
    async with start() as hub:
        await hub.post(order_body("1", incoterm="DAP"))
        [(code, subject)] = await hub.until_rows("SELECT code, subject FROM ledger_exception", bool)
        assert (code, subject) == ("authorize.field_not_owned", "message")


async def test_what_only_waits_is_not_known_yet(start, landscape_folder: Path) -> None:
    flow = landscape_folder / "flows/orders.yaml"
    text = (
        flow.read_text().replace("sources: [shop, desk]", "sources: [shop]").replace("target: depot", "target: depot, desk: desk")
    )
    flow.write_text(text)
    async with start() as hub:
        for version in (2, 3):
            await hub.post(by_desk("9", version, note="of the desk's own"), "desk")
        await hub.until_rows(DEALT, lambda rows: [row[2] for row in rows] == [WAITING, WAITING])
        await hub.post(order_body("9"))
        await hub.until_rows(DEALT, lambda rows: [row[2] for row in rows] == [FAILED, FAILED, APPLIED])
