"""The system-of-record matrix over the API."""

from __future__ import annotations

from typing import Any

from ninja import Router

from crossdock.security.roles import Permission
from crossdock.workbench.api_frame import permitted
from crossdock.workbench.ownership import service
from crossdock.workbench.ownership.shapes import OwnershipOut

router = Router()


@router.get("/", response=OwnershipOut, summary="Who owns what, who may do what, and what was refused this week")
@permitted(Permission.SETTINGS_SEE)
def matrix(request: Any) -> OwnershipOut:
    """As it is in force today, with roles resolved to systems."""
    return service.matrix()
