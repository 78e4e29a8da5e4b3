"""The advice over the API, also as the paper the page gives."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from ninja import Router

from crossdock.security.roles import Permission
from crossdock.workbench.advice import service
from crossdock.workbench.advice.shapes import AdviceOut, advice_out
from crossdock.workbench.advice.views import given
from crossdock.workbench.api_frame import permitted

router = Router()


@router.get("/", response=AdviceOut, summary="Which operating model fits this landscape")
@permitted(Permission.SETTINGS_SEE)
def advice(request: Any) -> AdviceOut:
    """Overall and for each flow, with the arithmetic and what would change it. Answers that cannot be read are 409."""
    return advice_out(service.advised(service.answered()))


@router.get("/advice.pdf", summary="The advice as a paper for a board")
@permitted(Permission.SETTINGS_SEE)
def paper(request: Any) -> HttpResponse:
    """A4: the answer, what contradicts itself, the flows, the arithmetic."""
    return given(request, service.advised(service.answered()))
