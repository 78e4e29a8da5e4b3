"""The capacity model: forecasts hold what they promise, the scarcest is found, and the simulation says what a real run then measures."""

from __future__ import annotations

import math
import random
from datetime import UTC, date, datetime
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.core.clock import SystemClock
from crossdock.drills.loading import runs
from crossdock.landscape.load import load
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.ids import Numbers
from crossdock.ledger.store import Store
from crossdock.ledger.traffic import ATTEMPT, RECEIVED, Cell, Kind, add
from crossdock.monitoring.capacity import Hub, Resource, forecast, review, system_capacity
from crossdock.monitoring.capacity_facts import reviewed
from crossdock.monitoring.capacity_paper import paper
from crossdock.monitoring.capacity_simulation import Target, needed, play
from crossdock.monitoring.capacity_words import multiples, verdict
from crossdock.monitoring.load import MIXES, schedule
from tests.ledgers import migrated_at
from tests.pipeline.conftest import FILES


def test_nine_of_ten_forecasts_hold_the_peak_that_came() -> None:
    chance, held = random.Random(7), 0
    for _ in range(400):
        growth, noise = chance.uniform(-0.01, 0.02), chance.uniform(0.02, 0.2)
        days = [math.exp(2 + growth * day + chance.gauss(0, noise)) for day in range(70)]
        coming = forecast(days[:56], 14)
        held += coming.low <= days[69] / days[55] <= coming.high
    assert 0.86 <= held / 400 <= 0.94, held


def test_little_is_claimed_where_little_is_known() -> None:
    assert (forecast([1, 2], 30).low, forecast([1, 2], 30).high) == (0.5, 2.0)
    assert forecast([], 30).per_second == 0
    known = forecast([100 * 1.01**day for day in range(30)], 7)
    assert abs(known.growth_a_week - 1.01**7) < 1e-6 and abs(known.expected - 1.01**7) < 1e-6 and known.high - known.low < 1e-6
    noisy = [100 + 20 * (day % 3) for day in range(30)]
    near, far = forecast(noisy, 7), forecast(noisy, 70)
    assert far.high - far.low > near.high - near.low


@given(st.floats(0.1, 100) | st.none(), st.integers(1, 10**6) | st.none(), st.integers(1, 100), st.floats(0.001, 10))
def test_the_least_limit_of_a_system_counts(rate: float | None, daily: int | None, concurrency: int, seconds: float) -> None:
    capacity, limit = system_capacity(rate, daily, concurrency, seconds)
    assert capacity == min(each for each in (rate, daily and daily / 86_400, concurrency / seconds) if each is not None) and limit


@given(st.lists(st.tuples(st.floats(1, 1000), st.floats(0.1, 1000)), min_size=1, max_size=6), st.floats(1, 50))
def test_the_first_bottleneck_is_what_has_least_room_and_a_worker_never_takes_away(
    limits: list[tuple[float, float]], demand: float
) -> None:
    systems = [Resource("system", f"s{index}", capacity, asked, "x") for index, (capacity, asked) in enumerate(limits)]
    found = review(systems, Hub(0.002, 2000), demand, [1.0] * 14, 30)
    assert found.bottleneck is not None
    assert found.bottleneck.headroom == min(each.headroom for each in found.resources)
    carried = [each.carries for each in found.steps]
    assert carried[0] <= carried[1] <= carried[2] and carried[0] <= carried[3]


