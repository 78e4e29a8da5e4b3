"""What is told of capacity, and what may be asked of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from ninja import Query, Schema

Ahead = Annotated[float, Query(ge=0, le=730, description="Days until the next peak.")]
Factor = Annotated[float, Query(ge=0.1, le=1000, description="What the business says comes on top then.")]
Workers = Annotated[int, Query(ge=1, le=1024, description="Workers that run.")]


class ResourceOut(Schema):
    """Something that can be used up, per second: `demand` is the busiest hour, `headroom` how many times it fits; null is not limited."""

    kind: str
    name: str
    capacity: float | None
    demand: float
    headroom: float | None
    limit: str


class ForecastOut(Schema):
    """The peak to come as a multiple of the newest; nine of ten such forecasts lie between `low` and `high`."""

    days: int
    growth_a_week: float
    expected: float
    low: float
    high: float
    per_second: float
    note: str


class CapacityStepOut(Schema):
    """Something that could be bought, and what the whole carries then (messages a second)."""

    what: str
    carries: float | None
    next_bottleneck: str


class MultipleOut(Schema):
    """What a multiple of today's busiest hour needs."""

    load: str
    workers: str
    engine: str


class CapacityOut(Schema):
    """The review as of `at`. `measured`: whether `crossdock load --save` has told what a worker takes on this machine."""

    at: datetime
    measured: bool
    verdict: str
    enough: bool
    forecast: ForecastOut
    bottleneck: ResourceOut | None
    resources: list[ResourceOut]
    steps: list[CapacityStepOut]
    multiples: list[MultipleOut]
