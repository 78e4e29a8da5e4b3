"""Routing: the content-based router. Every event goes, as a command, to the systems its routes name; knows no business of its own."""

from __future__ import annotations

from typing import Any, ClassVar

from crossdock.core.commands import Command
from crossdock.core.process import Decision, FlowContext, Happened
from crossdock.processes.command_ids import command_id
from crossdock.processes.routing.passing import Passing
from crossdock.processes.routing.settings import Settings, compiled, requires
from crossdock.processes.routing.state import State

__all__ = ["Routing", "Settings", "State"]


class Routing(Passing):
    """Sends each event on as it is configured. One instance per business key keeps their order and what failed.

    Settings: `routes`, see `crossdock.processes.routing.settings`. A command that fails parks a slot named like the command; people
    may retry it (same command), or decide `skip`.
    """

    name = "routing"
    version = "1"
    milestone = "routed"
    passed = "sent"
    Settings: ClassVar[type[Settings]] = Settings
    requires = staticmethod(requires)

    def passed_on(self, state: State, fact: Happened, context: FlowContext) -> Decision[State]:
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


def _data(command: str, event: str, document: dict[str, Any], refs: dict[str, str]) -> dict[str, Any]:
    """The command's data: `document.send` carries the event's document, every other command has the document's own fields as its data."""
    if command == "document.send":
        return {"refs": refs, "event": event, "document": document}
    return {**document, "refs": refs}
