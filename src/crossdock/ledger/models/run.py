"""Runs of batch flows: when one is due, how far it is, and what came of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from crossdock.ledger.states import OPEN_RUNS, RunState


class Run(models.Model):
    """One run of a batch flow, or of the hub's own housekeeping. The planned row of a flow says when it runs next.

    `partition` owns it; `epoch` is that partition's epoch when the run started: a running run of an older epoch was interrupted.
    `author` is who asked for it, empty when the schedule did. `progress` and `result` are JSON.
    """

    id = models.BigIntegerField(primary_key=True)
    flow = models.TextField()
    state = models.SmallIntegerField(default=RunState.PLANNED)
    due_at = models.BigIntegerField()
    started_at = models.BigIntegerField(null=True)
    ended_at = models.BigIntegerField(null=True)
    partition = models.SmallIntegerField()
    epoch = models.BigIntegerField(default=0)
    author = models.TextField(default="")
    progress = models.TextField(default="{}")
    result = models.TextField(default="{}")

    class Meta:
        db_table = "ledger_run"
        indexes = (
            models.Index(fields=["flow", "id"], name="run_flow"),
            models.Index(fields=["partition", "id"], name="run_open", condition=Q(state__in=list(OPEN_RUNS))),
        )
