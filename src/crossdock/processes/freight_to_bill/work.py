"""One decision about a carrier's invoice in the making: the state being changed and what is there; knows no business rule."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from crossdock.processes.frame import work as frame
from crossdock.processes.frame.states import Json
from crossdock.processes.freight_to_bill.plan import Plan
from crossdock.processes.freight_to_bill.states import Claim, State

_STAGE_ROLE: Final[dict[str, str]] = {"audited": "accounting", "billed": "accounting"}


class Work(frame.Work[State]):
    """The changing copy of a state. Attributes named like those of `State` mean the same."""

    stage_roles = _STAGE_ROLE

    def __init__(self, state: State, at: datetime, plan: Plan) -> None:
        super().__init__(state, at, plan)
        self.plan = plan
        self.settings = plan.settings
        self.source = state.source
        self.document = state.document
        self.cause = state.cause
        self.claims: list[Claim] = list(state.claims)
        self.standing = state.standing
        self.overdue = state.overdue
        self.approved_by = state.approved_by
        self.bill = state.bill
        self.bill_id = state.bill_id
        self.landed = state.landed
        self.charged: dict[str, str] = dict(state.charged)
        self.turn = state.turn
        self.papers = {Claim: self.claims}

    def invoice(self) -> Json:
        """The carrier's invoice. Only called once there is one."""
        if self.document is None:
            raise LookupError("there is no invoice yet")
        return self.document

    def kept(self) -> State:
        return State(
            self.state.key, self.source, self.document, self.cause, tuple(self.claims), self.standing, self.overdue, self.approved_by,
            self.bill, self.bill_id, self.landed, self.charged, self.turn, self.asked, tuple(self.parked), tuple(self.expected), self.refs,
            self.reached, self.closed,
        )  # fmt: skip
