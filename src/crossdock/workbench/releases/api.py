"""Releases over the API."""

from __future__ import annotations

from typing import Any

from ninja import Router

from crossdock.security.roles import Permission
from crossdock.workbench.api_frame import permitted
from crossdock.workbench.releases import service
from crossdock.workbench.releases.shapes import ReleasesOut

router = Router()


@router.get("/", response=ReleasesOut, summary="What was promoted, and what runs")
@permitted(Permission.SETTINGS_SEE)
def releases(request: Any) -> ReleasesOut:
    """The newest hundred promotions."""
    return service.standing()
