"""Access tokens the hub gave to partners' programs: digests only, the assertions that were used, and clients that were revoked."""

from __future__ import annotations

from django.db import models


class Token(models.Model):
    """One access token, by its digest. Times are microseconds since 1970."""

    id = models.BigIntegerField(primary_key=True)
    digest = models.TextField(unique=True)
    client = models.TextField()
    systems = models.TextField()
    expires_at = models.BigIntegerField()

    class Meta:
        db_table = "ledger_token"
        indexes = (
            models.Index(fields=["expires_at"], name="token_expires"),
            models.Index(fields=["client"], name="token_client"),
        )


class Assertion(models.Model):
    """An assertion that was used (client and `jti`, as a digest), kept until it is over: it is good once."""

    id = models.BigIntegerField(primary_key=True)
    digest = models.TextField(unique=True)
    expires_at = models.BigIntegerField()

    class Meta:
        db_table = "ledger_assertion"
        indexes = (models.Index(fields=["expires_at"], name="assertion_expires"),)


class ClientRevocation(models.Model):
    """A client that gets no tokens and whose tokens do not count."""

    id = models.BigIntegerField(primary_key=True)
    client = models.TextField(unique=True)
    revoked_at = models.BigIntegerField()
    revoked_by = models.TextField()
    reason = models.TextField()

    class Meta:
        db_table = "ledger_client_revocation"
