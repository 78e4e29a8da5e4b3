"""A flow's settings, roles and calendars, resolved once per flow context; knows no state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from crossdock.processes.frame.plan import Plan as FramePlan
from crossdock.processes.frame.plan import resolver
from crossdock.processes.journals.settings import Settings


@dataclass(frozen=True, slots=True)
class Plan(FramePlan[Settings]):
    """What one flow says, and the days it posts on."""

    def day(self, at: datetime) -> str:
        """The posting day of a moment."""
        return at.astimezone(ZoneInfo(self.settings.zone)).date().isoformat()

    def holds(self, source: str) -> str:
        """The account on which money told of by a system lies."""
        banks = {self.context.roles.get(role, role) for role in self.settings.banks}
        return self.settings.accounts.bank if source in banks else self.settings.accounts.clearing


plan = resolver(Settings, Plan)
"""The plan of a flow context, made once."""
