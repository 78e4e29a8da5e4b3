"""One decision about a transaction's journals in the making: the state being changed and what is there; knows no business rule."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from crossdock.processes.frame import work as frame
from crossdock.processes.frame.numbers import numbered
from crossdock.processes.journals.plan import Plan
from crossdock.processes.journals.states import Entry, State

_STAGE_ROLE: Final[dict[str, str]] = {"acknowledged": "finance"}


class Work(frame.Work[State]):
    """The changing copy of a state. Attributes named like those of `State` mean the same."""

    stage_roles = _STAGE_ROLE

    def __init__(self, state: State, at: datetime, plan: Plan) -> None:
        super().__init__(state, at, plan)
        self.plan = plan
        self.settings = plan.settings
        self.entries: list[Entry] = list(state.entries)
        self.papers = {Entry: self.entries}

    def number(self, entry: Entry) -> str:
        """The number of a journal; each time it is offered anew it gets another, since a refused one stays known there."""
        made = numbered("JE", self.state.key, entry.n)
        return made if entry.turn == 1 else f"{made}.{entry.turn}"

    def kept(self) -> State:
        return State(
            self.state.key,
            tuple(self.entries),
            self.asked,
            tuple(self.parked),
            tuple(self.expected),
            self.refs,
            self.reached,
            self.closed,
        )
