"""What processes that only pass events on share: what failed is kept per command until a person settles it; knows no rule of who is sent what."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import ClassVar

import orjson

from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.core.errors import CrossdockError
from crossdock.core.process import Decided, Decision, Fact, FlowContext, Happened, Parked, Settled
from crossdock.processes.routing.state import NOTHING, State, dump, load


class Passing:
    """A process whose whole answer to an event is commands. One that fails parks a slot named like the command: people may retry it (the
    same command), or decide `skip`."""

    triggers: ClassVar[frozenset[str]] = frozenset(EVENT_PAYLOADS)
    accepts: ClassVar[frozenset[str]] = frozenset(EVENT_PAYLOADS)
    milestone: ClassVar[str]
    """The one milestone: when the last event was passed on."""
    passed: ClassVar[str]
    """The word for passing on, in the note about what people skipped."""

    @abstractmethod
    def passed_on(self, state: State, fact: Happened, context: FlowContext) -> Decision[State]:
        """The commands an event leads to."""

    def initial(self, key: str) -> State:
        return State(key)

    def decide(self, state: State, fact: Fact, context: FlowContext) -> Decision[State]:
        if isinstance(fact, Happened):
            return self.passed_on(state, fact, context)
        if isinstance(fact, Settled):
            return self._settled(state, fact, context)
        if isinstance(fact, Decided) and fact.slot in state.failed:
            return Decision(
                _without(state, fact.slot),
                unparked=(fact.slot,),
                revoked=(fact.slot,),
                notes=(f"{fact.slot} is not {self.passed} any more: {fact.reason or fact.action}",),
            )
        return Decision(state)

    def _settled(self, state: State, fact: Settled, context: FlowContext) -> Decision[State]:
        known = fact.command_id in state.failed
        if isinstance(fact.result, CrossdockError):
            failed = state.failed if known else (*state.failed, fact.command_id)
            parked = Parked(fact.result, fact.command_id, context.owner, ("skip",), fact.command_id)
            return Decision(State(state.key, state.events, state.sent, state.last, failed), parked=(parked,))
        if not known:
            return Decision(state)
        return Decision(_without(state, fact.command_id), unparked=(fact.command_id,))

    def dump(self, state: State) -> bytes:
        return dump(state)

    def load(self, data: bytes) -> State:
        return load(orjson.loads(data))

    def milestones(self, state: State) -> tuple[tuple[str, datetime | None], ...]:
        return ((self.milestone, datetime.fromisoformat(state.last) if state.last != NOTHING else None),)

    def finished(self, state: State) -> bool:
        return not state.failed


def _without(state: State, slot: str) -> State:
    return State(state.key, state.events, state.sent, state.last, tuple(one for one in state.failed if one != slot))
