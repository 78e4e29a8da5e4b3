"""The ways in that are no sign-in: the first administrator, an invitation, the demo's link."""

from __future__ import annotations

from typing import Any

from allauth.account.utils import perform_login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect

from crossdock.core.errors import CrossdockError
from crossdock.workbench.accounts import first as first_run
from crossdock.workbench.accounts import service
from crossdock.workbench.accounts.adapters import address_of
from crossdock.workbench.accounts.forms import First, Welcome
from crossdock.workbench.accounts.models import User
from crossdock.workbench.accounts.refusals import AccountInvalid, LinkSpent, NameTaken
from crossdock.workbench.page import public, render


def _spent(request: HttpRequest) -> HttpResponseBase:
    return render(request, "accounts/spent.html", status=410)


def _in(request: Any, user: User) -> HttpResponseBase:
    """Sign in, by way of the second factor where there is one."""
    if request.user.is_authenticated:
        request.session.flush()
    user.backend = "allauth.account.auth_backends.AuthenticationBackend"
    answer: HttpResponseBase = perform_login(request, user, email_verification="none", redirect_url="/")
    return answer


def _told(form: Any, error: CrossdockError) -> None:
    """The fields an error names, on the form."""
    fields = error.detail.get("fields") or {}
    for name in fields:
        form.add_error(name if name in form.fields else None, str(fields[name]))
    if not fields:
        form.add_error("username", error.message)


@public
def first(request: HttpRequest, token: str) -> HttpResponseBase:
    """Make the first administrator."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"])
    if not first_run.open_for(token):
        return _spent(request)
    form = First(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            user = first_run.found(
                token, data["username"], data["full_name"], data["email"], data["password"], address_of(request)
            )
            return _in(request, user)
        except ValidationError as error:
            form.add_error("password", error)
        except (AccountInvalid, NameTaken) as error:
            _told(form, error)
        except LinkSpent:
            return _spent(request)
    return render(request, "accounts/first.html", {"form": form})


@public
def welcome(request: HttpRequest, token: str) -> HttpResponseBase:
    """Use an invitation: choose a password."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"])
    try:
        invitation = service.invited(token)
        form = Welcome(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                return _in(request, service.accept(token, form.cleaned_data["password"], address_of(request)))
            except ValidationError as error:
                form.add_error("password", error)
    except LinkSpent:
        return _spent(request)
    return render(request, "accounts/welcome.html", {"form": form, "account": invitation.user})


@public
def demo_supplier(request: HttpRequest, token: str) -> HttpResponseBase:
    """Sign in as the demo's supplier, to the portal."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET"])
    try:
        _in(request, first_run.demo_supplier(token))
    except LinkSpent:
        return _spent(request)
    return redirect("portal:orders")


@public
def demo(request: HttpRequest, token: str) -> HttpResponseBase:
    """Sign in by the link the demo printed."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET"])
    try:
        return _in(request, first_run.demo_account(token, address_of(request)))
    except LinkSpent:
        return _spent(request)
