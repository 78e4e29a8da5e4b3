"""The one place that decides whether somebody may do something; knows no page, no request and no table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossdock.ledger.windows import Window
from crossdock.security.roles import GRANTS, NARROW, WHOLE_HUB, Permission, Role
from crossdock.security.scope import EVERYTHING, Facts, Scope, Subject


@dataclass(frozen=True, slots=True)
class Grant:
    """A role within a scope."""

    role: Role
    scope: Scope = EVERYTHING


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts: somebody signed in, or a service with a key. `name` is the author in the audit trail.

    `only` narrows what the roles grant to the scopes of an API key; None does not.
    """

    name: str
    grants: tuple[Grant, ...] = ()
    only: frozenset[Permission] | None = None
    number: int = 0
    key: str = ""
    teams: tuple[str, ...] = ()

    @property
    def is_service(self) -> bool:
        """Whether this is a service with a key."""
        return bool(self.key)


NOBODY = Person("")
"""Somebody who is not signed in."""


def granting(person: Person, permission: Permission) -> list[Scope]:
    """The scopes in which somebody has a permission; empty when nowhere."""
    if permission is Permission.OWN_ACCOUNT:
        return [EVERYTHING] if person.name else []
    if person.only is not None and permission not in person.only:
        return []
    scopes = [
        grant.scope
        for grant in person.grants
        if permission in GRANTS[grant.role] and (grant.role not in NARROW or grant.scope.systems)
    ]
    return [scope for scope in scopes if scope.everything] if permission in WHOLE_HUB else scopes


def allowed(person: Person, permission: Permission, subject: Subject | None = None, facts: Facts | None = None) -> bool:
    """Whether somebody may do this to the subject; without a subject, whether they may do it anywhere."""
    scopes = granting(person, permission)
    if subject is None:
        return bool(scopes)
    regions = (facts or Facts()).regions
    return any(scope.covers(subject, regions) for scope in scopes)


def windows(person: Person, permission: Permission, facts: Facts | None = None) -> Sequence[Window] | None:
    """The rows somebody has this permission for, as `ledger.windows.condition` takes them; None is all."""
    scopes = granting(person, permission)
    if any(scope.everything for scope in scopes):
        return None
    regions = (facts or Facts()).regions
    return [scope.window(regions) for scope in scopes]


def data_classes(person: Person, permission: Permission, subject: Subject, facts: Facts | None = None) -> frozenset[str] | None:
    """The data classes of the subject this person has the permission for; None is all of them."""
    regions = (facts or Facts()).regions
    bare = Subject(subject.flow, subject.systems, subject.region)
    found: set[str] = set()
    for scope in granting(person, permission):
        if scope.covers(bare, regions):
            if not scope.data_classes:
                return None
            found |= scope.data_classes
    return frozenset(found)
