"""Rotates credentials step by step, in the one worker that owns the first partition; every step is noted before anybody is asked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from crossdock.connectors.rotation import Rotates
from crossdock.core.clock import Clock
from crossdock.core.errors import CrossdockError, Deferred, Uncertain
from crossdock.ledger import vault as ledger
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros, moment
from crossdock.ledger.vault import Standing
from crossdock.pipeline.runtime import Runtime
from crossdock.security.vault.catalogue import Named, credentials, stand
from crossdock.security.vault.errors import RotationImpossible, RotationInterrupted
from crossdock.security.vault.governed import BLIND
from crossdock.security.vault.keeping import Keeper

log = logging.getLogger("crossdock.rotation")

PARTITION: Final = 0
HUB: Final = "hub"
SPREAD: Final = timedelta(seconds=BLIND + 1)
"""After so long every worker takes a value that was stored beside the current one: one that has not looked gives out nothing."""
CALL_SECONDS: Final = 60.0
MARGIN: Final = timedelta(days=30)
"""A new credential is asked for so much longer than until its own rotation."""
AGAIN: Final = timedelta(minutes=5)
"""A system that could not be reached is asked again after this time."""
MAKING, ANNOUNCED, INSTALLING, HANDOVER, OVERLAP = "making", "announced", "installing", "handover", "overlap"


class Rotator:
    """One task of the hub. `run` until cancelled. `keeper` has a store of its own; it is used in threads, one call at a time."""

    def __init__(
        self, runtime: Runtime, store: Store, keeper: Keeper, epoch: Callable[[int], int | None], clock: Clock, every: float = 2.0
    ) -> None:
        self._runtime = runtime
        self._store = store
        self._keeper = keeper
        self._epoch = epoch
        self._clock = clock
        self._every = every
        named = [each for each in credentials(runtime.landscape) if each.reference.startswith("vault:")]
        self._named = {each.reference: each for each in reversed(named)}
        self._later: dict[str, Any] = {}

    async def run(self) -> None:
        """Look every two seconds for rotations that are due or under way."""
        while True:
            await asyncio.sleep(self._every)
            try:
                await self.step()
            except CrossdockError as error:
                log.info("rotations wait: %s", error.code)
            except Exception:
                log.exception("a look at rotations failed")

    async def step(self) -> None:
        """One look; does nothing where the duty is another worker's."""
        if self._epoch(PARTITION) is None:
            return
        known = await self._store.read.do(ledger.standings)
        for reference, each in self._named.items():
            standing = known.get(reference)
            if standing is None or standing.revoked_at is not None:
                continue
            try:
                await self._one(each, standing)
            except Deferred as error:
                self._later[reference] = self._clock.now() + AGAIN
                log.info("the rotation of %s waits: %s", reference, error.code)

    async def _one(self, each: Named, standing: Standing) -> None:
        now = self._clock.now()
        if self._later.get(each.reference, now) > now:
            return
        if standing.stage == OVERLAP:
            if standing.overlap_until is not None and now >= moment(standing.overlap_until):
                await self._retire(each)
        elif standing.stage == MAKING:
            await self._after_interruption(each)
        elif standing.stage == ANNOUNCED:
            if micros(now) - standing.stage_at >= SPREAD // timedelta(microseconds=1):
                await self._install(each)
        elif standing.stage == INSTALLING:
            await self._install(each)
        elif standing.stage == "" and (standing.wanted_at is not None or self._due(each, standing)):
            await self._begin(each, standing.wanted_by or HUB)

    def _due(self, each: Named, standing: Standing) -> bool:
        if not each.rule.automatic or standing.note or each.rotation.by not in ("system", "hub"):
            return False
        return stand(each, standing, None, self._clock.now()).over

    # --- steps ----------------------------------------------------------------------------------------------

    async def _begin(self, each: Named, author: str) -> None:
        now, reference = self._clock.now(), each.reference
        try:
            if each.rotation.by == "person":
                raise RotationImpossible(each.rotation.says or RotationImpossible.summary())
            rotates = self._rotates(each)
            if each.rotation.by == "system":
                await self._make(each, rotates, author)
                return
            from crossdock.security.vault.material import make  # it loads cryptography, which most hubs never need

            made = make(each.rotation.material, each.system or HUB, now)
            stage = HANDOVER if each.rotation.by == "handover" else ANNOUNCED
            await asyncio.to_thread(self._keeper.pend, reference, made.value, made.public, stage, author, now, made.expires)
        except Deferred:
            raise
        except CrossdockError as error:
            await asyncio.to_thread(self._keeper.give_up, reference, author, now, error.message)

    async def _make(self, each: Named, rotates: Rotates, author: str) -> None:
        """Have the system make a new one. It is asked once: after an answer that never came, a person looks."""
        now, reference = self._clock.now(), each.reference
        name = f"crossdock {now:%Y-%m-%d %H:%M:%S}"
        await asyncio.to_thread(self._keeper.begin, reference, MAKING, author, now, f"in the making at {each.system} as {name!r}")
        until = now + each.rule.every + each.rule.overlap + MARGIN
        try:
            async with asyncio.timeout(CALL_SECONDS):
                renewed = await rotates.renew(each.purpose, name, now, until)
        except (Uncertain, TimeoutError):
            await self._interrupted(each, author, f"{each.system} did not say whether it made {name!r}")
            return
        except Deferred as error:
            await asyncio.to_thread(self._keeper.give_up, reference, author, now, f"{error.message}; ask for it again")
            return
        except CrossdockError as error:
            await asyncio.to_thread(self._keeper.give_up, reference, author, now, error.message)
            return
        except Exception as error:  # a defect in between: nobody knows whether the system made one
            log.exception("the rotation of %s failed", reference)
            await self._interrupted(each, author, f"making {name!r} at {each.system} failed ({type(error).__name__})")
            return
        end = now + each.rule.overlap
        await asyncio.to_thread(self._keeper.renewed, reference, renewed.value, author, now, end, renewed.expires)
        log.info("%s was renewed by %s", reference, each.system)

    async def _after_interruption(self, each: Named) -> None:
        """This worker finds a rotation another one began: was the new value stored before it ended?"""
        now = self._clock.now()
        if await asyncio.to_thread(self._keeper.previous, each.reference) is not None:
            await asyncio.to_thread(self._keeper.overlaps, each.reference, HUB, now, now + each.rule.overlap)
            return
        await self._interrupted(each, HUB, f"the hub ended while {each.system} made a new one")

    async def _interrupted(self, each: Named, author: str, why: str) -> None:
        error = RotationInterrupted(why)
        await asyncio.to_thread(self._keeper.give_up, each.reference, author, self._clock.now(), f"{why}. {error.hint}")

    async def _install(self, each: Named) -> None:
        """Tell the system the value every worker takes by now; telling it twice is telling it once."""
        now, reference = self._clock.now(), each.reference
        await asyncio.to_thread(self._keeper.begin, reference, INSTALLING, HUB, now)
        try:
            value = await asyncio.to_thread(self._keeper.pending, reference)
        except RotationImpossible:  # changed over already, before this was noted
            await asyncio.to_thread(self._keeper.overlaps, reference, HUB, now, now + each.rule.overlap)
            return
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await self._rotates(each).install(each.purpose, value)
        except (Uncertain, Deferred, TimeoutError):
            self._later[reference] = now + timedelta(seconds=max(self._every, 2.0) * 5)  # safe to repeat: it is the same value
            return
        except CrossdockError as error:
            await asyncio.to_thread(self._keeper.give_up, reference, HUB, now, error.message)
            return
        await asyncio.to_thread(self._keeper.switch, reference, HUB, now, now + each.rule.overlap)
        log.info("%s was changed at %s", reference, each.system)

    async def _retire(self, each: Named) -> None:
        """The overlap is over: end the old one at the system, then destroy it here."""
        reference = each.reference
        old = await asyncio.to_thread(self._keeper.previous, reference)
        if old is not None and each.rotation.by == "system":
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    await self._rotates(each).retire(each.purpose, old)
            except (Deferred, Uncertain, TimeoutError):
                self._later[reference] = self._clock.now() + AGAIN  # ending what has ended does nothing
                return
            except CrossdockError as error:
                note = f"the old one could not be ended at {each.system}: {error.message}. End it there."
                await asyncio.to_thread(self._keeper.end, reference, HUB, self._clock.now())
                await asyncio.to_thread(self._keeper.give_up, reference, HUB, self._clock.now(), note)
                return
        await asyncio.to_thread(self._keeper.end, reference, HUB, self._clock.now())

    def _rotates(self, each: Named) -> Rotates:
        """The connector or transport whose credential it is. Raises `RotationImpossible`."""
        participant = self._runtime.participants.get(each.system)
        found: Any = participant.connector if participant is not None else None
        if each.transport and found is not None:
            carriage = getattr(found, "carriage", None)
            found = carriage.by_name.get(each.transport) if carriage is not None else found
        if not isinstance(found, Rotates):
            raise RotationImpossible(f"nothing at {each.whose} can change {each.purpose!r}")
        return found
