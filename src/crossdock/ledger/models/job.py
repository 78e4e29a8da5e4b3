"""Bulk jobs: one action on many exceptions, carried out by the hub at a pace the partners stand."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from crossdock.ledger.states import OPEN_JOBS, JobState


class Job(models.Model):
    """One bulk job. `chosen` is the filter as it was confirmed; exceptions numbered above `bound` came later and are left alone.

    `progress` is the last exception looked at. The counters are those of `JobItem`.
    """

    id = models.BigIntegerField(primary_key=True)
    action = models.TextField()
    data = models.TextField(default="{}")
    chosen = models.TextField(default="{}")
    author = models.TextField()
    reason = models.TextField()
    state = models.SmallIntegerField(default=JobState.RUNNING)
    pace = models.IntegerField(default=0)
    bound = models.BigIntegerField()
    progress = models.BigIntegerField(default=0)
    planned = models.IntegerField(default=0)
    asked = models.IntegerField(default=0)
    done = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)
    skipped = models.IntegerField(default=0)
    created_at = models.BigIntegerField()
    ended_at = models.BigIntegerField(null=True)
    ended_by = models.TextField(default="")
    note = models.TextField(default="")

    class Meta:
        db_table = "ledger_job"
        indexes = (models.Index(fields=["id"], name="job_open", condition=Q(state__in=list(OPEN_JOBS))),)


class JobItem(models.Model):
    """What a job did about one exception, and why it did nothing."""

    id = models.BigIntegerField(primary_key=True)
    job_id = models.BigIntegerField()
    exception_id = models.BigIntegerField()
    instruction_id = models.BigIntegerField(null=True)
    state = models.SmallIntegerField()
    why = models.TextField(default="")

    class Meta:
        db_table = "ledger_job_item"
        constraints = (models.UniqueConstraint(fields=["job_id", "exception_id"], name="job_item_once"),)
        indexes = (models.Index(fields=["job_id", "state", "id"], name="job_item_state"),)
