"""The partners' queues: whose messages wait together, the share of the workers' time each has, and what is taken from each at the door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from crossdock.core.clock import Clock
from crossdock.core.errors import Overloaded
from crossdock.core.ratelimit import Bucket, RateLimit
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.models import Partner

WEIGHT: Final = 10
"""The share of what belongs to no partner, and of partners without a tier."""
HOUSE: Final = ""
"""The queue of what belongs to no partner."""
CRITICAL: Final[Mapping[str, float]] = {"low": 0.5, "normal": 1.0, "high": 2.0}
"""How a partner's criticality raises or lowers what its tier gives it."""


@dataclass(frozen=True, slots=True)
class Share:
    """One queue: whose it is (empty: what belongs to no partner), its systems, its weight, the rate at the door, the SLA in microseconds."""

    name: str
    systems: tuple[str, ...]
    weight: int = WEIGHT
    rate: int | None = None
    respond_within: int | None = None


def shares(landscape: Landscape) -> tuple[Share, ...]:
    """A queue for each partner, by its tier and criticality, and one for the house."""
    found = [_share(landscape, partner) for partner in landscape.partners.values() if partner.systems]
    taken = {system for share in found for system in share.systems}
    house = tuple(name for name in landscape.systems if name not in taken)
    return (*found, Share(HOUSE, house)) if house else tuple(found)


def _share(landscape: Landscape, partner: Partner) -> Share:
    segment = landscape.policies.segments.get(partner.tier or "")
    weight = max(1, round((segment.weight if segment else WEIGHT) * CRITICAL[partner.criticality]))
    respond = segment.respond_within if segment else None
    return Share(
        partner.name, partner.systems, weight, segment.rate if segment else None,
        None if respond is None else int(respond.total_seconds() * 1_000_000),
    )  # fmt: skip


def portions(queues: Sequence[Share], limit: int) -> list[tuple[Share, int]]:
    """How many of `limit` messages each queue is sure of when all have more than that; at least one each."""
    total = sum(each.weight for each in queues)
    return [(each, max(1, limit * each.weight // total)) for each in queues]


class Admission:
    """What partners may send at the door: one budget a partner, whichever of its systems sends; others are not touched by it."""

    def __init__(self, queues: Sequence[Share], clock: Clock) -> None:
        self._clock = clock
        self._limits = {each.name: RateLimit(each.rate, max(each.rate, 1)) for each in queues if each.rate is not None}
        self._partner = {system: each.name for each in queues if each.rate is not None for system in each.systems}
        self._buckets: dict[str, Bucket] = {}

    def admit(self, system: str, messages: int) -> None:
        """Count messages that are about to be stored. Raises `Overloaded` with the wait when their partner's budget is spent."""
        partner = self._partner.get(system)
        if partner is None:
            return
        limit, now = self._limits[partner], self._clock.now().timestamp()
        bucket = self._buckets.get(partner) or Bucket.full(limit, now)
        wait = bucket.wait(limit, now, messages)
        if wait > 0:
            raise Overloaded("this partner's messages for the moment are taken", retry_after=wait, partner=partner)
        self._buckets[partner] = bucket.take(limit, now, messages)
