"""One decision about an order's payments in the making: the state being changed and what is there; knows no business rule."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from crossdock.processes.frame import work as frame
from crossdock.processes.payment_capture.plan import Plan
from crossdock.processes.payment_capture.states import Authorization, State, Take

_STAGE_ROLE: Final[dict[str, str]] = {"captured": "finance"}


class Work(frame.Work[State]):
    """The changing copy of a state. Attributes named like those of `State` mean the same."""

    stage_roles = _STAGE_ROLE

    def __init__(self, state: State, at: datetime, plan: Plan) -> None:
        super().__init__(state, at, plan)
        self.plan = plan
        self.settings = plan.settings
        self.order = state.order
        self.consignments: list[str] = list(state.consignments)
        self.left: dict[str, str] = dict(state.left)
        self.complete = state.complete
        self.cause = state.cause
        self.authorizations: list[Authorization] = list(state.authorizations)
        self.takes: list[Take] = list(state.takes)
        self.papers = {Authorization: self.authorizations, Take: self.takes}

    def kept(self) -> State:
        return State(
            self.state.key, self.order, tuple(self.consignments), self.left, self.complete, self.cause, tuple(self.authorizations),
            tuple(self.takes), self.asked, tuple(self.parked), tuple(self.expected), self.refs, self.reached, self.closed,
        )  # fmt: skip
