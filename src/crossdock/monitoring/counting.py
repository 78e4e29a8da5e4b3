"""Keeps traffic counted while the hub runs, a small slice at a time, and what was learned from it in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from crossdock.landscape.landscape import Landscape
from crossdock.ledger import traffic
from crossdock.ledger.ids import Numbers
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.ledger.traffic import ATTEMPT, HOUR, RECEIVED, STEP, Cell, Cells, Kind
from crossdock.monitoring.feeds import Channel, zone_of
from crossdock.monitoring.rhythm import WEEKS, Rhythm, learn

LAG: Final = 15_000_000
"""Microseconds: what is younger may still be on its way into the ledger."""
SLICES: Final = 40
"""Slices counted in one look, so that a long history is caught up with step by step."""
HISTORY: Final = timedelta(weeks=WEEKS)
UNFOLDED: Final = timedelta(days=2)
KEPT: Final = timedelta(days=100)
LEARN_EVERY: Final = 3600
MARK_EVERY: Final = 900_000_000
"""How far the noted mark may stay behind while nothing happens: an idle hub writes nothing more often."""
INTERNAL: Final = "run/"
"""Channels by which batch runs speak to the pipeline."""


class Counting:
    """Counts and remembers for one worker."""

    def __init__(self, landscape: Landscape) -> None:
        self._landscape = landscape
        self.mark: int | None = None
        """Up to when (microseconds) everything is counted."""
        self._noted = 0
        self._arrivals: dict[tuple[str, str], dict[int, int]] | None = None
        self._last: dict[tuple[str, str], int] = {}
        self._recent: dict[int, Cells] = {}
        self._learned = 0
        self._began = 0
        self.rhythms: dict[tuple[str, str], Rhythm] = {}
        self.latencies: dict[str, float] = {}
        """Usual 95 % latency of calls by system, in seconds."""

    async def step(self, store: Store, numbers: Numbers, now: datetime, fence: Callable[[Session], None]) -> None:
        """Count what was recorded since the last step. Raises `Fenced` when the duty is another worker's by now."""
        at = micros(now)
        self._began = self._began or at // 1_000_000
        if self._arrivals is None:
            await store.read.do(lambda session: self._load(session, at))
        for _ in range(SLICES):
            if not await self._slice(store, numbers, at - LAG, fence):
                break
        if at // 1_000_000 - self._learned >= LEARN_EVERY:
            await store.read.do(lambda session: self._learn(session, at // 1_000_000))

    def _load(self, session: Session, at: int) -> None:
        seconds = at // 1_000_000
        begin = seconds - int(HISTORY.total_seconds())
        self.mark = self._noted = traffic.mark(session) or 0
        self._arrivals = traffic.arrivals(session, begin, seconds)
        self._last = {channel: max(steps) for channel, steps in self._arrivals.items()}
        self._recent = traffic.steps(session, seconds - HOUR, seconds, [ATTEMPT])

    async def _slice(self, store: Store, numbers: Numbers, until: int, fence: Callable[[Session], None]) -> bool:
        """Count one slice, which never spans two steps; whether there may be another."""
        begin = self.mark or max(0, until - int(HISTORY.total_seconds() * 1e6))
        first = await store.read.do(lambda session: traffic.earliest(session, begin))
        begin = until if first is None else max(begin, min(first, until))
        if begin >= until:
            self.mark = max(self.mark or 0, until)
            if self.mark - self._noted > MARK_EVERY and self._noted:
                await self._note(store, numbers, self.mark, self.mark, {}, fence)
            return False
        end = min(until, (begin // 1_000_000 // STEP + 1) * STEP * 1_000_000)
        cells = await store.read.do(lambda session: traffic.count(session, begin, end))
        await self._note(store, numbers, begin, end, cells, fence)
        self._remember(begin // 1_000_000 // STEP * STEP, cells)
        return end < until

    async def _note(
        self, store: Store, numbers: Numbers, begin: int, end: int, cells: Cells, fence: Callable[[Session], None]
    ) -> None:
        counted = {kind: Cell(cell.count, cell.total, list(cell.bins)) for kind, cell in cells.items()}

        def write(session: Session) -> None:
            fence(session)
            traffic.add(session, numbers, begin, end, counted)

        await store.work.do(write)
        self.mark = self._noted = end

    def _remember(self, bucket: int, cells: Cells) -> None:
        assert self._arrivals is not None
        for kind, cell in cells.items():
            if kind.measure == RECEIVED:
                channel = self._arrivals.setdefault((kind.system, kind.name), {})
                channel[bucket] = channel.get(bucket, 0) + cell.count
                self._last[kind.system, kind.name] = bucket
            elif kind.measure == ATTEMPT:
                self._recent.setdefault(bucket, {}).setdefault(kind, Cell()).add(cell)

    def _learn(self, session: Session, now: int) -> None:
        """Learn the rhythm of every channel and the usual latency of every system anew."""
        assert self._arrivals is not None
        begin = now - int(HISTORY.total_seconds())
        for channel, steps in list(self._arrivals.items()):
            for old in [step for step in steps if step < begin]:
                del steps[old]
            if steps:
                self.rhythms[channel] = learn(steps, begin, now, zone_of(self._landscape, channel[0]))
            else:
                self._arrivals.pop(channel)
                self.rhythms.pop(channel, None)
        by_system: dict[str, list[float]] = {}
        for cells in traffic.hours(session, now - 7 * 24 * HOUR, now - HOUR, [ATTEMPT]).values():
            hour: dict[str, Cell] = {}
            for kind, cell in cells.items():
                hour.setdefault(kind.system, Cell()).add(cell)
            for system, cell in hour.items():
                slow = cell.quantile(0.95)
                if slow is not None:
                    by_system.setdefault(system, []).append(slow)
        self.latencies = {system: median(values) for system, values in by_system.items() if len(values) >= 24}
        self._recent = {bucket: cells for bucket, cells in self._recent.items() if bucket >= now - 2 * HOUR}
        self._learned = now

    def channels(self, now: datetime) -> list[Channel]:
        """Every channel known to send, and those the landscape expects to, as they are now."""
        seconds = int(now.timestamp())
        lately = range(seconds // STEP * STEP - HOUR, seconds + STEP, STEP)
        arrivals = self._arrivals or {}
        found = [
            Channel(system, name, min(self._last[system, name] + STEP, seconds), sum(steps.get(step, 0) for step in lately))
            for (system, name), steps in arrivals.items()
            if steps and not name.startswith(INTERNAL)
        ]
        known = {system for system, _ in arrivals}
        expected = [each for each in self._landscape.policies.feeds if each.silent_after is not None and each.system not in known]
        return found + [Channel(feed.system, feed.channel or "", self._began, 0) for feed in expected]

    def attempts(self, now: datetime, minutes: int) -> dict[Kind, Cell]:
        """Attempts of the last minutes by system, flow and outcome."""
        begin = int(now.timestamp()) - minutes * 60 - STEP
        return traffic.summed({bucket: cells for bucket, cells in self._recent.items() if bucket >= begin}, ATTEMPT)

    def tidy(self, session: Session, numbers: Numbers, now: datetime) -> None:
        """Fold steps older than two days into hours, and forget hours older than a hundred days."""
        for _ in range(72):
            if not traffic.fold(session, numbers, int((now - UNFOLDED).timestamp())):
                break
        traffic.forget(session, int((now - KEPT).timestamp()))
