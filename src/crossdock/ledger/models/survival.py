"""What proves that the hub survives: drills that were held, and restorations of the ledger from a backup."""

from __future__ import annotations

from django.db import models


class Drill(models.Model):
    """One drill with its figures (JSON). `partner` and `flow` are whom it was held with; empty: with the whole landscape."""

    id = models.BigIntegerField(primary_key=True)
    name = models.TextField()
    partner = models.TextField(default="")
    flow = models.TextField(default="")
    began_at = models.BigIntegerField()
    passed = models.BooleanField()
    author = models.TextField(default="")
    figures = models.TextField()

    class Meta:
        db_table = "ledger_drill"
        indexes = (models.Index(fields=["name", "partner", "flow", "began_at"], name="drill_last"),)


class Restoration(models.Model):
    """The ledger was put back to an earlier moment (`taken_at`). Until `until` no effect is repeated that was not asked for first.

    `caught_up_at`: everything that was under way then was asked for, and every system was polled. Times are microseconds since 1970.
    """

    id = models.BigIntegerField(primary_key=True)
    backup = models.TextField(default="")
    taken_at = models.BigIntegerField()
    restored_at = models.BigIntegerField()
    until = models.BigIntegerField()
    caught_up_at = models.BigIntegerField(null=True)
    ended_at = models.BigIntegerField(null=True)
    author = models.TextField(default="")
    report = models.TextField(default="{}")

    class Meta:
        db_table = "ledger_restoration"
