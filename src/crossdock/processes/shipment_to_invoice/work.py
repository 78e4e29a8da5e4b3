"""One decision about the invoices of an order in the making: the state being changed and what is there; knows no business rule."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from crossdock.processes.frame import work as frame
from crossdock.processes.frame.states import Json
from crossdock.processes.shipment_to_invoice.plan import Plan
from crossdock.processes.shipment_to_invoice.settings import Readiness, Stage
from crossdock.processes.shipment_to_invoice.states import Booking, Consignment, Paper, State

ROLE: Final = {"invoice.create": "accounting", "invoice.post": "accounting", "freight.accrue": "accounting"}
"""Whose failure it is when a command does not succeed."""
_STAGE_ROLE: Final[dict[str, str]] = {
    "picked_up": "carrier",
    "departed": "carrier",
    "cleared": "carrier",
    "delivered": "carrier",
    "proof": "carrier",
    "invoice_ready": "accounting",
    "invoice_posted": "accounting",
    "invoice_paid": "accounting",
}
_LATEST_EARLY: Final = 200


class Work(frame.Work[State]):
    """The changing copy of an order's state as finance sees it. Attributes named like those of `State` mean the same."""

    stage_roles = _STAGE_ROLE

    def __init__(self, state: State, at: datetime, plan: Plan) -> None:
        super().__init__(state, at, plan)
        self.plan = plan
        self.settings = plan.settings
        self.source = state.source
        self.order = state.order
        self.erp = state.erp
        self.erp_id = state.erp_id
        self.complete = state.complete
        self.consignments: list[Consignment] = list(state.consignments)
        self.invoices: list[Paper] = list(state.papers)
        self.foreign: dict[str, str] = dict(state.foreign)
        self.early: list[Json] = list(state.early)
        self.bookings: list[Booking] = list(state.bookings)
        self.papers = {Consignment: self.consignments, Paper: self.invoices, Booking: self.bookings}
        self.cause = ""

    def head(self) -> Json:
        """What invoicing knows of the order. Only called once there is one."""
        if self.order is None:
            raise LookupError("there is no order yet")
        return self.order

    def rule(self) -> Readiness:
        """When invoices of this order's customer are ready."""
        return self.plan.rule(self.head(), self.source)

    def of(self, paper: Paper) -> list[Consignment]:
        """The consignments a paper bills."""
        return [self.consignments[n - 1] for n in paper.consignments]

    def keep(self, told: Json) -> None:
        """Keep what is told of a consignment that is not known yet."""
        if told in self.early:
            return
        self.early.append(told)
        del self.early[:-_LATEST_EARLY]

    def await_stage(self, stage: Stage, n: int, since: datetime, description: str) -> None:
        """Expect a stage of a consignment or paper, counted from `since`."""
        self.expect_stage(stage, n, since, description, not_before=self.at)

    def kept(self) -> State:
        return State(
            self.state.key, self.source, self.order, self.erp, self.erp_id, self.complete, tuple(self.consignments), tuple(self.invoices),
            self.foreign, tuple(self.early), tuple(self.bookings), self.asked, tuple(self.parked), tuple(self.expected), self.refs, self.reached, self.closed,
        )  # fmt: skip
