"""The set-up over the API."""

from __future__ import annotations

from typing import Any

from ninja import Router

from crossdock.security.roles import Permission
from crossdock.workbench.api_frame import permitted
from crossdock.workbench.setup import service
from crossdock.workbench.setup.shapes import SetupOut

router = Router()


@router.get("/", response=SetupOut, summary="How this hub is set up")
@permitted(Permission.SETTINGS_SEE)
def setup(request: Any) -> SetupOut:
    """What stands in its landscape and environment."""
    return service.setup()
