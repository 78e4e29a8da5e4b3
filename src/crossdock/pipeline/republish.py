"""Tells a subscriber taken events once more: the commands of a replay, made by the owner of the partition in its own transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from crossdock.core.budget import RetryBudget
from crossdock.ledger import people
from crossdock.ledger.session import Session
from crossdock.ledger.states import DeliveryState, EventState
from crossdock.ledger.times import micros, moment
from crossdock.pipeline.delivery import Delivery
from crossdock.pipeline.runtime import Runtime
from crossdock.pipeline.tick import Tick
from crossdock.pipeline.work import EventWork, from_row
from crossdock.processes.publication import told
from crossdock.processes.publication.entitlement import entitled


def kept_events(session: Session, data: dict[str, Any], partition: int) -> list[EventWork]:
    """The events an instruction names, in the order of their taking, as far as they are this partition's, taken, and still kept."""
    rows = people.events_by_id(session, [int(each) for each in data["events"]])
    works = [from_row(row) for row in sorted(rows) if row[2] == partition and len(row[11]) > 0]
    return [work for work in works if work.state is EventState.APPLIED]


def republish(
    tick: Tick, runtime: Runtime, number: Callable[[], int], data: dict[str, Any], events: list[EventWork]
) -> dict[str, Any]:
    """Issue what the subscriber is entitled to by today's landscape; a replay of the same name issues the same commands."""
    subscriber = runtime.landscape.subscribers.get(data["subscriber"])
    if subscriber is None or not subscriber.enabled:
        return {"done": False, "why": f"there is no enabled subscriber {data['subscriber']!r}"}
    issued = 0
    for name in subscriber.flows:
        flow = runtime.flows.get(name)
        if flow is None:
            continue
        taker = next((each for each in entitled(flow.context) if each.name == subscriber.name), None)
        wanted = set(runtime.landscape.flows[name].trigger.events)
        for work in events:
            if taker is None or work.event.type not in wanted or not taker.takes(work.event):
                continue
            made = told(work.event.key, work.event, orjson.loads(work.body), taker, name, data["name"])
            budget = flow.budgets.get(made.budget) or flow.budgets.get("default") or RetryBudget()
            until = budget.deadline(moment(tick.batch.at), flow.context.calendars, None)
            made = replace(made, correlation=work.event.correlation, deadline=None if until is None else moment(micros(until)))
            delivery = Delivery(number(), made, work.partition, DeliveryState.READY, 0, 0, tick.batch.at, work.number, fresh=True)
            tick.decider.deliveries.append(delivery)
            issued += 1
    return {"done": True, "told": issued}
