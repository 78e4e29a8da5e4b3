"""Inventory snapshot: a counted level that differs from the books becomes an adjustment there; knows no schedule and reads no stock.

The comparison itself is a run of the pipeline (`pipeline.comparison`); it tells each difference as a `stock.counted` event.
"""

from __future__ import annotations

from typing import ClassVar

from crossdock.core.commands import Command
from crossdock.core.process import Decision, FlowContext, Happened
from crossdock.processes.command_ids import command_id
from crossdock.processes.inventory_snapshot.settings import Settings, requires
from crossdock.processes.routing.passing import Passing
from crossdock.processes.routing.state import State

__all__ = ["COUNT", "InventorySnapshot", "Settings"]

COUNT = "count"
"""Scheme of the reference that names the comparison a level was told by: `<flow>/<run>/<chunk>`."""


class InventorySnapshot(Passing):
    """One instance per SKU of the counting system, so that a count takes its turn among the movements of the same SKU.

    An adjustment that fails is parked under the command's name; people may retry it, or decide `skip`. A later count of the SKU takes the
    place of one that waits for a person.
    """

    name = "inventory_snapshot"
    version = "1"
    milestone = "routed"
    passed = "adjusted"
    triggers: ClassVar[frozenset[str]] = frozenset({"stock.counted"})
    accepts: ClassVar[frozenset[str]] = frozenset({"stock.counted"})
    Settings: ClassVar[type[Settings]] = Settings
    requires = staticmethod(requires)

    def passed_on(self, state: State, fact: Happened, context: FlowContext) -> Decision[State]:
        event = fact.event
        told = next((one.value for one in event.references if one.scheme == COUNT), "")
        if told and told.split("/")[0] != context.flow:
            return Decision(state)
        role = str(context.settings.get("book") or Settings.model_fields["book"].default)
        target = context.roles.get(role, role)
        command = Command(
            command_id(state.key, "stock.adjust", event.id),
            "stock.adjust",
            target,
            state.key,
            {"levels": [fact.document()], "reason": "count", "reference": told or event.id},
            context.flow,
        )
        after = State(state.key, state.events + 1, state.sent + 1, fact.at.isoformat())
        return Decision(after, (command,), unparked=state.failed, revoked=state.failed)
