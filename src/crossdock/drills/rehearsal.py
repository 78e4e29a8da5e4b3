"""Carries one drill out: calm, trouble, recovery, and the figures of it; what goes wrong is said by the drill, counting is the oracle's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from crossdock.drills.judging import apart, lost, unbilled, undone, with_people
from crossdock.drills.scenarios import Drill
from crossdock.drills.stage import Stage

CALM: Final = 2.0
"""Seconds of ordinary traffic before the trouble, at least."""
FLOWING: Final = 3
"""Orders the warehouse must have before the trouble begins, so that it strikes amid all stages."""
LOOK: Final = 0.2


@dataclass(slots=True)
class Figures:
    """What a drill measured; seconds are wall time.

    `rto_seconds`: from the death of the hub (or from the end of the trouble at a partner) until the hub had its next effect.
    `rpo_seconds`: how far back what was acknowledged is gone: from the trouble to the first order lost by it; 0 when none is.
    `drain_seconds`: from the end of the trouble until everything had arrived.
    `noticed_seconds`: from the beginning of the trouble until a person was asked to act; None when nobody was needed.
    `alerted_seconds`: until the watch told a team about it; None when there was nothing to tell.
    `forgotten_seconds`: how much time a restored ledger knew nothing of, before the systems were asked.
    `repeated`: messages that were sent once more; `differing`: transactions that would be decided otherwise today.
    `difference`: money that is wrong at the systems, where that is looked at.
    """

    drill: str
    began: str
    orders: int = 0
    delivered: int = 0
    lost: int = 0
    doubled: int = 0
    order_violations: int = 0
    uncertain_open: int = 0
    under_way: int = 0
    with_people: int = 0
    rto_seconds: float | None = None
    rpo_seconds: float = 0.0
    drain_seconds: float | None = None
    noticed_seconds: float | None = None
    alerted_seconds: float | None = None
    forgotten_seconds: float | None = None
    repeated: int = 0
    differing: int = 0
    difference: str = "0"
    seconds: float = 0.0
    faults: int = 0
    seed: int = 0
    ledger: str = ""
    details: dict[str, list[str]] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Nothing lost, doubled, out of order or left open, and the business went on by itself."""
        wrong = self.lost or self.doubled or self.order_violations or self.uncertain_open or self.under_way or self.rpo_seconds
        otherwise = self.differing or Decimal(self.difference)
        return not (wrong or otherwise) and self.rto_seconds is not None

    def as_dict(self) -> dict[str, Any]:
        """JSON values, with the verdict."""
        return {**asdict(self), "passed": self.passed}


