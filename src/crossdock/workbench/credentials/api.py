"""Credentials over the API: the list, never a value."""

from __future__ import annotations

from typing import Any

from ninja import Router

from crossdock.security.roles import Permission
from crossdock.workbench.api_frame import permitted
from crossdock.workbench.credentials import service
from crossdock.workbench.credentials.shapes import CredentialOut

router = Router()


@router.get("/", response=list[CredentialOut], summary="Owner, age, next rotation and last use of every credential")
@permitted(Permission.SETTINGS_SEE)
def credentials(request: Any) -> list[CredentialOut]:
    """Every credential the landscape names."""
    return service.overview()
