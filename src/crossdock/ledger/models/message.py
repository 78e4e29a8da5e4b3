"""Messages as they were received and the canonical events made of them. Times are microseconds since 1970 UTC."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from crossdock.ledger.states import CorrectionState, EventState, MessageState


class Message(models.Model):
    """One received message: bytes as they came, who sent them, and what became of them.

    `dedupe` is a 128-bit digest of system, channel and the sender's message identity. `body` is compressed when that is
    smaller (`encoding`), or null when a claim check (`claim`) says where the bytes are.
    """

    id = models.BigIntegerField(primary_key=True)
    partition = models.SmallIntegerField()
    system = models.TextField()
    channel = models.TextField()
    topic = models.TextField()
    dedupe = models.BinaryField(max_length=16, unique=True)
    dedupe_key = models.TextField()
    content_hash = models.BinaryField(max_length=32)
    content_type = models.TextField()
    headers = models.TextField(default="")
    encoding = models.SmallIntegerField(default=0)
    body = models.BinaryField(null=True)
    claim = models.TextField(default="")
    size = models.BigIntegerField()
    received_at = models.BigIntegerField()
    correlation = models.TextField(default="")
    state = models.SmallIntegerField(default=MessageState.RECEIVED)
    events = models.IntegerField(default=0)
    mapping = models.TextField(default="")
    bundle = models.TextField(default="")

    class Meta:
        db_table = "ledger_message"
        indexes = (
            models.Index(fields=["partition", "id"], name="message_todo", condition=Q(state=MessageState.RECEIVED)),
            models.Index(fields=["system", "id"], name="message_queue", condition=Q(state=MessageState.RECEIVED)),
            models.Index(fields=["correlation"], name="message_correlation"),
            models.Index(fields=["claim"], name="message_claim", condition=~Q(claim="")),
        )


class Correction(models.Model):
    """A corrected version of a message's payload, or of a delivery's data, beside the immutable original.

    `subject` says of what `message` is the number. A version that needs a second person is `PROPOSED` until that one decided.
    """

    id = models.BigIntegerField(primary_key=True)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="corrections", db_constraint=False)
    version = models.IntegerField()
    body = models.BinaryField()
    encoding = models.SmallIntegerField(default=0)
    content_hash = models.BinaryField(max_length=32)
    author = models.TextField()
    reason = models.TextField()
    difference = models.TextField()
    created_at = models.BigIntegerField()
    subject = models.TextField(default="message", db_default="message")
    exception_id = models.BigIntegerField(null=True)
    state = models.SmallIntegerField(default=CorrectionState.APPLIED, db_default=CorrectionState.APPLIED)
    decided_by = models.TextField(default="", db_default="")
    decided_at = models.BigIntegerField(null=True)
    decision = models.TextField(default="", db_default="")

    class Meta:
        db_table = "ledger_correction"
        constraints = (models.UniqueConstraint(fields=["message", "version"], name="correction_version"),)


class EventRecord(models.Model):
    """One canonical event: its envelope, compressed JSON payload and what the sequencer did with it."""

    id = models.BigIntegerField(primary_key=True)
    message_id = models.BigIntegerField()
    partition = models.SmallIntegerField()
    identity = models.BinaryField(max_length=16, unique=True)
    event_id = models.TextField()
    key = models.TextField()
    type = models.TextField()
    source = models.TextField()
    schema = models.TextField()
    stream = models.TextField(default="")
    number = models.BigIntegerField(null=True)
    contiguous = models.BooleanField(default=False)
    refs = models.TextField(default="")
    data = models.BinaryField()
    content_hash = models.BinaryField(max_length=16)
    occurred_at = models.BigIntegerField()
    created_at = models.BigIntegerField()
    correlation = models.TextField(default="")
    state = models.SmallIntegerField(default=EventState.PENDING)
    deadline = models.BigIntegerField(null=True)
    note = models.TextField(default="")

    class Meta:
        db_table = "ledger_event"
        indexes = (
            models.Index(fields=["partition", "id"], name="event_todo", condition=Q(state=EventState.PENDING)),
            models.Index(fields=["key", "id"], name="event_key"),
            models.Index(fields=["message_id"], name="event_message"),
            models.Index(
                fields=["partition", "deadline"],
                name="event_deadline",
                condition=Q(state__in=[EventState.HELD, EventState.WAITING]),
            ),
        )
