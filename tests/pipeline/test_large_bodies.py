"""Bodies kept outside the ledger while their store is away: nothing is lost, nothing small waits, and everything goes on by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossdock.core.errors import PayloadStoreUnavailable
from crossdock.ledger.payloads import FileClaims
from tests.pipeline.conftest import Depot, order_body


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, landscape_folder: Path) -> set[str]:
    """What cannot be done with the store of large bodies at the moment: `get`, `put`."""
    refused: set[str] = set()
    for name in ("get", "put"):
        real = getattr(FileClaims, name)

        def patched(self, *arguments, name=name, real=real):
            if name in refused:
                raise PayloadStoreUnavailable("away")
            return real(self, *arguments)

        monkeypatch.setattr(FileClaims, name, patched)
    monkeypatch.setenv("CROSSDOCK_PAYLOADS", str(tmp_path / "payloads"))
    monkeypatch.setattr("crossdock.pipeline.taking.LARGE_AGAIN", 0.2)
    system = landscape_folder / "systems/shop.yaml"
    system.write_text(system.read_text() + "limits: {max_body: 4MB}\n")
    return refused


def large(number: str) -> bytes:
    return json.dumps({**json.loads(order_body(number)), "padding": "x" * 400_000}).encode()


async def test_large_messages_wait_for_their_bodies_and_small_ones_do_not(start, away: set[str]) -> None:
    depot = Depot()
    away.add("get")
    async with start(depot) as hub:
        for number in range(3):
            assert (await hub.post(large(f"L{number}"), x_id=f"L{number}"))[0] == 202
        for number in range(20):
            await hub.post(order_body(f"S{number}"), x_id=f"S{number}")
        await hub.until(lambda: len(depot.taken) == 20)
        assert not await hub.rows("SELECT id FROM ledger_exception")
        away.clear()
        await hub.until(lambda: len(depot.taken) == 23)
        assert set(depot.counts().values()) == {1}


async def test_what_cannot_be_kept_is_not_acknowledged(start, away: set[str]) -> None:
    away.add("put")
    async with start() as hub:
        status, answer = await hub.post(large("1"), x_id="1")
        assert (status, answer["code"]) == (503, "ledger.payloads_unavailable")
        assert (await hub.post(order_body("2"), x_id="2"))[0] == 202
        away.clear()
        assert (await hub.post(large("1"), x_id="1"))[0] == 202
        await hub.until(lambda: len(hub.depot.taken) == 2)


async def test_a_person_who_retries_meanwhile_is_told(start, away: set[str]) -> None:
    """A message that failed and whose body cannot be fetched when it is retried: the exception stays, with the reason."""
    from crossdock.ledger.ids import Numbers
    from crossdock.ledger.people import instruct, list_exceptions
    from crossdock.ledger.times import micros

    async with start() as hub:
        await hub.post(large("1").replace(b'"order"', b'"ordre"'), x_id="1")
        await hub.until_rows("SELECT id FROM ledger_exception", bool)
        away.add("get")
        found, numbers, at = await hub.hub.store.read.do(list_exceptions), Numbers(hub.clock, 1023), micros(hub.clock.now())
        await hub.hub.store.work.do(lambda s: instruct(s, numbers, "retry", found, {}, "ada", at))
        rows = await hub.until_rows(
            "SELECT code, state FROM ledger_exception", lambda rows: rows[0][0] == "ledger.payloads_unavailable"
        )
        assert rows == [("ledger.payloads_unavailable", 0)]
        assert hub.hub.worker.owned
