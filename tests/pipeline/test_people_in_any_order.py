"""Whatever people do, in whatever order and however often, an effect happens at most once, and nothing is lost without somebody's word."""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.core.errors import AnswerLost, TargetRefused
from crossdock.core.outcomes import Effect, EffectAbsent, EffectFound, EffectUnclear, Outcome
from crossdock.landscape.load import load
from crossdock.ledger.audit import verify
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.inbox import Filter
from crossdock.ledger.jobs import plan
from crossdock.ledger.people import OpenException, instruct, instruct_hub, list_exceptions, results
from crossdock.ledger.times import micros
from crossdock.pipeline.hub import Hub
from crossdock.pipeline.settings import PipelineSettings
from tests.pipeline.conftest import FILES, Depot, Found, ShopConnector, SteppedClock, call, depot_connector, order_body
from tests.pipeline.people import NUMBERS

ORDERS = 3
MOVES = (
    "retry",
    "retry",
    "retry_twice",
    "resolve",
    "settle",
    "skip",
    "correct",
    "reconcile",
    "assign",
    "snooze",
    "job",
    "double_click",
    "wait",
    "restart",
)


class Unreliable(Depot):
    """A depot that takes, refuses, or takes and says nothing, as it is told; its search may be down."""

    def __init__(self, answers: list[str], unclear: list[bool]) -> None:
        super().__init__()
        self.plan = list(answers)
        self.unclear = list(unclear)
        self.well = False

    def deliver(self, command: Any) -> Outcome:
        what = self.plan.pop(0) if self.plan else "take"
        if what == "refuse":
            raise TargetRefused("no such product")
        if what == "lost":
            raise AnswerLost("nothing came back")
        self.taken.append((command.id, command.key))
        if what == "taken_lost":
            raise AnswerLost("nothing came back")
        from crossdock.core.outcomes import Accepted

        return Accepted({"references": [["depot:order", f"D-{command.id}"]]})

    def find(self, command: Any) -> Effect:
        if not self.well and (not self.unclear or self.unclear.pop(0)):
            return EffectUnclear("their search is down")
        return EffectFound({}) if any(one == command.id for one, _ in self.taken) else EffectAbsent()


def connector(depot: Unreliable) -> Any:
    base = depot_connector(depot)

    class Told(base):  # type: ignore[misc, valid-type]
        async def deliver(self, command: Any) -> Outcome:
            return depot.deliver(command)

        async def find_effect(self, command: Any) -> Effect:
            return depot.find(command)

    return Told


