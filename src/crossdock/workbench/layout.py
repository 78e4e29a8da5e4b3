"""What every page's frame shows: navigation, who is signed in, languages and zones; knows no feature's content."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from crossdock.security import access
from crossdock.workbench.accounts.company import buttons
from crossdock.workbench.features import FEATURES, LANDING
from crossdock.workbench.place import place


def layout(request: HttpRequest) -> dict[str, Any]:
    """Context of every template."""
    person = getattr(request, "person", access.NOBODY)
    return {
        "person": person,
        "navigation": navigation(request, person) if person.name else [],
        "languages": settings.LANGUAGES,
        "landscape": place().landscape.hub,
        "environment": place().landscape.environment,
        "companies": buttons(),
        "zone": timezone.get_current_timezone_name(),
        "business_zone": business_zone(),
    }


def navigation(request: HttpRequest, person: access.Person) -> list[list[dict[str, Any]]]:
    """The entries this person may open: those of every day, then those of how the hub is governed; without empty rows."""
    shown = [entry for feature in FEATURES for entry in feature.entries if access.allowed(person, entry.permission)]
    urls = [reverse(entry.url) for entry in shown]
    here = max((url for url in urls if request.path.startswith(url)), key=len, default="")
    told = [
        (entry.daily, {"title": entry.title, "url": url, "here": url == here}) for entry, url in zip(shown, urls, strict=True)
    ]
    rows = [[each for daily, each in told if daily is wanted] for wanted in (True, False)]
    return [row for row in rows if row]


def landing(person: access.Person) -> str:
    """Where `/` leads this person."""
    entries = {entry.url: entry.permission for feature in FEATURES for entry in feature.entries}
    for name in LANDING:
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        if name not in entries or access.allowed(person, entries[name]):
            return url
    return reverse("accounts:me")


def business_zone() -> str:
    """The zone the business works in: that of the landscape's default calendar, else of its first one, else UTC."""
    landscape = place().landscape
    calendars = landscape.calendars
    default = landscape.hub.defaults.calendar
    if default is not None and default in calendars:
        return str(calendars[default].zone)
    return str(next(iter(calendars.values())).zone) if calendars else "UTC"
