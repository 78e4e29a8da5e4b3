"""The first run: who holds the link the terminal printed becomes administrator, once, as long as there is nobody."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction
from django.utils import timezone

from crossdock.security.access import Person
from crossdock.security.keys import fits
from crossdock.security.roles import Role
from crossdock.security.scope import EVERYTHING, Scope
from crossdock.workbench.accounts import models, service
from crossdock.workbench.accounts.refusals import AccountInvalid, LinkSpent, NameTaken
from crossdock.workbench.place import option
from crossdock.workbench.recording import record

DEMO_SUPPLIER: Final = "bolt-and-nut"
DEMO_PORTAL: Final = "portal-bolt"
"""The system of the demo landscape by which that supplier is reached."""
ONCE: Final = "first"
"""The unique digest of the row that says that the first administrator was made: of two browsers one can write it."""


def open_for(token: str) -> bool:
    """Whether this link makes the first administrator now."""
    digest, until = option("first", ("", 0.0))
    return fits(token, digest) and timezone.now() < datetime.fromtimestamp(until, UTC) and nobody()


def nobody() -> bool:
    """Whether there is no account yet."""
    return not models.User.objects.filter(is_service=False).exists()


@transaction.atomic
def found(token: str, username: str, full_name: str, email: str, password: str, address: str) -> models.User:
    """Make the first administrator. Raises `LinkSpent`, `AccountInvalid`, `NameTaken`, or `ValidationError` for the password."""
    if not open_for(token):
        raise LinkSpent
    service.check_names(username, email)
    validate_password(password, models.User(username=username, email=email, full_name=full_name))
    return _make(username, full_name, email, password, address, (Role.ADMINISTRATOR,))


def _make(username: str, full_name: str, email: str, password: str | None, address: str, roles: tuple[Role, ...]) -> models.User:
    now = timezone.now()
    try:
        with transaction.atomic():
            models.Invitation.objects.create(kind=ONCE, digest=ONCE, made_by="terminal", expires_at=now, used_at=now)
    except IntegrityError:
        raise LinkSpent("somebody else was first") from None
    try:
        with transaction.atomic():
            user = models.User.objects.new(username, full_name=full_name, email=email)
    except IntegrityError:
        raise NameTaken from None
    if password is not None:
        user.set_password(password)
        user.save(update_fields=["password"])
    for role in roles:
        service.grant_role(Person("terminal"), user, role, EVERYTHING)
    after = {"username": username, "full_name": full_name, "email": email, "roles": service.roles_of(user)}
    record("workbench:account:first", "terminal", before=None, after=after, account=username, address=address)
    return user


def demo_account(token: str, address: str) -> models.User:
    """The account of the demo's sign-in link. Raises `LinkSpent` when it is none; only `crossdock demo` makes one."""
    digest = option("demo", "")
    if not fits(token, digest):
        raise LinkSpent
    user = models.User.objects.filter(username="demo").first()
    if user is not None:
        return user
    return _make("demo", "Demo", "", None, address, (Role.ADMINISTRATOR, Role.OPERATOR, Role.PARTNER_MANAGER, Role.AUDITOR))


def demo_supplier(token: str) -> models.User:
    """The account of the demo's supplier without EDI, who sees the portal and nothing else. Raises `LinkSpent` as `demo_account` does."""
    if not fits(token, option("demo", "")):
        raise LinkSpent
    user = models.User.objects.filter(username=DEMO_SUPPLIER).first()
    if user is None:
        try:
            with transaction.atomic():
                user = models.User.objects.new(DEMO_SUPPLIER, full_name="Bolt & Nut", email="")
                service.grant_role(Person("terminal"), user, Role.SUPPLIER, Scope(systems=frozenset({DEMO_PORTAL})))
        except IntegrityError:
            return models.User.objects.get(username=DEMO_SUPPLIER)
    return user


__all__ = ["AccountInvalid", "demo_account", "demo_supplier", "found", "nobody", "open_for"]
