"""Pages about the keys of services; a new key is shown once."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from crossdock.core.errors import CrossdockError
from crossdock.security.roles import Permission
from crossdock.workbench.accounts import keys, models
from crossdock.workbench.accounts.forms import KeyForm
from crossdock.workbench.accounts.views import account_of, shown
from crossdock.workbench.page import Request, page


def _key(number: int) -> models.ApiKey:
    found = models.ApiKey.objects.select_related("service").filter(pk=number).first()
    if found is None:
        raise Http404
    return found


@page(Permission.KEYS_MANAGE, "POST")
def new(request: Request, number: int) -> HttpResponseBase:
    """A new key of a service."""
    user = account_of(number)
    form = KeyForm(request.POST)
    if not form.is_valid():
        return shown(request, user, key_form=form)
    data = form.cleaned_data
    try:
        _made, text = keys.make(
            request.person, user, name=data["name"], scopes=data["scopes"], lives=form.lives(), rate=data["rate"]
        )
    except CrossdockError as error:
        form.add_error(None, error.message)
        return shown(request, user, key_form=form)
    return shown(request, account_of(number), key=text)


@page(Permission.KEYS_MANAGE, "POST")
def rotate(request: Request, number: int) -> HttpResponseBase:
    """A successor; the old key ends after the overlap."""
    key = _key(number)
    hours = request.POST.get("hours", "")
    overlap = timedelta(hours=min(int(hours), 24 * 90)) if hours.isdigit() else keys.OVERLAP
    try:
        _made, text = keys.rotate(request.person, key, overlap)
    except CrossdockError as error:
        messages.error(request, f"{error.message} {error.hint}")
        return redirect("accounts:person", key.service.pk)
    return shown(request, account_of(key.service.pk), key=text)


@page(Permission.KEYS_MANAGE, "POST")
def revoke(request: Request, number: int) -> HttpResponseBase:
    """The key opens nothing any more."""
    key = _key(number)
    keys.revoke(request.person, key)
    messages.success(request, _("The key is revoked; it opens nothing any more."))
    return redirect("accounts:person", key.service.pk)
