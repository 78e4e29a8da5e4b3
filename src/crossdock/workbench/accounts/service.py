"""What can be done with people and roles: one function per action, for pages, the API and the command line alike; each is recorded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone

from crossdock.security import access
from crossdock.security.access import Person
from crossdock.security.keys import digest_of, new_link_token
from crossdock.security.roles import Permission, Role
from crossdock.security.scope import EVERYTHING, Scope
from crossdock.workbench.accounts import models
from crossdock.workbench.accounts.persons import scope_of
from crossdock.workbench.accounts.refusals import AccountInvalid, LastAdministrator, LinkSpent, NameTaken, NotAllowed
from crossdock.workbench.place import place
from crossdock.workbench.recording import record

LINK_LIVES: Final = timedelta(hours=24)
"""How long an invitation can be used."""


def must(by: Person, permission: Permission) -> None:
    """Raises `NotAllowed` unless `by` has the permission."""
    if not access.allowed(by, permission):
        raise NotAllowed


def told(grant: models.Grant) -> dict[str, Any]:
    """A grant as the audit trail and the API show it."""
    scope = {
        name: sorted(getattr(grant, name)) for name in ("flows", "systems", "regions", "data_classes") if getattr(grant, name)
    }
    return {"role": grant.role, **scope}


def roles_of(user: models.User) -> list[dict[str, Any]]:
    """All grants of an account as `told`."""
    return [told(grant) for grant in user.grants.order_by("pk")]


def check_scope(scope: Scope) -> None:
    """Raises `AccountInvalid` when a scope names what the landscape does not know: it would silently grant nothing."""
    landscape = place().landscape
    known = {
        "flows": set(landscape.flows),
        "systems": set(landscape.systems),
        "regions": set(landscape.hub.regions),
        "data_classes": set(landscape.policies.data_classes),
    }
    wrong = {name: sorted(getattr(scope, name) - there) for name, there in known.items() if getattr(scope, name) - there}
    if wrong:
        said = "; ".join(f"{name}: {', '.join(values)}" for name, values in wrong.items())
        raise AccountInvalid(f"the landscape does not know {said}", fields=wrong)


def check_names(username: str, email: str) -> None:
    wrong = {}
    if not username or len(username) > 150 or not username.isprintable() or any(c.isspace() for c in username) or "#" in username:
        wrong["username"] = "up to 150 characters, without blanks and `#`"
    if email:
        try:
            validate_email(email)
        except ValidationError:
            wrong["email"] = "this is no e-mail address"
    if wrong:
        raise AccountInvalid("; ".join(f"{name}: {why}" for name, why in wrong.items()), fields=wrong)


def add(
    by: Person,
    username: str,
    *,
    full_name: str = "",
    email: str = "",
    role: Role | None = None,
    scope: Scope = EVERYTHING,
    service: bool = False,
    teams: Iterable[str] = (),
) -> models.User:
    """A new account, with its first role. Raises `NameTaken` or `AccountInvalid`."""
    roles = [] if role is None else [(role, scope)]
    return add_with_roles(by, username, full_name=full_name, email=email, roles=roles, service=service, teams=teams)


@transaction.atomic
def add_with_roles(
    by: Person,
    username: str,
    *,
    full_name: str,
    email: str,
    roles: Iterable[tuple[Role, Scope]],
    service: bool,
    teams: Iterable[str],
) -> models.User:
    """A new account with its roles and teams. Raises `NameTaken` or `AccountInvalid`."""
    must(by, Permission.ACCOUNTS_MANAGE)
    check_names(username, email)
    chosen = check_teams(teams)
    try:
        with transaction.atomic():
            user = models.User.objects.new(username, full_name=full_name[:150], email=email, service=service)
    except IntegrityError:
        raise NameTaken(f"an account {username!r} exists") from None
    user.teams = chosen
    user.save(update_fields=["teams"])
    for role, scope in roles:
        check_scope(scope)
        grant_role(by, user, role, scope)
    after = {
        "username": username,
        "full_name": full_name,
        "email": email,
        "service": service,
        "teams": chosen,
        "roles": roles_of(user),
    }
    record("workbench:account:added", by.name, before=None, after=after, account=username)
    return user


def check_teams(teams: Iterable[str]) -> list[str]:
    """Teams, sorted. Raises `AccountInvalid` for one the landscape does not know."""
    chosen = sorted(set(teams))
    unknown = [name for name in chosen if name not in place().landscape.hub.teams]
    if unknown:
        raise AccountInvalid(f"the landscape does not know the team {', '.join(unknown)}", fields={"teams": unknown})
    return chosen


def grant_role(by: Person, user: models.User, role: Role, scope: Scope, origin: str = "") -> models.Grant:
    return models.Grant.objects.create(
        user=user, role=role.value, flows=sorted(scope.flows), systems=sorted(scope.systems), regions=sorted(scope.regions),
        data_classes=sorted(scope.data_classes), origin=origin, given_by=by.name[:150],
    )  # fmt: skip


@transaction.atomic
def give_role(by: Person, user: models.User, role: Role, scope: Scope = EVERYTHING) -> models.Grant:
    """Give somebody a role; what they have already is not given twice. Raises `AccountInvalid`."""
    must(by, Permission.ACCOUNTS_MANAGE)
    check_scope(scope)
    for grant in user.grants.filter(role=role.value, origin=""):
        if scope_of(grant) == scope:
            return grant
    before = roles_of(user)
    grant = grant_role(by, user, role, scope)
    record("workbench:role:given", by.name, before=before, after=roles_of(user), account=user.username)
    return grant


@transaction.atomic
def take_role(by: Person, grant: models.Grant) -> None:
    """Take a role from somebody. Raises `LastAdministrator`."""
    must(by, Permission.ACCOUNTS_MANAGE)
    user = grant.user
    before = roles_of(user)
    grant.delete()
    _somebody_left()
    record("workbench:role:taken", by.name, before=before, after=roles_of(user), account=user.username)


def _somebody_left() -> None:
    """Raises `LastAdministrator` when no active person is administrator of the whole hub; the transaction is rolled back by it."""
    rows = models.Grant.objects.select_for_update().filter(
        role=Role.ADMINISTRATOR.value, user__is_active=True, user__is_service=False
    )
    if not any(scope_of(row).everything for row in rows):
        raise LastAdministrator


@transaction.atomic
def set_active(by: Person, user: models.User, active: bool) -> None:
    """Let somebody in, or no longer: their sessions end at once, the keys of a service open nothing. Raises `LastAdministrator`."""
    must(by, Permission.ACCOUNTS_MANAGE)
    before = user.is_active
    if before == active:
        return
    user.is_active = active
    user.save(update_fields=["is_active"])
    if not active:
        _somebody_left()
        end_sessions(by, user, told_apart=False)
    tag = "workbench:account:enabled" if active else "workbench:account:disabled"
    record(tag, by.name, before={"active": before}, after={"active": active}, account=user.username)


@transaction.atomic
def set_teams(by: Person, user: models.User, teams: Iterable[str]) -> None:
    """Put somebody into teams of the landscape. Raises `AccountInvalid`."""
    must(by, Permission.ACCOUNTS_MANAGE)
    chosen = check_teams(teams)
    before = user.teams
    if before != chosen:
        user.teams = chosen
        user.save(update_fields=["teams"])
        record("workbench:account:teams", by.name, before=before, after=chosen, account=user.username)


def end_sessions(by: Person, user: models.User, *, only: int | None = None, told_apart: bool = True) -> int:
    """End somebody's sessions (all, or one by number); the next request of each is a stranger's."""
    if by.number != user.pk:
        must(by, Permission.ACCOUNTS_MANAGE)
    sessions = UserSession.objects.filter(user_id=user.pk)
    if only is not None:
        sessions = sessions.filter(pk=only)
    ended = [_session(each) for each in sessions]
    with transaction.atomic():
        for each in sessions:
            each.end()
        if ended and told_apart:
            record("workbench:session:ended", by.name, before=ended, after=None, account=user.username)
    return len(ended)


def _session(row: Any) -> dict[str, Any]:
    return {"address": row.ip, "browser": row.user_agent[:200], "began": row.created_at.isoformat()}


@transaction.atomic
def invite(by: Person, user: models.User) -> tuple[str, datetime]:
    """(path, expiry) of a one-time link with which somebody sets a password; earlier links of theirs no longer work."""
    must(by, Permission.ACCOUNTS_MANAGE)
    if user.is_service:
        raise AccountInvalid("a service has keys, not a password", fields={"username": "this is a service"})
    now = timezone.now()
    user.invitations.filter(used_at=None).update(expires_at=now)
    token, digest = new_link_token()
    until = now + LINK_LIVES
    models.Invitation.objects.create(kind="password", digest=digest, user=user, made_by=by.name[:150], expires_at=until)
    record("workbench:account:invited", by.name, account=user.username, until=until)
    return f"/account/welcome/{token}/", until


def invited(token: str) -> models.Invitation:
    """The invitation behind a link. Raises `LinkSpent`."""
    found = models.Invitation.objects.select_related("user").filter(digest=digest_of(token), kind="password").first()
    if found is None or found.used_at is not None or found.expires_at <= timezone.now() or not found.user.is_active:
        raise LinkSpent
    return found


@transaction.atomic
def accept(token: str, password: str, address: str) -> models.User:
    """Use an invitation: the account gets its password, sessions of before end. Raises `LinkSpent`; `ValidationError` for the password."""
    from django.contrib.auth.password_validation import validate_password

    invitation = invited(token)
    user: models.User = invitation.user
    validate_password(password, user)
    spent = models.Invitation.objects.filter(pk=invitation.pk, used_at=None).update(used_at=timezone.now())
    if not spent:
        raise LinkSpent
    user.set_password(password)
    user.save(update_fields=["password"])
    end_sessions(Person(user.username, number=user.pk), user, told_apart=False)
    record("workbench:account:password_set", user.username, account=user.username, address=address, by_link_of=invitation.made_by)
    return user


@transaction.atomic
def forget_factors(by: Person, user: models.User) -> None:
    """Remove somebody's second factors, because the device is lost; their sessions end."""
    must(by, Permission.ACCOUNTS_MANAGE)
    rows = Authenticator.objects.filter(user_id=user.pk)
    before = sorted(str(row.type) for row in rows)
    if before:
        rows.delete()
        end_sessions(by, user, told_apart=False)
        record("workbench:factor:forgotten", by.name, before=before, after=[], account=user.username)
