"""A flow's settings, roles and calendars, and whose invoice is ready when; knows no state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crossdock.processes.frame.plan import Plan as FramePlan
from crossdock.processes.frame.plan import resolver
from crossdock.processes.frame.states import Json
from crossdock.processes.shipment_to_invoice.settings import Readiness, Settings


@dataclass(frozen=True, slots=True)
class Plan(FramePlan[Settings]):
    """What one flow says, and the rule for each order."""

    def rule(self, order: Json, source: str) -> Readiness:
        """The rule of an order's customer: the first that fits, else the last one."""
        named = {(one["scheme"], one["value"]) for one in order["customer"]} | {("id", order["customer_id"])}
        for rule in self.settings.readiness:
            if rule.customers and not any((one.scheme, one.value) in named for one in rule.customers):
                continue
            if rule.sources and source not in rule.sources:
                continue
            if rule.countries and order["country"] not in rule.countries:
                continue
            return rule
        return self.settings.readiness[-1]

    def today(self, at: datetime) -> date:
        """The day of invoices at this moment."""
        return at.astimezone(ZoneInfo(self.settings.zone)).date()

    def period_end(self, per: str, at: datetime) -> datetime:
        """When the period that `at` lies in is over: the next midnight, Monday or first of a month."""
        zone = ZoneInfo(self.settings.zone)
        today = at.astimezone(zone).date()
        if per == "month":
            following = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
        elif per == "week":
            following = today + timedelta(days=7 - today.weekday())
        else:
            following = today + timedelta(days=1)
        return datetime.combine(following, time(), zone)


plan = resolver(Settings, Plan)
"""The plan of a flow context, made once."""
