"""The page of capacity and its paper; that the paper was taken is recorded."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext

from crossdock.monitoring.capacity_words import multiples, phrase, rests, verdict
from crossdock.security.roles import Permission
from crossdock.workbench.capacity import service
from crossdock.workbench.capacity.asking import CapacityForm
from crossdock.workbench.page import Request, page, render
from crossdock.workbench.recording import record

SCARCE = 1.0
"""Below so many times the busiest hour something has given out already; below twice it is near."""


@page(Permission.SETTINGS_SEE)
def review(request: Request) -> HttpResponse:
    """Will it be enough, what gives out first, and what would help?"""
    form = CapacityForm(request.GET)
    if not form.is_valid():
        return render(request, "capacity/review.html", {"form": form}, 400)
    found = service.look(form.asked)
    told = service.out(found)
    context: dict[str, Any] = {
        "form": form,
        "found": told,
        "query": request.GET.urlencode(),
        "verdict": verdict(found.review, found.asked.factor, gettext),
        "rests": rests(found.review, gettext),
        "resources": [
            {
                "one": each, "kind": phrase(each.kind, gettext), "name": phrase(each.name, gettext), "limit": phrase(each.limit, gettext),
                "look": _look(each.headroom),
            }
            for each in told.resources
        ],
        "steps": [
            {"what": phrase(each.what, gettext), "carries": each.carries, "then": phrase(each.next_bottleneck, gettext)}
            for each in told.steps
        ],
        "multiples": multiples(found.hub, found.demand, gettext),
    }  # fmt: skip
    return render(request, "capacity/review.html", context)


@page(Permission.SETTINGS_SEE)
def review_pdf(request: Request) -> HttpResponse:
    """The review as a paper, in the reader's language."""
    form = CapacityForm(request.GET)
    if not form.is_valid():
        return render(request, "capacity/review.html", {"form": form}, 400)
    return given(request, service.written(service.look(form.asked), gettext))


def given(request: Any, paper: bytes) -> HttpResponse:
    """A paper to keep; that it was taken is recorded."""
    record("workbench:capacity:downloaded", request.person.name, file="capacity.pdf")
    return HttpResponse(
        paper, content_type="application/pdf", headers={"Content-Disposition": 'attachment; filename="capacity.pdf"'}
    )


def _look(headroom: float | None) -> str:
    if headroom is None or headroom >= 2 * SCARCE:
        return "good"
    return "warn" if headroom >= SCARCE else "bad"