def test_a_review_from_a_ledgers_own_counts(tmp_path) -> None:
    for name, text in {
        **FILES,
        "systems/depot.yaml": FILES["systems/depot.yaml"]
        + "limits: {rate: 2, concurrency: 8}\n".replace("limits: {concurrency: 64}\n", ""),
    }.items():
        text = text.replace("limits: {concurrency: 64}\n", "") if name == "systems/depot.yaml" else text
        path = tmp_path / "l" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    landscape = load(tmp_path / "l")
    store = Store(LedgerLocation.parse(f"sqlite:///{migrated_at(tmp_path / 'ledger.sqlite3')}"))
    now = datetime(2026, 11, 23, tzinfo=UTC)
    numbers, end = Numbers(SystemClock()), int(now.timestamp())
    try:
        for day in range(1, 21):
            begin = end - day * 86_400 + 9 * 3600
            cells = {
                Kind(RECEIVED, "shop", "", "orders"): Cell(1800),
                Kind(ATTEMPT, "depot", "orders", "accepted"): Cell(1800, 1800 * 50_000),
            }
            store.work.run(lambda session, b=begin, c=cells: add(session, numbers, b * 1_000_000, (b + 300) * 1_000_000, c))  # type: ignore[misc]
        found = store.read.run(lambda session: reviewed(session, landscape, now, Hub(0.001, 5000), ahead=14))
    finally:
        store.close()
    assert found.bottleneck is not None and (found.bottleneck.name, found.bottleneck.limit) == ("depot", "agreed rate")
    assert found.bottleneck.demand == 1.0 and found.bottleneck.headroom == 2.0
    assert found.forecast.days == 20 and abs(found.forecast.expected - 1) < 0.01
    assert [(each.name, each.headroom) for each in found.resources if each.kind == "flow"] == [("orders", 2.0)]
    assert (
        found.enough
        and "enough" in verdict(found)
        and "not enough" in verdict(review([found.bottleneck], None, 1, [1.0] * 14, 7, 5), 5)
    )
    made = paper(found, "Test Ltd", date(2026, 11, 23), Hub(0.001, 5000), 1.0)
    assert made.startswith(b"%PDF") and made == paper(found, "Test Ltd", date(2026, 11, 23), Hub(0.001, 5000), 1.0)


@settings(max_examples=30)
@given(st.sampled_from(sorted(MIXES)), st.floats(1, 40), st.floats(5, 20), st.integers(0, 5))
def test_a_mix_is_as_much_as_it_says_and_versions_follow_each_other(mix: str, rate: float, seconds: float, seed: int) -> None:
    sent = list(schedule(mix, rate, seconds, seed))
    assert abs(len(sent) - rate * seconds) <= 1.01
    assert all(one.at <= other.at + 1e-9 for one, other in pairwise(sent))
    seen: dict[int, int] = {}
    for each in sent:
        assert each.version == seen.get(each.order, 0) + 1
        seen[each.order] = each.version


def test_more_is_needed_for_more() -> None:
    hub = Hub(0.002, 2000)
    rows = [needed(hub, rate) for rate in (100, 1_000, 5_000, 500_000)]
    assert [rows[0][1], rows[1][1], rows[3][1]] == ["embedded", "postgresql", "divided ledgers"]
    assert rows[0][0] == 1 < rows[1][0] and rows[3][0] == 0
    assert len(multiples(hub, 20)) == 4


def test_the_simulation_says_what_a_real_run_then_measures() -> None:
    """The CPU of a message comes from one load; what another, bounded by a slow target, carries is said before it is measured."""
    first, then = runs(2, [("peak-day", 450, 0.5, 0), ("peak-day", 100, 0.8, 0.04)], migrated_at)
    assert first["lost"] == first["doubled"] == first["order_violations"] == 0
    assert first["messages"] >= 200 and first["cpu_ms_per_message"] > 0
    hub = Hub(first["cpu_ms_per_message"] / 1000, max(first["accepted_per_second"], 1000.0))
    said = play(hub, Target(2, 0.04), 100, 0.8)
    assert said.bound == "calls at once"
    assert then["lost"] == then["doubled"] == then["order_violations"] == 0
    # two calls at once of 40 ms each are 50 a second, less what the network and the loop take
    assert 0.4 * said.carried <= then["carried_per_second"] <= 1.2 * said.carried, (said, then)
