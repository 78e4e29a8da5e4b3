"""The windows of change capture as pure values: bounded, and they show every row however late it appears."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.connectors.odoo.values import to_odoo
from crossdock.connectors.odoo.window import Policy, Window, compress, expand

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOT = Policy(timedelta(minutes=15), timedelta(hours=24), timedelta(hours=24), timedelta(hours=1), 1000)


@given(st.sets(st.integers(1, 2000)))
def test_ids_survive_compression(ids: set[int]) -> None:
    assert set(expand(compress(ids))) == ids


def test_consecutive_ids_take_no_room() -> None:
    assert compress(range(1, 20_001)) == "1-20000" and compress([]) == "" and compress([3, 1, 2, 7]) == "1-3,7"


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.integers(0, 3600), st.integers(0, 899), st.integers(1, 3)), min_size=1, max_size=30),
    st.lists(st.integers(1, 600), min_size=1, max_size=40),
)
def test_whatever_becomes_visible_within_the_window_is_told_once(rows: list[tuple[int, int, int]], steps: list[int]) -> None:
    """Rows are (start of the transaction, how much later they appear, content); polls come at irregular times, one is missed for hours."""
    window, at, told = Window(), 0, []
    appear = [
        (NOW + timedelta(seconds=start), NOW + timedelta(seconds=start + late), f"c{content}") for start, late, content in rows
    ]
    for step in [*steps, 3600, 1000, 1000]:
        at += step
        now = NOW + timedelta(seconds=at)
        walk = window.begin(
            now, Policy(HOT.hot, HOT.sweep, HOT.sweep_every, HOT.deletions_every, HOT.span, start=NOW - timedelta(hours=1))
        )
        for id_, (written, visible, content) in enumerate(appear, 1):
            if (
                visible <= now
                and to_odoo(written) >= to_odoo(walk.since)
                and id_ > walk.last
                and window.is_new(id_, content, to_odoo(written), HOT)
            ):
                told.append(id_)
        window.end(HOT)
        window = Window.load(json.loads(json.dumps(window.dump())))
    last = NOW + timedelta(seconds=at)
    assert sorted(told) == [id_ for id_, (_, visible, _) in enumerate(appear, 1) if visible <= last]


def test_only_the_hot_window_is_remembered() -> None:
    window = Window()
    window.begin(NOW, HOT)
    for id_ in range(1, 2001):
        window.is_new(id_, "c", to_odoo(NOW - timedelta(seconds=id_)), HOT)
    window.end(HOT)
    assert len(window.seen) == 900
    window.begin(NOW + timedelta(hours=1), HOT)
    window.end(HOT)
    assert window.seen == {}


def test_changes_within_one_second_have_different_versions() -> None:
    window, second = Window(), to_odoo(NOW)
    window.begin(NOW, HOT)
    versions = [window.is_new(1, content, second, HOT) for content in ("a", "b", "a", "a")]
    assert versions == [second, f"{second}~1", f"{second}~2", ""]


def test_a_sweep_looks_back_further_once_a_day_and_a_pass_goes_on_where_it_stopped() -> None:
    window = Window()
    first = window.begin(NOW, HOT)
    assert first.since == NOW - timedelta(minutes=15) and not first.sweep
    first.last = 77
    window = Window.load(window.dump())
    again = window.begin(NOW + timedelta(minutes=5), HOT)
    assert (again.now, again.last) == (NOW, 77)
    window.end(HOT)
    second = window.begin(NOW + timedelta(hours=3), HOT)
    assert second.since == NOW - timedelta(minutes=15), "what was missed while nobody polled is in the next pass"
    window.end(HOT)
    third = window.begin(NOW + timedelta(hours=25), HOT)
    assert third.sweep and third.since == NOW + timedelta(hours=3) - timedelta(hours=24)
    window.is_new(1, "c", to_odoo(NOW + timedelta(hours=4)), HOT)
    assert window.seen == {}, "rows a sweep shows are not remembered"
    window.end(HOT)
    assert not window.begin(NOW + timedelta(hours=26), HOT).sweep


def test_a_server_clock_set_back_does_not_leave_a_hole() -> None:
    window = Window()
    window.begin(NOW, HOT)
    window.end(HOT)
    walk = window.begin(NOW - timedelta(minutes=10), HOT)
    assert walk.since == NOW - timedelta(minutes=25)


def test_a_state_of_another_version_begins_anew() -> None:
    assert Window.load({}) == Window() and Window.load({"v": 0, "anything": 1}) == Window()