class Rehearsal:
    """One drill on one stage. `tell` is called with what is going on, in words; `deadline` is in seconds since the epoch
    and may be brought forward while it runs."""

    def __init__(self, drill: Drill, stage: Stage, *, rate: float, deadline: float, tell: Callable[[str], None]) -> None:
        self._drill = drill
        self._stage = stage
        self._rate = rate
        self.deadline = deadline
        self._tell = tell
        self._noticed: float | None = None
        self._alerted: float | None = None
        self._forgotten: float | None = None
        self._alive = 0.0
        """When the first worker was started again: what calls of the dead one still did is no sign of life."""
        self._repeated = 0
        self._differing: list[str] = []
        self._placing = True

    async def run(self) -> Figures:
        """Traffic, trouble, recovery. Ends at the deadline, whatever happened."""
        began = time.time()
        placing = asyncio.create_task(self._place())
        try:
            self._tell("ordinary traffic")
            await self._until(self._flowing, began + (self.deadline - began) / 3)
            struck, mended = await self._strike()
            self._placing = False
            await placing
            self._tell("recovery")
            drained = await self._until(self._settled, self.deadline)
            if self._drill.how == "replay":
                self._differing = await self._stage.differing()
        finally:
            placing.cancel()
            await asyncio.gather(placing, return_exceptions=True)
        return await self._figures(began, struck, mended, drained)

    async def _place(self) -> None:
        while self._placing:
            self._stage.place(thorough=self._drill.thorough)
            await asyncio.sleep(1.0 / self._rate)

    async def _until(self, condition: Callable[[], Any], deadline: float) -> float | None:
        """When the condition became true; None when it had not by the deadline."""
        while not await condition():
            if self._drill.thorough:
                self._stage.town.give_back()
            if time.time() >= deadline:
                return None
            await asyncio.sleep(LOOK)
        return time.time()

    async def _flowing(self) -> bool:
        effects = (await self._stage.look())[0].effects
        return effects.get("wms-north:fulfilment_released", 0) >= FLOWING and len(self._stage.placed) >= CALM * self._rate

    async def _strike(self) -> tuple[float, float]:
        """Make the trouble; when it began and when it was over."""
        self._tell(self._drill.title)
        if self._drill.how == "kill":
            # what the dead one had sent may still take effect at a partner: that is not the hub's return
            died, self._alive = await self._stage.kill_and_restart()
            return died, died
        if self._drill.how == "outage":
            return await self._go_down()
        if self._drill.how == "replay":
            struck = time.time()
            self._repeated = self._stage.send_again()
            return struck, struck
        if self._drill.how == "restore":
            return await self._lose_the_ledger()
        return await self._misbehave()

    async def _misbehave(self) -> tuple[float, float]:
        drill, stage = self._drill, self._stage
        known = await stage.alerts()
        struck = time.time()
        stage.trouble(drill.systems, drill.rates)
        while time.time() < struck + drill.seconds:
            _, business = await stage.look()
            if business.exceptions and self._noticed is None:
                self._noticed = time.time() - struck
            if self._alerted is None and await stage.alerts() - known:
                self._alerted = time.time() - struck
            await asyncio.sleep(LOOK)
        stage.mend(drill.systems)
        return struck, time.time()

    async def _go_down(self) -> tuple[float, float]:
        died = await self._stage.kill_all()
        await asyncio.sleep(self._drill.seconds)
        mended = self._alive = time.time()
        await self._stage.start_all()
        return died, mended

    async def _lose_the_ledger(self) -> tuple[float, float]:
        stage = self._stage
        taken = await stage.back_up()
        await asyncio.sleep(self._drill.seconds)
        died = await stage.kill_all()
        self._forgotten = died - datetime.fromisoformat(taken["taken_at"]).timestamp()
        await stage.destroy_and_restore()
        self._alive = time.time()
        await stage.back_at_work()
        return died, died

    def _of(self, names: list[str]) -> list[str]:
        """What is this drill's: only a thorough one lets customers ask for their money back."""
        return [name for name in names if self._drill.thorough or not name.startswith("return of ")]

    async def _settled(self) -> bool:
        verdict, business = await self._stage.look()
        money = self._drill.thorough and (unbilled(verdict, business) or apart(verdict, business))
        return not (business.uncertain or self._of(undone(verdict, business)) or money)

    async def _figures(self, began: float, struck: float, mended: float, drained: float | None) -> Figures:
        drill, stage = self._drill, self._stage
        verdict, business = await stage.look()
        gone, open_ = self._of(lost(verdict, business)), self._of(undone(verdict, business))
        moved = stage.moved_since(max(mended, self._alive), drill.systems if drill.how == "trouble" else ())
        wrong = sum(map(abs, (*unbilled(verdict, business).values(), *apart(verdict, business).values())), Decimal(0))
        missed = [stage.placed[name] for name in gone if name in stage.placed]
        return Figures(
            drill=drill.name,
            began=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(began)),
            orders=verdict.orders,
            delivered=verdict.delivered,
            lost=len(gone),
            doubled=verdict.doubled + verdict.refunds_doubled,
            order_violations=verdict.order_violations,
            uncertain_open=business.uncertain,
            under_way=len(open_) - len(gone),
            with_people=with_people(business),
            rto_seconds=None if moved is None else round(moved - mended, 2),
            rpo_seconds=round(max(0.0, struck - min(missed)), 2) if missed else 0.0,
            drain_seconds=None if drained is None else round(drained - mended, 2),
            noticed_seconds=None if self._noticed is None else round(self._noticed, 2),
            alerted_seconds=None if self._alerted is None else round(self._alerted, 2),
            forgotten_seconds=None if self._forgotten is None else round(self._forgotten, 2),
            repeated=self._repeated,
            differing=len(self._differing),
            difference=str(wrong) if drill.thorough else "0",
            seconds=round(time.time() - began, 1),
            faults=sum(simulator.faults.injected.total() for simulator in stage.town.systems.values()),
            seed=stage.seed,
            ledger=stage.ledger.partition(":")[0],
            details={
                name: list(found)
                for name, found in (
                    ("lost", gone[:50]),
                    ("doubled", (*verdict.doubles, *verdict.refunds_twice)[:50]),
                    ("differing", self._differing[:50]),
                    ("order_violations", verdict.violations[:50]),
                )
                if found
            },
        )
