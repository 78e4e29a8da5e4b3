"""`crossdock.yaml`: the hub's name, its company, its regions, teams and defaults."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crossdock.core.calendar import BusinessCalendar
from crossdock.landscape.models.base import Name, Strict, Text
from crossdock.landscape.models.calendars import ClockTime, DaySpan, Opening, Zone, weekdays
from crossdock.landscape.models.flow import RetryBudget
from crossdock.landscape.models.system import Breaker, Limits


class Team(Strict):
    """People who own something and are told when it fails."""

    title: Annotated[Text, Field(description="The team's name for people.")] = ""
    email: Annotated[Text, Field(description="Where mail for the team goes.")] = ""
    alerts: Annotated[
        Name | None,
        Field(description="The alert route (`policies.yaml`) by which the team is told; absent: mail to `email`."),
    ] = None
    zone: Annotated[Zone, Field(description="The team's IANA time zone: its quiet hours and digests are in it.")] = "UTC"
    quiet: Annotated[
        dict[DaySpan, Opening],
        Field(
            description="Days and hours in which only critical alerts are sent (`mon-fri: 20:00-07:00`); the others wait for their end."
        ),
    ] = Field(default_factory=dict)
    digest: Annotated[
        tuple[ClockTime, ...], Field(description="Local times at which the team gets a summary of what waits for it.")
    ] = ()

    def resting(self) -> BusinessCalendar | None:
        """The team's quiet hours as a calendar that is open while the team is not to be disturbed; None when it has none."""
        return BusinessCalendar(self.zone, weekdays(self.quiet)) if self.quiet else None


class Defaults(Strict):
    """What holds where a file says nothing."""

    region: Annotated[Name | None, Field(description="Region of systems and partners that name none.")] = None
    calendar: Annotated[Name | None, Field(description="Calendar of systems that name none.")] = None
    limits: Annotated[Limits, Field(description="Limits of systems that set none.")] = Limits()
    breaker: Annotated[Breaker, Field(description="Circuit breaker of systems that set none.")] = Breaker()
    budgets: Annotated[
        dict[Name, RetryBudget], Field(description="Retry budgets every flow has unless it sets its own of that name.")
    ] = Field(default_factory=dict)


class Hub(Strict):
    """The landscape's head."""

    name: Annotated[Name, Field(description="The landscape's name; appears in every bundle and log line.")]
    company: Annotated[Text, Field(min_length=1, description="The company whose supply chain this is.")]
    title: Annotated[Text, Field(description="One line about this landscape.")] = ""
    partitions: Annotated[
        int,
        Field(ge=1, le=4096, description="Number of partitions. Fixed for the life of a ledger: business keys are spread by it."),
    ] = 16
    regions: Annotated[dict[Name, Text], Field(description="Regions data may live in: name and title.")] = Field(
        default_factory=dict
    )
    teams: Annotated[dict[Name, Team], Field(description="Who owns things.")] = Field(default_factory=dict)
    default_environment: Annotated[
        Name | None, Field(description="The environment used where none is named; a laptop's, never production.")
    ] = None
    defaults: Annotated[Defaults, Field(description="What holds where a file says nothing.")] = Defaults()
