"""Steps of a partner on its way to live, and back; append-only, the newest row of a step counts."""

from __future__ import annotations

from django.db import models


class Onboarding(models.Model):
    """One step: which partner, what was done, what came of it, who did it and when (microseconds since 1970)."""

    id = models.BigIntegerField(primary_key=True)
    partner = models.TextField()
    step = models.TextField()
    outcome = models.TextField()
    detail = models.TextField(default="{}")
    author = models.TextField()
    at = models.BigIntegerField()

    class Meta:
        db_table = "ledger_onboarding"
        indexes = (models.Index(fields=["partner", "step", "id"], name="onboarding_step"),)
