"""The pages of regions."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.utils.translation import gettext_lazy as _

from crossdock.security.roles import Permission
from crossdock.workbench.page import Request, page, render
from crossdock.workbench.regions import service

STANDINGS = {"heard": (_("heard"), "good"), "silent": (_("cut off"), "bad"), "never": (_("never heard"), "warn")}
DRIFT = {
    "bundle": _("runs another bundle than the others"),
    "release": _("runs another release than the others"),
    "promotion": _("what was promoted last does not run"),
}


@page(Permission.SETTINGS_SEE)
def overview(request: Request) -> HttpResponse:
    """How do the regions stand?"""
    found = service.overview()
    rows = [(each, *STANDINGS[each.standing], [DRIFT[one] for one in each.drift]) for each in found.regions]
    return render(request, "regions/overview.html", {"found": found, "rows": rows})


@page(Permission.SETTINGS_SEE)
def one(request: Request, name: str) -> HttpResponse:
    """What is stuck in a region, and what does it cost?"""
    found = next((each for each in service.overview().regions if each.region == name), None)
    if found is None:
        raise Http404
    words, colour = STANDINGS[found.standing]
    drift = [DRIFT[each] for each in found.drift]
    return render(request, "regions/region.html", {"each": found, "words": words, "colour": colour, "drift": drift})
