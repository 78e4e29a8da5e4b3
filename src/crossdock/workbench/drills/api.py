"""Drills over the API."""

from __future__ import annotations

from typing import Any

from ninja import Router

from crossdock.security.roles import Permission
from crossdock.workbench.api_frame import permitted
from crossdock.workbench.drills import service
from crossdock.workbench.drills.shapes import DrillsOut

router = Router()


@router.get("/", response=DrillsOut, summary="The go-live checklist and the drills that were held")
@permitted(Permission.SETTINGS_SEE)
def drills(request: Any) -> DrillsOut:
    """How it stands with every required drill, and the newest hundred with their figures."""
    return service.checklist()
