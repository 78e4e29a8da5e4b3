"""The page of drills."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from crossdock.security.roles import Permission
from crossdock.workbench.drills import service
from crossdock.workbench.page import Request, page, render

STANDINGS = {
    "good": (_("good"), "good"),
    "near": (_("due soon"), "warn"),
    "old": (_("too old"), "bad"),
    "failed": (_("failed"), "bad"),
    "missing": (_("never held"), "bad"),
}


@page(Permission.SETTINGS_SEE)
def checklist(request: Request) -> HttpResponse:
    """May this go live, and what did drills cost?"""
    found = service.checklist()
    required = [(each, *STANDINGS[each.standing]) for each in found.required]
    return render(request, "drills/checklist.html", {"found": found, "required": required})
