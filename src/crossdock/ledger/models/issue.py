"""Exceptions: what a person has to look at, grouped by fingerprint."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from crossdock.ledger.states import ExceptionState


class ExceptionRecord(models.Model):
    """One failure with its subject (message, event, delivery or process slot), owner and resolution."""

    id = models.BigIntegerField(primary_key=True)
    identity = models.BinaryField(max_length=16, unique=True)
    fingerprint = models.TextField()
    code = models.TextField()
    family = models.TextField()
    step = models.TextField()
    system = models.TextField(default="")
    flow = models.TextField(default="")
    key = models.TextField(default="")
    partition = models.SmallIntegerField()
    subject = models.TextField()
    subject_id = models.BigIntegerField()
    slot = models.TextField(default="")
    owner = models.TextField(default="")
    message = models.TextField()
    detail = models.TextField(default="")
    state = models.SmallIntegerField(default=ExceptionState.OPEN)
    occurrences = models.IntegerField(default=1)
    created_at = models.BigIntegerField()
    updated_at = models.BigIntegerField()
    due = models.BigIntegerField(null=True)
    resolution = models.TextField(default="")
    note = models.TextField(default="")
    resolved_by = models.TextField(default="")
    correlation = models.TextField(default="")

    class Meta:
        db_table = "ledger_exception"
        indexes = (
            models.Index(fields=["-id"], name="exception_open", condition=Q(state__lt=ExceptionState.RESOLVED)),
            models.Index(fields=["fingerprint", "id"], name="exception_group"),
            models.Index(fields=["key"], name="exception_key"),
        )
