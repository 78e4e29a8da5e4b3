"""How much more each system, flow and partner takes, when it will not be enough, and what would help; pure, reads counts and nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

HOUR: Final = 3_600.0
PEAK_IN_HOUR: Final = 2.0
"""How much busier the busiest minutes of an hour are taken to be than its mean, where only hours are known."""
Z90: Final = 1.645
"""Of a normal distribution: 90 of 100 values lie within so many standard deviations."""
SHARED: Final = 0.03
"""The share of a worker's time that goes to what workers have in common (commits, locks, the network), until it is measured: Amdahl's part
of the universal scalability law (Gunther, "Guerrilla Capacity Planning", chapter 4)."""


@dataclass(frozen=True, slots=True)
class Hub:
    """What one worker was measured to do (`crossdock load --save`): CPU seconds a message, and messages a second the door accepts."""

    cpu_seconds: float
    accept_rate: float
    workers: int = 1
    partitions: int = 16
    shared: float = SHARED

    def rate(self, workers: int | None = None) -> float:
        """Messages a second of so many workers on cores of their own; more workers than partitions do nothing."""
        count = max(1, min(self.workers if workers is None else workers, self.partitions))
        return count / self.cpu_seconds / (1 + self.shared * (count - 1))


@dataclass(frozen=True, slots=True)
class Resource:
    """Something that can be used up: `capacity` and `demand` (the busiest hour, per second). `limit` says what bounds it."""

    kind: str
    name: str
    capacity: float
    demand: float
    limit: str

    @property
    def headroom(self) -> float:
        """How many times today's busiest hour fits; infinite where nothing was asked of it."""
        return math.inf if self.demand <= 0 else self.capacity / self.demand


@dataclass(frozen=True, slots=True)
class Forecast:
    """The peak to come as a multiple of the newest one: expected, and where 9 of 10 such forecasts lie. `days`: how many it rests on."""

    days: int
    growth_a_week: float
    expected: float
    low: float
    high: float
    per_second: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that could be bought and what the whole carries afterwards, in messages a second of the busiest hour."""

    what: str
    carries: float
    next_bottleneck: str


@dataclass(frozen=True, slots=True)
class Review:
    """The whole review."""

    resources: tuple[Resource, ...]
    forecast: Forecast
    bottleneck: Resource | None
    enough: bool
    steps: tuple[Step, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON values; an endless headroom is null."""

        def plain(each: Resource) -> dict[str, Any]:
            room = each.headroom
            return {**asdict(each), "headroom": None if math.isinf(room) else round(room, 3)}

        return {
            "resources": [plain(each) for each in self.resources],
            "forecast": asdict(self.forecast),
            "bottleneck": None if self.bottleneck is None else plain(self.bottleneck),
            "enough_until_the_peak": self.enough,
            "steps": [asdict(each) for each in self.steps],
        }


def system_capacity(rate: float | None, daily: int | None, concurrency: int, seconds: float | None) -> tuple[float, str]:
    """Calls a second a system takes: its agreed rate, what it answers at once (Little's law), the daily allowance; the least, and its name."""
    limits: list[tuple[float, str]] = []
    if rate is not None:
        limits.append((rate, "agreed rate"))
    if daily is not None:
        limits.append((daily / 86_400, "calls a day"))
    if seconds:
        limits.append((concurrency / seconds, f"{concurrency} at once, {seconds * 1000:.0f} ms each"))
    return min(limits, default=(math.inf, "not limited"))


def forecast(peaks: Sequence[float], ahead: float) -> Forecast:
    """The peak `ahead` days from the newest, from daily peaks (oldest first): a straight line through their logarithms.

    The bounds hold what the line leaves over and how far beyond the data it is asked (prediction interval of a linear regression). With fewer
    than seven days nothing is claimed but that nobody knows: half to double.
    """
    known = [(day, math.log(value)) for day, value in enumerate(peaks) if value > 0]
    last = next((value for value in reversed(peaks) if value > 0), 0.0)
    best = max(peaks, default=0.0)
    if len(known) < 7:
        return Forecast(len(known), 1.0, 1.0, 0.5, 2.0, best, "fewer than seven days are known")
    count = len(known)
    mean_x = sum(x for x, _ in known) / count
    mean_y = sum(y for _, y in known) / count
    spread = sum((x - mean_x) ** 2 for x, _ in known)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in known) / spread
    left = [y - mean_y - slope * (x - mean_x) for x, y in known]
    deviation = math.sqrt(sum(each * each for each in left) / (count - 2))
    at = len(peaks) - 1 + ahead
    middle = mean_y + slope * (at - mean_x)
    width = Z90 * deviation * math.sqrt(1 + 1 / count + (at - mean_x) ** 2 / spread)
    expected, low, high = (math.exp(each) for each in (middle, middle - width, middle + width))
    return Forecast(count, math.exp(7 * slope), expected / last, low / last, high / last, expected)


def review(
    systems: Sequence[Resource],
    hub: Hub | None,
    demand: float,
    peaks: Sequence[float],
    ahead: float,
    factor: float = 1.0,
    groups: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
) -> Review:
    """The review. `demand` is messages a second in the busiest hour, `factor` what the business says comes on top at the next peak (a sale).

    `groups` says which systems flows and partners need (`{"flow": {name: systems}}`): the scarcest is theirs.
    """
    found = list(systems)
    if hub is not None:
        found.append(Resource("hub", f"{hub.workers} workers", hub.rate(), demand, "CPU of the workers"))
        found.append(Resource("hub", "door", hub.accept_rate, demand, "durable accepts"))
    by_name = {each.name: each for each in systems}
    for kind, named in (groups or {}).items():
        for name, needed in named.items():
            used = [by_name[each] for each in needed if each in by_name and by_name[each].demand > 0]
            if used:
                least = min(used, key=lambda each: each.headroom)
                found.append(Resource(kind, name, least.capacity, least.demand, f"{least.name}: {least.limit}"))
    coming = forecast(peaks, ahead)
    real = [each for each in found if each.kind in ("system", "hub") and not math.isinf(each.headroom)]
    first = min(real, key=lambda each: each.headroom, default=None)
    wanted = coming.high * factor
    enough = first is None or first.headroom >= wanted
    return Review(
        tuple(sorted(found, key=lambda each: (each.headroom, each.kind, each.name))),
        coming,
        first,
        enough,
        tuple(_steps(real, hub, demand)),
    )


def _steps(real: Sequence[Resource], hub: Hub | None, demand: float) -> list[Step]:
    """What each purchase alone would carry: the scarcest of what it leaves as it is."""
    if hub is None or demand <= 0:
        return []

    def carried(what: str, workers: int, door: float) -> Step:
        after = [each for each in real if each.kind == "system"]
        after += [Resource("hub", f"{workers} workers", hub.rate(workers), demand, ""), Resource("hub", "door", door, demand, "")]
        least = min(after, key=lambda each: each.headroom)
        return Step(what, round(least.headroom * demand, 3), least.name)

    return [
        carried("nothing", hub.workers, hub.accept_rate),
        carried("one more worker", hub.workers + 1, hub.accept_rate),
        carried("twice the workers", hub.workers * 2, hub.accept_rate),
        carried("a broker to accept (engine kafka, three times the accepts)", hub.workers, hub.accept_rate * 3),
    ]
