"""The landscape's file kinds as Pydantic models, one module each."""

from crossdock.landscape.models.calendars import Calendar, Calendars
from crossdock.landscape.models.credentials import CredentialRule
from crossdock.landscape.models.environment import Coordination, Coordinator, Engine, Environment, Vault
from crossdock.landscape.models.flow import Direct, Fallback, Flow, RetryBudget, Schedule, Sla, Trigger, Until
from crossdock.landscape.models.hub import Defaults, Hub, Team
from crossdock.landscape.models.ownership import Entity, EventResponsibility, FieldGroup, Ownership, Tenure
from crossdock.landscape.models.partner import Partner
from crossdock.landscape.models.policies import Crossing, Policies, Residency
from crossdock.landscape.models.rule import Rule
from crossdock.landscape.models.subscriber import Subscriber
from crossdock.landscape.models.system import Breaker, Limits, Poll, System
from crossdock.landscape.models.test import LandscapeTest
from crossdock.landscape.models.value_map import ValueMap
from crossdock.landscape.models.workbench import CompanyIdentity, GroupRole, Workbench

__all__ = [
    "CredentialRule",
    "Breaker",
    "Calendar",
    "Calendars",
    "CompanyIdentity",
    "Coordination",
    "Coordinator",
    "Crossing",
    "Defaults",
    "Direct",
    "Engine",
    "Entity",
    "Environment",
    "EventResponsibility",
    "Fallback",
    "FieldGroup",
    "Flow",
    "GroupRole",
    "Hub",
    "LandscapeTest",
    "Limits",
    "Ownership",
    "Partner",
    "Policies",
    "Poll",
    "Residency",
    "RetryBudget",
    "Rule",
    "Schedule",
    "Sla",
    "Subscriber",
    "System",
    "Team",
    "Tenure",
    "Trigger",
    "Until",
    "ValueMap",
    "Workbench",
    "Vault",
]
