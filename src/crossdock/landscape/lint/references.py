"""Checks that every name leads somewhere; they need nothing but the files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crossdock.core.ownership import ANYBODY
from crossdock.landscape.document import Path
from crossdock.landscape.files import HEAD
from crossdock.landscape.findings import Finding
from crossdock.landscape.lint.registry import check
from crossdock.landscape.lint.view import View

Reference = tuple[str, str, Path, str]
"""Kind and name of the referring thing, the path of the reference, the name referred to."""


def _unresolved(view: View, references: Iterable[Reference], what: str, known: Iterable[str]) -> Iterator[Finding]:
    names = set(known)
    for kind, name, path, wanted in references:
        if wanted not in names:
            yield view.missing(kind, name, path, what, wanted, names)


def _system_references(view: View) -> Iterator[Reference]:
    for name, flow in view.flows.items():
        for role, system in flow.roles.items():
            yield "flows", name, ("roles", role), system
        for index, system in enumerate(flow.trigger.sources):
            yield "flows", name, ("trigger", "sources", index), system
    for name, rule in view.rules.items():
        for index, system in enumerate(rule.sources):
            yield "rules", name, ("sources", index), system
    for name, partner in view.partners.items():
        for index, system in enumerate(partner.systems):
            yield "partners", name, ("systems", index), system
    for index, feed in enumerate(view.policies.feeds):
        yield "policies.yaml", "policies.yaml", ("feeds", index, "system"), feed.system
    for index, second in enumerate(view.policies.exceptions.second_person):
        for place, system in enumerate(second.systems):
            yield "policies.yaml", "policies.yaml", ("exceptions", "second_person", index, "systems", place), system


def _party_references(view: View) -> Iterator[Reference]:
    file = "ownership.yaml"
    for entity, owned in view.ownership.entities.items():
        for tenure in owned.owner:
            for system in tenure.systems:
                yield file, file, ("entities", entity, "owner"), system
        for group, fields in owned.groups.items():
            for tenure in fields.owner:
                for system in tenure.systems:
                    yield file, file, ("entities", entity, "groups", group, "owner"), system
    for event, who in view.ownership.events.items():
        for part in ("originates", "enriches", "validates", "finalizes"):
            for index, system in enumerate(getattr(who, part)):
                yield file, file, ("events", event, part, index), system


@check("dangling-system", structural=True)
def dangling_system(view: View) -> Iterator[Finding]:
    """A flow, rule, partner or watched feed names a system that has no file in `systems/`."""
    return _unresolved(view, _system_references(view), "system", view.names("systems"))


@check("dangling-party", structural=True)
def dangling_party(view: View) -> Iterator[Finding]:
    """The ownership matrix names something that is neither a system nor a role any flow fills."""
    known = view.names("systems") | {role for flow in view.flows.values() for role in flow.roles}
    references = (each for each in _party_references(view) if each[3] != ANYBODY)
    return _unresolved(view, references, "system or role", known)


@check("environment-unknown-system", structural=True)
def environment_unknown_system(view: View) -> Iterator[Finding]:
    """An environment binds an endpoint or credential of a system that does not exist: a binding that silently does nothing."""
    for name, environment in view.environments.items():
        for part in ("endpoints", "credentials"):
            references: list[Reference] = [
                ("environments", name, (part, system), system) for system in getattr(environment, part)
            ]
            yield from _unresolved(view, references, "system", view.names("systems") | view.names("subscribers"))


@check("unknown-default-environment", structural=True)
def unknown_default_environment(view: View) -> Iterator[Finding]:
    """`default_environment` names an environment that has no file."""
    wanted = view.hub.default_environment
    if wanted is not None:
        reference: Reference = (HEAD, HEAD, ("default_environment",), wanted)
        yield from _unresolved(view, [reference], "environment", view.names("environments"))


def _team_references(view: View) -> Iterator[Reference]:
    for name, flow in view.flows.items():
        if flow.exception_owner:
            yield "flows", name, ("exception_owner",), flow.exception_owner
        for key, sla in flow.slas.items():
            if sla.owner:
                yield "flows", name, ("slas", key, "owner"), sla.owner
    for kind in ("systems", "partners", "rules", "value-maps"):
        for name, model in view.draft.models.get(kind, {}).items():
            owner = getattr(model, "owner", None)
            if owner:
                yield kind, name, ("owner",), owner
    for index, feed in enumerate(view.policies.feeds):
        if feed.owner:
            yield "policies.yaml", "policies.yaml", ("feeds", index, "owner"), feed.owner
    for index, crossing in enumerate(view.policies.residency.crossings):
        yield "policies.yaml", "policies.yaml", ("residency", "crossings", index, "owner"), crossing.owner
    for index, review in enumerate(view.policies.review):
        for place, team in enumerate(review.reviewers):
            yield "policies.yaml", "policies.yaml", ("review", index, "reviewers", place), team


@check("dangling-team", structural=True)
def dangling_team(view: View) -> Iterator[Finding]:
    """An owner or reviewer is not among the teams of `crossdock.yaml`, so nobody would be told."""
    if not view.unjudgeable(HEAD):
        yield from _unresolved(view, _team_references(view), "team", view.hub.teams)


def _region_references(view: View) -> Iterator[Reference]:
    if view.hub.defaults.region:
        yield HEAD, HEAD, ("defaults", "region"), view.hub.defaults.region
    for kind in ("systems", "partners", "flows", "environments"):
        for name, model in view.draft.models.get(kind, {}).items():
            region = getattr(model, "region", None)
            if region:
                yield kind, name, ("region",), region
    for name, bound in view.environments.items():
        for region in bound.hubs:
            yield "environments", name, ("hubs", region), region
        for region in bound.coordinator.regions if bound.coordinator is not None else ():
            yield "environments", name, ("coordinator", "regions", region), region
    for index, crossing in enumerate(view.policies.residency.crossings):
        yield "policies.yaml", "policies.yaml", ("residency", "crossings", index, "leaves"), crossing.leaves
        yield "policies.yaml", "policies.yaml", ("residency", "crossings", index, "reaches"), crossing.reaches
    for index, region in enumerate(view.policies.residency.money):
        yield "policies.yaml", "policies.yaml", ("residency", "money", index), region


@check("dangling-region", structural=True)
def dangling_region(view: View) -> Iterator[Finding]:
    """A region is not among the regions of `crossdock.yaml`."""
    if not view.unjudgeable(HEAD):
        yield from _unresolved(view, _region_references(view), "region", view.hub.regions)


def _calendar_references(view: View) -> Iterator[Reference]:
    if view.hub.defaults.calendar:
        yield HEAD, HEAD, ("defaults", "calendar"), view.hub.defaults.calendar
    for budget_name, budget in view.hub.defaults.budgets.items():
        if budget.until and budget.until.working:
            yield HEAD, HEAD, ("defaults", "budgets", budget_name, "until", "working"), budget.until.working
    for name, system in view.systems.items():
        if system.calendar:
            yield "systems", name, ("calendar",), system.calendar
    for index, feed in enumerate(view.policies.feeds):
        if feed.calendar:
            yield "policies.yaml", "policies.yaml", ("feeds", index, "calendar"), feed.calendar
    for name, flow in view.flows.items():
        if flow.schedule and flow.schedule.calendar:
            yield "flows", name, ("schedule", "calendar"), flow.schedule.calendar
        for key, sla in flow.slas.items():
            if sla.working:
                yield "flows", name, ("slas", key, "working"), sla.working
        for key, budget in flow.budgets.items():
            if budget.until and budget.until.working:
                yield "flows", name, ("budgets", key, "until", "working"), budget.until.working


@check("dangling-calendar", structural=True)
def dangling_calendar(view: View) -> Iterator[Finding]:
    """A system, schedule, budget, watched feed or expectation names a calendar that `calendars.yaml` does not have."""
    if not view.unjudgeable("calendars.yaml"):
        yield from _unresolved(view, _calendar_references(view), "calendar", view.calendars)


def _cutoff_references(view: View) -> Iterator[Reference]:
    for key, budget in view.hub.defaults.budgets.items():
        if budget.until and budget.until.cutoff:
            yield HEAD, HEAD, ("defaults", "budgets", key, "until", "cutoff"), budget.until.cutoff
    for name, flow in view.flows.items():
        for key, budget in flow.budgets.items():
            if budget.until and budget.until.cutoff:
                yield "flows", name, ("budgets", key, "until", "cutoff"), budget.until.cutoff
        for key, sla in flow.slas.items():
            if sla.cutoff:
                yield "flows", name, ("slas", key, "cutoff"), sla.cutoff


@check("dangling-cutoff", structural=True)
def dangling_cutoff(view: View) -> Iterator[Finding]:
    """A budget or expectation names a `calendar/cut-off` that `calendars.yaml` does not have."""
    if not view.unjudgeable("calendars.yaml"):
        known = [f"{name}/{cutoff}" for name, calendar in view.calendars.items() for cutoff in calendar.cutoffs]
        yield from _unresolved(view, _cutoff_references(view), "cut-off", known)


def _route_references(view: View) -> Iterator[Reference]:
    file = "policies.yaml"
    for team, described in view.hub.teams.items():
        if described.alerts:
            yield HEAD, HEAD, ("teams", team, "alerts"), described.alerts
    for name, segment in view.policies.segments.items():
        if segment.alerts:
            yield file, file, ("segments", name, "alerts"), segment.alerts
    for name, route in view.policies.alert_routes.items():
        if route.escalate_to:
            yield file, file, ("alert_routes", name, "escalate_to"), route.escalate_to
    if view.policies.alerting.default_route:
        yield file, file, ("alerting", "default_route"), view.policies.alerting.default_route


@check("dangling-alert-route", structural=True)
def dangling_alert_route(view: View) -> Iterator[Finding]:
    """A team, a segment or `alerting` sends alerts to a route that `policies.yaml` does not have."""
    if not view.unjudgeable("policies.yaml"):
        yield from _unresolved(view, _route_references(view), "alert route", view.policies.alert_routes)


def _class_references(view: View) -> Iterator[Reference]:
    for name, system in view.systems.items():
        for index, data_class in enumerate(system.may_see or ()):
            yield "systems", name, ("may_see", index), data_class
    for name, partner in view.partners.items():
        for index, data_class in enumerate(partner.may_see):
            yield "partners", name, ("may_see", index), data_class
    for name, segment in view.policies.segments.items():
        for index, data_class in enumerate(segment.may_see or ()):
            yield "policies.yaml", "policies.yaml", ("segments", name, "may_see", index), data_class
    for index, retention in enumerate(view.policies.retention):
        if retention.data_class:
            yield "policies.yaml", "policies.yaml", ("retention", index, "data_class"), retention.data_class


@check("dangling-data-class", structural=True)
def dangling_data_class(view: View) -> Iterator[Finding]:
    """A `may_see` or retention entry names a data class that `policies.yaml` does not have."""
    if not view.unjudgeable("policies.yaml"):
        yield from _unresolved(view, _class_references(view), "data class", view.policies.data_classes)


@check("dangling-tier", structural=True)
def dangling_tier(view: View) -> Iterator[Finding]:
    """A partner's tier is not among the segments of `policies.yaml`."""
    if not view.unjudgeable("policies.yaml"):
        references: list[Reference] = [
            ("partners", name, ("tier",), each.tier) for name, each in view.partners.items() if each.tier
        ]
        yield from _unresolved(view, references, "segment", view.policies.segments)


@check("dangling-transport", structural=True)
def dangling_transport(view: View) -> Iterator[Finding]:
    """An agreement with a partner names a transport the partner's file does not have."""
    for name, partner in view.partners.items():
        references: list[Reference] = [
            ("partners", name, ("agreements", index, "transport"), each.transport)
            for index, each in enumerate(partner.agreements)
            if each.transport
        ]
        yield from _unresolved(view, references, "transport", partner.transports)


@check("dangling-role", structural=True)
def dangling_role(view: View) -> Iterator[Finding]:
    """The question of a direct flow goes to a role the flow does not fill."""
    for name, flow in view.flows.items():
        if flow.direct:
            yield from _unresolved(view, [("flows", name, ("direct", "to"), flow.direct.to)], "role", flow.roles)
