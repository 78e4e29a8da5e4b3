"""The circuit of a system after trouble: the one call that tries whether it is back may end in any way, and never blocks the others."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from crossdock.core.errors import AnswerLost, Contended, CredentialRefused, LedgerUnavailable, TargetUnavailable
from crossdock.core.outcomes import Accepted
from crossdock.pipeline.dispatcher import Lane
from tests.pipeline.conftest import Depot, Running, order_body

LONG = "breaker: {failures: 2, pause: 1s, max_pause: 5m}\n"


@pytest.fixture
def brittle(landscape_folder) -> None:
    depot = landscape_folder / "systems/depot.yaml"
    depot.write_text(depot.read_text() + LONG)


def lane_of(hub: Running) -> Lane:
    return hub.hub.worker.dispatcher.lanes()["depot"]


async def down(hub: Running) -> None:
    """Let the depot be down until its circuit is open."""
    hub.depot.always = TargetUnavailable("down")
    await hub.post(order_body("1"))
    await hub.post(order_body("2"))
    await hub.until(lambda: lane_of(hub).breaker.phase == "open")


async def back(hub: Running, *answers: object) -> None:
    """Let the depot be back, with these first answers, once the pause is over."""
    hub.depot.always = None
    hub.depot.answers[:] = answers  # type: ignore[assignment]
    hub.clock.offset += 3.0


async def test_a_lost_race_is_a_sign_of_life(start, brittle) -> None:
    async with start() as hub:
        await down(hub)
        await back(hub, Contended("lost a race"))
        await hub.until(lambda: len(hub.depot.taken) >= 1)
        hub.clock.offset += 3.0
        await hub.until(lambda: len(hub.depot.taken) == 2)
        assert lane_of(hub).breaker.phase == "closed"


@pytest.mark.parametrize("happened", [True, False])
async def test_an_answer_about_an_uncertain_effect_is_a_sign_of_life(start, brittle, happened) -> None:
    async with start(reconcile_first=30.0) as hub:

        def silent(command) -> Accepted:
            if happened:
                hub.depot.taken.append((command.id, command.key))
            raise AnswerLost("no answer")

        hub.depot.answers[:] = [silent, silent]
        await hub.post(order_body("1"))
        await hub.post(order_body("2"))
        await hub.until_rows("SELECT id FROM ledger_delivery WHERE state=3", lambda rows: len(rows) == 2)
        assert lane_of(hub).breaker.phase == "open"
        hub.clock.offset += 32.0
        await hub.until_rows("SELECT id FROM ledger_delivery WHERE state<10 AND state<>2", lambda rows: not rows)
        hub.clock.offset += 3.0
        await hub.until_rows("SELECT id FROM ledger_delivery WHERE state=10", lambda rows: len(rows) == 2)
        assert set(hub.depot.counts().values()) == {1}


async def test_a_trial_call_that_was_planned_and_not_sent_is_tried_again(start, brittle, monkeypatch) -> None:
    from crossdock.ledger.batch import Batch

    async with start() as hub:
        await down(hub)
        real, lane = Batch.commit, lane_of(hub)

        def failing(self, session, owned):
            if lane.flying:
                raise LedgerUnavailable("away")
            return real(self, session, owned)

        monkeypatch.setattr(Batch, "commit", failing)
        hub.depot.always = None
        hub.clock.offset += 3.0
        await hub.until(lambda: lane.breaker.phase == "half_open")
        monkeypatch.setattr(Batch, "commit", real)
        await hub.until(lambda: len(hub.depot.taken) == 2)


async def test_a_trial_call_whose_partition_was_lost_meanwhile_still_tells(start, brittle) -> None:
    async with start() as hub:
        await down(hub)

        def losing(command) -> Accepted:
            hub.hub.worker.dispatcher.drop_partitions(range(hub.hub.landscape.partitions))
            hub.depot.taken.append((command.id, command.key))
            return Accepted({})

        await back(hub, losing)
        await hub.until(lambda: len(hub.depot.taken) == 1)
        await hub.until(lambda: lane_of(hub).breaker.phase == "closed")


async def test_a_system_parked_by_a_worker_that_died_is_well_again_after_the_restart(start) -> None:
    depot = Depot(always=CredentialRefused("expired"))
    async with start(depot, probe_every=60.0) as hub:
        await hub.post(order_body("1"))
        await hub.until_rows("SELECT system FROM ledger_system WHERE parked", bool)
    depot.always = None
    async with start(depot, probe_every=0.1) as hub:
        await hub.until(lambda: len(depot.taken) == 1)
        await hub.until_rows("SELECT system FROM ledger_system WHERE parked", lambda rows: not rows)
        await hub.until_rows("SELECT id FROM ledger_exception WHERE state<2", lambda rows: not rows)


@pytest.mark.parametrize("ledger_url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
async def test_what_one_worker_found_out_about_a_system_all_workers_follow(start) -> None:
    depot = Depot(always=CredentialRefused("expired"))
    async with start(depot, probe_every=60.0) as one, start(depot, probe_every=60.0) as two:
        await one.until(lambda: len(one.hub.worker.owned) == len(two.hub.worker.owned) == 2)
        await one.post(order_body("1"))
        await one.until(lambda: bool(lane_of(one).parked and lane_of(two).parked))
        depot.always = None
        one.hub.worker.report("depot", "system", None)
        await one.until(lambda: not lane_of(one).parked and not lane_of(two).parked)
        await one.until(lambda: len(depot.taken) == 1)


async def test_a_business_deadline_does_not_wait_for_the_end_of_a_pause(start, landscape_folder, brittle) -> None:
    flow = landscape_folder / "flows/orders.yaml"
    flow.write_text(flow.read_text().replace("attempts: 4,", "attempts: 4, until: {within: 10m},"))
    async with start() as hub:
        await down(hub)
        lane = lane_of(hub)
        lane.breaker = replace(lane.breaker, until=hub.clock.now() + timedelta(hours=1))
        hub.depot.always = None
        hub.clock.offset += 500.0
        await hub.post(order_body("3"))
        await hub.until_rows("SELECT id FROM ledger_delivery", lambda rows: len(rows) == 3)
        assert not hub.depot.taken, "there is time"
        hub.clock.offset += 60.0
        await hub.until(lambda: len(hub.depot.taken) == 3)
        assert lane.breaker.phase == "closed"


async def test_a_system_that_is_down_is_not_hammered_because_of_deadlines(start, landscape_folder, brittle) -> None:
    flow = landscape_folder / "flows/orders.yaml"
    flow.write_text(flow.read_text().replace("attempts: 4,", "attempts: 40, until: {within: 10m},"))
    async with start() as hub:
        await down(hub)
        calls: list[datetime] = []

        def counting(command) -> Accepted:
            calls.append(hub.clock.now())
            raise TargetUnavailable("down")

        hub.depot.always = counting  # type: ignore[assignment]
        for number in range(3, 30):
            await hub.post(order_body(str(number)))
        await hub.until_rows("SELECT id FROM ledger_delivery", lambda rows: len(rows) == 29)
        lane_of(hub).breaker = replace(lane_of(hub).breaker, phase="open", until=hub.clock.now() + timedelta(hours=1))
        begun = len(calls)
        for _ in range(11):
            hub.clock.offset += 60.0
            await asyncio.sleep(0.1)
        await hub.until_rows("SELECT id FROM ledger_delivery WHERE state<10", lambda rows: not rows)
        assert len(calls) - begun <= 5
