"""A flow's settings and roles, and the day of its invoices, resolved once per flow context; knows no state."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from crossdock.processes.frame.plan import Plan as FramePlan
from crossdock.processes.frame.plan import resolver
from crossdock.processes.invoice_collection.settings import Settings


class Plan(FramePlan[Settings]):
    """What one flow says."""

    def today(self, at: datetime) -> date:
        """The day of invoices at this moment."""
        return at.astimezone(ZoneInfo(self.settings.zone)).date()


plan = resolver(Settings, Plan)
"""The plan of a flow context, made once."""
