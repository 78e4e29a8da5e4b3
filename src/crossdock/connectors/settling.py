"""Remembers which requests went unanswered a moment ago: the target may still be working on them, so their absence proves nothing yet."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

from crossdock.core.clock import Clock
from crossdock.core.outcomes import Effect, EffectAbsent, EffectUnclear


class Settling:
    """Keeps `absent` from being said within `seconds` of a lost answer.

    What was lost by another worker, whose partitions this one took over a moment ago, counts as lost when it is first asked about.
    """

    def __init__(self, clock: Clock, seconds: float, keep: int = 10_000) -> None:
        self._clock = clock
        self._pause = timedelta(seconds=seconds)
        self._keep = keep
        self._lost: OrderedDict[str, datetime] = OrderedDict()

    def lost(self, command_id: str) -> None:
        """The answer to this command was lost just now."""
        self._lost[command_id] = self._clock.now()
        self._lost.move_to_end(command_id)
        while len(self._lost) > self._keep:
            self._lost.popitem(last=False)

    def absent(self, command_id: str) -> Effect:
        """The target shows no effect: `EffectAbsent`, or `EffectUnclear` while the lost request may still be under way."""
        if command_id not in self._lost:
            self.lost(command_id)
        wait = (self._lost[command_id] + self._pause - self._clock.now()).total_seconds()
        if wait > 0:
            return EffectUnclear("the unanswered request may still be under way", retry_after=wait)
        del self._lost[command_id]
        return EffectAbsent()
