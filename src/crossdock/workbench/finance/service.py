"""Settlements of carriers and the proof of money, read from the ledger as `crossdock reconcile` does; asks no system and judges nothing itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from crossdock.workbench.place import place

if TYPE_CHECKING:
    from crossdock.finance.reconciliation.facts import Proof
    from crossdock.finance.settlement import Settlement

T = TypeVar("T")
LONGEST: Final = 366
"""Days a period has at most."""
DAYS: Final = 35
GRACE: Final = 3
KEPT: Final = timedelta(minutes=1)
"""How long a result is given again: it is read from all money of weeks, and a page, its CSV and its PDF shall say the same."""
MOST_KEPT: Final = 4

_one_at_a_time = threading.Lock()
_kept: dict[Hashable, tuple[datetime, Any]] = {}


@dataclass(frozen=True, slots=True)
class Period:
    """From the first to the last day of issue."""

    begin: date
    end: date


@dataclass(frozen=True, slots=True)
class Settled:
    """Settlements of a period as the ledger was `at` a moment; `carriers` are all that issued anything in it."""

    period: Period
    at: datetime
    carriers: tuple[str, ...]
    settlements: tuple[Settlement, ...]


@dataclass(frozen=True, slots=True)
class Proved:
    """A proof of the days from `begin` on, as the ledger was `at` a moment. `forgotten` records had no payload any more (retention),
    `unreadable` are the numbers of those that cannot be read."""

    begin: date
    grace: int
    at: datetime
    proof: Proof
    forgotten: int
    unreadable: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether all sides say the same, and everything could be read."""
        return self.proof.agrees and not self.unreadable


def today() -> date:
    """The day it is (UTC)."""
    return place().clock.now().date()


def last_month() -> Period:
    """What is settled when nothing else is said."""
    last = today().replace(day=1) - timedelta(days=1)
    return Period(last.replace(day=1), last)


def settled(period: Period, carrier: str = "") -> Settled:
    """The settlements of the invoices issued in a period. Raises `LedgerUnavailable`."""
    from crossdock.pipeline.reconciling import settlements  # canonical and connector types, which other pages do not need

    at, found = _shared(
        ("carriers", period), lambda: place().read(lambda session: settlements(session, period.begin, period.end))
    )
    carriers = tuple(dict.fromkeys(each.carrier for each in found))
    return Settled(period, at, carriers, tuple(each for each in found if not carrier or each.carrier == carrier))


def proved(day: date, days: int = DAYS, grace: int = GRACE) -> Proved:
    """Compare what was told and done in the days up to `day`. Finance systems are not asked for their lists: their acknowledgements
    count. Raises `LedgerUnavailable`."""
    from crossdock.pipeline.reconciling import Answers, Records, declared_patterns, records
    from crossdock.pipeline.reconciling import proved as judged

    here, begin = place(), day - timedelta(days=days)

    def make() -> tuple[Records, Proof]:
        kept = here.read(lambda session: records(session, begin))
        return kept, judged(kept, Answers({}, {}), day, grace, declared_patterns(here.landscape))

    at, (kept, proof) = _shared(("proof", day, days, grace), make)
    return Proved(begin, grace, at, proof, kept.forgotten, kept.unreadable)


def _shared(asked: Hashable, make: Callable[[], T]) -> tuple[datetime, T]:
    """What was made a moment ago, or made now; one at a time, so that many who look at once cost what one costs."""
    with _one_at_a_time:
        now = place().clock.now()
        for each in [each for each, (at, _) in _kept.items() if now - at > KEPT]:
            del _kept[each]
        if asked not in _kept:
            while len(_kept) >= MOST_KEPT:
                del _kept[next(iter(_kept))]
            _kept[asked] = (now, make())
        return _kept[asked]
