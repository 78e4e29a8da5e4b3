"""One hub after another behind one address: when another bundle is promoted, the next hub begins where the last one ended."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from crossdock.core.errors import CrossdockError, LedgerUnavailable
from crossdock.governance.errors import ReleaseNotRunning
from crossdock.governance.standing import promoted
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.releases import newest_release
from crossdock.ledger.store import Store
from crossdock.pipeline.alarm import release_fails
from crossdock.pipeline.turnstile import Turnstile
from crossdock.workbench.front import Front

if TYPE_CHECKING:
    from crossdock.landscape.landscape import Landscape
    from crossdock.pipeline.hub import Hub

EVERY: Final = 1.0
"""Seconds between two looks whether another bundle was promoted."""
PATIENCE: Final = 10.0
"""Seconds requests under way have to end before a hub hands over."""

log = logging.getLogger("crossdock.release")

Make = Callable[["Landscape"], "tuple[Hub, Front | None]"]


class Succession:
    """The hub that runs now, and how the next one takes its place. `here` gives this machine's landscape with its bindings of now."""

    def __init__(self, make: Make, here: Callable[[], Landscape], location: LedgerLocation) -> None:
        self._make = make
        self._here = here
        self._location = location
        self.turnstile = Turnstile()
        self.hub: Hub
        self.front: Front | None = None

    async def begin(self, landscape: Landscape) -> None:
        """Start the first hub."""
        self.hub, self.front = self._make(landscape)
        await self.hub.start()
        self.turnstile.open(self.hub.door)

    async def next(self) -> Landscape:
        """Returns when another bundle is to run: its landscape. What cannot be run is told to people, and the present hub goes on."""
        seen = -1
        while True:
            await asyncio.sleep(EVERY)
            if self.hub.landscape.environment.promotion is None:
                continue
            with contextlib.suppress(LedgerUnavailable):
                number = await self.hub.store.read.do(newest_release)
                if number == seen:
                    continue
                seen = number
                found = await self._found()
                if found is not None and found.bundle_id != self.hub.landscape.bundle_id:
                    return found

    async def _found(self) -> Landscape | None:
        fails = release_fails(self.hub.worker, self.hub.intake.next_number)
        try:
            found = await asyncio.to_thread(self._promoted)
        except CrossdockError as error:
            log.error("the promoted bundle cannot run here: %s", error.message)
            await fails(ReleaseNotRunning(f"the promoted bundle cannot run: {error.message}", cause=error.code))
            return None
        await fails(None)
        return found

    def _promoted(self) -> Landscape:
        store = Store(self._location)
        try:
            return promoted(self._here(), store)
        finally:
            store.close()

    async def hand_over(self, landscape: Landscape) -> None:
        """Let requests wait, end the present hub between two micro-batches, and begin the next one. When that one does not start,
        the present landscape goes on."""
        before = self.hub.landscape
        log.info("bundle %s hands over to %s", before.bundle_id[:12], landscape.bundle_id[:12])
        self.turnstile.close()
        exposed = self.hub.door.exposed
        await self._end()
        try:
            await self._start(landscape)
        except CrossdockError as error:
            log.error("the promoted bundle does not start: %s", error.message)
            await self._start(before)
            await release_fails(self.hub.worker, self.hub.intake.next_number)(
                ReleaseNotRunning(f"the promoted bundle does not start: {error.message}", cause=error.code)
            )
        self.hub.door.exposed = exposed
        self.turnstile.open(self.hub.door)

    async def _start(self, landscape: Landscape) -> None:
        self.hub, self.front = self._make(landscape)
        await self.hub.start()

    async def _end(self) -> None:
        if self.front is not None:
            await self.front.stop()
        if not await self.turnstile.emptied(PATIENCE):
            log.warning("some requests had no answer before the hub handed over")
        await self.hub.stop()

    async def end(self) -> None:
        """Stop what runs."""
        if self.front is not None:
            await self.front.stop()
        await self.hub.stop()
