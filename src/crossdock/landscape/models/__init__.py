"""The landscape's file kinds as Pydantic models, one module each."""

from crossdock.landscape.models.calendars import Calendar, Calendars
from crossdock.landscape.models.environment import Engine, Environment, Vault
from crossdock.landscape.models.flow import Direct, Fallback, Flow, RetryBudget, Schedule, Sla, Trigger, Until
from crossdock.landscape.models.hub import Defaults, Hub, Team
from crossdock.landscape.models.ownership import Entity, EventResponsibility, FieldGroup, Ownership, Tenure
from crossdock.landscape.models.partner import Partner
from crossdock.landscape.models.policies import Policies
from crossdock.landscape.models.rule import Rule
from crossdock.landscape.models.system import Breaker, Limits, Poll, System
from crossdock.landscape.models.value_map import ValueMap

__all__ = [
    "Breaker",
    "Calendar",
    "Calendars",
    "Defaults",
    "Direct",
    "Engine",
    "Entity",
    "Environment",
    "EventResponsibility",
    "Fallback",
    "FieldGroup",
    "Flow",
    "Hub",
    "Limits",
    "Ownership",
    "Partner",
    "Policies",
    "Poll",
    "RetryBudget",
    "Rule",
    "Schedule",
    "Sla",
    "System",
    "Team",
    "Tenure",
    "Trigger",
    "Until",
    "ValueMap",
    "Vault",
]
