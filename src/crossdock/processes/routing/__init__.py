"""Routing: the content-based router. Every event goes, as a command, to the systems its routes name; knows no business of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import orjson

from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError
from crossdock.core.process import Decided, Decision, Fact, FlowContext, Happened, Parked, Settled
from crossdock.processes.command_ids import command_id
from crossdock.processes.routing.settings import Settings, compiled, requires
from crossdock.processes.routing.state import NOTHING, State, dump, load

__all__ = ["Routing", "Settings", "State"]


class Routing:
    """Sends each event on as it is configured. One instance per business key keeps their order and what failed.

    Settings: `routes`, see `crossdock.processes.routing.settings`. A command that fails parks a slot named like the command; people
    may retry it (same command), or decide `skip`.
    """

    name = "routing"
    version = "1"
    triggers: ClassVar[frozenset[str]] = frozenset(EVENT_PAYLOADS)
    accepts: ClassVar[frozenset[str]] = frozenset(EVENT_PAYLOADS)
    Settings: ClassVar[type[Settings]] = Settings
    requires = staticmethod(requires)

    def initial(self, key: str) -> State:
        return State(key)

    def decide(self, state: State, fact: Fact, context: FlowContext) -> Decision[State]:
        if isinstance(fact, Happened):
            return self._routed(state, fact, context)
        if isinstance(fact, Settled):
            return self._settled(state, fact, context)
        if isinstance(fact, Decided) and fact.slot in state.failed:
            failed = tuple(one for one in state.failed if one != fact.slot)
            return Decision(
                State(state.key, state.events, state.sent, state.last, failed),
                unparked=(fact.slot,),
                revoked=(fact.slot,),
                notes=(f"{fact.slot} is not sent any more: {fact.reason or fact.action}",),
            )
        return Decision(state)

    def _routed(self, state: State, fact: Happened, context: FlowContext) -> Decision[State]:
        event, at = fact.event, fact.at
        document = None
        commands: list[Command] = []
        for route in compiled(context).get(event.type, ()):
            if not route.takes(event):
                continue
            if document is None:
                document = fact.document()
                refs = {one.scheme: one.value for one in event.references}
            for system in route.systems:
                if system != event.source:
                    name = command_id(state.key, route.command, f"{system}:{event.id}")
                    data = _data(route.command, event.type, document, refs)
                    commands.append(Command(name, route.command, system, state.key, data, context.flow, route.budget))
        after = State(state.key, state.events + 1, state.sent + len(commands), at.isoformat(), state.failed)
        if not commands:
            return Decision(after, notes=(f"{event.type} from {event.source}: no route takes it",))
        return Decision(after, tuple(commands), references=event.references)

    def _settled(self, state: State, fact: Settled, context: FlowContext) -> Decision[State]:
        was_failed = fact.command_id in state.failed
        if isinstance(fact.result, CrossdockError):
            failed = state.failed if was_failed else (*state.failed, fact.command_id)
            parked = Parked(fact.result, fact.command_id, context.owner, ("skip",), fact.command_id)
            return Decision(State(state.key, state.events, state.sent, state.last, failed), parked=(parked,))
        if not was_failed:
            return Decision(state)
        failed = tuple(one for one in state.failed if one != fact.command_id)
        return Decision(State(state.key, state.events, state.sent, state.last, failed), unparked=(fact.command_id,))

    def dump(self, state: State) -> bytes:
        return dump(state)

    def load(self, data: bytes) -> State:
        return load(orjson.loads(data))

    def milestones(self, state: State) -> tuple[tuple[str, datetime | None], ...]:
        return (("routed", datetime.fromisoformat(state.last) if state.last != NOTHING else None),)

    def finished(self, state: State) -> bool:
        return not state.failed


def _data(command: str, event: str, document: dict[str, Any], refs: dict[str, str]) -> dict[str, Any]:
    """The command's data: `document.send` carries the event's document, every other command has the document's own fields as its data."""
    if command == "document.send":
        return {"refs": refs, "event": event, "document": document}
    return {**document, "refs": refs}
