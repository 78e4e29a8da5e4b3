"""What monitoring remembers: traffic in small steps of time, and which alerts were told to whom."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Traffic(models.Model):
    """Counts of one kind of happening in one step of time (`bucket`: seconds since 1970 of its start, `span`: its length in seconds).

    `measure` says what is counted (`ledger.traffic`), `name` its channel, outcome or code. `total` is a sum of microseconds, `bins` a
    JSON list: counts by duration, or by five minutes of the hour. Old steps are folded into hours.
    """

    id = models.BigIntegerField(primary_key=True)
    span = models.IntegerField()
    bucket = models.BigIntegerField()
    measure = models.TextField()
    system = models.TextField(default="")
    flow = models.TextField(default="")
    name = models.TextField(default="")
    count = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    bins = models.TextField(default="")

    class Meta:
        db_table = "ledger_traffic"
        constraints = (
            models.UniqueConstraint(fields=["span", "bucket", "measure", "system", "flow", "name"], name="traffic_bucket"),
        )


class Alert(models.Model):
    """Something a team has to know, from its first sight until it is over; `told` says by which route, when, and what failed.

    One row is one condition (an exception group, a deadline that comes near, a silent feed), however many things it touches.
    """

    id = models.BigIntegerField(primary_key=True)
    identity = models.TextField(unique=True)
    kind = models.TextField()
    severity = models.TextField()
    owner = models.TextField(default="")
    title = models.TextField()
    text = models.TextField(default="")
    flow = models.TextField(default="")
    system = models.TextField(default="")
    subject = models.TextField(default="")
    count = models.IntegerField(default=1)
    since = models.BigIntegerField()
    seen_at = models.BigIntegerField()
    closed_at = models.BigIntegerField(null=True)
    taken_by = models.TextField(default="")
    taken_at = models.BigIntegerField(null=True)
    told = models.TextField(default="{}")

    class Meta:
        db_table = "ledger_alert"
        indexes = (models.Index(fields=["-since"], name="alert_open", condition=Q(closed_at__isnull=True)),)
