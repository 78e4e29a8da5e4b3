"""Listens to what Django and django-allauth say of sign-ins and factors, and writes it to the audit trail."""

from __future__ import annotations

import time
from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.contrib.auth import signals as auth

from crossdock.workbench.accounts import lockout
from crossdock.workbench.accounts.presence import BEGAN, SEEN
from crossdock.workbench.recording import record


def connect() -> None:
    """Begin to listen."""
    auth.user_logged_in.connect(_began)
    auth.user_logged_out.connect(_ended)
    account.password_changed.connect(_password)
    account.password_set.connect(_password)
    mfa.authenticator_added.connect(_factor_added)
    mfa.authenticator_removed.connect(_factor_removed)
    mfa.authenticator_reset.connect(_factor_reset)
    mfa.authentication_failed.connect(_factor_failed)
    account.user_logged_in.connect(_groups)


def _address(request: Any) -> str:
    return str(request.META.get("REMOTE_ADDR") or "unknown")


def _began(sender: Any, request: Any, user: Any, **_: Any) -> None:
    now = time.time()
    request.session[BEGAN] = request.session[SEEN] = now
    request.session.clear_expired()  # sessions that ended by themselves
    lockout.opened(user.username, _address(request))
    methods = [str(each.get("method", "")) for each in request.session.get("account_authentication_methods", ())]
    record(
        "workbench:session:began", user.username, account=user.username, address=_address(request), by=methods,
        browser=request.META.get("HTTP_USER_AGENT", "")[:200],
    )  # fmt: skip


def _ended(sender: Any, request: Any, user: Any, **_: Any) -> None:
    if user is not None:
        record("workbench:session:left", user.username, account=user.username, address=_address(request))


def _password(sender: Any, request: Any, user: Any, **_: Any) -> None:
    record("workbench:account:password_changed", user.username, account=user.username, address=_address(request))


def _factor(action: str, request: Any, user: Any, authenticator: Any) -> None:
    record(
        f"workbench:factor:{action}",
        user.username,
        account=user.username,
        kind=str(authenticator.type),
        address=_address(request),
    )


def _factor_added(sender: Any, request: Any, user: Any, authenticator: Any, **_: Any) -> None:
    _factor("added", request, user, authenticator)


def _factor_removed(sender: Any, request: Any, user: Any, authenticator: Any, **_: Any) -> None:
    _factor("removed", request, user, authenticator)


def _factor_reset(sender: Any, request: Any, user: Any, authenticator: Any, **_: Any) -> None:
    _factor("reset", request, user, authenticator)


def _factor_failed(sender: Any, request: Any, user: Any, **_: Any) -> None:
    lockout.failed(user.username, _address(request))


def _groups(sender: Any, request: Any, user: Any, **said: Any) -> None:
    """At each sign-in with the company's identity, roles follow the groups."""
    from crossdock.workbench.accounts.company import claims, grant_by_groups, identities

    sociallogin = said.get("sociallogin")
    if sociallogin is not None and sociallogin.account.provider in identities():
        grant_by_groups(user, sociallogin.account.provider, claims(sociallogin))
