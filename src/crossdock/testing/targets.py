"""The simulated system a connector is tested against: where it is, what goes wrong next, and what really happened in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from crossdock.core.commands import Command
from crossdock.simulators.faults import REQUEST_FAULTS, Fault, FaultPlan
from crossdock.simulators.server import Simulator
from crossdock.testing.samples import CommandSample


class Target(ABC):
    """Control over a simulated system. `faults` names those it can play; the suite skips the others and says so."""

    faults: frozenset[Fault] = frozenset()

    @abstractmethod
    async def start(self) -> str:
        """Begin to answer; returns the endpoint for the connector."""

    @abstractmethod
    async def stop(self) -> None:
        """Stop answering."""

    @abstractmethod
    def apply(self, fault: Fault, *, path: str = "*", method: str = "*", count: int = 1) -> None:
        """The next `count` requests that match get this fault."""

    @abstractmethod
    def calm(self) -> None:
        """No more faults."""

    @abstractmethod
    def effects(self, sample: CommandSample, command: Command) -> int:
        """How many times the effect of `command` really happened."""


class SimulatorTarget(Target):
    """A `crossdock.simulators` simulator as a target. `without` names faults the real system cannot show."""

    def __init__(
        self,
        simulator: Simulator,
        *,
        without: Iterable[Fault] = (),
        patience: float = 30.0,
        late: float = 0.05,
        retry_after: float = 7.0,
    ) -> None:
        self.simulator = simulator
        self.faults = REQUEST_FAULTS - frozenset(without)
        self._plan = {"timeout_delay": patience, "late_delay": late, "retry_after": retry_after}

    async def start(self) -> str:
        self.calm()
        return await self.simulator.start()

    async def stop(self) -> None:
        await self.simulator.stop()

    def apply(self, fault: Fault, *, path: str = "*", method: str = "*", count: int = 1) -> None:
        self.simulator.faults.script(fault, count=count, path=path, method=method)

    def calm(self) -> None:
        self.simulator.faults = FaultPlan.of(self._plan)

    def effects(self, sample: CommandSample, command: Command) -> int:
        if sample.count is not None:
            return sample.count(self.simulator, command)
        found = [e for e in self.simulator.effects if not sample.effect_kind or e.kind == sample.effect_kind]
        if sample.effect_key:
            return sum(e.key == sample.effect_key for e in found)
        return sum(e.idempotency_key == command.id for e in found)
