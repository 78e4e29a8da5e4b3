"""The capacity review in sentences, in whatever language the reader's `say` puts them; counts nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Final

from crossdock.monitoring.capacity import Hub, Review
from crossdock.monitoring.capacity_simulation import needed

Say = Callable[[str], str]
"""Puts a phrase into the reader's language; places in braces stay as they are."""

PEAK: Final = "The next peak is expected at {expected} times the newest one (between {low} and {high})."
UNUSED: Final = "Nothing that is limited was used yet."
ENOUGH: Final = "That is enough: the first to give out is {name} ({limit}), which takes {room} times the busiest hour."
NOT_ENOUGH: Final = "That is not enough: the first to give out is {name} ({limit}), which takes {room} times the busiest hour."
RESTS: Final = "The forecast rests on {days} days and a growth of {growth} % a week."
AT_ONCE: Final = "{count} at once, {time} ms each"
WORKERS: Final = "{count} workers"
BEYOND: Final = "more than one ledger carries"
PHRASES: Final = (
    PEAK, UNUSED, ENOUGH, NOT_ENOUGH, RESTS, AT_ONCE, WORKERS, BEYOND, "fewer than seven days are known", "agreed rate", "calls a day",
    "not limited", "CPU of the workers", "durable accepts", "door", "system", "hub", "flow", "partner", "nothing", "one more worker",
    "twice the workers", "a broker to accept (engine kafka, three times the accepts)", "kafka, divided", "divided ledgers", "Capacity of {company}",
    "Reviewed {day}", "What is scarce", "What", "Name", "Takes", "Busiest hour", "Room", "Bound by", "What would help", "Add", "Carries",
    "Then scarce", "Ten, a hundred, a thousand times", "Load", "Workers", "Engine",
)  # fmt: skip
"""All there is to put into another language."""

_AT_ONCE: Final = re.compile(r"(\d+) at once, (\d+) ms each")
_WORKERS: Final = re.compile(r"(\d+) workers")


def plain(text: str) -> str:
    """English, as it is written here."""
    return text


def phrase(text: str, say: Say = plain) -> str:
    """What bounds something, or what something is called: `agreed rate`, `odoo: 4 at once, 20 ms each`, `2 workers`."""
    if found := _AT_ONCE.fullmatch(text):
        return say(AT_ONCE).format(count=found[1], time=found[2])
    if found := _WORKERS.fullmatch(text):
        return say(WORKERS).format(count=found[1])
    system, colon, limit = text.partition(": ")
    return f"{system}: {phrase(limit, say)}" if colon else say(text) if text in PHRASES else text


def verdict(found: Review, factor: float = 1.0, say: Say = plain) -> str:
    """The answer in two sentences."""
    coming, first = found.forecast, found.bottleneck
    expected, low, high = (f"{each * factor:.1f}" for each in (coming.expected, coming.low, coming.high))
    peak = say(PEAK).format(expected=expected, low=low, high=high)
    if first is None or math.isinf(first.headroom):
        return f"{peak} {say(UNUSED)}"
    sentence = say(ENOUGH if found.enough else NOT_ENOUGH)
    return f"{peak} {sentence.format(name=phrase(first.name, say), limit=phrase(first.limit, say), room=f'{first.headroom:.1f}')}"


def rests(found: Review, say: Say = plain) -> str:
    """What the forecast is made of."""
    coming = found.forecast
    sentence = say(RESTS).format(days=coming.days, growth=f"{(coming.growth_a_week - 1) * 100:.1f}")
    return f"{sentence} ({phrase(coming.note, say)})" if coming.note else sentence


def multiples(hub: Hub | None, demand: float, say: Say = plain) -> list[tuple[str, str, str]]:
    """What one, ten, a hundred and a thousand times today's busiest hour need: (how much, workers, engine)."""
    if hub is None or demand <= 0:
        return []
    rows = []
    for times in (1, 10, 100, 1000):
        workers, engine = needed(hub, demand * times)
        rows.append((f"{times} x ({demand * times:,.1f}/s)", str(workers) if workers else say(BEYOND), phrase(engine, say)))
    return rows
