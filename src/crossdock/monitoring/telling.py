"""Decides who is told what now, what is told again, escalated, over, or waits for the end of quiet hours; pure, sends nothing.

What was told is kept with each alert, by route: `at` (when it was told last), `count` and `severity` (of then), `tries` and
`next` (after failures), `error`, `over` (when its end was told), `level` (1 when it came by escalation). So nothing is told twice by
another worker or after a restart, except when the hub died between sending and noting: told twice is better than never.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from crossdock.ledger.alerts import KeptAlert
from crossdock.ledger.times import micros, moment
from crossdock.monitoring.condition import DIGEST, RANK, Condition
from crossdock.monitoring.routing import Routing

SECOND: Final = 1_000_000
GROWTH: Final = 10
"""What is ten times as many as when it was told is told again at once."""
FIRST_RETRY, LAST_RETRY = 30, 900
"""Seconds until a failed telling is tried again: the first time, and at most."""
FALLBACK_TRIES: Final = 3
"""After so many failures the default route is told as well."""
DIGEST_LATE: Final = 6 * 3600
"""A digest that could not be sent within six hours is left out: the next one says it all."""


@dataclass(frozen=True, slots=True)
class Line:
    """One alert inside a notification. `event` is `new`, `more`, `escalated` or `over`."""

    event: str
    alert: KeptAlert


@dataclass(slots=True)
class Notification:
    """What goes to one route in one piece."""

    route: str
    severity: str
    lines: list[Line] = field(default_factory=list)
    team: str = ""
    """For a digest: whose."""
    ended: int = 0
    """For a digest: how many alerts ended since the one before."""


def observe(
    conditions: Iterable[Condition], alerts: Mapping[str, KeptAlert], now: int, settle: float, number: Any
) -> list[KeptAlert]:
    """Bring the alerts up to what is seen now; returns those that changed. `number` gives record numbers.

    A condition that is gone closes its alert; one that returns within `settle` seconds opens it again as if it had never gone.
    """
    seen = {each.identity: each for each in conditions}
    changed: list[KeptAlert] = []
    for identity, condition in seen.items():
        alert = alerts.get(identity)
        if alert is None:
            changed.append(_fresh(condition, now, number()))
        elif _update(alert, condition, now, settle):
            changed.append(alert)
    for identity, alert in alerts.items():
        if identity not in seen and alert.closed_at is None:
            alert.closed_at = now
            changed.append(alert)
    return changed


def _fresh(condition: Condition, now: int, number: int) -> KeptAlert:
    return KeptAlert(
        number, condition.identity, condition.kind, condition.severity, condition.owner, condition.title, condition.text,
        condition.flow, condition.system, condition.subject, condition.count, condition.since, now,
    )  # fmt: skip


def _update(alert: KeptAlert, condition: Condition, now: int, settle: float) -> bool:
    reopened = alert.closed_at is not None
    if reopened and now - (alert.closed_at or 0) >= settle * SECOND:
        alert.told, alert.since, alert.taken_by, alert.taken_at = {}, condition.since, "", None
    before = (alert.severity, alert.owner, alert.title, alert.count)
    alert.closed_at = None
    alert.severity, alert.owner, alert.title = condition.severity, condition.owner, condition.title
    alert.count, alert.text = condition.count, condition.text
    alert.flow, alert.system, alert.subject = condition.flow, condition.system, condition.subject
    changed = reopened or before != (alert.severity, alert.owner, alert.title, alert.count)
    if changed:
        alert.seen_at = now
    return changed


def plan(
    alerts: Iterable[KeptAlert], newest: Mapping[str, int], routing: Routing, now: datetime, handled: frozenset[str] = frozenset()
) -> list[Notification]:
    """The notifications due now, one a route at most. `newest`: when the last thing joined a condition; `handled`: people work on it."""
    at = micros(now)
    due: dict[str, list[Line]] = {}
    last: dict[str, int] = {}
    for alert in alerts:
        for route, told in alert.told.items():
            last[route] = max(last.get(route, 0), told.get("at") or 0, told.get("over") or 0)
        if alert.kind == DIGEST:
            continue
        if alert.severity != "critical" and routing.rests(alert.owner, now):
            continue
        for route, event in _events(alert, newest.get(alert.identity, 0), routing, at, alert.identity in handled):
            due.setdefault(route, []).append(Line(event, alert))
    found = []
    for route, lines in due.items():
        urgent = any(line.alert.severity == "critical" and line.event != "over" for line in lines)
        if urgent or at - last.get(route, 0) >= routing.routes[route].at_most_every * SECOND:
            found.append(Notification(route, _worst(lines), lines))
    return found


def _worst(lines: Sequence[Line]) -> str:
    return max((line.alert.severity for line in lines if line.event != "over"), key=lambda s: RANK[s], default="info")


def _events(alert: KeptAlert, newest: int, routing: Routing, at: int, handled: bool) -> Iterable[tuple[str, str]]:
    """(route, event) for an alert."""
    if alert.closed_at is not None:
        yield from _over(alert, routing, at)
        return
    taken = bool(alert.taken_by) or handled
    wanted = [name for name in routing.routes_for(alert.owner, alert.system) if name in routing.routes]
    for name in wanted:
        told = alert.told.get(name, {})
        if alert.severity in routing.routes[name].severities:
            event = _due(alert, told, newest, routing, at, taken)
            if event:
                yield name, event
        if told.get("tries", 0) >= FALLBACK_TRIES and routing.default and routing.default not in wanted:
            wanted.append(routing.default)
    for name, told in list(alert.told.items()):
        route = routing.routes.get(name)
        if route is None or name in wanted:
            following = route
        else:  # told by escalation before: goes on by its own rules
            following = route
            event = _due(alert, told, newest, routing, at, taken)
            if event:
                yield name, "escalated" if event == "new" else event
        if following is None or taken or not told.get("at") or following.escalate_after is None:
            continue
        target = following.escalate_to
        first = int(told.get("first") or told["at"])
        if target in routing.routes and target not in alert.told and at - first >= following.escalate_after * SECOND:
            yield target, "escalated"


def _due(alert: KeptAlert, told: Mapping[str, Any], newest: int, routing: Routing, at: int, taken: bool) -> str:
    if at < int(told.get("next") or 0):
        return ""
    if not told.get("at"):
        return "new"
    if taken:
        return ""
    if RANK[alert.severity] > RANK[str(told.get("severity") or "critical")]:
        return "more"
    if alert.count >= GROWTH * int(told.get("count") or 1):
        return "more"
    if newest > told["at"] and at - told["at"] >= routing.again_after * SECOND:
        return "more"
    return ""


def _over(alert: KeptAlert, routing: Routing, at: int) -> Iterable[tuple[str, str]]:
    if not routing.tell_when_over or at - (alert.closed_at or 0) < routing.settle * SECOND:
        return
    for name, told in alert.told.items():
        if name in routing.routes and told.get("at") and not told.get("over") and at >= int(told.get("next") or 0):
            yield name, "over"


def digests(
    alerts: Mapping[str, KeptAlert], routing: Routing, now: datetime, number: Any
) -> tuple[list[Notification], list[KeptAlert]]:
    """The digests due now, and the notes of when each team got its last that have to be written.

    A team gets one when something waits for it or ended since the last; a team seen for the first time waits for its next digest time.
    """
    at = micros(now)
    found: list[Notification] = []
    notes: list[KeptAlert] = []
    for team in routing.teams:
        moment_ = routing.digest_before(team, now)
        if moment_ is None:
            continue
        identity = f"{DIGEST}:{team}"
        note = alerts.get(identity)
        if note is None:
            notes.append(KeptAlert(number(), identity, DIGEST, "info", team, "", "", "", "", "", 0, at, at, closed_at=at))
            continue
        before, due = note.seen_at, micros(moment_)
        if before >= due:
            continue
        if at - due > DIGEST_LATE * SECOND:
            _note_digest(note, at)
            notes.append(note)
            continue
        if at < int(note.told.get("retry", {}).get("next") or 0):
            continue
        mine = [each for each in alerts.values() if each.owner == team and each.kind != DIGEST]
        open_ = [each for each in mine if each.closed_at is None]
        ended = sum(1 for each in mine if each.closed_at is not None and each.closed_at > before and each.since < each.closed_at)
        if not (open_ or ended):
            _note_digest(note, at)
            notes.append(note)
            continue
        open_.sort(key=lambda each: (-RANK[each.severity], each.since))
        found += [
            Notification(route, "info", [Line("waits", each) for each in open_], team, ended)
            for route in routing.routes_for(team, "")
            if route in routing.routes
        ]
    return found, notes


def _note_digest(note: KeptAlert, at: int) -> None:
    note.seen_at = note.closed_at = at
    note.told = {}


def settled(notification: Notification, error: str, at: int, alerts: Mapping[str, KeptAlert]) -> list[KeptAlert]:
    """Note that a notification was told, or why not; returns the alerts that changed."""
    if notification.team:
        note = alerts[f"{DIGEST}:{notification.team}"]
        if error:
            _failed(note.told.setdefault("retry", {}), error, at)
        else:
            _note_digest(note, at)
        return [note]
    for line in notification.lines:
        told = line.alert.told.setdefault(notification.route, {})
        if error:
            _failed(told, error, at)
            continue
        told.pop("error", None)
        told["tries"], told["next"] = 0, 0
        if line.event == "over":
            told["over"] = at
        else:
            told.setdefault("first", at)
            told["at"], told["count"], told["severity"] = at, line.alert.count, line.alert.severity
            told.setdefault("level", 1 if line.event == "escalated" else 0)
    return [line.alert for line in notification.lines]


def _failed(told: dict[str, Any], error: str, at: int) -> None:
    tries = int(told.get("tries", 0)) + 1
    wait = min(LAST_RETRY, FIRST_RETRY * 2 ** min(tries - 1, 10))
    told.update(tries=tries, next=at + wait * SECOND, error=error)


def untold(alerts: Iterable[KeptAlert], routing: Routing, now: datetime) -> list[KeptAlert]:
    """Open alerts that nobody has been told of although they are due: no route, or every route failed so far."""
    if not routing.configured:
        return []
    found = []
    for alert in alerts:
        if alert.closed_at is not None or alert.kind == DIGEST or any(told.get("at") for told in alert.told.values()):
            continue
        routes = [name for name in routing.routes_for(alert.owner, alert.system) if name in routing.routes]
        failed = any(told.get("tries") for told in alert.told.values())
        if not routes or failed:
            found.append(alert)
    return found


def when(at: int) -> str:
    """A time as notifications write it."""
    return f"{moment(at):%Y-%m-%d %H:%M} UTC"
