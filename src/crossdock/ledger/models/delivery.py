"""Deliveries of commands to systems and every attempt made."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from crossdock.ledger.states import OPEN_DELIVERIES, DeliveryState


class Delivery(models.Model):
    """One command on its way to one system. `identity` is a digest of the command id: the same command is one delivery."""

    id = models.BigIntegerField(primary_key=True)
    identity = models.BinaryField(max_length=16, unique=True)
    command_id = models.TextField()
    name = models.TextField()
    system = models.TextField()
    flow = models.TextField()
    key = models.TextField()
    partition = models.SmallIntegerField()
    budget = models.TextField(default="")
    data = models.BinaryField()
    state = models.SmallIntegerField(default=DeliveryState.READY)
    attempts = models.IntegerField(default=0)
    next_at = models.BigIntegerField(default=0)
    deadline = models.BigIntegerField(null=True)
    created_at = models.BigIntegerField()
    settled_at = models.BigIntegerField(null=True)
    ack = models.BinaryField(null=True)
    correlation = models.TextField(default="")
    cause = models.BigIntegerField(null=True)

    class Meta:
        db_table = "ledger_delivery"
        indexes = (
            models.Index(fields=["partition", "id"], name="delivery_open", condition=Q(state__in=list(OPEN_DELIVERIES))),
            models.Index(fields=["key", "id"], name="delivery_key"),
            models.Index(
                fields=["system", "id"],
                name="delivery_purchase",
                condition=Q(name__in=["purchase_order.send", "purchase_order.change", "purchase_order.cancel"]),
            ),
        )


class Attempt(models.Model):
    """One attempt: what was sent and answered (compressed), how long it took, and its outcome."""

    id = models.BigIntegerField(primary_key=True)
    delivery_id = models.BigIntegerField()
    number = models.IntegerField()
    kind = models.TextField(default="deliver")
    started_at = models.BigIntegerField()
    micros = models.BigIntegerField()
    outcome = models.TextField()
    code = models.TextField(default="")
    message = models.TextField(default="")
    exchanges = models.BinaryField(null=True)

    class Meta:
        db_table = "ledger_attempt"
        indexes = (models.Index(fields=["delivery_id"], name="attempt_delivery"),)
