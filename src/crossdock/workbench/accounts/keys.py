"""Keys of services: made, rotated with an overlap, revoked at once, and looked at on each request; a key itself is kept nowhere."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from crossdock.security.access import NOBODY, Person
from crossdock.security.keys import fits, new_key, taken_apart
from crossdock.security.roles import Permission
from crossdock.workbench.accounts import limits, models
from crossdock.workbench.accounts.persons import service_of
from crossdock.workbench.accounts.refusals import KeyInvalid
from crossdock.workbench.accounts.service import must
from crossdock.workbench.accounts.used import used
from crossdock.workbench.recording import record

LIVES: Final = timedelta(days=365)
"""How long a key opens the API when nothing is said."""
OVERLAP: Final = timedelta(hours=24)
"""How long a rotated key goes on beside its successor when nothing is said."""


def told(key: models.ApiKey) -> dict[str, Any]:
    """A key as the audit trail and the API show it."""
    return {
        "prefix": key.prefix,
        "name": key.name,
        "service": key.service.username,
        "scopes": key.scopes,
        "rate": key.rate,
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }


@transaction.atomic
def make(
    by: Person,
    service: models.User,
    *,
    name: str = "",
    scopes: Iterable[str] = (),
    lives: timedelta | None = LIVES,
    rate: int = 600,
) -> tuple[models.ApiKey, str]:
    """A new key and the text to show once. `scopes` narrows what the service's roles grant; empty does not. Raises `KeyInvalid`."""
    must(by, Permission.KEYS_MANAGE)
    if not service.is_service:
        raise KeyInvalid(f"{service.username} is a person; people sign in")
    chosen = sorted(set(scopes))
    unknown = [each for each in chosen if each not in set(Permission)]
    if unknown:
        raise KeyInvalid(f"there is no permission {', '.join(unknown)}", fields={"scopes": unknown})
    if not 1 <= rate <= 100_000:
        raise KeyInvalid("the rate is between 1 and 100000 requests a minute", fields={"rate": rate})
    if lives is not None and not timedelta(0) < lives <= timedelta(days=3650):
        raise KeyInvalid("a key lives at most ten years", fields={"days": lives.days})
    fresh = new_key()
    expires = None if lives is None else timezone.now() + lives
    key = models.ApiKey.objects.create(
        service=service, name=name[:100], prefix=fresh.prefix, digest=fresh.digest, scopes=chosen, rate=rate,
        created_by=by.name[:150], expires_at=expires,
    )  # fmt: skip
    record("workbench:key:created", by.name, before=None, after=told(key), account=service.username, key=fresh.prefix)
    return key, fresh.shown


@transaction.atomic
def rotate(by: Person, key: models.ApiKey, overlap: timedelta = OVERLAP) -> tuple[models.ApiKey, str]:
    """A successor with the same scopes and the text to show once; the old key ends after the overlap. Raises `KeyInvalid`."""
    must(by, Permission.KEYS_MANAGE)
    now = timezone.now()
    key = models.ApiKey.objects.select_for_update().select_related("service").get(pk=key.pk)
    if key.ended(now):
        raise KeyInvalid("this key has ended; make a new one")
    if key.replaced_by_id is not None:
        raise KeyInvalid("this key was rotated already; rotate its successor")
    lives = None if key.expires_at is None else max(key.expires_at - key.created_at, timedelta(days=1))
    before = told(key)
    successor, shown = make(by, key.service, name=key.name, scopes=key.scopes, lives=lives, rate=key.rate)
    ends = now + max(timedelta(0), overlap)
    key.expires_at = ends if key.expires_at is None else min(key.expires_at, ends)
    key.replaced_by = successor
    key.save(update_fields=["expires_at", "replaced_by"])
    record("workbench:key:rotated", by.name, before=before, after=told(key), account=key.service.username, key=key.prefix,
           successor=successor.prefix)  # fmt: skip
    return successor, shown


@transaction.atomic
def revoke(by: Person, key: models.ApiKey) -> None:
    """From now on the key opens nothing, in every process: each request looks it up."""
    must(by, Permission.KEYS_MANAGE)
    if key.revoked_at is not None:
        return
    before = told(key)
    key.revoked_at = timezone.now()
    key.save(update_fields=["revoked_at"])
    record("workbench:key:revoked", by.name, before=before, after=told(key), account=key.service.username, key=key.prefix)


def person_of_key(request: HttpRequest, given: str) -> Person:
    """The service behind an `Authorization` header; NOBODY when it opens nothing. Raises `Problem` 429 for too many requests."""
    address = str(request.META.get("REMOTE_ADDR") or "unknown")
    limits.guessing(address)
    scheme, _, text = given.partition(" ")
    parts = taken_apart(text.strip()) if scheme.lower() == "bearer" else None
    key = None if parts is None else models.ApiKey.objects.select_related("service").filter(prefix=parts[0]).first()
    right = fits(parts[1] if parts else "", key.digest if key else "")
    now = timezone.now()
    if key is None or not right or key.ended(now) or not key.service.is_active:
        limits.guessed(address, _why(key, right, now), parts[0] if parts else "")
        return NOBODY
    limits.spend(key.prefix, key.rate)
    used(key.pk, now)
    return service_of(key)


def _why(key: models.ApiKey | None, right: bool, now: datetime) -> str:
    if key is None or not right:
        return "unknown"
    return "ended" if key.ended(now) else "service switched off"
