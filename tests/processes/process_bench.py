"""A bench for a process on the frame: feeds it facts, checks what holds for every decision, and remembers everything decided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Generic, TypeVar

from crossdock.canonical.checks import problems
from crossdock.canonical.events import EVENT_PAYLOADS, Event, Reference
from crossdock.core.command_documents import documents
from crossdock.core.commands import COMMANDS, Command
from crossdock.core.errors import CrossdockError
from crossdock.core.outcomes import Accepted
from crossdock.core.process import Decided, Decision, Due, Expectation, Fact, FlowContext, Happened, Parked, Process, Settled

S = TypeVar("S")
START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def plain(decision: Decision[Any]) -> tuple[Any, ...]:
    """A decision as a value: errors are compared by what they say."""
    parked = [(one.slot, one.owner, one.actions, one.command_id, one.error.as_dict()) for one in decision.parked]
    return (replace(decision, parked=()), parked)


@dataclass
class ProcessBench(Generic[S]):
    """One transaction on its way. `commands` are all ever issued, `open` those not settled, `parked` what waits for people."""

    process: ClassVar[Process[Any]]
    source: ClassVar[str]
    """Who tells an event when nobody is named."""
    ack_of: ClassVar[Callable[[Command], dict[str, Any]]]
    """What a system answers that did what it was asked."""

    context: FlowContext
    key: str
    now: datetime = START
    state: S = field(init=False)
    facts: list[Fact] = field(default_factory=list)
    decisions: list[Decision[S]] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    open: dict[str, Command] = field(default_factory=dict)
    parked: dict[str, Parked] = field(default_factory=dict)
    expected: dict[str, Expectation] = field(default_factory=dict)
    counter: int = 0

    def __post_init__(self) -> None:
        self.state = self.process.initial(self.key)

    def fact(self, fact: Fact) -> Decision[S]:
        process = self.process
        decision: Decision[S] = process.decide(self.state, fact, self.context)
        assert plain(decision) == plain(process.decide(self.state, fact, self.context)), "the same decision twice differs"
        assert process.load(process.dump(decision.state)) == decision.state, "the state does not survive being stored"
        self.state = decision.state
        self.facts.append(fact)
        self.decisions.append(decision)
        for command in decision.commands:
            assert command.name in COMMANDS
            assert command.id not in {one.id for one in self.commands}, f"{command.id} was issued twice"
            assert command.id.isascii() and len(command.id) < 120
            self.looked_at(command)
            self.open[command.id] = command
        self.commands += decision.commands
        for slot in decision.unparked:
            self.parked.pop(slot, None)
        for parked in decision.parked:
            self.parked[parked.slot] = parked
        for name in (*decision.fulfilled, *decision.withdrawn):
            self.expected.pop(name, None)
        self.expected.update({one.name: one for one in decision.expect})
        for made in decision.revoked:
            self.open.pop(made, None)
        return decision

    def looked_at(self, command: Command) -> None:
        """Every document a command carries is one."""
        for path, kind, value in documents(command.name, command.data):
            assert not problems(kind.model_validate(value)), f"{command.name} {path}"

    def event(self, kind: str, data: dict[str, Any], source: str = "", *references: tuple[str, str]) -> Decision[S]:
        self.counter += 1
        self.now += timedelta(minutes=1)
        payload = EVENT_PAYLOADS[kind].model_validate(data)
        named = tuple(Reference(*one) for one in references)
        event = Event(f"e{self.counter}", kind, source or self.source, self.key, payload, self.now, named)
        return self.fact(Happened(event, self.now))

    def settle(self, command: Command, result: CrossdockError | dict[str, Any] | None = None) -> Decision[S]:
        self.now += timedelta(seconds=5)
        if not isinstance(result, CrossdockError):
            self.open.pop(command.id, None)
        ack = type(self).ack_of
        outcome = result if isinstance(result, CrossdockError) else Accepted(ack(command) if result is None else result)
        return self.fact(Settled(command.name, command.id, command.system, outcome, command.data, self.now))

    def last(self, name: str) -> Command:
        found = [command for command in self.commands if command.name == name]
        assert found, f"no {name} was issued; there are {[one.name for one in self.commands]}"
        return found[-1]

    def count(self, name: str) -> int:
        return sum(command.name == name for command in self.commands)

    def names(self) -> list[str]:
        return [command.name for command in self.commands]

    def ack(self, name: str, **ack: Any) -> Decision[S]:
        command = self.last(name)
        assert command.id in self.open, f"{name} is settled already"
        return self.settle(command, {**type(self).ack_of(command), **ack})

    def fail(self, name: str, error: CrossdockError) -> Decision[S]:
        return self.settle(self.last(name), error)

    def run(self, *stop: str) -> None:
        """Acknowledge whatever is open and did not fail, except the named commands."""
        while ready := [one for one in self.open.values() if one.name not in stop and not self._failed(one)]:
            self.settle(ready[0])

    def _failed(self, command: Command) -> bool:
        return any(one.command_id == command.id for one in self.parked.values())

    def decide(self, slot: str, action: str, **data: Any) -> Decision[S]:
        self.now += timedelta(minutes=5)
        return self.fact(Decided(slot, action, self.now, "anna", "because", data))

    def due(self, name: str, at: datetime | None = None) -> Decision[S]:
        self.now = at or self.now
        if name.startswith("timer"):
            self.expected.pop(name, None)
        return self.fact(Due(name, self.now))

    def says(self, slot: str) -> str:
        """What the person at this slot reads."""
        assert slot in self.parked, f"{slot} is not among {sorted(self.parked)}"
        return self.parked[slot].error.message