class Play:
    """One history: a hub that may be restarted, and people."""

    def __init__(self, root: Path, depot: Unreliable) -> None:
        for name, text in FILES.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.root, self.depot, self.clock = root, depot, SteppedClock()
        self.hub: Hub

    async def start(self) -> None:
        chosen = PipelineSettings(
            timers_every=0.01, idle=0.01, reconcile_first=0.01, reconcile_longest=0.1, reconcile_tell=1, grace=2.0, keep_every=0.02,
            watch_every=0.0,
        )  # fmt: skip
        connectors = {"test_shop": Found(ShopConnector), "test_depot": Found(connector(self.depot))}
        location = LedgerLocation("sqlite", self.root / "ledger.sqlite3")
        self.hub = Hub(load(self.root), clock=self.clock, settings=chosen, location=location, connectors=connectors)
        await self.hub.start()

    async def open(self) -> list[OpenException]:
        return await self.hub.store.read.do(list_exceptions)

    async def ask(self, kind: str, about: OpenException, data: dict[str, Any], times: int = 1, token: str = "") -> None:
        asked: list[int] = []
        for _ in range(times):
            asked += await self.hub.store.work.do(lambda s: instruct(s, NUMBERS, kind, [about], data, "ada", 1, token))
        await self.answered(asked)

    async def answered(self, asked: list[int]) -> None:
        async with asyncio.timeout(20):
            while len(await self.hub.store.read.do(lambda s: results(s, asked))) < len(set(asked)):
                await asyncio.sleep(0.01)

    async def move(self, what: str, which: int) -> None:
        if what == "restart":
            await self.hub.stop()
            await self.start()
            return
        if what == "wait":
            await asyncio.sleep(0.05)
            return
        found = await self.open()
        if what == "job":
            now = micros(self.clock.now())
            planned = await self.hub.store.read.do(lambda s: plan(s, Filter("active"), "retry", now))
            asked = {
                "action": "retry",
                "filter": {"filter": Filter("active").as_dict()},
                "bound": planned.bound,
                "reason": "again",
                "pace": 100,
            }
            number = await self.hub.store.work.do(lambda s: instruct_hub(s, NUMBERS, "job", asked, "ada", 1))
            await self.answered([number])
            return
        if not found:
            await asyncio.sleep(0.03)
            return
        each = found[which % len(found)]
        if what == "retry":
            await self.ask("retry", each, {})
        elif what == "retry_twice":
            await self.ask("retry", each, {}, times=2)
        elif what == "double_click":
            await self.ask("retry", each, {"seen": each.updated_at}, times=2, token=f"form{each.updated_at}")
        elif what == "resolve":
            await self.ask("resolve", each, {"code": "obsolete"})
        elif what == "settle":
            await self.settle(each)
        elif what == "skip":
            await self.ask("decide", each, {"action": "skip"})
        elif what == "correct":
            await self.correct(each)
        elif what == "reconcile":
            await self.ask("reconcile", each, {})
        elif what == "assign":
            await self.ask("assign", each, {"assignee": "bo"})
        else:
            await self.ask("snooze", each, {"for": "count:2"})

    async def settle(self, each: OpenException) -> None:
        """Say truly whether an uncertain effect happened."""
        rows = await self.hub.store.read.do(
            lambda s: s.rows("SELECT command_id FROM ledger_delivery WHERE id=?", (each.subject_id,))
        )
        if each.subject == "delivery" and rows:
            happened = any(command == rows[0][0] for command, _ in self.depot.taken)
            await self.ask("resolve", each, {"code": "done_by_hand", "happened": happened})

    async def correct(self, each: OpenException) -> None:
        from crossdock.ledger.work import deliveries_by_id
        from crossdock.pipeline.delivery import from_row

        def data(session: Any) -> dict[str, Any]:
            rows = session.rows("SELECT id FROM ledger_delivery WHERE key=? ORDER BY id LIMIT 1", (each.key,))
            return dict(from_row(deliveries_by_id(session, [rows[0][0]])[0]).command.data) if rows else {}

        found = await self.hub.store.read.do(data)
        if found:
            found["document"] = {**found["document"], "note": f"edited {random.random()}"}
            await self.ask("correct", each, {"body": json.dumps(found), "reason": "a better note"})


@settings(max_examples=15, deadline=None)
@given(
    moves=st.lists(st.tuples(st.sampled_from(MOVES), st.integers(0, ORDERS - 1)), min_size=4, max_size=16),
    answers=st.lists(st.sampled_from(["taken_lost", "refuse", "taken_lost", "lost", "take"]), max_size=20),
    unclear=st.lists(st.booleans(), max_size=12),
)
def test_no_sequence_of_actions_makes_an_effect_double(
    moves: list[tuple[str, int]], answers: list[str], unclear: list[bool]
) -> None:
    asyncio.run(history(moves, answers, unclear))


async def history(moves: list[tuple[str, int]], answers: list[str], unclear: list[bool]) -> None:
    with tempfile.TemporaryDirectory() as base:
        depot = Unreliable(answers, unclear)
        play = Play(Path(base), depot)
        await play.start()
        try:
            for order in range(ORDERS):
                await call(play.hub.door, "POST", "/in/shop/orders", order_body(str(1000 + order)), {"x-signature": "good"})
            for what, which in moves:
                await play.move(what, which)
                assert all(count == 1 for count in depot.counts().values()), depot.counts()
            depot.plan, depot.well = [], True
            await last_words(play)
            assert all(count == 1 for count in depot.counts().values()), depot.counts()
            withdrawn = await play.hub.store.read.do(lambda s: s.rows("SELECT key FROM ledger_exception WHERE resolved_by='ada'"))
            taken = {key for _, key in depot.taken}
            for order in range(ORDERS):
                key = f"order/shop/{1000 + order}"
                assert key in taken or (key,) in withdrawn, f"{key} is lost"
            assert not (await play.hub.store.read.do(verify)).breaks
        finally:
            await play.hub.stop()


async def last_words(play: Play) -> None:
    """Retry whatever is left until nothing is: the depot is well now."""
    async with asyncio.timeout(30):
        while True:
            found = await play.open()
            rows = await play.hub.store.read.do(lambda s: s.rows("SELECT COUNT(*) FROM ledger_delivery WHERE state<10"))
            waiting = await play.hub.store.read.do(lambda s: s.rows("SELECT COUNT(*) FROM ledger_message WHERE state=0"))
            if not found and rows == [(0,)] and waiting == [(0,)]:
                return
            for each in found:
                await play.ask("retry", each, {})
            await asyncio.sleep(0.03)
