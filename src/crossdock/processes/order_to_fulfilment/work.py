"""One decision in the making: the state being changed and what is to be done about it; knows no business rule.

A `Work` lives for one call of `decide`. It starts from the immutable state, is changed by the modules that know the rules, and ends as
a `Decision` with a new immutable state.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from crossdock.canonical.events import Reference
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError
from crossdock.core.process import Decision, Expectation, Parked
from crossdock.processes.command_ids import command_id
from crossdock.processes.order_to_fulfilment.plan import Plan
from crossdock.processes.order_to_fulfilment.settings import Stage, Warehouse
from crossdock.processes.order_to_fulfilment.states import (
    COMMITTED,
    WITHDRAWN,
    ZERO,
    Asked,
    Cancel,
    Fulfilment,
    Json,
    Line,
    Shipment,
    State,
)

ROLE = {"order": "erp", "transfer": "erp", "fulfilment": "wms", "shipment": "carrier", "shop": "shop"}
"""The kind of system that carries out a command, by the first part of its name."""


class Work:
    """The changing copy of a state, and what the decision will say. Attributes named like those of `State` mean the same."""

    def __init__(self, state: State, at: datetime, plan: Plan) -> None:
        self.state = state
        self.at = at
        self.plan = plan
        self.settings = plan.settings
        self.number = state.number
        self.source = state.source
        self.shop = state.shop
        self.order = state.order
        self.wanted = state.wanted
        self.wanted_by = state.wanted_by
        self.applying = state.applying
        self.insist = state.insist
        self.changes = state.changes
        self.erp = state.erp
        self.erp_system = state.erp_system
        self.erp_id = state.erp_id
        self.erp_number = state.erp_number
        self.erp_lines = state.erp_lines
        self.creations = state.creations
        self.released = state.released
        self.not_before = state.not_before
        self.lines: dict[str, Line] = {line.number: line for line in state.lines}
        self.fulfilments: list[Fulfilment] = list(state.fulfilments)
        self.shipments: list[Shipment] = list(state.shipments)
        self.cancel: Cancel | None = state.cancel
        self.asked: dict[str, Asked] = dict(state.asked)
        self.parked: list[str] = list(state.parked)
        self.expected: list[str] = list(state.expected)
        self.early: list[Json] = list(state.early)
        self.customs = state.customs
        self.refs: dict[str, str] = dict(state.refs)
        self.reached: dict[str, str] = dict(state.reached)
        self.closed = state.closed

        self.commands: list[Command] = []
        self.expect: dict[str, Expectation] = {}
        self.fulfilled: list[str] = []
        self.withdrawn: list[str] = []
        self.references: list[Reference] = []
        self.parks: dict[str, Parked] = {}
        self.unparks: list[str] = []
        self.revoked: list[str] = []
        self.notes: list[str] = []

    # --- what is there ------------------------------------------------------------------------------------------------

    def document(self) -> Json:
        """The version of the order in force. Only called once there is one."""
        if self.order is None:
            raise LookupError("there is no order yet")
        return self.order

    def warehouse(self) -> Warehouse:
        """The warehouse that fulfils this order: the first that serves its country and service level, else the first."""
        warehouses = self.settings.warehouses
        if len(warehouses) == 1 or self.order is None:
            return warehouses[0]
        country, level = self.order["ship_to"]["country"], self.order["service_level"]
        return next((one for one in warehouses if one.fits(country, level)), warehouses[0])

    def committed(self, number: str) -> Decimal:
        """How much of an order line is with the warehouse or left it: not to be released again."""
        total = ZERO
        for fulfilment in self.fulfilments:
            for line in fulfilment.lines:
                if line.number == number:
                    total += max(line.asked, line.picked) if fulfilment.status in COMMITTED else line.picked
        return total

    def picked(self, number: str) -> Decimal:
        """How much of an order line the warehouse picked."""
        return sum((line.picked for one in self.fulfilments for line in one.lines if line.number == number), ZERO)

    def open_lines(self) -> dict[str, Decimal]:
        """What of the order nobody works on yet: line number -> quantity."""
        found: dict[str, Decimal] = {}
        for line in self.lines.values():
            left = line.ordered - line.dropped - self.committed(line.number)
            if left > 0:
                found[line.number] = left
        return found

    def withdrawn_order(self) -> bool:
        """Whether nothing more is to be released, booked or shipped because the order is being cancelled."""
        return self.cancel is not None and self.cancel.status in WITHDRAWN

    def running(self, name: str, n: int) -> bool:
        """Whether a command of this name about `n` is on its way."""
        return any(one.name == name and one.n == n and not one.failed for one in self.asked.values())

    def failed(self, name: str, n: int | None = None) -> str:
        """The id of the failed command of this name (about `n`) that waits for a person; empty when there is none."""
        for made, one in self.asked.items():
            if one.failed and one.name == name and (n is None or one.n == n):
                return made
        return ""

    # --- what changes -------------------------------------------------------------------------------------------------

    def put(self, changed: Fulfilment | Shipment) -> None:
        """Replace the fulfilment order or shipment of the same `n`, or add it."""
        items: list[Any] = self.fulfilments if isinstance(changed, Fulfilment) else self.shipments
        if changed.n <= len(items):
            items[changed.n - 1] = changed
        else:
            items.append(changed)

    def reach(self, stage: str, at: str = "") -> None:
        """Note that a stage of the strip was reached, once."""
        self.reached.setdefault(stage, at or self.at.isoformat())

    def note(self, text: str) -> None:
        """Say in business words why; kept in the audit trail."""
        self.notes.append(text)

    def refer(self, scheme: str, value: str) -> None:
        """Register another name of this transaction."""
        if value and self.refs.get(scheme) != value:
            self.refs[scheme] = value
            self.references.append(Reference(scheme, value))

    # --- what is to be done ---------------------------------------------------------------------------------------------

    def issue(self, name: str, system: str, suffix: str, data: Json, deadline: datetime | None = None) -> None:
        """Ask a system for an effect. `suffix` tells commands of this name apart and begins with the `n` of what it is about."""
        made = command_id(self.state.key, name, suffix)
        data["refs"] = dict(self.refs)
        budget = self.settings.budgets.get(name, "")
        self.asked[made] = Asked(name, suffix)
        self.commands.append(Command(made, name, system, self.state.key, data, self.plan.context.flow, budget, deadline))

    def park(self, slot: str, error: CrossdockError, role: str, actions: tuple[str, ...], command: str = "") -> None:
        """Hand over to a person. A slot of a failed command (`command`) is kept with the command, others in `parked`."""
        if not command and slot not in self.parked:
            self.parked.append(slot)
        self.parks[slot] = Parked(error, slot, self.plan.owner(role), actions, command)
        if slot in self.unparks:
            self.unparks.remove(slot)

    def unpark(self, slot: str) -> None:
        """Nobody is needed for this slot any more."""
        if slot in self.parked:
            self.parked.remove(slot)
        if (self.parks.pop(slot, None) is None or slot in self.state.parked) and slot not in self.unparks:
            self.unparks.append(slot)

    def revoke(self, made: str) -> None:
        """Give a failed command up: it is not retried any more, and its slot needs nobody."""
        one = self.asked.pop(made)
        self.revoked.append(made)
        self.unpark(one.slot)

    def await_stage(self, stage: Stage, n: int = 0, description: str = "") -> None:
        """Expect a stage (`n` of a fulfilment order or shipment) from now on."""
        name = f"{stage}:{n}" if n else stage
        found = self.plan.due(stage, self.at, self.warehouse())
        if found is None or name in self.expected:
            return
        due, sla = found
        warn = due - sla.warn if sla.warn is not None else None
        owner = sla.owner or self.plan.owner(_STAGE_ROLE[stage])
        self.expected.append(name)
        self.expect[name] = Expectation(name, due, warn, owner, sla.description or description)

    def came(self, stage: Stage, n: int = 0) -> None:
        """The expected stage was reached."""
        self._no_longer(f"{stage}:{n}" if n else stage, self.fulfilled)

    def forget(self, stage: Stage, n: int = 0) -> None:
        """Nobody waits for this stage any more."""
        self._no_longer(f"{stage}:{n}" if n else stage, self.withdrawn)

    def timer(self, name: str, due: datetime) -> None:
        """Come back at `due`; nobody is told."""
        if name not in self.expected:
            self.expected.append(name)
        self.expect[name] = Expectation(name, due, silent=True)

    def _no_longer(self, name: str, where: list[str]) -> None:
        if name in self.expected:
            self.expected.remove(name)
            if self.expect.pop(name, None) is None or name in self.state.expected:
                where.append(name)

    def decision(self) -> Decision[State]:
        """The decision as it stands."""
        state = State(
            self.state.key, self.number, self.source, self.shop, self.order, self.wanted, self.wanted_by, self.applying, self.insist,
            self.changes, self.erp, self.erp_system, self.erp_id, self.erp_number, self.erp_lines, self.creations, self.released,
            self.not_before, tuple(self.lines.values()), tuple(self.fulfilments), tuple(self.shipments), self.cancel, self.asked,
            tuple(self.parked), tuple(self.expected), tuple(self.early), self.customs, self.refs, self.reached, self.closed,
        )  # fmt: skip
        if not self.commands and state == self.state:
            # The very state: nothing has to be stored again.
            state = self.state
        return Decision(
            state,
            tuple(self.commands),
            tuple(self.expect.values()),
            tuple(self.fulfilled),
            tuple(self.references),
            tuple(self.parks.values()),
            tuple(self.unparks),
            tuple(self.withdrawn),
            tuple(self.notes),
            (),
            tuple(self.revoked),
        )


_STAGE_ROLE: dict[Stage, str] = {
    "confirmed": "erp",
    "released": "wms",
    "picked": "wms",
    "booked": "carrier",
    "dispatched": "wms",
    "delivered": "carrier",
}
