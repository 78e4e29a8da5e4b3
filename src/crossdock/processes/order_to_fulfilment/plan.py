"""A flow's settings, roles and calendars, resolved once per flow context; knows no order."""

from __future__ import annotations

from dataclasses import dataclass

from crossdock.core.process import FlowContext
from crossdock.processes.frame.plan import Plan as FramePlan
from crossdock.processes.frame.plan import resolver
from crossdock.processes.order_to_fulfilment.settings import Settings


@dataclass(frozen=True, slots=True)
class Plan(FramePlan[Settings]):
    """What one flow says, and the roles that play carriers."""

    carriers: tuple[str, ...]


def _plan(context: FlowContext, settings: Settings) -> Plan:
    carriers = tuple(sorted(role for role in context.roles if role == "carrier" or role.startswith("carrier:")))
    return Plan(context, settings, carriers)


plan = resolver(Settings, _plan)
"""The plan of a flow context, made once."""
