"""Words of notifications: short enough for a pager, complete enough to act on; plain text, links but no payloads."""

from __future__ import annotations

from typing import Final

from crossdock.ledger.ids import written
from crossdock.monitoring.telling import Line, Notification, when

MOST: Final = 20
"""Alerts a notification names; of the others it gives the number."""
_SAYS: Final = {"new": "", "more": "more of it: ", "escalated": "nobody took it: ", "over": "over: ", "waits": ""}


def title(notification: Notification, hub: str) -> str:
    """One line: the hub, how bad it is, and what or how many."""
    lines = notification.lines
    if notification.team:
        return f"[{hub}] {len(lines)} wait for {notification.team}"
    fresh = [line for line in lines if line.event != "over"]
    if len(lines) == 1:
        return f"[{hub}] {notification.severity if fresh else 'over'}: {_line(lines[0])}"
    over = len(lines) - len(fresh)
    parts = [f"{len(fresh)} alerts" if fresh else "", f"{over} over" if over else ""]
    return f"[{hub}] {notification.severity}: {', '.join(filter(None, parts))}"


def body(notification: Notification, address: str) -> str:
    """What happened, since when, who owns it, what to do, where to look."""
    parts = []
    for line in notification.lines[:MOST]:
        alert = line.alert
        facts = [f"since {when(alert.since)}", f"owner {alert.owner or 'nobody'}"]
        if alert.taken_by:
            facts.append(f"taken by {alert.taken_by}")
        rows = [f"- {alert.severity}: {_line(line)}", f"  {', '.join(facts)}"]
        if line.event != "over" and alert.text:
            rows.append(f"  {alert.text}")
        if address and line.event != "over":
            rows.append(f"  {address.rstrip('/')}/board/alerts/{written(alert.id)}/")
        parts.append("\n".join(rows))
    if len(notification.lines) > MOST:
        parts.append(f"… and {len(notification.lines) - MOST} more.")
    if notification.ended:
        parts.append(f"{notification.ended} ended by themselves or were settled since the last summary.")
    return "\n".join(parts)


def _line(line: Line) -> str:
    return f"{_SAYS[line.event]}{line.alert.title}"
