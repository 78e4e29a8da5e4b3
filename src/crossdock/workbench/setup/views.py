"""The page about the set-up."""

from __future__ import annotations

from django.http import HttpResponse

from crossdock.security.roles import Permission
from crossdock.workbench.page import Request, page, render
from crossdock.workbench.setup import service
from crossdock.workbench.wording import PERMISSIONS, ROLES


@page(Permission.SETTINGS_SEE)
def overview(request: Request) -> HttpResponse:
    """How this hub is set up, and what its roles grant."""
    rows = [
        {"says": PERMISSIONS[permission], "name": permission, "roles": [ROLES[role] for role in roles]}
        for permission, roles in service.granted().items()
    ]
    return render(request, "setup/overview.html", {"setup": service.setup(), "permissions": rows})
