"""Pattern and timing of single flows, and where what was measured contradicts what is declared."""

from __future__ import annotations

from datetime import date
from typing import Any

from crossdock.advisor.facts import Measured
from crossdock.advisor.flows import advise
from crossdock.advisor.models import Model
from crossdock.landscape.models import Flow

TODAY = date(2026, 5, 4)


def flow(**said: Any) -> Flow:
    given = {"name": "f", "consequence": "late", "roles": {"source": "shop", "erp": "odoo"}, **said}
    return Flow.model_validate(given)


def measured(p95: float | None, effects: int = 700, exceptions: int = 0, days: float = 30) -> Measured:
    return Measured(days, effects, effects, p95, exceptions)


def test_a_question_somebody_waits_for_is_direct_and_in_real_time() -> None:
    found = advise(flow(pattern="direct", direct={"question": "stock.available", "to": "erp", "time_limit": "1s"}), None, TODAY)
    assert (found.pattern, found.timing) == (Model.DIRECT, "realtime")
    assert found.keeps


def test_a_workflow_with_money_in_it_is_middleware_whatever_it_declares() -> None:
    roles = {"shop": "shop", "erp": "odoo", "wms": "wms"}
    found = advise(
        flow(pattern="published", workflow="order_to_fulfilment", roles=roles, trigger={"events": ["order.placed"]}), None, TODAY
    )
    assert found.pattern is Model.MIDDLEWARE
    assert found.move_days == 4 + 3 + 3
    assert found.totals[Model.MIDDLEWARE] == sum(reason.points[1] for reason in found.reasons)


def test_facts_for_several_receivers_are_published() -> None:
    roles = {"source": "odoo", "target:a": "shop-a", "target:b": "shop-b"}
    found = advise(
        flow(workflow="routing", pattern="orchestrated", roles=roles, trigger={"events": ["stock.changed"], "sources": ["odoo"]}),
        None,
        TODAY,
    )
    assert found.pattern is Model.EVENTS


def test_real_time_without_a_clock_shorter_than_a_day_is_said() -> None:
    found = advise(flow(slas={"done": {"within": "3d"}}), None, TODAY)
    assert found.timing == "batch"
    assert any("nothing it states is shorter than a day" in each for each in found.contradictions)


def test_effects_slower_than_the_clock_that_is_stated_contradict_it() -> None:
    said = flow(slas={"done": {"within": "15m"}})
    assert not advise(said, measured(600.0), TODAY).contradictions
    [found] = advise(said, measured(1_000.0, exceptions=3), TODAY).contradictions
    assert "15 minutes matter" in found


def test_slow_real_time_that_nobody_misses_is_asked_about() -> None:
    said = flow(slas={"done": {"within": "8h"}})
    assert any("nobody was told" in each for each in advise(said, measured(7_200.0), TODAY).contradictions)
    assert not advise(said, measured(7_200.0, exceptions=1), TODAY).contradictions


def test_a_batch_every_few_minutes_is_real_time_with_a_delay() -> None:
    said = flow(timing="batch", workflow="inventory_snapshot", schedule={"every": "5m"})
    assert any("real time with a delay" in each for each in advise(said, measured(1.0), TODAY).contradictions)


def test_a_review_that_is_overdue_and_a_missing_consequence_are_said() -> None:
    found = advise(flow(consequence="", review_by="2026-01-31"), None, TODAY).contradictions
    assert any("2026-01-31" in each for each in found)
    assert any("no business consequence" in each for each in found)
    assert advise(flow(), None, TODAY).review_by > TODAY


def test_a_flow_that_did_nothing_for_weeks_is_said() -> None:
    found = advise(flow(slas={"done": {"within": "1h"}}), measured(None, effects=0), TODAY)
    assert any("did nothing in 30 days" in each for each in found.contradictions)
