"""Counts for the head of the inbox, kept for a few seconds: they go over everything that is open, and many people look at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crossdock.ledger.inbox import Filter, Money, at_risk, counts
from crossdock.ledger.windows import Window
from crossdock.workbench.exceptions.choosing import within
from crossdock.workbench.place import place

FRESH: Final = 5.0
"""Seconds counts are shown again."""
SUMS_FRESH: Final = 30.0
"""Seconds sums of money are shown again."""
QUICK: Final = 0.05
"""Seconds within which counting anew is not worth showing old numbers."""
OLDEST: Final = 600.0
"""Numbers older than this are not shown while new ones are counted."""
MOST: Final = 500
"""Different counts kept."""


@dataclass(slots=True)
class _Kept:
    """A count: what it was, when, how long it took, and whether somebody counts anew already."""

    value: Any
    at: float
    took: float
    counting: bool = False


_kept: dict[Any, _Kept] = {}
_lock = threading.Lock()


def _cached(key: Any, fresh: float, make: Callable[[], Any]) -> Any:
    """The count of a key. What is cheap is counted anew when it is not fresh; what is dear is shown as it was while a thread counts."""
    now = time.monotonic()
    with _lock:
        found = _kept.get(key)
        if found is not None:
            age = now - found.at
            if age < fresh or (found.counting and age < OLDEST):
                return found.value
            if found.took > QUICK and age < OLDEST:
                found.counting = True
                threading.Thread(target=_count, args=(key, make), daemon=True).start()
                return found.value
    return _count(key, make)


def _count(key: Any, make: Callable[[], Any]) -> Any:
    started = time.monotonic()
    try:
        made = make()
    except BaseException:
        with _lock:
            _kept.pop(key, None)
        raise
    ended = time.monotonic()
    with _lock:
        if len(_kept) > MOST:
            _kept.clear()
        _kept[key] = _Kept(made, ended, ended - started)
    return made


def forget() -> None:
    """Count anew: somebody did something."""
    with _lock:
        for each in _kept.values():
            each.at = min(each.at, time.monotonic() - SUMS_FRESH)


def tabs(now: int, windows: Sequence[Window] | None, person: str) -> dict[str, int]:
    """How many exceptions stand where, for this person."""
    key = ("tabs", None if windows is None else tuple(windows), person)
    found: dict[str, int] = _cached(
        key, FRESH, lambda: place().read(lambda session: counts(session, now, windows, [person], within(place().landscape)))
    )
    return found


def worth(chosen: Filter, query: str, now: int, windows: Sequence[Window] | None) -> tuple[int, int, list[Money]]:
    """How many, how many orders and how much money a filter finds."""
    key = ("worth", None if windows is None else tuple(windows), query, chosen.assignee)
    found: tuple[int, int, list[Money]] = _cached(
        key, SUMS_FRESH, lambda: place().read(lambda session: at_risk(session, chosen, now, windows))
    )
    return found
