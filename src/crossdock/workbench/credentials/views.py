"""Pages of credentials: the list, and the form that stores one."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Final

from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from crossdock.core.errors import CrossdockError
from crossdock.security.roles import Permission
from crossdock.security.scope import Subject
from crossdock.workbench.credentials import service
from crossdock.workbench.page import Request, may, page, render, require

FIX: Final = Permission.EXCEPTIONS_FIX


@page(Permission.SETTINGS_SEE)
def overview(request: Request) -> HttpResponseBase:
    """Owner, age, next rotation and last use of every credential."""
    context = {"found": service.overview(), "may_store": may(request, FIX, Subject())}
    return render(request, "credentials/overview.html", context)


@page(FIX, "GET", "POST")
def store(request: Request) -> HttpResponseBase:
    """Store a credential; what is typed goes into the vault or the folder of secrets and is never shown."""
    given = request.POST if request.method == "POST" else request.GET
    reference = given.get("reference", "")[:300]
    if not reference:
        return redirect("credentials:overview" if may(request, Permission.SETTINGS_SEE) else "exceptions:inbox")
    systems = service.systems_of(reference)
    if not systems or not service.storable(reference):
        raise Http404
    for system in systems:
        require(request, FIX, Subject.of("", system) if system else Subject(), about=f"credential {reference}")
    status = 200
    if request.method == "POST":
        value, reason = given.get("value", "").strip(), given.get("reason", "").strip()[:1000]
        try:
            if not value or not reason:
                raise ValueError(_("Give the credential and say why."))
            service.keeper().set(reference, value, request.person.name, datetime.now(UTC), reason)
        except (CrossdockError, ValueError) as error:
            messages.error(request, error.message if isinstance(error, CrossdockError) else str(error))
            status = 422
        else:
            messages.success(request, _("The credential is stored; it is used from the next call on."))
            return redirect("credentials:overview" if may(request, Permission.SETTINGS_SEE) else "exceptions:inbox")
    context = {"reference": reference, "systems": [each for each in systems if each], "token": secrets.token_hex(8)}
    return render(request, "credentials/store.html", context, status)
