"""The business clock of a transaction: by when, how many safe attempts are left, what it waits for; in words for people."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crossdock.core.budget import RetryBudget
from crossdock.landscape.landscape import Landscape
from crossdock.ledger.board import Expected, OnItsWay
from crossdock.ledger.states import DeliveryState
from crossdock.ledger.times import moment
from crossdock.workbench.spans import span

SOON = timedelta(hours=1)


def of(landscape: Landscape, expected: Expected, under_way: OnItsWay | None, now: datetime) -> str:
    """What the clock says: `late by 2 h 10 min`, or `carrier cut-off dhl of warehouse-north in 42 min, one safe attempt left at odoo`."""
    due = moment(expected.due)
    left = (due - now).total_seconds()
    if expected.late or left < 0:
        said = [_("late by %(span)s") % {"span": span(left)}]
    else:
        cutoff = _cutoff(landscape, expected, under_way, now)
        said = [
            _("cut-off “%(name)s” of %(calendar)s in %(span)s") % cutoff
            if cutoff
            else _("due in %(span)s") % {"span": span(left)}
        ]
    if under_way is not None:
        said.append(_waits(landscape, under_way, now))
    return ", ".join(filter(None, said))


def tone(expected: Expected, under_way: OnItsWay | None, now: datetime) -> str:
    """How it is shown: `bad` late, `warn` near or held up, `calm` otherwise."""
    due = moment(expected.due)
    if expected.late or due < now:
        return "bad"
    near = moment(expected.warn) <= now if expected.warn is not None else due - now < SOON
    held = under_way is not None and under_way.state in (DeliveryState.PARKED, DeliveryState.UNCERTAIN)
    return "warn" if near or held else "calm"


def _cutoff(landscape: Landscape, expected: Expected, under_way: OnItsWay | None, now: datetime) -> dict[str, str] | None:
    """Name and span of the cut-off that is this expectation's moment, or the earlier one of the delivery under way."""
    flow = landscape.flows.get(expected.flow)
    sla = flow.slas.get(expected.stage) if flow is not None else None
    if under_way is not None and under_way.deadline is not None and under_way.deadline < expected.due:
        budget = landscape.budget(under_way.flow, under_way.budget)
        if budget.cutoff and moment(under_way.deadline) > now:
            return _named(budget.cutoff, moment(under_way.deadline) - now)
    if sla is not None and sla.cutoff and sla.within is None:
        return _named(sla.cutoff, moment(expected.due) - now)
    return None


def _named(cutoff: str, left: timedelta) -> dict[str, str]:
    """The parts of `warehouse-north/dhl` in words, and how long it is until then."""
    calendar, _slash, name = cutoff.rpartition("/")
    return {"name": name, "calendar": calendar, "span": span(left.total_seconds())}


def _waits(landscape: Landscape, under_way: OnItsWay, now: datetime) -> str:
    system = under_way.system
    if under_way.state is DeliveryState.PARKED:
        return _("waits until %(system)s is mended") % {"system": system}
    if under_way.state is DeliveryState.UNCERTAIN:
        return _("the effect at %(system)s may have happened: it is being found out, do not repeat it") % {"system": system}
    if under_way.state is not DeliveryState.DEFERRED:
        return ""  # on its way: nothing went wrong so far
    left = attempts_left(landscape.budget(under_way.flow, under_way.budget), under_way, now)
    if left == 0:
        return _("no safe attempt left at %(system)s") % {"system": system}
    return ngettext("one safe attempt left at %(system)s", "%(n)d safe attempts left at %(system)s", left) % {
        "n": left,
        "system": system,
    }


def attempts_left(budget: RetryBudget, under_way: OnItsWay, now: datetime) -> int:
    """How many safe attempts are left of a delivery that was tried."""
    deadline = None if under_way.deadline is None else moment(under_way.deadline)
    return budget.attempts_left(now, under_way.attempts, deadline)
