"""A flow's settings and roles, resolved once per flow context; knows no state."""

from __future__ import annotations

from crossdock.processes.frame.plan import Plan as FramePlan
from crossdock.processes.frame.plan import resolver
from crossdock.processes.payment_capture.settings import Settings


class Plan(FramePlan[Settings]):
    """What one flow says."""

    def gateways(self) -> frozenset[str]:
        """The systems that hold payments: the role `gateway`, and `gateway:<name>`."""
        return frozenset(system for role, system in self.context.roles.items() if role.partition(":")[0] == "gateway")


plan = resolver(Settings, Plan)
"""The plan of a flow context, made once."""
