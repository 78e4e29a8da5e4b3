"""Partners and their way to live over the API."""

from __future__ import annotations

from typing import Any, Literal

from django.http import Http404
from ninja import Router

from crossdock.pipeline.onboarding import PartnerUnknown
from crossdock.security.roles import Permission
from crossdock.workbench.api_frame import permitted
from crossdock.workbench.onboarding import service
from crossdock.workbench.onboarding.shapes import ConfirmIn, MoveIn, OnboardingOut, PartnerOut, StepProofOut
from crossdock.workbench.place import place

router = Router()


def _known(name: str) -> None:
    if name not in place().landscape.partners:
        raise Http404


@router.get("/", response=list[PartnerOut], summary="All partners with their state")
@permitted(Permission.PARTNERS_MANAGE)
def partners(request: Any) -> list[PartnerOut]:
    """The state that counts is the lesser of the reviewed file's and what was said on this hub."""
    return service.partners()


@router.get("/{name}", response=OnboardingOut, summary="One partner's checklist")
@permitted(Permission.PARTNERS_MANAGE)
def partner(request: Any, name: str) -> OnboardingOut:
    """What has to be true before it is live, and what was done."""
    try:
        return service.standing(name)
    except PartnerUnknown:
        raise Http404 from None


@router.post("/{name}/tests/{step}", response=StepProofOut, summary="Run a test and keep what it came to")
@permitted(Permission.PARTNERS_MANAGE)
def prove(request: Any, name: str, step: Literal["transport", "certification"]) -> StepProofOut:
    """`transport` asks every system of the partner whether it answers; `certification` runs its certification set."""
    _known(name)
    return service.prove(name, step, request.person.name)


@router.post("/{name}/drill", response=OnboardingOut, summary="Confirm that a drill was held with the partner")
@permitted(Permission.PARTNERS_MANAGE)
def confirm(request: Any, name: str, body: ConfirmIn) -> OnboardingOut:
    """Where the policies ask for drills with this partner by name, only those count."""
    _known(name)
    service.keep(name, "drill", True, {"reason": body.reason}, request.person.name)
    return service.standing(name)


@router.post("/{name}/state", response=OnboardingOut, summary="Say what a partner is on this hub")
@permitted(Permission.PARTNERS_MANAGE)
def move(request: Any, name: str, body: MoveIn) -> OnboardingOut:
    """`live` needs the whole checklist, `suspended` a reason; running hubs take it up within seconds. 409 when it is not ready."""
    _known(name)
    service.move(name, body.to, request.person.name, body.reason)
    return service.standing(name)
