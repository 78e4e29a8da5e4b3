"""When batch flows are due: reads `schedule` of flows; pure, the time is passed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crossdock.core.budget import RetryBudget
from crossdock.core.calendar import BusinessCalendar
from crossdock.core.partition import partition_of
from crossdock.landscape.cron import parse_cron
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.models import Flow

RETENTION = "crossdock.retention"
"""The hub's own housekeeping; no flow of a landscape can have a dot in its name."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """When one batch runs, who owns it and who is told of its failures. `written` changes when the schedule does."""

    flow: str
    partition: int
    written: str
    next_after: Callable[[datetime], datetime]
    owner: str
    budget: RetryBudget
    calendars: Mapping[str, BusinessCalendar] = field(default_factory=dict, hash=False)

    def deadline(self, due: datetime) -> datetime | None:
        """Until when a run that was due then is worth trying."""
        return self.budget.deadline(due, self.calendars)


def run_partition(flow: str, partitions: int) -> int:
    """The partition whose owner runs a batch flow."""
    return partition_of(f"run/{flow}", partitions)


def timetable(landscape: Landscape, flow: Flow) -> Timetable:
    """The timetable of a batch flow. Raises ValueError for a cron expression that cannot be read."""
    schedule = flow.schedule
    assert schedule is not None
    owner, budget = flow.exception_owner or "", landscape.budget(flow.name)
    partition = run_partition(flow.name, landscape.partitions)
    if schedule.every is not None:
        return every(flow.name, partition, schedule.every, owner, budget, landscape.calendars)
    cron = parse_cron(schedule.cron or "")
    calendar = landscape.calendars[schedule.calendar] if schedule.calendar else None
    written = f"{schedule.cron} {schedule.calendar or 'UTC'}"
    return Timetable(flow.name, partition, written, lambda at: cron.next_after(at, calendar), owner, budget, landscape.calendars)


def every(
    flow: str,
    partition: int,
    wait: timedelta,
    owner: str,
    budget: RetryBudget,
    calendars: Mapping[str, BusinessCalendar] | None = None,
) -> Timetable:
    """A timetable of runs at equal distances."""
    return Timetable(flow, partition, f"every {wait}", lambda at: at + wait, owner, budget, calendars or {})
