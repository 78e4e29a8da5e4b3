"""Mixes of load: when which message goes out; pure, sends nothing."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Mix:
    """A shape of load. `changes`: share of messages that change an order sent before. `lines`: (fewest, most) lines of an order."""

    title: str
    changes: float
    lines: tuple[int, int]


MIXES: Final[dict[str, Mix]] = {
    "peak-day": Mix("A day of sale: two waves, the evening's the higher, small baskets, few changes.", 0.1, (1, 5)),
    "catch-up": Mix(
        "After an outage: everything that waited arrives in the first tenth of the time, then the usual.", 0.2, (1, 8)
    ),
    "batch-night": Mix("A night of batches: bursts of large orders with silence between them.", 0.0, (20, 60)),
}


@dataclass(frozen=True, slots=True)
class Sent:
    """One message: when (seconds from the start), of which order and version, with how many lines."""

    at: float
    order: int
    version: int
    lines: int


def intensity(mix: str, part: float) -> float:
    """How strong the load is at `part` (0 to 1) of the time, as a multiple of its mean."""
    if mix == "peak-day":
        return 0.4 + 0.9 * math.exp(-(((part - 0.35) / 0.12) ** 2)) + 1.7 * math.exp(-(((part - 0.8) / 0.1) ** 2))
    if mix == "catch-up":
        return 7.3 if part < 0.1 else 0.3
    return 5.0 if (part * 5) % 1 < 0.2 else 0.0


def schedule(mix: str, rate: float, seconds: float, seed: int = 1) -> Iterator[Sent]:
    """The messages of a mix at a mean `rate` a second, in order of time; the same seed gives the same load. A version follows the one before."""
    described = MIXES[mix]
    chance = random.Random(seed)  # noqa: S311  (load, not a secret)
    steps = max(100, int(seconds * 20))
    weights = [intensity(mix, (step + 0.5) / steps) for step in range(steps)]
    whole, total = sum(weights), rate * seconds
    versions: list[int] = []
    owed = 0.0
    for step, weight in enumerate(weights):
        owed += total * weight / whole
        count = int(owed)
        owed -= count
        for place in range(count):
            at = (step + place / count) * seconds / steps
            if versions and chance.random() < described.changes:
                order = chance.randrange(max(0, len(versions) - 500), len(versions))
                versions[order] += 1
            else:
                order = len(versions)
                versions.append(1)
            yield Sent(at, order, versions[order], chance.randint(*described.lines))
