"""A hub as a process of its own beside the simulated town: started, watched, killed and stopped; knows nothing of orders."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from crossdock.core.errors import Deferred


class HubDidNotStart(Deferred):
    """The demo's hub did not become ready."""

    code = "demo.hub_did_not_start"
    hint = "Its last log lines are in the message; another program may hold the port or the folder."


class HubProcess:
    """`crossdock up` on the landscape in `folder` with a port of 127.0.0.1; its log is `<log>` in the folder."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *, port: int = 0, log: str = "hub.log") -> None:
        self.folder = folder
        self.port = port or free_port()
        self.environment = environment
        self.log = folder / log
        self.killed = 0
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where the hub listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it and wait until it is ready. Raises `HubDidNotStart` with its last log lines when it ends or takes 30 seconds."""
        environment = {**os.environ, "CROSSDOCK_PROBE_EVERY": "2", "CROSSDOCK_RECONCILE_LONGEST": "5", **self.environment}
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "crossdock", "up", str(self.folder), "--env", "demo", "--port", str(self.port),
                env=environment, stdout=log, stderr=log, stdin=asyncio.subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + 30
        while self.running and time.monotonic() < deadline:
            if await _ready(self.port):
                return
            await asyncio.sleep(0.05)
        tail = self.log.read_text(errors="replace")[-1500:]
        raise HubDidNotStart(f"the hub did not become ready: {tail}")

    @property
    def pid(self) -> int:
        """Number of the process last started."""
        assert self._process is not None
        return self._process.pid

    def freeze(self) -> None:
        """Let it stand still, as a machine does whose memory is moved elsewhere; `thaw` lets it go on as if nothing had happened."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process go on."""
        os.kill(self.pid, signal.SIGCONT)

    async def kill(self) -> None:
        """kill -9 at whatever instant this is."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):  # somebody was quicker
            os.kill(self.pid, signal.SIGKILL)
        await self._process.wait()
        self.killed += 1

    async def stop(self) -> None:
        """Ask it to stop; kill it when it has not after 20 seconds."""
        if self._process is None or not self.running:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), 20)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


async def _ready(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        line = await asyncio.wait_for(reader.readline(), 2)
    except (OSError, TimeoutError):
        return False
    finally:
        writer.close()
    return b" 200 " in line


def free_port() -> int:
    """A port of 127.0.0.1 nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
