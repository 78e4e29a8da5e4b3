"""Probes: finds out when a parked system is well again, and warns before a credential expires; sends no business message."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from crossdock.core.clock import Clock
from crossdock.core.errors import CredentialExpiring, CrossdockError
from crossdock.pipeline.dispatcher import Dispatcher
from crossdock.pipeline.runtime import Runtime

log = logging.getLogger("crossdock.probe")

WARN_BEFORE: Final = timedelta(days=14)
WATCH_EVERY: Final = 3600.0
SOON: Final = 1.0

Report = Callable[[str, str, CrossdockError | None], None]


class Prober:
    """Probes parked systems often and all systems now and then."""

    def __init__(self, runtime: Runtime, dispatcher: Dispatcher, clock: Clock, every: float, report: Report) -> None:
        self._runtime = runtime
        self._dispatcher = dispatcher
        self._clock = clock
        self._every = every
        self._report = report
        self._watched = 0.0

    async def run(self) -> None:
        """Probe until cancelled."""
        loop = asyncio.get_running_loop()
        self._watched = loop.time()
        # soon for the first time: whoever restarts a hub has often just mended what parked a system
        wait = min(SOON, self._every)
        while True:
            await asyncio.sleep(wait)
            wait = self._every
            watch = loop.time() - self._watched >= WATCH_EVERY
            if watch:
                self._watched = loop.time()
            for name, lane in self._dispatcher.lanes().items():
                if lane.parked or watch:
                    await self._probe(name, parked=bool(lane.parked))

    async def _probe(self, system: str, *, parked: bool) -> None:
        try:
            async with asyncio.timeout(20):
                found = await self._runtime.participants[system].connector.probe()
        except CrossdockError as error:
            log.info("probe %s: %s", system, error.code)
            return
        except Exception as error:
            log.warning("probe %s failed: %s", system, type(error).__name__)
            return
        if parked and found.healthy:
            self._report(system, "system", None)
        expires = found.credential_expires
        if expires is not None:
            near = expires - self._clock.now() < WARN_BEFORE
            warning = CredentialExpiring(f"the credential of {system} expires on {expires:%Y-%m-%d}", system=system)
            self._report(system, "credential", warning if near else None)
