"""Events that know a transaction only by somebody else's number: they wait until it is known, and somebody is told when it never is."""

from __future__ import annotations

from pathlib import Path

from crossdock.ledger.states import EventState
from tests.pipeline.conftest import order_body
from tests.pipeline.people import ask, exception, settled
from tests.pipeline.world import report, world

STATES = "SELECT type, state FROM ledger_event"


async def test_an_event_that_comes_too_early_is_applied_when_its_transaction_is_known(tmp_path: Path, ledger_url: str) -> None:
    async with world(tmp_path / "l", ledger_url) as hub:
        assert (await hub.post(report("D-1001"), "bureau", "reports"))[0] == 202
        await hub.until_rows(STATES, lambda rows: rows == [("fulfilment.status", EventState.WAITING)])
        await hub.post(order_body("1001"))
        await hub.until_rows(STATES + " WHERE type='fulfilment.status'", lambda rows: rows[0][1] == EventState.APPLIED)
        [(key,)] = await hub.rows("SELECT key FROM ledger_event WHERE type='fulfilment.status'")
        assert key == "order/shop/1001"
        assert await hub.rows("SELECT id FROM ledger_exception") == []


async def test_it_goes_on_waiting_over_a_restart(tmp_path: Path, ledger_url: str) -> None:
    async with world(tmp_path / "l", ledger_url) as hub:
        await hub.post(report("D-1001"), "bureau", "reports")
        await hub.until_rows(STATES, lambda rows: bool(rows) and rows[0][1] == EventState.WAITING)
    async with world(tmp_path / "l", ledger_url) as hub:
        await hub.post(order_body("1001"))
        await hub.until_rows(STATES + " WHERE type='fulfilment.status'", lambda rows: rows[0][1] == EventState.APPLIED)


async def test_what_waited_in_the_wrong_order_is_applied_in_the_right_one_and_waits_no_longer(
    tmp_path: Path, ledger_url: str
) -> None:
    """Held for its predecessor and released by it within one micro-batch: the ledger keeps the last word."""
    async with world(tmp_path / "l", ledger_url) as hub:
        for count in (3, 2, 1):
            await hub.post(report("D-1001", uid=f"r{count}", count=count), "bureau", "reports")
            await hub.until_rows(STATES, lambda rows, n=4 - count: [state for _, state in rows] == [EventState.WAITING] * n)  # type: ignore[misc]
        await hub.post(order_body("1001"))
        await hub.until(lambda: len(hub.depot.taken) == 4)
        assert [command.rsplit(":", 1)[-1] for command, _ in hub.depot.taken[1:]] == ["r1", "r2", "r3"]
        await hub.until_rows(STATES, lambda rows: {state for _, state in rows} == {EventState.APPLIED})


async def test_many_that_wait_are_all_found(tmp_path: Path, ledger_url: str) -> None:
    """More than one look takes: nobody at the end of the queue starves behind those that wait for ever."""
    async with world(tmp_path / "l", ledger_url) as hub:
        for number in range(600):
            await hub.hub.intake.submit("bureau", "reports", [_inbound(f"D-9{number:05d}")], "c" * 32)
        await hub.post(report("D-1001"), "bureau", "reports")
        await hub.until_rows("SELECT COUNT(*) FROM ledger_event WHERE state=5", lambda rows: rows[0][0] == 601, 60)
        await hub.post(order_body("1001"))
        await hub.until_rows("SELECT state FROM ledger_event WHERE key='order/shop/1001'", lambda rows: len(rows) == 2, 60)


def _inbound(number: str):
    from crossdock.connectors.protocol import Inbound

    return Inbound("report", number, report(number))


async def test_when_nobody_ever_speaks_of_it_a_person_is_told_and_may_retry(tmp_path: Path, ledger_url: str) -> None:
    async with world(tmp_path / "l", ledger_url) as hub:
        await hub.post(report("D-1001"), "bureau", "reports")
        await hub.until_rows(STATES, lambda rows: bool(rows) and rows[0][1] == EventState.WAITING)
        hub.clock.offset += 700
        found = await exception(hub)
        assert (found.code, found.subject, found.owner) == ("sequence.reference_unknown", "event", "ops")
        assert "depot:order=D-1001" in found.message
        assert await ask(hub, "retry", found) == {"done": True}
        await hub.until_rows(STATES, lambda rows: rows[0][1] == EventState.WAITING)
        await hub.post(order_body("1001"))
        await settled(hub)
        assert {state for _, state in await hub.rows(STATES)} == {EventState.APPLIED}


async def test_what_nobody_needs_is_resolved(tmp_path: Path, ledger_url: str) -> None:
    async with world(tmp_path / "l", ledger_url) as hub:
        await hub.post(report("D-1001"), "bureau", "reports")
        await hub.until_rows(STATES, lambda rows: bool(rows) and rows[0][1] == EventState.WAITING)
        hub.clock.offset += 700
        found = await exception(hub)
        assert await ask(hub, "resolve", found, note="an order of their test system") == {"done": True}
        await settled(hub)
        await hub.post(order_body("1001"))
        await hub.until(lambda: len(hub.depot.taken) == 1)
        assert dict(await hub.rows(STATES)) == {"fulfilment.status": EventState.RESOLVED, "order.placed": EventState.APPLIED}
