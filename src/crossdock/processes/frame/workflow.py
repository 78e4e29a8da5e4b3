"""The frame of a workflow: facts go to the handlers it names, then it does what is due; knows no business rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel

from crossdock.core.process import Decided, Decision, Due, Fact, FlowContext, Happened, Settled
from crossdock.processes.frame.states import Remembered
from crossdock.processes.frame.work import Work

S = TypeVar("S", bound=Remembered)
W = TypeVar("W", bound=Work[Any])


@dataclass(frozen=True)
class Parts(Generic[S, W]):
    """What a workflow is made of.

    `state` makes the first state of a key, `work` begins a decision with what `plan` resolves of the flow. `events` say what is done with
    each type of event, `settled` and `decided` with the end of a command and with a person's decision; `advance` does what is due after
    every fact: whatever the order in which facts come, one that comes early is kept and counts when its time has come. `stages` are the
    strip, in order; `requires` are the commands asked of each role under some settings.
    """

    state: Callable[[str], S]
    work: Callable[[S, datetime, Any], W]
    plan: Callable[[FlowContext], Any]
    events: Mapping[str, Callable[[W, Happened], None]]
    stages: tuple[str, ...]
    settings: type[BaseModel]
    requires: Callable[[Mapping[str, str], Any], dict[str, frozenset[str]]]
    settled: Callable[[W, Settled], None]
    decided: Callable[[W, Decided], None]
    advance: Callable[[W], None]
    dump: Callable[[S], bytes]
    load: Callable[[bytes], S]


class Workflow(Generic[S, W]):
    """A process on the frame. A workflow's own class names its `parts`, and overrides what is special to it."""

    name: str
    version: str
    triggers: frozenset[str]
    parts: ClassVar[Parts[Any, Any]]
    accepts: frozenset[str]
    stages: ClassVar[tuple[str, ...]]
    Settings: ClassVar[type[BaseModel]]
    requires: ClassVar[Callable[[Mapping[str, str], Any], dict[str, frozenset[str]]]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        parts = cls.parts
        cls.accepts, cls.stages, cls.Settings = frozenset(parts.events), parts.stages, parts.settings
        cls.requires = staticmethod(parts.requires)

    def initial(self, key: str) -> S:
        state: S = self.parts.state(key)
        return state

    def happened(self, w: W, fact: Happened) -> None:
        """An event came."""
        handler = self.parts.events.get(fact.event.type)
        if handler is None:
            w.note(f"{fact.event.type} is nothing this process listens to")
        else:
            handler(w, fact)

    def due(self, w: W, fact: Due) -> None:
        """An expectation was not met in time (its owner is told by the hub), or a timer came. It stays expected: when it comes after all,
        whoever was told hears that too.
        """
        if fact.name in w.expected:
            w.note(f"{fact.name} is late")

    def decide(self, state: S, fact: Fact, context: FlowContext) -> Decision[S]:
        parts = self.parts
        w = parts.work(state, fact.at, parts.plan(context))
        if isinstance(fact, Happened):
            self.happened(w, fact)
        elif isinstance(fact, Settled):
            parts.settled(w, fact)
        elif isinstance(fact, Decided):
            parts.decided(w, fact)
        else:
            self.due(w, fact)
        parts.advance(w)
        decision: Decision[S] = w.decision()
        return decision

    def dump(self, state: S) -> bytes:
        """The state as compact JSON."""
        return self.parts.dump(state)

    def load(self, data: bytes) -> S:
        """The inverse of `dump`."""
        state: S = self.parts.load(data)
        return state

    def milestones(self, state: S) -> tuple[tuple[str, datetime | None], ...]:
        """The stages in order with the time each was first reached; of what was cancelled those that were, and `cancelled`."""
        stages, reached = self.stages, state.reached
        if state.closed == "cancelled":
            stages = (*(one for one in stages if one in reached), "cancelled")
        return tuple((stage, datetime.fromisoformat(reached[stage]) if stage in reached else None) for stage in stages)

    def finished(self, state: S) -> bool:
        return bool(state.closed) and not state.asked and not state.parked
