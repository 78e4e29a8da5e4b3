"""What the review board keeps: change requests with their bundles, what was decided by whom, and waivers."""

from __future__ import annotations

from django.db import models


class Change(models.Model):
    """A request to change the landscape: the bundle, what it changes and whom it asks as of its opening, and its evidence once gathered."""

    id = models.BigIntegerField(primary_key=True)
    bundle = models.TextField()
    base = models.TextField()
    name = models.TextField()
    environment = models.TextField()
    title = models.TextField()
    reason = models.TextField()
    author = models.TextField()
    maker = models.TextField()
    report = models.TextField()
    evidence = models.TextField(default="")
    opened_at = models.BigIntegerField()
    gathered_at = models.BigIntegerField(null=True)
    promoted_at = models.BigIntegerField(null=True)
    review_due = models.BigIntegerField(null=True)
    file = models.BinaryField()

    class Meta:
        db_table = "ledger_change"


class Decision(models.Model):
    """One line of the decision log; `signature` is what an approval adds to the bundle."""

    id = models.BigIntegerField(primary_key=True)
    change = models.BigIntegerField(default=0)
    kind = models.TextField()
    author = models.TextField()
    team = models.TextField()
    note = models.TextField()
    at = models.BigIntegerField()
    signature = models.TextField(default="")

    class Meta:
        db_table = "ledger_decision"
        indexes = (models.Index(fields=["change", "id"], name="decision_change"),)


class Waiver(models.Model):
    """A standard that does not hold for a subject until a time."""

    id = models.BigIntegerField(primary_key=True)
    standard = models.TextField()
    subject = models.TextField()
    reason = models.TextField()
    author = models.TextField()
    team = models.TextField()
    at = models.BigIntegerField()
    until = models.BigIntegerField()

    class Meta:
        db_table = "ledger_waiver"
