"""`flows/*.yaml`: what moves between which systems, in what pattern and timing, why, how long it is tried, and who gets the failures."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from crossdock.core import budget as core_budget
from crossdock.core import process as core_process
from crossdock.landscape.models.base import Duration, EventType, Name, Role, Severity, Strict, Text

CUTOFF = r"^[^/\s]+/[^/\s]+$"


class Trigger(Strict):
    """What starts or feeds the flow."""

    events: Annotated[tuple[EventType, ...], Field(description="Canonical event types the flow takes.")] = ()
    sources: Annotated[
        tuple[Name, ...], Field(description="Systems whose events may *start* the flow; empty: the systems of its roles.")
    ] = ()


class Schedule(Strict):
    """When a batch runs: `every` or `cron`."""

    every: Annotated[Duration | None, Field(description="Time between two runs.")] = None
    cron: Annotated[
        str | None,
        Field(pattern=r"^(\S+\s+){4}\S+$", description="Minute, hour, day of month, month, day of week (`30 2 * * 1-5`)."),
    ] = None
    calendar: Annotated[
        Name | None, Field(description="The calendar whose zone the cron times are in and whose holidays are left out.")
    ] = None

    @model_validator(mode="after")
    def _one(self) -> Schedule:
        if (self.every is None) == (self.cron is None):
            raise ValueError("a schedule has either `every` or `cron`")
        return self


class Until(Strict):
    """The business moment after which another attempt is useless; with several the earliest counts."""

    cutoff: Annotated[
        str | None,
        Field(
            pattern=CUTOFF,
            description="`calendar/cut-off`: the next time this cut-off falls, for example `warehouse-north/dhl`.",
        ),
    ] = None
    within: Annotated[Duration | None, Field(description="This long after the effect was decided.")] = None
    working: Annotated[
        Name | None, Field(description="The calendar in whose working time `within` counts; absent: wall time.")
    ] = None
    margin: Annotated[
        Duration, Field(description="The last attempt starts this long before that moment, so that its answer still matters.")
    ] = timedelta(minutes=1)

    @model_validator(mode="after")
    def _some(self) -> Until:
        if self.cutoff is None and self.within is None:
            raise ValueError("say `cutoff`, `within`, or both (the earlier one counts)")
        if self.working is not None and self.within is None:
            raise ValueError("`working` needs `within`")
        return self


class RetryBudget(Strict):
    """How long and how often an effect is tried before a person gets it."""

    attempts: Annotated[int, Field(ge=1, le=10_000, description="The most attempts, the first included.")] = 12
    first_delay: Annotated[Duration, Field(description="Wait before the second attempt.")] = timedelta(seconds=5)
    max_delay: Annotated[Duration, Field(description="The longest wait between two attempts; waits double up to it.")] = (
        timedelta(minutes=15)
    )
    until: Annotated[Until | None, Field(description="The business moment after which another attempt is useless.")] = None
    on_exhausted: Annotated[
        Literal["exception", "page"], Field(description="When it ends: an `exception` for the owner, or also a `page`.")
    ] = "exception"

    @model_validator(mode="after")
    def _ordered(self) -> RetryBudget:
        if self.first_delay > self.max_delay:
            raise ValueError("`first_delay` is longer than `max_delay`")
        return self

    def core(self) -> core_budget.RetryBudget:
        """The budget as the core computes with it."""
        until = self.until
        return core_budget.RetryBudget(
            attempts=self.attempts,
            first_delay=self.first_delay.total_seconds(),
            max_delay=self.max_delay.total_seconds(),
            cutoff=(until.cutoff or "") if until else "",
            within=until.within if until else None,
            working=(until.working or "") if until else "",
            margin=until.margin.total_seconds() if until else 60.0,
            on_exhausted=self.on_exhausted,
        )


class Sla(Strict):
    """Something that should have happened in time; its owner is told when it did not."""

    within: Annotated[Duration | None, Field(description="This long after the stage before was reached.")] = None
    cutoff: Annotated[
        str | None, Field(pattern=r"^[^/\s]+/[^/\s]+$", description="`calendar/cut-off`: by the next time this cut-off falls.")
    ] = None
    working: Annotated[
        Name | None, Field(description="The calendar in whose working time `within` counts; absent: wall time.")
    ] = None
    warn: Annotated[Duration | None, Field(description="Warn this long before it is late.")] = None
    owner: Annotated[Name | None, Field(description="The team that is told; absent: the flow's exception owner.")] = None
    severity: Annotated[
        Severity,
        Field(description="How bad it is to be late; `critical` is sent in quiet hours too. Coming near is a `warning`."),
    ] = "warning"
    description: Annotated[Text, Field(description="What is late, in words for people.")] = ""

    @model_validator(mode="after")
    def _some(self) -> Sla:
        if self.within is None and self.cutoff is None:
            raise ValueError("say `within`, `cutoff`, or both (the earlier one counts)")
        return self

    def core(self, owner: str) -> core_process.Sla:
        """The expectation as processes read it; `owner` is told when this one names nobody."""
        return core_process.Sla(
            within=self.within,
            cutoff=self.cutoff or "",
            working=self.working or "",
            warn=self.warn,
            owner=self.owner or owner,
            description=self.description,
        )


class Fallback(Strict):
    """What is answered when a direct question gets no answer in time."""

    mode: Annotated[
        Literal["refuse", "last_known", "assume"],
        Field(
            description="`refuse`: an error the asker can show; `last_known`: the last value the hub saw; `assume`: the answer given here."
        ),
    ]
    max_age: Annotated[Duration | None, Field(description="For `last_known`: how old the value may be.")] = None
    answer: Annotated[dict[str, Any] | None, Field(description="For `assume`: the answer.")] = None
    reason: Annotated[Text, Field(description="Why this is acceptable, in business words.")] = ""

    @model_validator(mode="after")
    def _complete(self) -> Fallback:
        if self.mode == "last_known" and self.max_age is None:
            raise ValueError("`last_known` needs `max_age`")
        if self.mode == "assume" and self.answer is None:
            raise ValueError("`assume` needs `answer`")
        return self


class Direct(Strict):
    """A question asked and answered while the asker waits."""

    question: Annotated[EventType, Field(description="The question's name, for example `stock.available`.")]
    to: Annotated[Role, Field(description="The role whose system answers.")]
    time_limit: Annotated[Duration | None, Field(description="After this time the fallback is answered.")] = None
    fallback: Annotated[Fallback | None, Field(description="What is answered when there is no answer in time.")] = None


class Flow(Strict):
    """One flow of business between systems."""

    name: Annotated[Name, Field(description="The flow's name; the file's name when absent.")]
    title: Annotated[Text, Field(description="The flow's name for people.")] = ""
    enabled: Annotated[bool, Field(description="`false` keeps the flow in the landscape without running it.")] = True
    workflow: Annotated[
        Name | None,
        Field(description="The process: an entry point of the group `crossdock.processes`; absent for pattern `direct`."),
    ] = None
    trigger: Annotated[Trigger, Field(description="What starts or feeds the flow.")] = Trigger()
    roles: Annotated[dict[Role, Name], Field(description="Which system plays which role.")] = Field(default_factory=dict)
    pattern: Annotated[
        Literal["direct", "orchestrated", "published"],
        Field(
            description="`direct`: ask and wait; `orchestrated`: a process decides; `published`: facts told to whom they concern."
        ),
    ] = "orchestrated"
    region: Annotated[
        Name | None,
        Field(
            description="The region whose hub runs the flow and whose payloads it carries; absent: the one its systems are in. Of "
            "pattern `published`, absent: every region tells its own subscribers."
        ),
    ] = None
    timing: Annotated[Literal["realtime", "batch"], Field(description="At once, or collected and run by schedule.")] = "realtime"
    schedule: Annotated[Schedule | None, Field(description="When a batch runs.")] = None
    consequence: Annotated[
        Text, Field(description="What it costs the business when this is late or wrong: the reason for pattern and timing.")
    ] = ""
    direct: Annotated[Direct | None, Field(description="The question of pattern `direct`.")] = None
    settings: Annotated[dict[str, Any], Field(description="The workflow's own settings; see the workflow's page.")] = Field(
        default_factory=dict
    )
    budgets: Annotated[
        dict[Name, RetryBudget], Field(description="Retry budgets by name; `default` is used where a command names none.")
    ] = Field(default_factory=dict)
    slas: Annotated[dict[str, Sla], Field(description="Expectations by name: what must have happened by when.")] = Field(
        default_factory=dict
    )
    exception_owner: Annotated[Name | None, Field(description="The team that gets what the machine cannot settle.")] = None
    review_by: Annotated[
        str | None, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="The date by which pattern and timing are reviewed.")
    ] = None
