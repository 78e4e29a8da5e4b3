"""The workbench's process as the hub sees it: started when somebody looks, started again when it died, ended with the hub."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from crossdock.workbench.start import Start

PATIENCE: Final = 10.0
"""Seconds a request waits for the process to answer; then its sender is asked to come again."""
CALM: Final = 30.0
"""A process that lived shorter than this counts as a failed start."""
LONGEST_PAUSE: Final = 30.0

log = logging.getLogger("crossdock.workbench")


class Child:
    """One process at a time. Its standard input stays open as long as the hub lives: when it ends, the process ends too."""

    def __init__(self, start: Start, *, clock: Callable[[], float] = time.monotonic, patience: float = PATIENCE) -> None:
        self._start = start
        self._clock = clock
        self._patience = patience
        self._process: asyncio.subprocess.Process | None = None
        self._ready: asyncio.Task[bool] | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="crossdock-web-"))
        self._born = 0.0
        self._failures = 0
        self._not_before = 0.0
        self._stopped = False
        self.socket = self._folder / "web.sock"

    @property
    def pid(self) -> int | None:
        """The process, while it lives."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def ready(self) -> bool:
        """Wait until the process answers, starting it when there is none; False when it does not in time."""
        if self._stopped:
            return False
        if self._ready is None or (self._ready.done() and (self.pid is None or not self._ready.result())):
            if self.pid is None and self._clock() < self._not_before:
                return False
            self._ready = asyncio.create_task(self._begin())
        try:
            return await asyncio.wait_for(asyncio.shield(self._ready), self._patience)
        except TimeoutError:
            return False

    async def lost(self) -> None:
        """Nobody listens on the socket: look again whether the process lives before the next request is passed on."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), 0.5)
        if self._ready is not None and self._ready.done():
            self._ready = None

    async def _begin(self) -> bool:
        if self.pid is None:
            await self._spawn()
        until = self._clock() + 60.0
        while self.pid is not None and self._clock() < until:
            if await self._answers():
                return True
            await asyncio.sleep(0.05)
        if self.pid is not None:
            log.error("the workbench's process does not answer and is ended")
            await self._end()
        return False

    async def _spawn(self) -> None:
        if self._process is not None:
            lived = self._clock() - self._born
            self._failures = self._failures + 1 if lived < CALM else 0
            log.warning("the workbench's process ended (%s) after %.0f s and is started again", self._process.returncode, lived)
        self._not_before = self._clock() + (min(LONGEST_PAUSE, 2.0 ** (self._failures - 1)) if self._failures else 0.0)
        self._born = self._clock()
        self.socket.unlink(missing_ok=True)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "crossdock.workbench", stdin=asyncio.subprocess.PIPE, start_new_session=True
        )  # fmt: skip
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(replace(self._start, socket=self.socket).written())
            await self._process.stdin.drain()

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_unix_connection(str(self.socket))
        except OSError:
            return False
        writer.close()
        return True

    async def stop(self) -> None:
        """End the process and remove its socket."""
        self._stopped = True
        if self._ready is not None and not self._ready.done():
            self._ready.cancel()
            await asyncio.gather(self._ready, return_exceptions=True)
        await self._end()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
