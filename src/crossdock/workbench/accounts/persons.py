"""Who acts, made from the tables of accounts: the `Person` that `security.access` judges."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crossdock.security.access import NOBODY, Grant, Person
from crossdock.security.roles import Permission, Role
from crossdock.security.scope import Scope
from crossdock.workbench.accounts import models


def scope_of(row: models.Grant) -> Scope:
    """The limits of a stored grant."""
    return Scope(frozenset(row.flows), frozenset(row.systems), frozenset(row.regions), frozenset(row.data_classes))


def grants_of(user: models.User) -> tuple[Grant, ...]:
    """What an account may do; a role this release does not know grants nothing."""
    rows: Iterable[models.Grant] = user.grants.all()
    return tuple(Grant(Role(row.role), scope_of(row)) for row in rows if row.role in set(Role))


def person_of(user: models.User) -> Person:
    """The person of a signed-in account."""
    return Person(user.username, grants_of(user), number=user.pk, teams=tuple(user.teams))


def person_at(request: Any) -> Person:
    """Who is signed in at a request; NOBODY when nobody is."""
    user = request.user
    return person_of(user) if user.is_authenticated and not user.is_service else NOBODY


def service_of(key: models.ApiKey) -> Person:
    """The service behind a key, narrowed to the key's scopes."""
    known = {permission.value: permission for permission in Permission}
    only = frozenset(known[name] for name in key.scopes if name in known) if key.scopes else None
    return Person(f"{key.service.username}#{key.prefix}", grants_of(key.service), only, number=key.service.pk, key=key.prefix)
