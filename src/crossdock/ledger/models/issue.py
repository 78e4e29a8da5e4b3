"""Exceptions: what a person has to look at, grouped by fingerprint, and the names by which it is found."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from crossdock.ledger.states import ExceptionState


class ExceptionRecord(models.Model):
    """One failure with its subject (message, event, delivery or process slot), owner and resolution.

    `amount` is the money at risk in minor units of `currency`, as it was when the exception opened last. `snoozed_until` hides it from
    the inbox up to a time, or, far in the future, until what `snoozed_for` names has come. `correction` is a proposal that waits for
    its second person.
    """

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
    amount = models.BigIntegerField(null=True)
    currency = models.TextField(default="", db_default="")
    assignee = models.TextField(default="", db_default="")
    snoozed_until = models.BigIntegerField(null=True)
    snoozed_for = models.TextField(default="", db_default="")
    correction = models.BigIntegerField(null=True)

    class Meta:
        db_table = "ledger_exception"
        indexes = (
            models.Index(fields=["-id"], name="exception_open", condition=Q(state__lt=ExceptionState.RESOLVED)),
            models.Index(fields=["fingerprint", "id"], name="exception_group"),
            models.Index(fields=["key"], name="exception_key"),
            # everything the inbox counts and filters by, so that its lists never read a row they do not show
            models.Index(
                fields=[
                    "fingerprint",
                    "currency",
                    "key",
                    "id",
                    "amount",
                    "created_at",
                    "updated_at",
                    "state",
                    "owner",
                    "assignee",
                    "flow",
                    "system",
                    "code",
                    "step",
                    "due",
                    "snoozed_until",
                    "correction",
                ],
                name="exception_inbox",
                condition=Q(state__lt=ExceptionState.RESOLVED),
            ),
            models.Index(fields=["snoozed_until"], name="exception_snoozed", condition=Q(snoozed_until__isnull=False)),
        )


class MessageName(models.Model):
    """A name (order number, document number) read from a message that could not be normalized, so that a search finds it."""

    id = models.BigIntegerField(primary_key=True)
    value = models.TextField()
    message_id = models.BigIntegerField()

    class Meta:
        db_table = "ledger_message_name"
        constraints = (models.UniqueConstraint(fields=["value", "message_id"], name="message_name_value"),)
        indexes = (models.Index(fields=["message_id"], name="message_name_message"),)
