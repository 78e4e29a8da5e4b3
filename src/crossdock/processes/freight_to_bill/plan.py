"""A flow's settings, roles and calendars, resolved once per flow context; knows no state."""

from __future__ import annotations

from crossdock.processes.frame.plan import Plan as FramePlan
from crossdock.processes.frame.plan import resolver
from crossdock.processes.freight_to_bill.settings import Settings


class Plan(FramePlan[Settings]):
    """What one flow says."""


plan = resolver(Settings, Plan)
"""The plan of a flow context, made once."""
