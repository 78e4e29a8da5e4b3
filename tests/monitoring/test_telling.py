"""Who is told what, when: once, again, escalated, over, after quiet hours, in a digest; decided without a clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from crossdock.ledger.alerts import KeptAlert
from crossdock.ledger.times import micros
from crossdock.monitoring import telling, wording
from crossdock.monitoring.condition import Condition
from crossdock.monitoring.routing import Routing
from tests.monitoring.conftest import condition, routing

NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
"""A Monday, 12:00 in Berlin."""
NIGHT = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)

Numbers = Callable[[], int]


class Desk:
    """Plays the watch: remembers alerts, answers every notification as told unless a route is broken."""

    def __init__(self, numbers: Numbers, rules: Routing | None = None) -> None:
        self.alerts: dict[str, KeptAlert] = {}
        self.numbers = numbers
        self.rules = rules or routing()
        self.broken: set[str] = set()
        self.told: list[tuple[str, str, list[str]]] = []

    def look(self, now: datetime, *conditions: Condition) -> list[tuple[str, list[str]]]:
        at = micros(now)
        others = {n: a for n, a in self.alerts.items() if a.kind != "digest"}
        for each in telling.observe(conditions, others, at, self.rules.settle, self.numbers):
            self.alerts[each.identity] = each
        newest = {each.identity: each.newest for each in conditions}
        handled = frozenset(each.identity for each in conditions if each.taken)
        due = telling.plan(self.alerts.values(), newest, self.rules, now, handled)
        digests, notes = telling.digests(self.alerts, self.rules, now, self.numbers)
        for note in notes:
            self.alerts[note.identity] = note
        for each in (*due, *digests):
            telling.settled(each, "refused" if each.route in self.broken else "", at, self.alerts)
        return [(each.route, sorted(f"{line.event}:{line.alert.identity}" for line in each.lines)) for each in (*due, *digests)]


@pytest.fixture
def desk(numbers: Numbers) -> Desk:
    return Desk(numbers)


def test_a_thing_is_told_once_by_the_route_of_its_owner(desk: Desk) -> None:
    assert desk.look(NOON, condition("a")) == [("chat", ["new:a"])]
    assert desk.look(NOON + timedelta(minutes=10), condition("a")) == []


def test_what_was_told_is_known_after_a_restart(desk: Desk, numbers: Numbers) -> None:
    desk.look(NOON, condition("a"))
    again = Desk(numbers)
    again.alerts = desk.alerts
    assert again.look(NOON + timedelta(minutes=1), condition("a")) == []


def test_a_storm_is_one_notification(desk: Desk) -> None:
    [(route, lines)] = desk.look(NOON, *(condition(f"c{n}") for n in range(200)))
    assert route == "chat"
    assert len(lines) == 200


def test_warnings_that_come_one_by_one_are_gathered_but_critical_ones_go_at_once(desk: Desk) -> None:
    a, b, c = condition("a"), condition("b"), condition("c", severity="critical")
    desk.look(NOON, a)
    assert desk.look(NOON + timedelta(minutes=1), a, b) == []
    assert desk.look(NOON + timedelta(minutes=2), a, b, c) == [("chat", ["new:b", "new:c"])]


def test_more_of_the_same_is_told_again_after_an_hour_and_ten_times_as_many_at_once(desk: Desk) -> None:
    desk.look(NOON, condition("a", owner="it", count=2))
    later, hour = NOON + timedelta(minutes=30), NOON + timedelta(minutes=61)
    assert desk.look(later, condition("a", owner="it", count=3, newest=micros(later))) == []
    assert desk.look(hour, condition("a", owner="it", count=3, newest=micros(later))) == [("pager", ["more:a"])]
    after = hour + timedelta(minutes=2)
    assert desk.look(after, condition("a", owner="it", count=29, newest=micros(after))) == []
    assert desk.look(after, condition("a", owner="it", count=30, newest=micros(after))) == [("pager", ["more:a"])]


def test_what_nobody_took_is_escalated_and_what_somebody_took_is_not(desk: Desk, numbers: Numbers) -> None:
    desk.look(NOON, condition("a"), condition("b"))
    desk.alerts["b"].taken_by = "alice"
    assert desk.look(NOON + timedelta(minutes=31), condition("a"), condition("b")) == [("pager", ["escalated:a"])]
    assert desk.look(NOON + timedelta(minutes=40), condition("a"), condition("b")) == []


def test_a_group_that_people_work_on_is_not_escalated(desk: Desk) -> None:
    desk.look(NOON, condition("a"))
    assert desk.look(NOON + timedelta(minutes=31), condition("a", taken=True)) == []


def test_quiet_hours_hold_warnings_until_the_morning_and_let_critical_ones_through(desk: Desk) -> None:
    warning, critical = condition("a"), condition("b", severity="critical")
    assert desk.look(NIGHT, warning, critical) == [("chat", ["new:b"])]
    morning = datetime(2026, 11, 24, 5, 1, tzinfo=UTC)  # 06:01 in Berlin
    assert ("chat", ["new:a"]) in desk.look(morning, warning, critical)


def test_its_end_is_told_once_it_stays_away_and_a_short_return_is_not_news(desk: Desk) -> None:
    desk.look(NOON, condition("a"))
    assert desk.look(NOON + timedelta(minutes=10)) == []
    assert desk.look(NOON + timedelta(minutes=12), condition("a")) == []  # flapping
    assert desk.look(NOON + timedelta(minutes=20)) == []
    assert desk.look(NOON + timedelta(minutes=26)) == [("chat", ["over:a"])]
    assert desk.look(NOON + timedelta(minutes=40)) == []
    assert desk.look(NOON + timedelta(minutes=60), condition("a")) == [("chat", ["new:a"])]


def test_what_cannot_be_told_is_tried_again_slower_each_time_and_then_told_by_the_default_route(desk: Desk) -> None:
    desk.broken.add("chat")
    moments, told = [], []
    for second in range(0, 3600, 10):
        now = NOON + timedelta(seconds=second)
        for route, lines in desk.look(now, condition("a")):
            (moments if route == "chat" else told).append((second, lines))
    gaps = [later - sooner for (sooner, _), (later, _) in pairwise(moments)]
    assert gaps[0] >= 30
    assert gaps == sorted(gaps)
    assert max(gaps) <= 910
    assert told
    assert told[0][1] == ["new:a"]
    assert told[0][0] <= 200


def test_a_failed_telling_is_counted_as_untold_until_it_is_told(desk: Desk) -> None:
    desk.broken = {"chat", "fallback"}
    desk.look(NOON, condition("a"))
    assert [each.identity for each in telling.untold(desk.alerts.values(), desk.rules, NOON)] == ["a"]
    desk.broken.clear()
    desk.look(NOON + timedelta(minutes=5), condition("a"))
    assert telling.untold(desk.alerts.values(), desk.rules, NOON) == []


def test_an_owner_without_a_route_goes_to_the_default_and_without_one_is_untold(desk: Desk, numbers: Numbers) -> None:
    assert desk.look(NOON, condition("a", owner="nobody")) == [("fallback", ["new:a"])]
    alone = Desk(numbers, routing(default=""))
    assert alone.look(NOON, condition("a", owner="nobody")) == []
    assert len(telling.untold(alone.alerts.values(), alone.rules, NOON)) == 1


def test_the_partners_segment_is_told_too(numbers: Numbers) -> None:
    desk = Desk(numbers, routing(segments={"wms": "pager"}))
    assert sorted(desk.look(NOON, condition("a", system="wms"))) == [("chat", ["new:a"]), ("pager", ["new:a"])]


def test_a_route_gets_only_its_severities(desk: Desk) -> None:
    assert desk.look(NOON, condition("a", severity="info")) == []
    assert desk.look(NOON, condition("b", severity="info", owner="it")) == [("pager", ["new:b"])]


def test_what_grows_worse_is_told_again(desk: Desk) -> None:
    desk.look(NOON, condition("a"))
    assert desk.look(NOON + timedelta(minutes=1), condition("a", severity="critical")) == [("chat", ["more:a"])]


def test_a_digest_comes_once_at_its_time_and_names_what_waits(desk: Desk) -> None:
    desk.look(NOON, condition("a"))
    before = datetime(2026, 11, 24, 5, 59, tzinfo=UTC)
    due = datetime(2026, 11, 24, 6, 0, 5, tzinfo=UTC)  # 07:00 in Berlin
    desk.alerts["a"].taken_by = "alice"
    assert desk.look(before, condition("a")) == []
    assert desk.look(due, condition("a")) == [("chat", ["waits:a"])]
    assert desk.look(due + timedelta(minutes=1), condition("a")) == []


def test_a_digest_with_nothing_to_say_is_not_sent_and_a_late_one_left_out(desk: Desk) -> None:
    desk.look(NOON)
    assert desk.look(datetime(2026, 11, 24, 6, 1, tzinfo=UTC)) == []
    late = Desk(desk.numbers)
    late.look(NOON, condition("a"))
    late.alerts["a"].taken_by = "alice"
    assert late.look(datetime(2026, 11, 24, 13, 30, tzinfo=UTC), condition("a")) == []


def test_notifications_name_what_to_do_and_where_but_stay_short(desk: Desk) -> None:
    desk.look(NOON, *(condition(f"c{n}") for n in range(30)))
    lines = [telling.Line("new", each) for each in desk.alerts.values() if each.kind != "digest"]
    one = telling.Notification("chat", "warning", lines[:1])
    assert wording.title(one, "hub") == "[hub] warning: title of c0"
    text = wording.body(telling.Notification("chat", "warning", lines), "https://hub.example/")
    assert text.count("https://hub.example/board/alerts/") == wording.MOST
    assert "and 10 more" in text
    assert "owner ops" in text
