"""By which routes a team is told, when it rests and when it gets its digest: compiled from the landscape; sends nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from crossdock.core.calendar import BusinessCalendar
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.models.hub import Team

MAIL = "mailto:"
_TEAM = "team/"
"""Prefix of the route a team has by its mail address alone."""


@dataclass(frozen=True, slots=True)
class Route:
    """One way to tell somebody. Times in seconds."""

    name: str
    targets: tuple[str, ...]
    severities: frozenset[str]
    at_most_every: float
    escalate_after: float | None = None
    escalate_to: str = ""


@dataclass(frozen=True, slots=True)
class Routing:
    """Who is told what by which way."""

    routes: Mapping[str, Route]
    owners: Mapping[str, str]
    segments: Mapping[str, str]
    teams: Mapping[str, Team]
    default: str
    again_after: float
    settle: float
    tell_when_over: bool
    resting: Mapping[str, BusinessCalendar] = field(default_factory=dict)

    @property
    def configured(self) -> bool:
        """Whether this landscape tells anybody anything."""
        return bool(self.routes)

    def routes_for(self, owner: str, system: str) -> list[str]:
        """The routes for what a team owns and a system is part of: the team's, that of the partner's segment, else the default."""
        found = [self.owners.get(owner, ""), self.segments.get(system, "")]
        named = list(dict.fromkeys(name for name in found if name))
        return named or ([self.default] if self.default else [])

    def rests(self, owner: str, at: datetime) -> bool:
        """Whether a team has quiet hours now."""
        calendar = self.resting.get(owner)
        return calendar is not None and calendar.is_open(at)

    def digest_before(self, team: str, at: datetime) -> datetime | None:
        """The latest digest time of a team at or before `at`; None when it gets none."""
        described = self.teams[team]
        if not described.digest:
            return None
        zone = ZoneInfo(described.zone)
        today = at.astimezone(zone).date()
        moments = [
            datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)
            for day in (today, today - timedelta(days=1))
            for clock in described.digest
        ]
        return max(moment for moment in moments if moment <= at)


def routing(landscape: Landscape) -> Routing:
    """The routing of a landscape."""
    policies, teams = landscape.policies, landscape.teams
    alerting = policies.alerting
    routes = {
        name: Route(
            name,
            route.targets,
            frozenset(route.severities),
            route.at_most_every.total_seconds(),
            route.escalate_after.total_seconds() if route.escalate_after else None,
            route.escalate_to or "",
        )
        for name, route in policies.alert_routes.items()
    }
    owners: dict[str, str] = {}
    for name, team in teams.items():
        if team.alerts:
            owners[name] = team.alerts
        elif team.email:
            owners[name] = _TEAM + name
            routes[_TEAM + name] = Route(_TEAM + name, (MAIL + team.email,), frozenset({"warning", "critical"}), 300.0)
    segments = {
        system: alerts
        for partner in landscape.partners.values()
        if partner.tier and (segment := policies.segments.get(partner.tier)) and (alerts := segment.alerts)
        for system in partner.systems
    }
    resting = {name: calendar for name, team in teams.items() if (calendar := team.resting()) is not None}
    return Routing(
        routes, owners, segments, teams, alerting.default_route or "", alerting.again_after.total_seconds(),
        alerting.settle.total_seconds(), alerting.tell_when_over, resting,
    )  # fmt: skip
