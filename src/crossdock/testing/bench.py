"""One test's bench: the connector under test, its target, a hub in memory and the watch over secrets, opened and closed together."""

from __future__ import annotations

import asyncio
import logging
import traceback
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from crossdock.connectors.protocol import Connector, ConnectorContext
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError
from crossdock.core.outcomes import Accepted, EffectFound, EffectUnclear, Outcome
from crossdock.testing.contexts import FakeSecrets, ManualClock
from crossdock.testing.inmemory import InMemoryHub, Step
from crossdock.testing.leaks import LeakWatch
from crossdock.testing.samples import CommandSample, Prepare
from crossdock.testing.targets import Target


@dataclass(slots=True)
class Bench:
    """What every conformance test works with; your own tests may use the same fixture `bench`."""

    connector: Connector
    target: Target
    context: ConnectorContext
    clock: ManualClock
    hub: InMemoryHub
    leaks: LeakWatch

    @property
    def simulator(self) -> Any:
        """The simulator behind a `SimulatorTarget`."""
        return self.target.simulator  # type: ignore[attr-defined]

    async def prepare(self, how: Prepare | None) -> Mapping[str, Any]:
        """Bring the target into a state; returns what the sample's data needs of it."""
        return (await how(self) if how is not None else None) or {}

    async def command(self, sample: CommandSample, *, prepared: bool = True, **changes: Any) -> Command:
        """A command of a sample with an id of its own, after its `prepare`."""
        more = await self.prepare(sample.prepare) if prepared else {}
        data = {"refs": {}, **sample.data, **more, **changes}
        unique = f"{sample.name}-{uuid.uuid4().hex[:12]}"
        return Command(unique, sample.name, self.context.system, sample.key, data, correlation=uuid.uuid4().hex)

    async def attempt(self, command: Command) -> Outcome:
        """One delivery, watched for leaks."""
        outcome = await self.hub.attempt(command)
        self.watch(command.name, outcome)
        return outcome

    async def settle(self, command: Command) -> list[Step]:
        """Delivery to the end by the hub's rules, watched for leaks."""
        trail = await self.hub.settle(command)
        for step in trail:
            self.watch(command.name, step)
        return trail

    def watch(self, where: str, step: object) -> None:
        """Look for secrets in an outcome, a finding, an error or any other value."""
        if isinstance(step, CrossdockError):
            self.leaks.look(f"{where}: error {step.code}", [step.as_dict(), repr(step), *step.args])
            self.leaks.look(f"{where}: traceback of {step.code}", "".join(traceback.format_exception(step)))
        elif isinstance(step, Accepted | EffectFound):
            self.leaks.look(f"{where}: acknowledgement", dict(step.ack))
        elif isinstance(step, EffectUnclear):
            self.leaks.look(f"{where}: reason", step.reason)
        else:
            self.leaks.look(where, repr(step))

    def sweep(self) -> list[str]:
        """Look through reprs and all exchanges; returns the places where a secret was found."""
        self.leaks.look("repr of the connector", repr(self.connector))
        self.leaks.look("repr of its context", repr(self.context))
        for scope in self.hub.scopes:
            for exchange in scope.exchanges:
                self.leaks.look(f"exchange {exchange.method}: URL", exchange.url)
                self.leaks.look(f"exchange {exchange.method}: body sent", exchange.sent)
                self.leaks.look(f"exchange {exchange.method}: body answered", exchange.answered)
        for error in self.hub.refused:
            self.watch("normalize", error)
        return sorted(set(self.leaks.found))


class _LogWatch(logging.Handler):
    def __init__(self, leaks: LeakWatch) -> None:
        super().__init__()
        self._leaks = leaks

    def emit(self, record: logging.LogRecord) -> None:
        self._leaks.look(f"log of {record.name}", record.getMessage())


@asynccontextmanager
async def open_bench(build: Callable[[str, ManualClock], Connector], target: Target, clock: ManualClock) -> AsyncIterator[Bench]:
    """Start target and connector, and stop both at the end; fails when a secret came out or a task was left running."""
    before = asyncio.all_tasks()
    connector = build(await target.start(), clock)
    context: ConnectorContext = connector.context  # type: ignore[attr-defined]
    leaks = LeakWatch(context.secrets.values() if isinstance(context.secrets, FakeSecrets) else ())
    bench = Bench(connector, target, context, clock, InMemoryHub(connector, context.system, clock), leaks)
    handler = _LogWatch(leaks)
    logging.getLogger().addHandler(handler)
    try:
        await connector.start()
        yield bench
    finally:
        await connector.close()
        await context.http.close()
        await target.stop()
        logging.getLogger().removeHandler(handler)
    places = bench.sweep()
    if places:
        raise AssertionError(f"a secret came out of the connector: {'; '.join(places)}")
    left = await _left_running(before)
    if left:
        raise AssertionError(f"close() left tasks running: {', '.join(sorted(left))}")


async def _left_running(before: set[asyncio.Task[Any]]) -> list[str]:
    """Names of the tasks that still run a moment after everything was closed."""
    for _ in range(100):
        left = asyncio.all_tasks() - before - {asyncio.current_task()}
        if not left:
            return []
        await asyncio.sleep(0.01)
    return [getattr(task.get_coro(), "__qualname__", task.get_name()) for task in left]


def changed(command: Command, **data: Any) -> Command:
    """The same command with other data."""
    return replace(command, data={**command.data, **data})
