"""The page of releases."""

from __future__ import annotations

from django.http import HttpResponse

from crossdock.security.roles import Permission
from crossdock.workbench.page import Request, page, render
from crossdock.workbench.releases import service


@page(Permission.SETTINGS_SEE)
def history(request: Request) -> HttpResponse:
    """What was promoted, by whom, what it changed, and what runs."""
    return render(request, "releases/history.html", {"found": service.standing()})
