"""A flow's settings, roles and calendars, resolved once per flow context; knows no return."""

from __future__ import annotations

from dataclasses import dataclass

from crossdock.processes.frame.money import policy
from crossdock.processes.frame.plan import Plan as FramePlan
from crossdock.processes.frame.plan import resolver
from crossdock.processes.returns.settings import Category, Settings


@dataclass(frozen=True, slots=True)
class Plan(FramePlan[Settings]):
    """What one flow says."""

    def category(self, sku: str) -> Category | None:
        """The policy of an article; None when it has none of its own."""
        return next((one for one in self.settings.eligibility.categories if one.fits(sku)), None)

    def plays(self, system: str) -> bool:
        """Whether a system has a role in the flow."""
        return system in self.context.roles.values()

    def policy(self) -> str:
        """Who approves what nobody has to look at."""
        return policy(self.context.flow, "approval")


plan = resolver(Settings, Plan)
"""The plan of a flow context, made once."""
