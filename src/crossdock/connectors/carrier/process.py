"""The hub's side of the carrier process: starts it on first use, gives it jobs, restarts it, lets it go when idle; knows no carrier.

It works with two threads and pipes instead of an event loop, so that all carrier systems of a hub share one process.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import itertools
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for_threads
from typing import Any, Final

from crossdock.connectors.carrier.errors import CarrierProcessDown, CarrierSoftwareMissing

Json = dict[str, Any]
IDLE_SECONDS: Final = 60.0
START_SECONDS: Final = 30.0
GRACE_SECONDS: Final = 2.0
STUCK_LIMIT: Final = 4
COMMAND: Final = (sys.executable, "-m", "crossdock.connectors.carrier.worker")


class ProcessLost(Exception):
    """The process ended, or kept silent, while it did this job: nobody knows how far it came."""


class _Run:
    """One life of the process. A job that was handed over ends with an answer or with `ProcessLost`."""

    def __init__(self, command: Sequence[str], idle: float) -> None:
        self._idle = idle
        self._lock = threading.Lock()
        self._waiting: dict[int, tuple[asyncio.AbstractEventLoop, asyncio.Future[Json]]] = {}
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.stuck: set[int] = set()
        self.over = False
        self.started: Future[str] = Future()
        self._popen = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TZ": "UTC"},
            start_new_session=True,
        )
        for target in (self._write, self._read):
            threading.Thread(target=target, name=f"carrier{target.__name__}", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._popen.pid

    def give(self, number: int, job: Json) -> asyncio.Future[Json] | None:
        """Hand a job over; None when this life is over, and then the job was not handed over."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Json] = loop.create_future()
        with self._lock:
            if self.over:
                return None
            self._waiting[number] = (loop, future)
            self._lines.put(json.dumps(job).encode() + b"\n")
        return future

    def forget(self, number: int, *, stuck: bool) -> None:
        """Nobody waits for this job any more."""
        with self._lock:
            if self._waiting.pop(number, None) is not None and stuck:
                self.stuck.add(number)

    def end(self, *, kill: bool = False) -> None:
        """Close the input, at which the process ends by itself; `kill` does not wait for that."""
        with self._lock:
            self.over = True
        self._lines.put(None)
        if kill:
            self._popen.kill()

    def wait(self, seconds: float) -> None:
        """Wait for the end of the process, at most so long."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(seconds)

    def _write(self) -> None:
        stdin = self._popen.stdin
        assert stdin is not None
        wait_for_threads([self.started])  # idle time begins when it can be given something
        with contextlib.suppress(OSError):
            while True:
                try:
                    line = self._lines.get(timeout=self._idle)
                except queue.Empty:
                    with self._lock:
                        if self._waiting or not self._lines.empty():
                            continue
                        self.over = True
                    break
                if line is None:
                    break
                stdin.write(line)
                stdin.flush()
        with contextlib.suppress(OSError):
            stdin.close()

    def _read(self) -> None:
        stdout = self._popen.stdout
        assert stdout is not None
        for line in stdout:
            answer = json.loads(line)
            if "ready" in answer:
                self.started.set_result("" if answer["ready"] else str(answer["problem"]))
                continue
            with self._lock:
                self.stuck.discard(answer["id"])
                waiting = self._waiting.pop(answer["id"], None)
            if waiting is not None:
                _resolve(*waiting, answer)
        stdout.close()
        self._popen.wait()
        if not self.started.done():
            self.started.set_exception(ProcessLost("it ended before it was ready"))
        with self._lock:
            self.over = True
            left, self._waiting = dict(self._waiting), {}
        self._lines.put(None)
        for waiting in left.values():
            _resolve(*waiting, None)


def _resolve(loop: asyncio.AbstractEventLoop, future: asyncio.Future[Json], answer: Json | None) -> None:
    def settle() -> None:
        if future.done():
            return
        if answer is None:
            future.set_exception(ProcessLost("the carrier process ended"))
        else:
            future.set_result(answer)

    with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits
        loop.call_soon_threadsafe(settle)


class CarrierProcess:
    """Does jobs in the carrier process. Safe to use from several event loops."""

    def __init__(self, command: Sequence[str] = COMMAND, idle: float = IDLE_SECONDS) -> None:
        self._command = tuple(command)
        self._idle = idle
        self._run: _Run | None = None
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._failures = 0
        self._not_before = 0.0

    @property
    def pid(self) -> int | None:
        """The process id while it lives, for health pages and tests."""
        run = self._run
        return run.pid if run is not None and not run.over else None

    async def do(self, job: Json, timeout: float) -> Json:
        """Do a job within `timeout` seconds, not counting the start of the process; the answer of `worker` comes back.

        Raises `ProcessLost` when it was handed over and no answer came, `CarrierProcessDown` when it could not be handed over,
        `CarrierSoftwareMissing` when karrio cannot be imported.
        """
        number = next(self._numbers)
        run, future = await self._hand_over(number, {**job, "id": number, "timeout": timeout})
        try:
            return await asyncio.wait_for(future, timeout + GRACE_SECONDS)
        except TimeoutError:
            run.forget(number, stuck=True)
            if len(run.stuck) >= STUCK_LIMIT:
                run.end(kill=True)
            raise ProcessLost("the carrier process kept silent") from None
        finally:
            run.forget(number, stuck=False)

    def close(self, seconds: float = 2.0) -> None:
        """End the process."""
        with self._lock:
            run, self._run = self._run, None
        if run is not None:
            run.end()
            run.wait(seconds)

    async def _hand_over(self, number: int, job: Json) -> tuple[_Run, asyncio.Future[Json]]:
        for _ in range(3):
            run = self._running()
            await self._started(run)
            future = run.give(number, job)
            if future is not None:
                return run, future
        raise CarrierProcessDown("the carrier process ended while it was given a job")

    def _running(self) -> _Run:
        """The process, started when there is none."""
        with self._lock:
            wait = self._not_before - time.monotonic()
            if wait > 0:
                raise CarrierProcessDown("the carrier process does not start", retry_after=wait)
            if self._run is None or self._run.over:
                try:
                    self._run = _Run(self._command, self._idle)
                except OSError as error:
                    raise CarrierProcessDown(f"the carrier process cannot be started: {error.strerror}") from None
            return self._run

    async def _started(self, run: _Run) -> None:
        """Wait until it has imported karrio. Until then it is given nothing, so a failure here has no effect anywhere."""
        try:
            missing = await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(run.started)), START_SECONDS)
        except (ProcessLost, TimeoutError):
            self._failed_to_start(run)
            raise CarrierProcessDown("the carrier process ended before it was ready") from None
        if missing:
            raise CarrierSoftwareMissing(f"karrio cannot be used: {missing}")
        self._failures = 0

    def _failed_to_start(self, run: _Run) -> None:
        """Wait longer each time, so that a broken installation does not spin."""
        with self._lock:
            if self._run is run:
                self._run = None
                self._failures += 1
                self._not_before = time.monotonic() + min(60.0, 2.0**self._failures / 2)
        run.end(kill=True)


_shared: CarrierProcess | None = None


def shared_process() -> CarrierProcess:
    """The one carrier process of this hub."""
    global _shared
    if _shared is None:
        _shared = CarrierProcess()
        atexit.register(_shared.close)
    return _shared
