"""Where django-allauth asks how this product does it: no sign-up, lock-out that is told, secrets encrypted."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from crossdock.workbench.accounts import lockout
from crossdock.workbench.sealing import seal, unseal


def address_of(request: HttpRequest) -> str:
    """The client's address as the front saw it."""
    return str(request.META.get("REMOTE_ADDR") or "unknown")


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by an administrator or by the company's identity provider, never by strangers."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        until = lockout.closed(_name(credentials), address_of(request))
        if until is not None:
            local = timezone.localtime(until)
            text = _("Too many failed attempts. Sign-in is closed until %(time)s; an administrator can open it earlier.")
            raise ValidationError(text % {"time": f"{local:%H:%M}"}, code="locked")

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        lockout.failed(_name(credentials), address_of(request))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Only who may sign in by password; a service never does."""
        user = super().authenticate(request, **credentials)
        if user is not None and (user.is_service or not _by_password(user)):
            return None
        return user


def _name(credentials: dict[str, Any]) -> str:
    return str(credentials.get("username") or credentials.get("email") or "")


def _by_password(user: Any) -> bool:
    """Whether this person may sign in by password here: administrators always, so that a broken provider locks nobody out."""
    from crossdock.security.access import allowed
    from crossdock.security.roles import Permission
    from crossdock.workbench.accounts.persons import person_of
    from crossdock.workbench.place import place

    return place().landscape.environment.workbench.password or allowed(person_of(user), Permission.ACCOUNTS_MANAGE)


class SecondFactorAdapter(DefaultMFAAdapter):
    """Seeds of second factors rest encrypted."""

    def encrypt(self, text: str) -> str:
        return seal(text, "second factor")

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text, "second factor")
