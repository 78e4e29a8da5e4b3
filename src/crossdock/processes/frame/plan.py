"""A flow's settings, roles and calendars, resolved once per flow context; knows no workflow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from crossdock.core.calendar import cutoff_moment
from crossdock.core.errors import LandscapeInvalid
from crossdock.core.process import FlowContext, Sla
from crossdock.processes.frame.settings import FlowSettings
from crossdock.processes.memo import Memo

T = TypeVar("T", bound=FlowSettings)
M = TypeVar("M", bound=BaseModel)
P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Plan(Generic[T]):
    """What one flow says: its settings, who plays which role, and the clocks."""

    context: FlowContext
    settings: T

    def system(self, role: str) -> str:
        """The system that plays a role. Raises LandscapeInvalid when the flow names none."""
        system = self.context.roles.get(role)
        if system is None:
            raise LandscapeInvalid(
                f"flow {self.context.flow!r} has no system in role {role!r}", flow=self.context.flow, role=role
            )
        return system

    def owner(self, role: str) -> str:
        """The team that gets failures of a role."""
        return self.settings.owners.get(role.partition(":")[0], self.context.owner)

    def due(self, stage: str, at: datetime, calendar: str = "") -> tuple[datetime, Sla] | None:
        """By when a stage is expected that is counted from `at`; None when nobody expects it.

        The flow's SLA of that name goes before the settings' own expectation, which counts in the working time of `calendar` when one is
        named. A calendar or cut-off the landscape does not have raises LandscapeInvalid.
        """
        sla = self.context.slas.get(stage) or self._default(stage, calendar)
        if sla is None:
            return None
        moments: list[datetime] = []
        if sla.within is not None:
            moments.append(self.later(at, sla.within, sla.working))
        if sla.cutoff:
            moments.append(self.cutoff(sla.cutoff, at))
        return (min(moments), sla) if moments else None

    def later(self, at: datetime, duration: timedelta, calendar: str = "") -> datetime:
        """`duration` after `at`, in the working time of `calendar` when one is named."""
        if not calendar:
            return at + duration
        try:
            return self.context.calendars[calendar].add_working(at, duration)
        except KeyError:
            raise LandscapeInvalid(
                f"flow {self.context.flow!r} uses an unknown calendar {calendar!r}", calendar=calendar
            ) from None

    def cutoff(self, name: str, at: datetime) -> datetime:
        """The next time cut-off `name` (`calendar/cut-off`) falls."""
        try:
            return cutoff_moment(self.context.calendars, name, at)
        except KeyError:
            raise LandscapeInvalid(f"flow {self.context.flow!r} uses an unknown cut-off {name!r}", cutoff=name) from None

    def _default(self, stage: str, calendar: str) -> Sla | None:
        within = self.settings.expectations.get(stage)
        return None if within is None else Sla(within, working=calendar)


def resolver(settings: type[M], make: Callable[[FlowContext, M], P]) -> Memo[P]:
    """The plan of a flow context, made once by `make` from its validated settings; raises LandscapeInvalid when these do not fit."""

    def resolve(context: FlowContext) -> P:
        try:
            found = settings.model_validate(dict(context.settings))
        except ValidationError as error:
            raise LandscapeInvalid(f"the settings of flow {context.flow!r} do not fit: {error}", flow=context.flow) from None
        return make(context, found)

    return Memo(resolve)
