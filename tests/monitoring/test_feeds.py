"""Feeds that are silent, slow, or called in vain, judged on the demo's landscape; agreed limits go before what was learned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files

import pytest

from crossdock.landscape.landscape import Landscape
from crossdock.landscape.load import load
from crossdock.ledger.alerts import ExceptionGroup, Nearing
from crossdock.ledger.times import micros
from crossdock.ledger.traffic import ATTEMPT, Cell, Kind
from crossdock.monitoring import feeds, sight
from crossdock.monitoring.feeds import Channel
from crossdock.monitoring.rhythm import Rhythm, learn

NOON = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
"""A Tuesday, 12:00 in Hamburg, where the warehouse works."""
NIGHT = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def demo() -> Landscape:
    with as_file(files("crossdock.landscape") / "demo") as folder:
        return load(folder, "demo")


def channel(system: str, ago: timedelta, now: datetime, name: str = "webhooks", received: int = 0) -> Channel:
    return Channel(system, name, int((now - ago).timestamp()), received)


def rhythm(now: datetime, every: timedelta) -> Rhythm:
    steps, at = {}, now - timedelta(weeks=6)
    begin = int(at.timestamp())
    while at < now:
        steps[int(at.timestamp()) // 300 * 300] = 10
        at += every
    return learn(steps, begin, int(now.timestamp()))


def test_an_agreed_silence_counts_only_while_the_place_works(demo: Landscape) -> None:
    [found] = feeds.judge(demo, [channel("wms-north", timedelta(minutes=50), NOON)], {}, NOON)
    assert (found.severity, found.owner, found.system) == ("critical", "operations", "wms-north")
    assert feeds.judge(demo, [channel("wms-north", timedelta(minutes=40), NOON)], {}, NOON) == []
    assert feeds.judge(demo, [channel("wms-north", timedelta(hours=2), NIGHT)], {}, NIGHT) == []


def test_what_was_learned_judges_the_others_and_nothing_is_said_without_it(demo: Landscape) -> None:
    silent = channel("shopify-eu", timedelta(hours=2), NOON)
    assert feeds.judge(demo, [silent], {}, NOON) == []
    known = {("shopify-eu", "webhooks"): rhythm(NOON, timedelta(minutes=5))}
    [found] = feeds.judge(demo, [silent], known, NOON)
    assert found.kind == "feed_silent"
    assert "2 h 0 min" in found.title
    rare = {("shopify-eu", "webhooks"): rhythm(NOON, timedelta(hours=6))}
    assert feeds.judge(demo, [silent], rare, NOON) == []


def test_a_feed_far_below_its_usual_is_slow(demo: Landscape) -> None:
    known = {("woo-outlet", "webhooks"): rhythm(NOON, timedelta(minutes=5))}
    slow = channel("woo-outlet", timedelta(minutes=2), NOON, received=10)
    [found] = feeds.judge(demo, [slow], known, NOON)
    assert found.kind == "feed_slow"
    assert "instead of about 120" in found.title
    assert feeds.judge(demo, [channel("woo-outlet", timedelta(minutes=2), NOON, received=100)], known, NOON) == []


def test_a_system_that_fails_or_is_slow_degrades_within_its_agreement(demo: Landscape) -> None:
    def calls(failed: int, total: int, place: int = 2) -> dict[Kind, Cell]:
        bins = [0] * 28
        bins[place] = total - failed
        return {
            Kind(ATTEMPT, "odoo", "f", "accepted"): Cell(total - failed, 0, bins),
            Kind(ATTEMPT, "odoo", "f", "deferred"): Cell(failed, 0, [failed] + [0] * 27),
        }

    assert feeds.degraded(demo, calls(5, 100), {}, NOON, 30) == []
    [found] = feeds.degraded(demo, calls(12, 100), {}, NOON, 30)
    assert "12% of 100 calls failed" in found.title
    assert found.owner == "integration"
    assert feeds.degraded(demo, calls(12, 19), {}, NOON, 30) == []  # too few to say
    [slow] = feeds.degraded(demo, calls(0, 100, 13), {}, NOON, 30)
    assert "5.0 s allowed" in slow.title
    rejected = {Kind(ATTEMPT, "odoo", "f", "rejected"): Cell(100, 0, [100] + [0] * 27)}
    assert feeds.degraded(demo, rejected, {}, NOON, 30) == []  # the business's, not the system's


def group(code: str, sample: int = 1, **changes: object) -> ExceptionGroup:
    given = {
        "fingerprint": "f", "owner": "operations", "code": code, "step": "deliver", "flow": "order-shopify-eu", "system": "odoo", "key": "order/x/1",
        "cases": 1, "taken": 0, "snoozed": 0, "oldest": 1, "newest": 2, "sample": sample,
    }  # fmt: skip
    return ExceptionGroup(**{**given, **changes})  # type: ignore[arg-type]


def test_how_bad_an_exception_is_follows_from_its_kind_and_its_flow(demo: Landscape) -> None:
    def severity(one: ExceptionGroup, slots: dict[int, str] | None = None) -> str:
        [found] = sight.exceptions([one], slots or {}, demo, sight.Errors(), frozenset({"deliver.budget_exhausted"}))
        return found.severity

    assert severity(group("deliver.refused")) == "warning"
    assert severity(group("deliver.credential_refused")) == "critical"
    assert severity(group("reconcile.unknown")) == "critical"
    assert severity(group("deliver.budget_exhausted")) == "critical"  # this flow's budgets page
    assert severity(group("expect.breached"), {1: "order-shopify-eu/released"}) == "critical"
    assert severity(group("expect.breached"), {1: "order-shopify-eu/delivered:1"}) == "warning"
    assert severity(group("never.heard.of")) == "warning"


def test_a_group_that_people_work_on_or_that_sleeps_counts_as_taken(demo: Landscape) -> None:
    def taken(**changes: object) -> bool:
        [found] = sight.exceptions([group("deliver.refused", **changes)], {}, demo, sight.Errors(), frozenset())
        return found.taken

    assert not taken(cases=3, taken=2)
    assert taken(cases=3, taken=3)
    assert taken(cases=3, taken=1, snoozed=2)


def test_what_comes_near_is_one_condition_a_stage_whatever_the_number_of_parcels(demo: Landscape) -> None:
    now = micros(NOON)
    rows = [
        Nearing("order-shopify-eu", "picked:1", "operations", 2, now + 600_000_000, now - 1, "order/a/1"),
        Nearing("order-shopify-eu", "picked:2", "operations", 1, now + 300_000_000, now - 1, "order/a/1"),
    ]
    [found] = sight.nearing(rows, demo, now)
    assert found.count == 3
    assert "due in 5 min" in found.text
    assert "The warehouse has not picked the order" in found.title
