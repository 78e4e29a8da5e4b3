"""Writes to the audit chain what concerns people rather than messages; the one way pages and the API do it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from crossdock.ledger.joined import joined
from crossdock.ledger.people import record as ask_for_record
from crossdock.workbench.place import place


def record(tag: str, author: str, *, before: Any = None, after: Any = None, **facts: Any) -> None:
    """Have the hub write `tag` (`workbench:subject:action`) with what was before and after; never a secret among them.

    It commits together with what the page changes in the same transaction, or not at all.
    """
    number, at = place().number(), place().now()
    detail = {name: value for name, value in facts.items() if value not in ("", None)}
    if before is not None or after is not None:
        detail |= {"before": before, "after": after}
    with joined() as session:
        ask_for_record(session, number, tag, author, detail, at)


def denied(request: HttpRequest, permission: str, about: str = "") -> None:
    """Record that somebody asked for what they may not see or do."""
    record(
        "workbench:access:denied",
        request.person.name or "nobody",
        permission=permission,
        about=about,
        method=request.method,
        path=request.path[:300],
        address=request.META.get("REMOTE_ADDR", ""),
    )
