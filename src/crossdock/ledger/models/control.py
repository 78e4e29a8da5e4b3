"""What the hub needs to govern itself: partitions and their audit chains, cursors, bundles, system state, instructions."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Partition(models.Model):
    """Ownership epoch and head of the audit chain of one partition; the epoch fences a worker that lost it."""

    id = models.SmallIntegerField(primary_key=True)
    epoch = models.BigIntegerField(default=0)
    owner = models.TextField(default="")
    audit_seq = models.BigIntegerField(default=0)
    audit_hash = models.BinaryField(max_length=32, default=bytes(32))

    class Meta:
        db_table = "ledger_partition"


class AuditLink(models.Model):
    """One link of a partition's audit chain: the records of one committed batch, hashed with the link before."""

    id = models.BigIntegerField(primary_key=True)
    partition = models.SmallIntegerField()
    seq = models.BigIntegerField()
    at = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)
    records = models.BinaryField()

    class Meta:
        db_table = "ledger_audit"
        constraints = (models.UniqueConstraint(fields=["partition", "seq"], name="audit_seq"),)


class Deed(models.Model):
    """Where the audit chain speaks of somebody: an index for auditors, written with the link; what was done is read from the chain."""

    id = models.BigIntegerField(primary_key=True)
    at = models.BigIntegerField()
    partition = models.SmallIntegerField()
    seq = models.BigIntegerField()
    place = models.IntegerField()
    tag = models.TextField()
    author = models.TextField()
    key = models.TextField()

    class Meta:
        db_table = "ledger_deed"
        indexes = (
            models.Index(fields=["at", "id"], name="deed_at"),
            models.Index(fields=["author", "at"], name="deed_author"),
            models.Index(fields=["tag", "at"], name="deed_tag"),
            models.Index(fields=["key", "at"], name="deed_key"),
        )


class Cursor(models.Model):
    """How far a channel has been polled."""

    id = models.BigIntegerField(primary_key=True)
    system = models.TextField()
    channel = models.TextField()
    cursor = models.TextField(default="{}")
    polled_at = models.BigIntegerField(default=0)
    next_at = models.BigIntegerField(default=0)

    class Meta:
        db_table = "ledger_cursor"
        constraints = (models.UniqueConstraint(fields=["system", "channel"], name="cursor_channel"),)


class SystemState(models.Model):
    """Whether a system's channel is parked, since when and why."""

    system = models.TextField(primary_key=True)
    parked = models.BooleanField(default=False)
    reason = models.TextField(default="")
    since = models.BigIntegerField(default=0)

    class Meta:
        db_table = "ledger_system"


class Bundle(models.Model):
    """A landscape bundle that ran; every message records which."""

    id = models.TextField(primary_key=True)
    name = models.TextField()
    loaded_at = models.BigIntegerField()
    content = models.BinaryField()

    class Meta:
        db_table = "ledger_bundle"


class Release(models.Model):
    """A promotion: from then on this bundle is to run on this ledger. The newest row counts; going back is a promotion too."""

    id = models.BigIntegerField(primary_key=True)
    bundle = models.TextField()
    name = models.TextField()
    author = models.TextField()
    maker = models.TextField()
    reason = models.TextField()
    report = models.TextField()
    promoted_at = models.BigIntegerField()
    file = models.BinaryField()

    class Meta:
        db_table = "ledger_release"


class Instruction(models.Model):
    """What a person asked the hub to do (retry, resolve, replay); the worker that owns the partition carries it out and answers."""

    id = models.BigIntegerField(primary_key=True)
    partition = models.SmallIntegerField()
    kind = models.TextField()
    subject_id = models.BigIntegerField(default=0)
    data = models.TextField(default="{}")
    author = models.TextField()
    created_at = models.BigIntegerField()
    done_at = models.BigIntegerField(null=True)
    result = models.TextField(default="")
    token = models.TextField(null=True, unique=True)
    """Given by who asks: asking twice with one token is asking once."""

    class Meta:
        db_table = "ledger_instruction"
        indexes = (models.Index(fields=["partition", "id"], name="instruction_todo", condition=Q(done_at__isnull=True)),)


class MapEntry(models.Model):
    """An entry added to a value map by a person while the hub runs; what the landscape itself says goes first."""

    id = models.BigIntegerField(primary_key=True)
    map = models.TextField()
    code = models.TextField()
    value = models.TextField()
    author = models.TextField()
    reason = models.TextField(default="")
    created_at = models.BigIntegerField()
    removed_at = models.BigIntegerField(null=True)
    removed_by = models.TextField(default="")

    class Meta:
        db_table = "ledger_map_entry"
        constraints = (
            models.UniqueConstraint(fields=["map", "code"], name="map_entry_code", condition=Q(removed_at__isnull=True)),
        )
