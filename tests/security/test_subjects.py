"""A person's data is found, given out and erased; what is under way stays, and the chain holds afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crossdock.core.clock import SystemClock
from crossdock.landscape.load import load
from crossdock.ledger.audit import links, verify
from crossdock.ledger.store import Store
from crossdock.ledger.subjects import find
from crossdock.pipeline.claims import claims_at
from crossdock.pipeline.erasure import erase
from tests.pipeline.conftest import landscape_folder as landscape_folder
from tests.pipeline.conftest import order_body
from tests.pipeline.conftest import start as start


async def test_a_person_is_erased_and_the_chain_holds(start: Any, landscape_folder: Path) -> None:
    async with start() as hub:
        for number, who in (("1", "ada"), ("2", "grace")):
            customer = {"id": who, "name": who.title(), "email": f"{who}@example.com"}
            await hub.post(order_body(number, customer=customer), x_id=number)
        await hub.until_rows("SELECT id FROM ledger_delivery WHERE settled_at IS NOT NULL", lambda rows: len(rows) == 2)
        location = hub.hub.location
        await hub.hub.store.work.do(lambda s: s.execute("UPDATE ledger_instance SET finished=?", (True,)))
    store, shown = Store(location), []
    try:
        landscape = load(landscape_folder)
        claims = claims_at(location, landscape.home)
        held = store.read.run(lambda s: find(s, ["ADA@example.com"], claims, lambda *each: shown.append(each)))
        assert held.counts["message"] == held.counts["event"] == held.counts["delivery"] == 1
        assert len(held.keys) == 1 and not held.needed
        assert all(b"ada@example.com" in each[3] and b"grace" not in each[3] for each in shown)
        await erase(landscape, store, claims, SystemClock(), held, "ada@example.com", "ops@cli", "a request")
        assert not store.read.run(lambda s: find(s, ["ada@example.com"], claims)).counts
        assert store.read.run(lambda s: find(s, ["grace@example.com"], claims)).counts["message"] == 1
        assert store.read.run(lambda s: verify(s, claims)).breaks == ()
        chain = b"".join(body for partition in range(4) for *_, body in store.read.run(lambda s, p=partition: list(links(s, p))))
        assert b"privacy:subject:erased" in chain and b"ada@" not in chain
    finally:
        store.close()


async def test_what_is_under_way_is_kept(start: Any) -> None:
    async with start() as hub:
        await hub.post(order_body("1", customer={"id": "ada", "name": "Ada", "email": "ada@example.com"}), x_id="1")
        await hub.until_rows("SELECT id FROM ledger_instance", bool)
        await hub.hub.store.work.do(lambda s: s.execute("UPDATE ledger_instance SET finished=?", (False,)))
        held = await hub.hub.store.read.do(lambda s: find(s, ["ada@example.com"]))
        assert held.counts == {} and set(held.needed) >= {"message", "event"}
