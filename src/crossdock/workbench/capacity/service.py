"""The capacity review of this ledger, made as `crossdock capacity` makes it; judges nothing itself."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from datetime import datetime

from crossdock.monitoring.capacity import Hub, Resource, Review
from crossdock.monitoring.capacity_facts import measured, reviewed
from crossdock.monitoring.capacity_paper import paper
from crossdock.monitoring.capacity_words import Say, multiples, plain, verdict
from crossdock.workbench.capacity.shapes import CapacityOut, CapacityStepOut, ForecastOut, MultipleOut, ResourceOut
from crossdock.workbench.place import place


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: days until the next peak, what the business says comes on top, and how many workers run."""

    ahead: float = 30
    factor: float = 1.0
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Found:
    """The review as the ledger was `at` a moment; `hub` is None where no load was ever measured."""

    asked: Asked
    at: datetime
    review: Review
    hub: Hub | None

    @property
    def demand(self) -> float:
        """Messages a second in the busiest hour; 0 while the hub's own capacity is not known."""
        return next((each.demand for each in self.review.resources if each.kind == "hub"), 0.0)


def look(asked: Asked) -> Found:
    """Review now. Raises `LedgerUnavailable`."""
    here = place()
    now = here.clock.now()
    hub = measured(here.landscape.home, here.landscape.partitions, asked.workers)
    found = here.read(lambda session: reviewed(session, here.landscape, now, hub, ahead=asked.ahead, factor=asked.factor))
    return Found(asked, now, found, hub)


def written(found: Found, say: Say = plain) -> bytes:
    """The review as a PDF."""
    company = place().landscape.company
    return paper(found.review, company, found.at.date(), found.hub, found.demand, found.asked.factor, say)


def out(found: Found) -> CapacityOut:
    """The review as the API tells it."""
    review = found.review
    return CapacityOut(
        at=found.at,
        measured=found.hub is not None,
        verdict=verdict(review, found.asked.factor),
        enough=review.enough,
        forecast=ForecastOut(**asdict(review.forecast)),
        bottleneck=None if review.bottleneck is None else _resource(review.bottleneck),
        resources=[_resource(each) for each in review.resources],
        steps=[
            CapacityStepOut(what=each.what, carries=_finite(each.carries), next_bottleneck=each.next_bottleneck)
            for each in review.steps
        ],
        multiples=[
            MultipleOut(load=load, workers=workers, engine=engine) for load, workers, engine in multiples(found.hub, found.demand)
        ],
    )


def _resource(each: Resource) -> ResourceOut:
    return ResourceOut(
        kind=each.kind, name=each.name, capacity=_finite(each.capacity), demand=each.demand, headroom=_finite(each.headroom),
        limit=each.limit,
    )  # fmt: skip


def _finite(value: float) -> float | None:
    return None if math.isinf(value) else value
