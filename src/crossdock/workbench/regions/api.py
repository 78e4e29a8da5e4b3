"""Regions over the API."""

from __future__ import annotations

from typing import Any

from ninja import Router

from crossdock.security.roles import Permission
from crossdock.workbench.api_frame import permitted
from crossdock.workbench.regions import service
from crossdock.workbench.regions.shapes import RegionsOut

router = Router()


@router.get("/", response=RegionsOut, summary="How the regions stand, and how far this hub's own reports are")
@permitted(Permission.SETTINGS_SEE)
def regions(request: Any) -> RegionsOut:
    """Metadata only: counts, states, ages, stable codes, pseudonyms of business keys, and totals of money where policies let a region tell them."""
    return service.overview()
