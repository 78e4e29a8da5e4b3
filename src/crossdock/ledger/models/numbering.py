"""Control numbers given to what the hub sent: which command got which number in which relation."""

from __future__ import annotations

from django.db import models


class ControlNumber(models.Model):
    """One number given out; it belongs to its command for ever, so that sending again is recognised by the partner."""

    id = models.BigIntegerField(primary_key=True)
    scope = models.TextField()
    command = models.TextField()
    number = models.BigIntegerField()
    given_at = models.BigIntegerField()

    class Meta:
        db_table = "ledger_control_number"
        constraints = (
            models.UniqueConstraint(fields=["scope", "command"], name="control_number_command"),
            models.UniqueConstraint(fields=["scope", "number"], name="control_number_given"),
        )
