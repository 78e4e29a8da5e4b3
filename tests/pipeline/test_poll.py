"""Polling: cursor and messages are one, what comes twice is one message, and only the owner of a channel moves its cursor."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson

from crossdock.core.errors import CredentialRefused, Fenced, TargetUnavailable
from crossdock.ledger.work import claim_partitions
from crossdock.pipeline.poll import poll_partition
from tests.pipeline.conftest import order_body
from tests.pipeline.people import exception, exceptions, settled
from tests.pipeline.world import Bureau, report, world

CURSOR = "SELECT cursor FROM ledger_cursor"


async def cursor_is(hub, wanted: dict[str, object]) -> None:
    await hub.until_rows(CURSOR, lambda rows: bool(rows) and orjson.loads(rows[0][0]) == wanted)


async def test_what_is_found_is_kept_with_the_cursor_and_polled_on_from_there(tmp_path: Path, ledger_url: str) -> None:
    bureau = Bureau([report(f"D-{n}") for n in range(5)])
    async with world(tmp_path / "l", ledger_url, bureau) as hub:
        await cursor_is(hub, {"next": 5})
        assert [cursor.get("next", 0) for cursor in bureau.polled[:3]] == [0, 2, 4]
        assert len(await hub.rows("SELECT id FROM ledger_message")) == 5
    polls = len(bureau.polled)
    async with world(tmp_path / "l", ledger_url, bureau) as hub:
        bureau.reports.append(report("D-5"))
        await cursor_is(hub, {"next": 6})
        assert bureau.polled[polls] == {"next": 5}


async def test_a_webhook_and_a_poll_that_tell_the_same_are_one_message(tmp_path: Path, ledger_url: str) -> None:
    bureau = Bureau([report("D-1001")])
    async with world(tmp_path / "l", ledger_url, bureau) as hub:
        await hub.post(report("D-1001"), "bureau", "reports")
        await cursor_is(hub, {"next": 1})
        assert len(await hub.rows("SELECT id FROM ledger_message")) == 1
        await hub.post(order_body("1001"))
        await hub.until_rows("SELECT state FROM ledger_event WHERE type='fulfilment.status'", lambda rows: rows == [(1,)])


async def test_told_by_webhook_on_another_channel_it_is_still_one_event(tmp_path: Path, ledger_url: str) -> None:
    bureau = Bureau([report("D-1001")])
    async with world(tmp_path / "l", ledger_url, bureau) as hub:
        await hub.post(report("D-1001"), "bureau", "webhooks")
        await cursor_is(hub, {"next": 1})
        await hub.until_rows("SELECT state FROM ledger_message", lambda rows: [s for (s,) in rows] == [1, 1])
        assert len(await hub.rows("SELECT id FROM ledger_event")) == 1


async def test_who_lost_the_channel_while_polling_stores_nothing(tmp_path: Path, ledger_url: str) -> None:
    bureau = Bureau([report("D-1001")], gate=asyncio.Event())
    async with world(tmp_path / "l", ledger_url, bureau) as hub:
        await hub.until(lambda: bool(bureau.polled))
        partition = poll_partition("bureau", "reports", 4)
        await hub.hub.store.work.do(lambda s: claim_partitions(s, [partition], "somebody else"))
        assert bureau.gate is not None
        bureau.gate.set()
        channel = hub.hub.poller._channels[0]
        await hub.until(lambda: not channel.running)
        assert await hub.rows(CURSOR) == []
        assert await hub.rows("SELECT id FROM ledger_message") == []
        assert await exceptions(hub) == []


async def test_a_cursor_that_cannot_be_stored_keeps_no_message_either(tmp_path: Path, ledger_url: str, monkeypatch) -> None:
    from crossdock.pipeline import poll

    real = poll.channels.advance

    def failing(*args: object) -> None:
        monkeypatch.setattr(poll.channels, "advance", real)
        raise Fenced("in the middle")

    monkeypatch.setattr(poll.channels, "advance", failing)
    bureau = Bureau([report("D-1001")])
    async with world(tmp_path / "l", ledger_url, bureau) as hub:
        await hub.until(lambda: poll.channels.advance is real)
        channel = hub.hub.poller._channels[0]
        await hub.until(lambda: not channel.running)
        assert await hub.rows("SELECT id FROM ledger_message") == []
        hub.hub.poller.hint("bureau")
        await cursor_is(hub, {"next": 1})
        assert len(await hub.rows("SELECT id FROM ledger_message")) == 1


async def test_an_outage_is_waited_out_and_a_long_one_is_told_until_it_ends(tmp_path: Path, ledger_url: str) -> None:
    bureau = Bureau([report("D-1001")], failures=[TargetUnavailable("down", retry_after=0.01)] * 6)
    async with world(tmp_path / "l", ledger_url, bureau) as hub:
        while len(bureau.polled) < 5:
            hub.hub.poller.hint("bureau")
            await asyncio.sleep(0.01)
        found = await exception(hub)
        assert (found.code, found.system, found.owner) == ("deliver.unavailable", "bureau", "ops")
        async with asyncio.timeout(20):
            while not await hub.rows(CURSOR):
                hub.hub.poller.hint("bureau")
                await asyncio.sleep(0.02)
        await settled(hub)


async def test_a_refused_credential_parks_the_system_and_the_probe_frees_it(tmp_path: Path, ledger_url: str) -> None:
    bureau = Bureau(failures=[CredentialRefused("expired")])
    async with world(tmp_path / "l", ledger_url, bureau, probe_every=0.5) as hub:
        found = await exception(hub)
        assert (found.code, found.subject, found.system) == ("deliver.credential_refused", "system", "bureau")
        await settled(hub)


async def test_what_was_found_again_with_other_content_goes_to_a_person(tmp_path: Path, ledger_url: str) -> None:
    bureau = Bureau([report("D-1", "accepted", "r1"), report("D-1", "refused", "r1")])
    async with world(tmp_path / "l", ledger_url, bureau) as hub:
        found = await exception(hub)
        assert found.code == "receive.conflict"
        assert len(await hub.rows("SELECT id FROM ledger_message")) == 2
