"""Runs a simulator on an event loop of its own thread, for tests and tools that are not asynchronous."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType

from crossdock.simulators.server import Simulator


class Threaded:
    """`with Threaded(simulator) as url:`; the simulator answers until the block ends."""

    def __init__(self, simulator: Simulator, port: int = 0) -> None:
        self.simulator = simulator
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=simulator.name, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        starting = asyncio.run_coroutine_threadsafe(self.simulator.start(port=self._port), self._loop)
        return starting.result(timeout=10)

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self.simulator.stop(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()
