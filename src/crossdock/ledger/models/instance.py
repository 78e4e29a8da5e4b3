"""Process instances, the names other systems have for them, their streams and what they expect."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from crossdock.ledger.states import ExpectationState


class Instance(models.Model):
    """The state of one workflow for one business key in one flow."""

    id = models.BigIntegerField(primary_key=True)
    key = models.TextField()
    flow = models.TextField()
    partition = models.SmallIntegerField()
    process = models.TextField()
    state = models.BinaryField()
    stage = models.TextField(default="")
    finished = models.BooleanField(default=False)
    opened_at = models.BigIntegerField()
    updated_at = models.BigIntegerField()
    correlation = models.TextField(default="")
    bundle = models.TextField(default="")

    class Meta:
        db_table = "ledger_instance"
        constraints = (models.UniqueConstraint(fields=["key", "flow"], name="instance_key_flow"),)
        indexes = (models.Index(fields=["flow", "updated_at"], name="instance_open", condition=Q(finished=False)),)


class Reference(models.Model):
    """A name by which some system knows a business key."""

    id = models.BigIntegerField(primary_key=True)
    value = models.TextField()
    scheme = models.TextField()
    key = models.TextField()

    class Meta:
        db_table = "ledger_reference"
        constraints = (models.UniqueConstraint(fields=["value", "scheme", "key"], name="reference_value"),)
        indexes = (models.Index(fields=["key"], name="reference_key"),)


class Stream(models.Model):
    """The last position applied of one stream of versions (`core.sequencing`)."""

    id = models.BigIntegerField(primary_key=True)
    key = models.TextField()
    stream = models.TextField()
    partition = models.SmallIntegerField()
    number = models.BigIntegerField()
    content_hash = models.BinaryField(max_length=16)

    class Meta:
        db_table = "ledger_stream"
        constraints = (models.UniqueConstraint(fields=["key", "stream"], name="stream_key"),)


class Expectation(models.Model):
    """Something that should happen by a time, with the team to tell when it does not."""

    id = models.BigIntegerField(primary_key=True)
    key = models.TextField()
    flow = models.TextField()
    name = models.TextField()
    partition = models.SmallIntegerField()
    due = models.BigIntegerField()
    warn = models.BigIntegerField(null=True)
    warned = models.BooleanField(default=False)
    owner = models.TextField(default="")
    description = models.TextField(default="")
    silent = models.BooleanField(default=False)
    state = models.SmallIntegerField(default=ExpectationState.OPEN)
    settled_at = models.BigIntegerField(null=True)

    class Meta:
        db_table = "ledger_expectation"
        constraints = (models.UniqueConstraint(fields=["key", "flow", "name"], name="expectation_name"),)
        indexes = (
            models.Index(fields=["due", "partition"], name="expectation_due", condition=Q(state=ExpectationState.OPEN)),
            models.Index(
                fields=["warn"],
                name="expectation_warn",
                condition=Q(state=ExpectationState.OPEN) & Q(warn__isnull=False),
            ),
        )
