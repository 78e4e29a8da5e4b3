"""Tables of the accounts: people and services, their roles, keys, invitations, failed sign-ins; decides nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower


class UserManager(BaseUserManager["User"]):
    """Finds and makes accounts; a name is one account whatever its capitals."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username__iexact=username)

    def new(self, username: str, *, full_name: str = "", email: str = "", service: bool = False) -> User:
        """An account that cannot sign in by password yet. Raises IntegrityError when the name is taken."""
        user = self.model(username=username, full_name=full_name, email=email.lower(), is_service=service)
        user.set_unusable_password()
        user.save(force_insert=True)
        return user


class User(AbstractBaseUser):
    """A person who signs in, or a service that has keys."""

    username = models.CharField(max_length=150)
    full_name = models.CharField(max_length=150, blank=True)
    email = models.EmailField(blank=True)
    is_active = models.BooleanField(default=True)
    is_service = models.BooleanField(default=False)
    teams = models.JSONField(default=list)
    """Teams of the landscape this person belongs to."""
    language = models.CharField(max_length=8, blank=True)
    zone = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()
    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(Lower("username"), name="accounts_user_name"),
        ]

    @property
    def title(self) -> str:
        """The name people read."""
        return self.full_name or self.username

    def __str__(self) -> str:
        return self.username


class Grant(models.Model):
    """A role somebody has, within a scope; empty lists are no limit."""

    user = models.ForeignKey(User, models.CASCADE, related_name="grants")
    role = models.CharField(max_length=32)
    flows = models.JSONField(default=list)
    systems = models.JSONField(default=list)
    regions = models.JSONField(default=list)
    data_classes = models.JSONField(default=list)
    origin = models.CharField(max_length=64, blank=True)
    """Empty: given by a person; else the identity provider whose groups give it at each sign-in."""
    given_by = models.CharField(max_length=150)
    given_at = models.DateTimeField(auto_now_add=True)


class ApiKey(models.Model):
    """A key of a service; the key itself is shown once and stored as a digest."""

    service = models.ForeignKey(User, models.CASCADE, related_name="keys")
    name = models.CharField(max_length=100, blank=True)
    prefix = models.CharField(max_length=16, unique=True)
    digest = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    rate = models.PositiveIntegerField(default=600)
    """Requests per minute."""
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    replaced_by = models.ForeignKey("self", models.SET_NULL, null=True, related_name="replaces")

    def ended(self, now: datetime) -> bool:
        """Whether it no longer opens anything."""
        return self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= now)


class Invitation(models.Model):
    """A one-time link: the first administrator's, a new person's, or one to set a new password."""

    kind = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="invitations")
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class Failure(models.Model):
    """A sign-in that failed, for lock-out; `subject` is one of `security.lockout.subjects`."""

    subject = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["subject", "at"], name="accounts_failure_subject")]


class Answered(models.Model):
    """An answer to a write with an idempotency key, kept to be given again."""

    person = models.CharField(max_length=150)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.BinaryField(default=b"")
    content_type = models.CharField(max_length=100, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [models.UniqueConstraint(fields=["person", "key"], name="accounts_answered_once")]
        indexes: ClassVar[list[Any]] = [models.Index(fields=["at"], name="accounts_answered_at")]
