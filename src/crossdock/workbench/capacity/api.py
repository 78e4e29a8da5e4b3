"""The capacity review over the API, also as the paper the page gives."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from ninja import Router

from crossdock.security.roles import Permission
from crossdock.workbench.api_frame import permitted
from crossdock.workbench.capacity import service
from crossdock.workbench.capacity.shapes import Ahead, CapacityOut, Factor, Workers
from crossdock.workbench.capacity.views import given

router = Router()


@router.get("/", response=CapacityOut, summary="How much more fits, until the next peak and beyond")
@permitted(Permission.SETTINGS_SEE)
def review(request: Any, ahead: Ahead = 30, factor: Factor = 1.0, workers: Workers = 1) -> CapacityOut:
    """Headroom per system, flow and partner, the forecast with its uncertainty, what gives out first, and what would help."""
    return service.out(service.look(service.Asked(ahead, factor, workers)))


@router.get("/review.pdf", summary="The capacity review as PDF")
@permitted(Permission.SETTINGS_SEE)
def review_pdf(request: Any, ahead: Ahead = 30, factor: Factor = 1.0, workers: Workers = 1) -> HttpResponse:
    """The monthly review to file."""
    return given(request, service.written(service.look(service.Asked(ahead, factor, workers))))
