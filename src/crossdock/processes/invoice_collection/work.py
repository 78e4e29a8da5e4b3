"""One decision about the invoices of several orders in the making: the state being changed and what is there; knows no business rule."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from crossdock.processes.frame import work as frame
from crossdock.processes.invoice_collection.plan import Plan
from crossdock.processes.invoice_collection.states import Paper, Share, State

_STAGE_ROLE: Final[dict[str, str]] = {"posted": "accounting", "paid": "accounting"}


class Work(frame.Work[State]):
    """The changing copy of a state. Attributes named like those of `State` mean the same."""

    stage_roles = _STAGE_ROLE

    def __init__(self, state: State, at: datetime, plan: Plan) -> None:
        super().__init__(state, at, plan)
        self.plan = plan
        self.settings = plan.settings
        self.erp = state.erp
        self.currency = state.currency
        self.shares: list[Share] = list(state.shares)
        self.invoices: list[Paper] = list(state.papers)
        self.papers = {Share: self.shares, Paper: self.invoices}

    def of(self, paper: Paper) -> list[Share]:
        """The shares a paper bills."""
        return [self.shares[n - 1] for n in paper.shares]

    def kept(self) -> State:
        return State(
            self.state.key, self.erp, self.currency, tuple(self.shares), tuple(self.invoices), self.asked, tuple(self.parked),
            tuple(self.expected), self.refs, self.reached, self.closed,
        )  # fmt: skip
