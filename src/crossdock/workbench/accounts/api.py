"""Accounts, roles, sessions and keys over the API: everything their pages do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from allauth.usersessions.models import UserSession
from django.http import Http404
from ninja import Query, Router, Schema
from pydantic import Field

from crossdock.security.roles import GRANTS, Permission, Role
from crossdock.security.scope import Scope
from crossdock.workbench import keyset, once
from crossdock.workbench.accounts import keys as key_service
from crossdock.workbench.accounts import lockout, models, service
from crossdock.workbench.api_frame import permitted
from crossdock.workbench.recording import record

router = Router()
Name = Annotated[str, Field(min_length=1, max_length=150)]
Names = Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=200)]


class RoleIn(Schema):
    """A role within limits; an empty list is no limit."""

    role: Role
    flows: Names = Field(default_factory=list)
    systems: Names = Field(default_factory=list)
    regions: Names = Field(default_factory=list)
    data_classes: Names = Field(default_factory=list)

    def scope(self) -> Scope:
        """The limits."""
        return Scope(frozenset(self.flows), frozenset(self.systems), frozenset(self.regions), frozenset(self.data_classes))


class RoleOut(RoleIn):
    """A role somebody has."""

    id: int
    origin: str
    given_by: str
    given_at: datetime


class AccountIn(Schema):
    """A new account."""

    name: Name
    full_name: Annotated[str, Field(max_length=150)] = ""
    email: Annotated[str, Field(max_length=254)] = ""
    kind: Literal["person", "service"] = "person"
    roles: Annotated[list[RoleIn], Field(max_length=50)] = Field(default_factory=list)
    teams: Names = Field(default_factory=list)


class AccountOut(Schema):
    """An account."""

    name: str
    full_name: str
    email: str
    kind: Literal["person", "service"]
    active: bool
    teams: list[str]
    roles: list[RoleOut]
    last_sign_in: datetime | None


class Me(Schema):
    """Who asks."""

    name: str
    roles: list[str]
    permissions: list[str]


class LinkOut(Schema):
    """A one-time link; shown once."""

    path: str
    expires_at: datetime


class Active(Schema):
    """Whether an account is switched on."""

    active: bool


class Teams(Schema):
    """Teams of a person."""

    teams: Names


class SessionOut(Schema):
    """A session of somebody signed in."""

    id: int
    address: str | None
    browser: str
    began: datetime
    this: bool


class KeyIn(Schema):
    """A new key."""

    name: Annotated[str, Field(max_length=100)] = ""
    scopes: Annotated[list[Permission], Field(max_length=50)] = Field(default_factory=list)
    days: Annotated[int, Field(ge=1, le=3650)] = 365
    rate: Annotated[int, Field(ge=1, le=100_000)] = 600


class KeyOut(Schema):
    """A key as it is listed; never the key itself."""

    prefix: str
    name: str
    service: str
    scopes: list[str]
    rate: int
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewKeyOut(KeyOut):
    """A new key; `key` is shown once."""

    key: str


class Overlap(Schema):
    """How long the old key goes on."""

    hours: Annotated[float, Field(ge=0, le=2160)] = 24


def _account(name: str) -> models.User:
    found = None if "\x00" in name else models.User.objects.filter(username__iexact=name).prefetch_related("grants").first()
    if found is None:
        raise Http404
    return found


def _role(grant: models.Grant) -> dict[str, Any]:
    return {
        "id": grant.pk, "role": grant.role, "flows": grant.flows, "systems": grant.systems, "regions": grant.regions,
        "data_classes": grant.data_classes, "origin": grant.origin, "given_by": grant.given_by, "given_at": grant.given_at,
    }  # fmt: skip


def _told(user: models.User) -> dict[str, Any]:
    return {
        "name": user.username, "full_name": user.full_name, "email": user.email, "kind": "service" if user.is_service else "person",
        "active": user.is_active, "teams": user.teams, "roles": [_role(grant) for grant in user.grants.order_by("pk")],
        "last_sign_in": user.last_login,
    }  # fmt: skip


def _key_told(key: models.ApiKey) -> dict[str, Any]:
    told = key_service.told(key)
    return {
        **told,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }


@router.get("/me", response=Me, summary="Who asks, and what they may do")
@permitted(Permission.OWN_ACCOUNT)
def me(request: Any) -> dict[str, Any]:
    """The person or service behind the request."""
    person = request.person
    granted = {each for grant in person.grants for each in GRANTS[grant.role]}
    may = sorted(each.value for each in granted if person.only is None or each in person.only)
    return {"name": person.name, "roles": sorted({grant.role.value for grant in person.grants}), "permissions": may}


@router.get("/me/sessions", response=list[SessionOut], summary="One's own sessions")
@permitted(Permission.OWN_ACCOUNT)
def my_sessions(request: Any) -> list[dict[str, Any]]:
    """Where one is signed in."""
    rows = UserSession.objects.filter(user_id=request.person.number).order_by("-created_at")
    here = request.session.session_key
    return [
        {"id": row.pk, "address": row.ip, "browser": row.user_agent, "began": row.created_at, "this": row.session_key == here}
        for row in rows
    ]


@router.delete("/me/sessions/{int:number}", response={204: None}, summary="End one of one's own sessions")
@permitted(Permission.OWN_ACCOUNT)
def end_my_session(request: Any, number: Annotated[int, Field(ge=0, lt=2**63)]) -> tuple[int, None]:
    """The session ends at once."""
    own = models.User.objects.get(pk=request.person.number)
    if number >= 2**63 or not service.end_sessions(request.person, own, only=number):
        raise Http404
    return 204, None


def _listed(rows: Any, order: str, kind: type, after: str, limit: int, told: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """A page of rows in the order of a unique column (`-`: the greatest first)."""
    column, beyond = order.lstrip("-"), "lt" if order.startswith("-") else "gt"
    place, rows = keyset.read(after, kind), rows.order_by(order)
    if place is not None:
        rows = rows.filter(**{f"{column}__{beyond}": place[0]})
    kept, following = keyset.paged(list(rows[: limit + 1]), limit, lambda row: (getattr(row, column),))
    return {"items": [told(row) for row in kept], "next": following}


@router.get("/people", response=keyset.Page[AccountOut], summary="People and services")
@permitted(Permission.ACCOUNTS_MANAGE)
def people(
    request: Any, after: Annotated[str, Query(max_length=500)] = "", limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> dict[str, Any]:
    """Accounts by name."""
    return _listed(models.User.objects.prefetch_related("grants"), "username", str, after, limit, _told)


@router.post("/people", response={201: AccountOut}, summary="Add a person or a service")
@permitted(Permission.ACCOUNTS_MANAGE)
def add(request: Any, body: AccountIn) -> tuple[int, dict[str, Any]]:
    """A new account with its roles."""
    user = service.add_with_roles(
        request.person, body.name, full_name=body.full_name, email=body.email, service=body.kind == "service", teams=body.teams,
        roles=[(each.role, each.scope()) for each in body.roles],
    )  # fmt: skip
    return 201, _told(user)


@router.get("/people/{name}", response=AccountOut, summary="One account")
@permitted(Permission.ACCOUNTS_MANAGE)
def person(request: Any, name: str) -> dict[str, Any]:
    """An account by its name."""
    return _told(_account(name))


@router.post("/people/{name}/roles", response={201: RoleOut}, summary="Give a role")
@permitted(Permission.ACCOUNTS_MANAGE)
def give_role(request: Any, name: str, body: RoleIn) -> tuple[int, dict[str, Any]]:
    """A role within limits; what somebody has already is not given twice."""
    return 201, _role(service.give_role(request.person, _account(name), body.role, body.scope()))


@router.delete("/people/{name}/roles/{int:number}", response={204: None}, summary="Take a role")
@permitted(Permission.ACCOUNTS_MANAGE)
def take_role(request: Any, name: str, number: int) -> tuple[int, None]:
    """The role no longer holds, from the next request on."""
    row = None if number >= 2**63 else _account(name).grants.select_related("user").filter(pk=number).first()
    if row is None:
        raise Http404
    service.take_role(request.person, row)
    return 204, None


@router.put("/people/{name}/teams", response=AccountOut, summary="Put somebody into teams")
@permitted(Permission.ACCOUNTS_MANAGE)
def set_teams(request: Any, name: str, body: Teams) -> dict[str, Any]:
    """Teams of the landscape."""
    user = _account(name)
    service.set_teams(request.person, user, body.teams)
    return _told(user)


@router.put("/people/{name}/active", response=AccountOut, summary="Switch an account on or off")
@permitted(Permission.ACCOUNTS_MANAGE)
def set_active(request: Any, name: str, body: Active) -> dict[str, Any]:
    """Off: sessions end and keys open nothing, at once."""
    user = _account(name)
    service.set_active(request.person, user, body.active)
    return _told(user)


@router.post("/people/{name}/link", response={201: LinkOut}, summary="A one-time link to set a password")
@permitted(Permission.ACCOUNTS_MANAGE)
def invite(request: Any, name: str) -> tuple[int, dict[str, Any]]:
    """Earlier links of the same account no longer work."""
    once.secret(request)
    path, until = service.invite(request.person, _account(name))
    return 201, {"path": path, "expires_at": until}


@router.post("/people/{name}/unlock", response={204: None}, summary="Open a locked sign-in")
@permitted(Permission.ACCOUNTS_MANAGE)
def unlock(request: Any, name: str) -> tuple[int, None]:
    """Failed attempts no longer count."""
    user = _account(name)
    lockout.forget(user.username)
    record("workbench:account:unlocked", request.person.name, account=user.username)
    return 204, None


@router.delete("/people/{name}/sessions", response={204: None}, summary="End somebody's sessions")
@permitted(Permission.ACCOUNTS_MANAGE)
def end_sessions(request: Any, name: str) -> tuple[int, None]:
    """All of them, at once."""
    service.end_sessions(request.person, _account(name))
    return 204, None


@router.delete("/people/{name}/factors", response={204: None}, summary="Remove somebody's second factors")
@permitted(Permission.ACCOUNTS_MANAGE)
def forget_factors(request: Any, name: str) -> tuple[int, None]:
    """For a device that was lost; sessions end too."""
    service.forget_factors(request.person, _account(name))
    return 204, None


@router.get("/keys", response=keyset.Page[KeyOut], summary="Keys of services")
@permitted(Permission.KEYS_MANAGE)
def keys(
    request: Any, after: Annotated[str, Query(max_length=500)] = "", limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> dict[str, Any]:
    """Newest first."""
    return _listed(models.ApiKey.objects.select_related("service"), "-pk", int, after, limit, _key_told)


@router.post("/people/{name}/keys", response={201: NewKeyOut}, summary="Make a key of a service")
@permitted(Permission.KEYS_MANAGE)
def new_key(request: Any, name: str, body: KeyIn) -> tuple[int, dict[str, Any]]:
    """Shown once."""
    once.secret(request)
    key, text = key_service.make(
        request.person, _account(name), name=body.name, scopes=[each.value for each in body.scopes], lives=timedelta(days=body.days),
        rate=body.rate,
    )  # fmt: skip
    return 201, {**_key_told(key), "key": text}


def _key(prefix: str) -> models.ApiKey:
    found = None if "\x00" in prefix else models.ApiKey.objects.select_related("service").filter(prefix=prefix).first()
    if found is None:
        raise Http404
    return found


@router.post("/keys/{prefix}/rotate", response={201: NewKeyOut}, summary="Rotate a key")
@permitted(Permission.KEYS_MANAGE)
def rotate_key(request: Any, prefix: str, body: Overlap) -> tuple[int, dict[str, Any]]:
    """A successor with the same scopes; the old key ends after the overlap."""
    once.secret(request)
    key, text = key_service.rotate(request.person, _key(prefix), timedelta(hours=body.hours))
    return 201, {**_key_told(key), "key": text}


@router.delete("/keys/{prefix}", response={204: None}, summary="Revoke a key")
@permitted(Permission.KEYS_MANAGE)
def revoke_key(request: Any, prefix: str) -> tuple[int, None]:
    """It opens nothing any more, at once, in every process."""
    key_service.revoke(request.person, _key(prefix))
    return 204, None
