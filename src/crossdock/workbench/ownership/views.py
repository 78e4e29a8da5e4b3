"""The page of the system-of-record matrix, and its parts as CSV."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.utils.translation import gettext_lazy as _

from crossdock.security.roles import Permission
from crossdock.workbench.ownership import service
from crossdock.workbench.page import Request, page, render

OTHERS = {"refuse": _("refused"), "strip": _("left out"), "accept_equal": _("refused unless it says what is known")}
OUTCOMES = {"refused": _("refused"), "left_out": _("left out"), "not_closed": _("not closed in time")}
PARTS = ("owners", "events", "refused")


@page(Permission.SETTINGS_SEE)
def matrix(request: Request) -> HttpResponse:
    """Who owns what, who may do what, and what was refused this week."""
    found = service.matrix()
    context = {
        "found": found,
        "entities": [(each, [(group, OTHERS[group.others]) for group in each.groups]) for each in found.entities],
        "refused": [(each, OUTCOMES[each.outcome]) for each in found.refused[:200]],
        "more": max(0, len(found.refused) - 200),
    }
    return render(request, "ownership/matrix.html", context)


@page(Permission.SETTINGS_SEE)
def part(request: Request, name: str) -> HttpResponse:
    """One part as CSV."""
    if name not in PARTS:
        raise Http404
    return HttpResponse(
        service.as_csv(service.matrix(), name), content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="ownership-{name}.csv"'},
    )  # fmt: skip
