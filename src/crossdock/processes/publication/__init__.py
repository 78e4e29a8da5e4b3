"""Publication: an event is told, as it is, to every subscriber that wants it and may have it; knows no way it travels."""

from __future__ import annotations

from typing import Any, ClassVar

from crossdock.canonical.events import Event
from crossdock.core.commands import Command
from crossdock.core.process import Decision, FlowContext, Happened
from crossdock.processes.command_ids import command_id
from crossdock.processes.publication.entitlement import Entitled, Settings, entitled
from crossdock.processes.publication.envelope import publish_data
from crossdock.processes.routing.passing import Passing
from crossdock.processes.routing.state import State

__all__ = ["PUBLISH", "Publication", "Settings", "State", "told"]

PUBLISH = "event.publish"


def told(key: str, event: Event, document: dict[str, Any], to: Entitled, flow: str, again: str = "") -> Command:
    """The command by which one subscriber is told one event; `again` names the replay that tells it once more."""
    suffix = f"{to.name}:{event.source}:{event.id}" + (f":{again}" if again else "")
    return Command(command_id(key, PUBLISH, suffix), PUBLISH, to.name, key, publish_data(event, document, again), flow, to.budget)


class Publication(Passing):
    """Tells events. One instance per business key keeps what failed until a person settles it.

    The subscribers come from `subscribers/*.yaml`. Events of one business key reach one subscriber in the order in which the hub took
    them: while one is being tried, those behind it wait. One that is refused or given up parks a slot and lets the others pass; people
    may retry it, or decide `skip`.
    """

    name = "publication"
    version = "1"
    milestone = "published"
    passed = "told"
    Settings: ClassVar[type[Settings]] = Settings

    def passed_on(self, state: State, fact: Happened, context: FlowContext) -> Decision[State]:
        event = fact.event
        takers = [each for each in entitled(context) if each.takes(event)]
        commands = tuple(told(state.key, event, fact.document(), each, context.flow) for each in takers)
        after = State(state.key, state.events + 1, state.sent + len(commands), fact.at.isoformat(), state.failed)
        if not commands:
            return Decision(after)
        return Decision(after, commands)
