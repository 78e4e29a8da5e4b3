"""A PostgreSQL server for tests: the one that is named, or one of their own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path


def _binaries() -> Path | None:
    candidates = [*Path("/usr/lib/postgresql").glob("*/bin")]
    found = shutil.which("pg_ctl")
    if found:
        candidates.append(Path(os.path.realpath(found)).parent)
    usable = [c for c in candidates if (c / "initdb").exists() and (c / "pg_ctl").exists()]
    return sorted(usable)[-1] if usable else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class OwnServer:
    """A server in a folder of its own; forgets everything when it is left. `durable` writes through, so that a crash loses nothing."""

    def __init__(self, binaries: Path, *, durable: bool = False) -> None:
        self._binaries = binaries
        self._base = Path(tempfile.mkdtemp(prefix="cdpg", dir="/tmp"))  # sockets need a short path
        self._user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self._user:
            shutil.chown(self._base, "postgres", "postgres")
        self.port = 0
        self._options = (
            f"-c listen_addresses=127.0.0.1 -k {self._base} -c fsync={'on' if durable else 'off'} "
            "-c max_connections=200 -c shared_buffers=64MB"
        )
        self._run("initdb", "-D", str(self._base / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8")

    @property
    def url(self) -> str:
        """Its address, without database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}"

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        command = [*self._user, str(self._binaries / program), *arguments]
        subprocess.run(command, check=check, stdout=subprocess.DEVNULL, cwd=self._base)

    def start(self) -> None:
        """Start and wait until it answers; the first time on a port nobody has, which somebody may take before the server does."""
        tries = 5 if self.port == 0 else 1
        for left in reversed(range(tries)):
            port = self.port or _free_port()
            options = f"{self._options} -p {port}"
            try:
                self._run("pg_ctl", "-D", str(self._base / "data"), "-o", options, "-l", str(self._base / "log"), "-w", "start")
            except subprocess.CalledProcessError:
                if not left:
                    raise
            else:
                self.port = port
                return

    def stop(self, mode: str = "immediate", *, check: bool = True) -> None:
        """Stop it: `immediate` is a crash."""
        self._run("pg_ctl", "-D", str(self._base / "data"), "-m", mode, "stop", check=check)

    def remove(self) -> None:
        """Stop it and forget its data."""
        self.stop(check=False)
        shutil.rmtree(self._base, ignore_errors=True)


@contextlib.contextmanager
def own_server(*, durable: bool = False) -> Iterator[OwnServer | None]:
    """A server of one's own; None where PostgreSQL is not installed."""
    binaries = _binaries()
    if binaries is None:
        yield None
        return
    server = OwnServer(binaries, durable=durable)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@contextlib.contextmanager
def running_server() -> Iterator[str | None]:
    """URL of a server, without database: `CROSSDOCK_TEST_POSTGRESQL`, else one started here; None where there is none."""
    given = os.environ.get("CROSSDOCK_TEST_POSTGRESQL")
    if given:
        yield given.rstrip("/")
        return
    with own_server() as server:
        yield server.url if server else None
