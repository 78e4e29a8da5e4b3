"""Whose an exception is by the landscape as it stands now: the same words as when it opened, asked again; changes nothing."""

from __future__ import annotations

from crossdock.landscape.landscape import Landscape
from crossdock.landscape.models import Flow
from crossdock.ledger.people import OpenException


def owner_by_rules(landscape: Landscape, found: OpenException) -> str:
    """The team the landscape names for it; empty when it names nobody, then whoever has it keeps it.

    A business rule's own owner comes first, then who answers for the role, the service level or the flow it failed in, then the
    system's owner.
    """
    rule = landscape.rules.get(str(found.detail.get("rule", "")))
    if rule is not None and rule.owner:
        return rule.owner
    flow, system = landscape.flows.get(found.flow), landscape.systems.get(found.system)
    of_system = (system.owner or "") if system is not None else ""
    if found.subject in ("message", "system", "channel"):
        return of_system
    if flow is None:
        return ""
    if found.subject == "expectation":
        sla = flow.slas.get(found.slot.partition("/")[2].partition(":")[0])
        return (sla.owner or flow.exception_owner or "") if sla is not None else ""
    if found.subject == "process":
        return _of_role(flow, found.system) or flow.exception_owner or ""
    return flow.exception_owner or ""


def _of_role(flow: Flow, system: str) -> str:
    """The team a workflow's settings name for the role a system has; roles such as `carrier:dhl` count as `carrier`."""
    owners = flow.settings.get("owners")
    role = next((role for role, name in flow.roles.items() if system and name == system), "")
    return str(owners.get(role.partition(":")[0], "")) if isinstance(owners, dict) else ""
