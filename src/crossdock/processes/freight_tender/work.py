"""One decision about an order's loads in the making: the state being changed and what is there; knows no business rule."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from crossdock.processes.frame import work as frame
from crossdock.processes.frame.numbers import numbered
from crossdock.processes.freight_tender.plan import Plan
from crossdock.processes.freight_tender.states import Load, State

_STAGE_ROLE: Final[dict[str, str]] = {"accepted": "carrier"}


class Work(frame.Work[State]):
    """The changing copy of a state. Attributes named like those of `State` mean the same."""

    stage_roles = _STAGE_ROLE

    def __init__(self, state: State, at: datetime, plan: Plan) -> None:
        super().__init__(state, at, plan)
        self.plan = plan
        self.settings = plan.settings
        self.order = state.order
        self.loads: list[Load] = list(state.loads)
        self.over = state.over
        self.papers = {Load: self.loads}

    def number(self, load: Load) -> str:
        """The number of the offer that stands: another for each carrier, so that a late answer is not taken for the next one's."""
        return numbered(f"TN{load.tried}", self.state.key, load.n)

    def kept(self) -> State:
        return State(
            self.state.key, self.order, tuple(self.loads), self.over, self.asked, tuple(self.parked), tuple(self.expected), self.refs,
            self.reached, self.closed,
        )  # fmt: skip
