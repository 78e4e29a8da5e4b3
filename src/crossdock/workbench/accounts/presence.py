"""Says on each request who asks (`request.person`) and ends sessions that are idle or too old; decides no permission."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from crossdock.workbench.accounts.persons import person_at
from crossdock.workbench.place import place

SEEN: Final = "crossdock_seen"
BEGAN: Final = "crossdock_began"
TOUCH: Final = 60.0
"""Seconds between two notes of a session's activity: a page that refreshes itself does not write each time."""


class Presence:
    """Middleware behind the session's and the authentication's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        _end_old_session(request)
        request.person = SimpleLazyObject(lambda: person_at(request))
        zone = _zone(request)
        if zone is None:
            timezone.deactivate()
        else:
            timezone.activate(zone)
        return self._next(request)


def _end_old_session(request: HttpRequest) -> None:
    session = request.session
    if not session.session_key or "_auth_user_id" not in session:
        return
    now, rule = time.time(), place().landscape.environment.workbench
    began, seen = session.get(BEGAN), session.get(SEEN)
    if began is None:
        session[BEGAN] = session[SEEN] = now
    elif now - began > rule.longest.total_seconds() or now - (seen or began) > rule.idle.total_seconds():
        logout(request)
        request.session_ended = True
    elif now - (seen or began) > TOUCH and "text/event-stream" not in request.headers.get("accept", ""):
        session[SEEN] = now


def _zone(request: HttpRequest) -> ZoneInfo | None:
    chosen = request.COOKIES.get("crossdock_zone", "")
    if request.session.get("crossdock_zone"):
        chosen = str(request.session["crossdock_zone"])
    if not chosen or len(chosen) > 64:
        return None
    try:
        return ZoneInfo(chosen)
    except (ValueError, OSError, KeyError):
        return None
