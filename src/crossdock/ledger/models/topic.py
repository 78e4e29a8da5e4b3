"""How far the Kafka engine's topic was taken: kept in the ledger, so that it moves with the effects and in no other transaction."""

from __future__ import annotations

from django.db import models


class Offset(models.Model):
    """The next offset to be taken of one partition of a topic."""

    id = models.BigAutoField(primary_key=True)
    topic = models.TextField()
    partition = models.SmallIntegerField()
    next = models.BigIntegerField(default=0)

    class Meta:
        db_table = "ledger_offset"
        constraints = (models.UniqueConstraint(fields=["topic", "partition"], name="offset_partition"),)
