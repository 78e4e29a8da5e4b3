"""Commands that wait for a turn travel together, each with its own outcome, whoever is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from crossdock.connectors.http import CallScope, Exchange, current_call
from crossdock.connectors.odoo.coalesce import Coalescer
from crossdock.core.commands import Command
from crossdock.core.errors import AnswerLost, TargetUnavailable
from crossdock.core.outcomes import Accepted, Outcome


def command(name: str) -> Command:
    return Command(name, "order.confirm", "odoo", name, {})


class Slow:
    """Work that ends when the test says so."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.gate = asyncio.Event()

    async def __call__(self, commands: Sequence[Command]) -> list[Outcome]:
        self.calls.append([c.id for c in commands])
        scope = current_call.get()
        if scope is not None:
            scope.exchanges.append(Exchange("POST", f"call {len(self.calls)}", b""))
        await self.gate.wait()
        return [Accepted({"id": c.id}) for c in commands]


async def settled(slow: Slow, calls: int) -> None:
    for _ in range(100):
        await asyncio.sleep(0)
        if len(slow.calls) >= calls:
            return


async def test_who_waits_is_taken_along() -> None:
    slow = Slow()
    together = Coalescer(slow, largest=3, parallel=1)

    async def one(*names: str) -> tuple[list[Outcome], CallScope]:
        scope = CallScope()
        current_call.set(scope)
        return await together.run([command(name) for name in names]), scope

    tasks = [asyncio.create_task(one("a"))]
    await settled(slow, 1)
    tasks += [asyncio.create_task(one("b", "c")), asyncio.create_task(one("d")), asyncio.create_task(one("e"))]
    await asyncio.sleep(0)
    slow.gate.set()
    results = await asyncio.gather(*tasks)
    assert slow.calls == [["a"], ["b", "c", "d"], ["e"]]
    assert [[o.ack["id"] for o in outcomes] for outcomes, _ in results] == [["a"], ["b", "c"], ["d"], ["e"]]  # type: ignore[union-attr]
    assert [[e.url for e in scope.exchanges] for _, scope in results] == [["call 1"], ["call 2"], ["call 2"], ["call 3"]]


async def test_more_than_fit_go_in_several_calls() -> None:
    slow = Slow()
    slow.gate.set()
    together = Coalescer(slow, largest=2, parallel=1)
    outcomes = await together.run([command(name) for name in "abcde"])
    assert [len(call) for call in slow.calls] == [2, 2, 1] and len(outcomes) == 5


async def test_a_failure_is_everybodys() -> None:
    async def fail(_commands: Sequence[Command]) -> list[Outcome]:
        raise TargetUnavailable("down")

    outcomes = await Coalescer(fail, 10, 1).run([command("a"), command("b")])
    assert all(isinstance(outcome, TargetUnavailable) for outcome in outcomes)


async def test_who_is_cancelled_leaves_the_others_in_doubt_and_not_hanging() -> None:
    slow = Slow()
    together = Coalescer(slow, largest=10, parallel=1)
    first = asyncio.create_task(together.run([command("a")]))
    await settled(slow, 1)
    second, third = (asyncio.create_task(together.run([command(name)])) for name in "bc")
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await settled(slow, 2)
    assert slow.calls == [["a"], ["b", "c"]]
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    (outcome,) = await asyncio.wait_for(third, 5)
    assert isinstance(outcome, AnswerLost)


async def test_who_is_cancelled_while_waiting_is_not_sent() -> None:
    slow = Slow()
    together = Coalescer(slow, largest=10, parallel=1)
    first = asyncio.create_task(together.run([command("a")]))
    await settled(slow, 1)
    second, third = (asyncio.create_task(together.run([command(name)])) for name in "bc")
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait({second})
    slow.gate.set()
    await asyncio.gather(first, third)
    assert slow.calls == [["a"], ["c"]]
