"""What senders meet at the door: back-pressure instead of loss, one trace from them to every other system."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from crossdock.pipeline.correlation import from_traceparent
from tests.pipeline.conftest import Depot, order_body
from tests.pipeline.world import report, world

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


async def test_a_trace_goes_from_the_sender_to_the_target_and_is_kept_everywhere(tmp_path: Path, ledger_url: str) -> None:
    async with world(tmp_path / "l", ledger_url) as hub:
        _, answer = await hub.post(order_body("1001"), traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")
        assert answer["correlation"] == TRACE
        await hub.until(lambda: len(hub.depot.taken) == 1)
        [sent] = hub.depot.traces
        assert sent.split("-")[1] == TRACE
        assert sent.split("-")[2] != "00f067aa0ba902b7", "a span of its own"
        await hub.until_rows("SELECT id FROM ledger_attempt", bool)
        for table in ("ledger_message", "ledger_event", "ledger_delivery", "ledger_instance"):
            assert await hub.rows(f"SELECT correlation FROM {table}") == [(TRACE,)], table


async def test_later_messages_of_a_transaction_keep_their_own_trace_and_its_commands_the_first(
    tmp_path: Path, ledger_url: str
) -> None:
    async with world(tmp_path / "l", ledger_url) as hub:
        await hub.post(order_body("1001"), traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")
        await hub.until(lambda: len(hub.depot.taken) == 1)
        other = "a" * 32
        _, answer = await hub.post(order_body("1001", 2), traceparent=f"00-{other}-00f067aa0ba902b7-01")
        assert answer["correlation"] == other
        await hub.until(lambda: len(hub.depot.taken) == 2)
        assert [trace.split("-")[1] for trace in hub.depot.traces] == [TRACE, TRACE]
        events = dict(await hub.rows("SELECT number, correlation FROM ledger_event"))
        assert events == {1: TRACE, 2: other}


def test_a_trace_that_is_none_is_replaced() -> None:
    for header in ("", "nonsense", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"00-{TRACE[:-1]}-00f067aa0ba902b7-01", f"00-{TRACE}"):
        assert len(from_traceparent(header)) == 32
        assert from_traceparent(header) != TRACE
    assert from_traceparent(f" 00-{TRACE.upper()}-00F067AA0BA902B7-01 ") == TRACE


async def test_too_many_at_once_are_asked_to_come_back_and_nothing_is_lost(start) -> None:
    depot = Depot()
    async with start(depot, backlog=5, in_flight=0) as hub:
        await hub.until(lambda: bool(hub.hub.worker.owned))
        answers = [await hub.post(order_body(str(number))) for number in range(8)]
        assert [status for status, _ in answers] == [202] * 5 + [503] * 3
        assert answers[-1][1]["code"] == "receive.overloaded"
        assert hub.last["retry-after"] == "5"
        assert len(await hub.rows("SELECT id FROM ledger_message")) == 5
    async with start(depot, backlog=5) as hub:
        await hub.until(lambda: len(depot.taken) == 5)
        for number in range(5, 8):
            assert (await hub.post(order_body(str(number))))[0] == 202
        await hub.until(lambda: len(depot.taken) == 8)
        assert set(depot.counts().values()) == {1}


async def test_what_was_left_by_the_last_process_counts_for_the_backlog(start) -> None:
    async with start(backlog=3, in_flight=0) as hub:
        for number in range(3):
            assert (await hub.post(order_body(str(number))))[0] == 202
    async with start(backlog=3, in_flight=0) as hub:
        await hub.until(lambda: hub.hub.intake.backlog == 3)
        assert (await hub.post(order_body("9")))[0] == 503


@pytest.mark.parametrize("since", ["the start", "the work began", "the worker noticed"])
async def test_while_the_ledger_is_away_senders_are_asked_to_come_back(start, since: str, monkeypatch) -> None:
    from crossdock.core.errors import LedgerUnavailable
    from crossdock.ledger import store
    from crossdock.ledger.store import Lane

    def away(self: Lane, work: object, whole: bool = True) -> object:
        raise LedgerUnavailable("away")

    async with start() as hub:
        if since != "the start":
            await hub.until(lambda: bool(hub.hub.worker.owned), 20)
        real = store.Lane.run
        monkeypatch.setattr(store.Lane, "run", away)
        status, answer = await hub.post(order_body("1001"))
        assert (status, answer["code"]) == (503, "ledger.unavailable")
        assert hub.last["retry-after"].isdigit()
        if since == "the worker noticed":
            await hub.until(lambda: not hub.hub.worker.owned, 20)
        monkeypatch.setattr(store.Lane, "run", real)
        async with asyncio.timeout(20):
            while (await hub.post(order_body("1001")))[0] == 503:
                await asyncio.sleep(0.05)
        await hub.until(lambda: len(hub.depot.taken) == 1, 20)


async def test_one_sender_with_text_no_database_takes_harms_nobody_else(start) -> None:
    """A NUL in a name is refused by PostgreSQL for the whole group of messages that is written together."""
    async with start() as hub:
        together = [hub.post(order_body(str(n)), x_id=f"good{n}") for n in range(10)]
        together.insert(4, hub.post(order_body("77"), channel="a%00b", x_id="poison"))
        together.insert(8, hub.post(order_body("78"), "no%00body", "c"))
        async with asyncio.timeout(20):
            answers = await asyncio.gather(*together)
        good = [status for index, (status, _) in enumerate(answers) if index not in (4, 8)]
        assert good == [202] * 10
        assert answers[8][0] in (400, 404)
        await hub.until(lambda: len(hub.depot.taken) >= 10, 20)


def test_sqlite_is_the_default() -> None:
    assert sqlite3.sqlite_version_info >= (3, 35), "the ledger needs RETURNING and upserts"


async def test_a_report_and_its_order_have_each_their_own_trace(tmp_path: Path, ledger_url: str) -> None:
    async with world(tmp_path / "l", ledger_url) as hub:
        await hub.post(order_body("1001"), traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")
        await hub.until_rows("SELECT value FROM ledger_reference WHERE value='D-1001'", bool)
        _, answer = await hub.post(report("D-1001"), "bureau", "reports")
        await hub.until_rows(
            "SELECT correlation FROM ledger_event WHERE type='fulfilment.status'", lambda rows: rows == [(answer["correlation"],)]
        )
        assert answer["correlation"] != TRACE
