"""Prepares messages in a process beside the hub while there is a backlog, so that mapping uses another core; the hub's own way is the fallback.

Nothing depends on it: what it does not answer, for whatever reason, the hub prepares itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable, Sequence
from typing import Final

from crossdock.landscape.landscape import Landscape
from crossdock.ledger.work import TakenMessage
from crossdock.pipeline.mapped import asked, prepared_of
from crossdock.pipeline.mapping_process import FRAME
from crossdock.pipeline.prepare import Prepared

log = logging.getLogger("crossdock.mappers")

WORTH: Final = 24
"""Messages at once from which handing them over is cheaper than mapping them here."""
BUSY: Final = 3
"""Such micro-batches one after another after which the process is started: a short burst is not worth it."""
UNUSED: Final = 60.0
"""Seconds without a backlog after which the process ends and gives its memory back."""
ANSWER_IN: Final = 10.0
"""Seconds the process may take for one micro-batch."""
START_IN: Final = 30.0
"""Seconds it may take to start."""
FAILURES: Final = 3
"""Failures after which it is not started again."""


class Mappers:
    """The mapping process: started when there is a backlog, ended when there is none. `fit` says whether it would map as the hub does now."""

    def __init__(self, landscape: Landscape, number: Callable[[], int], fit: Callable[[], bool]) -> None:
        self._arguments = str(landscape.root), landscape.environment.name, landscape.bundle_id
        self._number = number
        self._fit = fit
        self._process: asyncio.subprocess.Process | None = None
        self._starting: asyncio.Task[None] | None = None
        self._alone = asyncio.Lock()
        self._busy = self._failures = 0
        self._end: asyncio.TimerHandle | None = None

    @property
    def ready(self) -> bool:
        """Whether the process is there and takes messages."""
        return self._process is not None and self._starting is None

    async def prepare(self, messages: Sequence[TakenMessage]) -> dict[int, Prepared]:
        """What came of these messages, as far as the process says; the rest is for the hub."""
        if len(messages) < WORTH or self._failures >= FAILURES or self._alone.locked() or not self._fit():
            self._busy = 0
            return {}
        self._busy += 1
        if not self.ready:
            if self._busy >= BUSY and self._starting is None:
                self._starting = asyncio.create_task(self._start(), name="mappers")
            return {}
        self._end_later()
        async with self._alone:
            try:
                async with asyncio.timeout(ANSWER_IN):
                    return prepared_of(await self._ask(asked(messages)), self._number)
            except (OSError, EOFError, TimeoutError) as error:
                self._failed(type(error).__name__)
                return {}

    async def _start(self) -> None:
        try:
            async with asyncio.timeout(START_IN):
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "crossdock.pipeline.mapping_process", *self._arguments,
                    stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 20,
                )  # fmt: skip
                await self._answer()
        except (OSError, EOFError, TimeoutError) as error:
            self._failed(type(error).__name__)
        else:
            log.info("a backlog: messages are mapped by a process of their own")
            self._end_later()
        finally:
            self._starting = None

    async def _ask(self, frame: bytes) -> bytes:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(FRAME.pack(len(frame)) + frame)
        await self._process.stdin.drain()
        return await self._answer()

    async def _answer(self) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        head = await self._process.stdout.readexactly(FRAME.size)
        return await self._process.stdout.readexactly(*FRAME.unpack(head))

    def _failed(self, why: str) -> None:
        self._failures += 1
        log.warning("the mapping process failed (%s); the hub maps by itself", why)
        self._let_go()

    def _end_later(self) -> None:
        if self._end is not None:
            self._end.cancel()
        self._end = asyncio.get_running_loop().call_later(UNUSED, self._let_go)

    def _let_go(self) -> None:
        """End the process; it holds nothing."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._process = None

    async def close(self) -> None:
        """End the process and wait for it."""
        process = self._process
        if self._end is not None:
            self._end.cancel()
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
        process = self._process or process
        self._let_go()
        if process is not None:
            await process.wait()
