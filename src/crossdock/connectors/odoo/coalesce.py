"""Lets calls that wait for each other travel together: the next to go takes along everybody who waits; knows no business."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from crossdock.connectors.http import CallScope, current_call
from crossdock.core.commands import Command
from crossdock.core.errors import AnswerLost, CrossdockError
from crossdock.core.outcomes import Outcome

Work = Callable[[Sequence[Command]], Awaitable[Sequence[Outcome]]]


@dataclass(slots=True, eq=False)
class _Waiting:
    command: Command
    outcome: asyncio.Future[Outcome]
    scope: CallScope | None


class Coalescer:
    """At most `parallel` calls of `work` at a time, each with at most `largest` commands."""

    def __init__(self, work: Work, largest: int, parallel: int) -> None:
        self._work = work
        self._largest = largest
        self._turn = asyncio.Semaphore(parallel)
        self._queue: list[_Waiting] = []

    async def run(self, commands: Sequence[Command]) -> list[Outcome]:
        """The outcomes of these commands, in order, together with others' or alone."""
        loop = asyncio.get_running_loop()
        mine = [_Waiting(command, loop.create_future(), current_call.get()) for command in commands]
        self._queue.extend(mine)
        try:
            while any(not one.outcome.done() for one in mine):
                async with self._turn:
                    if self._queue and any(one in self._queue for one in mine):
                        await self._go()
                        continue
                await asyncio.wait([one.outcome for one in mine])  # somebody else took them along
        finally:
            self._queue = [one for one in self._queue if one not in mine]
        return [one.outcome.result() for one in mine]

    async def _go(self) -> None:
        taken, self._queue = self._queue[: self._largest], self._queue[self._largest :]
        scope = current_call.get()
        before = len(scope.exchanges) if scope is not None else 0
        outcomes: Sequence[Outcome] = [AnswerLost("the call this command travelled in was broken off")] * len(taken)
        try:
            outcomes = await self._work([one.command for one in taken])
        except CrossdockError as error:
            outcomes = [error] * len(taken)  # type: ignore[list-item]
        finally:
            for one, outcome in zip(taken, outcomes, strict=True):
                if not one.outcome.done():
                    one.outcome.set_result(outcome)
                if scope is not None and one.scope is not None and one.scope is not scope:
                    one.scope.exchanges.extend(each for each in scope.exchanges[before:] if each not in one.scope.exchanges)
