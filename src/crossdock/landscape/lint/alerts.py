"""Checks that whoever owns something is told when it fails."""

from __future__ import annotations

from collections.abc import Iterator

from crossdock.landscape.files import HEAD
from crossdock.landscape.findings import Finding
from crossdock.landscape.lint.registry import check
from crossdock.landscape.lint.view import View

POLICIES = "policies.yaml"


@check("alert-loop")
def alert_loop(view: View) -> Iterator[Finding]:
    """Alert routes that escalate in a circle never reach anybody new."""
    routes = view.policies.alert_routes
    for start in routes:
        seen, here = [start], routes[start].escalate_to
        while here in routes and here not in seen:
            seen.append(here)
            here = routes[here].escalate_to
        if here == start:
            way = " -> ".join([*seen, start])
            yield view.at(
                POLICIES,
                POLICIES,
                ("alert_routes", start, "escalate_to"),
                f"{way} is a circle",
                "Let the last route escalate to nobody.",
            )


@check("nobody-told", "warning")
def nobody_told(view: View) -> Iterator[Finding]:
    """A team owns something but has no alert route and no mail address, so its alerts reach nobody."""
    if view.unjudgeable(HEAD) or view.unjudgeable(POLICIES):
        return
    if view.policies.alerting.default_route or not (view.policies.alert_routes or any(t.email for t in view.hub.teams.values())):
        return
    for name, team in view.hub.teams.items():
        if not team.alerts and not team.email:
            hint = "Add `alerts:` with a route or `email:`, or a `default_route` under `alerting` in policies.yaml."
            yield view.at(HEAD, HEAD, ("teams", name), f"alerts of team {name!r} reach nobody", hint)


@check("mail-without-relay", "warning")
def mail_without_relay(view: View) -> Iterator[Finding]:
    """Alerts go by mail, but an environment that sends them names no relay."""
    by_mail = any(team.email and not team.alerts for team in view.hub.teams.values()) or any(
        target.startswith("mailto:") for route in view.policies.alert_routes.values() for target in route.targets
    )
    if not by_mail or view.unjudgeable(POLICIES):
        return
    for name, environment in view.environments.items():
        if environment.alerts == "send" and not environment.mail and view.whole("environments", name):
            hint = "Add `mail:` with a reference to the relay's Apprise URL, or `alerts: log` where nobody is to be told."
            yield view.at("environments", name, ("mail",), f"alerts by mail cannot leave environment {name!r}", hint)


@check("never-disturbed", "warning")
def never_disturbed(view: View) -> Iterator[Finding]:
    """A team's quiet hours never end: what is not critical is never sent to it."""
    for name, team in view.hub.teams.items():
        quiet = team.resting()
        if quiet is not None and len(quiet.hours) == 7 and all(opens == closes for opens, closes in quiet.hours.values()):
            yield view.at(HEAD, HEAD, ("teams", name, "quiet"), f"team {name!r} is never disturbed", "Leave some hours out.")
