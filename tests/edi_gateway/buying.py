"""The smallest workflow that buys: an order goes to the supplier once, and what the supplier's machine says of it is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import orjson

from crossdock.canonical.events import Reference
from crossdock.core.commands import Command
from crossdock.core.process import Decision, Fact, FlowContext, Happened, Settled
from crossdock.processes.command_ids import command_id


class TestBuying:
    """State: what happened, in order."""

    __test__ = False
    name = "test_buying"
    version = "1"
    triggers: ClassVar[frozenset[str]] = frozenset({"purchase_order.confirmed"})
    accepts: ClassVar[frozenset[str]] = frozenset(
        {
            "purchase_order.confirmed",
            "purchase_order.answered",
            "ship_notice.received",
            "document.acknowledged",
            "supplier_invoice.received",
        }
    )

    def elsewhere(self, event: Any, context: FlowContext) -> bool:
        return event.type == "document.acknowledged"

    def initial(self, key: str) -> list[str]:
        return [key]

    def decide(self, state: list[str], fact: Fact, context: FlowContext) -> Decision[list[str]]:
        key = state[0]
        if isinstance(fact, Happened) and fact.event.type == "purchase_order.confirmed":
            order = fact.document()
            command = Command(
                command_id(key, "purchase_order.send", "1"), "purchase_order.send", "acme", key, {"refs": {}, "purchase_order": order},
                context.flow,
            )  # fmt: skip
            return Decision([*state, "ordered"], (command,), references=(Reference("purchase:order", order["number"]),))
        if isinstance(fact, Happened):
            verdict = getattr(fact.event.data, "verdict", "")
            return Decision([*state, f"{fact.event.type}:{verdict}"])
        if isinstance(fact, Settled):
            return Decision([*state, f"settled:{type(fact.result).__name__}"])
        return Decision(state)

    def dump(self, state: list[str]) -> bytes:
        return orjson.dumps(state)

    def load(self, data: bytes) -> list[str]:
        return list(orjson.loads(data))

    def milestones(self, state: list[str]) -> tuple[tuple[str, datetime | None], ...]:
        return ((state[-1], datetime.fromisoformat("2026-11-23T08:00:00+00:00")),)

    def finished(self, state: list[str]) -> bool:
        return False
