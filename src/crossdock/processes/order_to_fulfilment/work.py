"""One decision about an order in the making: the state being changed and what is there; knows no business rule."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from crossdock.processes.frame import work as frame
from crossdock.processes.frame.states import ZERO, Json
from crossdock.processes.order_to_fulfilment.plan import Plan
from crossdock.processes.order_to_fulfilment.settings import Stage, Warehouse
from crossdock.processes.order_to_fulfilment.states import COMMITTED, WITHDRAWN, Cancel, Fulfilment, Line, Shipment, State

ROLE = {"order": "erp", "transfer": "erp", "fulfilment": "wms", "shipment": "carrier", "shop": "shop"}
"""The kind of system that carries out a command, by the first part of its name."""


_STAGE_ROLE: dict[str, str] = {
    "confirmed": "erp",
    "released": "wms",
    "picked": "wms",
    "booked": "carrier",
    "dispatched": "wms",
    "delivered": "carrier",
}


class Work(frame.Work[State]):
    """The changing copy of an order's state. Attributes named like those of `State` mean the same."""

    stage_roles = _STAGE_ROLE

    def __init__(self, state: State, at: datetime, plan: Plan) -> None:
        super().__init__(state, at, plan)
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
        self.early: list[Json] = list(state.early)
        self.customs = state.customs
        self.said = state.said
        self.complete = state.complete
        self.papers = {Fulfilment: self.fulfilments, Shipment: self.shipments}

    # --- what is there ------------------------------------------------------------------------------------------------

    def document(self) -> Json:
        """The version of the order in force. Only called once there is one."""
        if self.order is None:
            raise LookupError("there is no order yet")
        return self.order

    def depart(self) -> None:
        """The order in force will not be what the shop stated: remember that. Called before the order is made another one."""
        if self.shop and self.said is None:
            wanted = self.wanted if self.wanted_by == self.shop else None
            self.said = wanted or self.applying or self.order

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

    def await_stage(self, stage: Stage, n: int = 0, description: str = "") -> None:
        """Expect a stage (`n` of a fulfilment order or shipment) from now on; stages of the warehouse count in its working time."""
        if (f"{stage}:{n}" if n else stage) in self.expected:
            return
        calendar = self.warehouse().calendar if stage in {"released", "picked", "booked"} else ""
        self.expect_stage(stage, n, self.at, description, calendar=calendar)

    def kept(self) -> State:
        return State(
            self.state.key, self.number, self.source, self.shop, self.order, self.wanted, self.wanted_by, self.applying, self.insist,
            self.changes, self.erp, self.erp_system, self.erp_id, self.erp_number, self.erp_lines, self.creations, self.released,
            self.not_before, tuple(self.lines.values()), tuple(self.fulfilments), tuple(self.shipments), self.cancel, self.asked,
            tuple(self.parked), tuple(self.expected), tuple(self.early), self.customs, self.refs, self.reached, self.closed,
            self.said, self.complete,
        )  # fmt: skip
