"""What the hub keeps of credentials: sealed values of the embedded store, and of every reference its history; never a value in the clear."""

from __future__ import annotations

from django.db import models


class VaultState(models.Model):
    """One row, raised by every change: workers that see another number read anew what they hold."""

    id = models.SmallIntegerField(primary_key=True)
    epoch = models.BigIntegerField(default=0)

    class Meta:
        db_table = "ledger_vault"


class VaultKey(models.Model):
    """A data key of the embedded store, wrapped by the master key of this name. The newest one seals."""

    id = models.BigIntegerField(primary_key=True)
    master = models.TextField()
    wrapped = models.BinaryField()
    created_at = models.BigIntegerField()

    class Meta:
        db_table = "ledger_vault_key"


class VaultSecret(models.Model):
    """One path of the embedded store: its fields, sealed by a data key."""

    path = models.TextField(primary_key=True)
    version = models.BigIntegerField()
    key = models.BigIntegerField()
    sealed = models.BinaryField()
    stored_at = models.BigIntegerField()

    class Meta:
        db_table = "ledger_vault_secret"


class Credential(models.Model):
    """What is known of a reference: when its value was stored, how far its rotation is, whether it is revoked. `public` is the public part
    of a key pair; `stage` is empty, or where a rotation stands."""

    reference = models.TextField(primary_key=True)
    stored_at = models.BigIntegerField(default=0)
    stored_by = models.TextField(default="")
    expires_at = models.BigIntegerField(null=True)
    stage = models.TextField(default="")
    stage_at = models.BigIntegerField(default=0)
    overlap_until = models.BigIntegerField(null=True)
    wanted_at = models.BigIntegerField(null=True)
    wanted_by = models.TextField(default="")
    public = models.TextField(default="")
    note = models.TextField(default="")
    revoked_at = models.BigIntegerField(null=True)
    revoked_by = models.TextField(default="")
    revoked_why = models.TextField(default="")

    class Meta:
        db_table = "ledger_credential"


class CredentialUse(models.Model):
    """How often one process used a reference in one hour, when first and last."""

    id = models.BigIntegerField(primary_key=True)
    reference = models.TextField()
    hour = models.BigIntegerField()
    process = models.TextField()
    uses = models.BigIntegerField()
    first_at = models.BigIntegerField()
    last_at = models.BigIntegerField()

    class Meta:
        db_table = "ledger_credential_use"
        constraints = (models.UniqueConstraint(fields=["reference", "hour", "process"], name="credential_use_hour"),)
        indexes = (models.Index(fields=["hour"], name="credential_use_age"),)
