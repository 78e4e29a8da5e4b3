"""A simulated SFTP server with a folder of its own: whoever inherits says what happens when a file gets its final name. Faults hit the steps."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncssh

from crossdock.simulators.faults import Fault, FaultPlan
from crossdock.simulators.server import AFTER, Simulator

USER = "crossdock"


class SftpHost(Simulator):
    """`start` returns `sftp://...`; `url` is the control address. Methods for scripts and rules: CONNECT, AUTH, OPEN, RENAME, LIST."""

    name = "sftp-host"
    folders: tuple[str, ...] = ("in", "out")

    def __init__(self, password: str, faults: FaultPlan | None = None) -> None:
        super().__init__(faults)
        self.password = password
        self.client_keys: list[asyncssh.SSHKey] = []
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.sftp_url = ""
        self.connections: set[asyncssh.SSHServerConnection] = set()
        self._folder = tempfile.TemporaryDirectory(prefix="crossdock-sftp-")
        self.root = Path(self._folder.name)
        self._acceptor: asyncssh.SSHAcceptor | None = None
        for folder in self.folders:
            (self.root / folder).mkdir(parents=True)

    @property
    def host_key_line(self) -> str:
        """The server's public key as it is entered in `host_keys`."""
        return self.host_key.export_public_key().decode().strip()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        await super().start(host, port)
        self._acceptor = await asyncssh.listen(
            host,
            0,
            server_host_keys=[self.host_key],
            server_factory=lambda: _Ssh(self),
            sftp_factory=lambda channel: _Sftp(channel, self),
            allow_scp=False,
        )
        self.sftp_url = f"sftp://{host}:{self._acceptor.get_port()}"
        return self.sftp_url

    async def stop(self) -> None:
        await super().stop()
        acceptor, self._acceptor = self._acceptor, None
        if acceptor is not None:
            acceptor.close()
            for connection in list(self.connections):
                connection.abort()
            await acceptor.wait_closed()

    def reset(self) -> None:
        for path in self.root.rglob("*"):
            if path.is_file():
                path.unlink()

    def arrived(self, path: str) -> None:
        """A file got its final name."""

    def put(self, path: str, body: bytes) -> None:
        """Put a file there as a careful partner does: written aside, then renamed."""
        place = self.root / path
        aside = place.with_name(f".{place.name}.tmp")
        aside.write_bytes(body)
        aside.rename(place)

    # Faults ------------------------------------------------------------------------------------------------

    async def around(self, method: str, path: str, work: Callable[[], Awaitable[None]], drop: Callable[[], None]) -> None:
        """A step of the protocol with the fault it meets; a dropped connection never answers."""
        self.requests += 1
        fault = self.faults.for_request(method, path)
        if fault is None or fault in AFTER:
            await work()
        if fault is None:
            return
        if fault is Fault.LATE:
            await self._pause(self.faults.late_delay)
        elif fault in (Fault.EXPIRED, Fault.THROTTLE):
            raise asyncssh.SFTPPermissionDenied("refused")
        elif fault in (Fault.ERROR_500, Fault.ERROR_500_AFTER, Fault.OUTAGE_503):
            raise asyncssh.SFTPFailure("failure")
        else:
            if fault in (Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER):
                await self._pause(self.faults.timeout_delay)
            drop()
            raise asyncssh.SFTPConnectionLost("gone")


class _Ssh(asyncssh.SSHServer):
    """Who may come in."""

    def __init__(self, simulator: SftpHost) -> None:
        self._simulator = simulator
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._simulator.connections.add(conn)
        if self._simulator.faults.for_request("CONNECT", "/connect") not in (None, Fault.EXPIRED, Fault.LATE, Fault.MALFORMED):
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._simulator.connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        expired = self._simulator.faults.for_request("AUTH", "/auth") is Fault.EXPIRED
        return not expired and (username, password) == (USER, self._simulator.password)

    def public_key_auth_supported(self) -> bool:
        return bool(self._simulator.client_keys)

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == USER and key in self._simulator.client_keys


class _Sftp(asyncssh.SFTPServer):
    """The file system, with faults around opening, listing and renaming."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], simulator: SftpHost) -> None:
        super().__init__(channel, chroot=os.fsencode(simulator.root))
        self._simulator = simulator

    def _drop(self) -> None:
        self.channel.get_connection().abort()

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        async def work() -> None:
            super(_Sftp, self).rename(oldpath, newpath)
            self._simulator.arrived(newpath.decode())

        await self._simulator.around("RENAME", newpath.decode(), work, self._drop)

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self.rename(oldpath, newpath)

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        opened: list[object] = []
        reads = not pflags & asyncssh.FXF_WRITE
        script = self._simulator.faults.scripts
        cut = reads and any(s.fault is Fault.MALFORMED and s.matches("OPEN", path.decode(), b"") for s in script)

        async def work() -> None:
            opened.append(super(_Sftp, self).open(path, pflags, attrs))

        if cut:
            return self._cut(path)
        await self._simulator.around("OPEN", path.decode(), work, self._drop)
        return opened[0]

    def _cut(self, path: bytes) -> object:
        """The file as it arrives when its second half was lost: shorter than the listing says."""
        whole = Path(os.fsdecode(self.map_path(path))).read_bytes()
        with tempfile.NamedTemporaryFile(delete=False) as short:
            short.write(whole[: len(whole) // 2])
        file = open(short.name, "rb", buffering=0)  # noqa: SIM115 - the client closes it
        Path(short.name).unlink()
        return file

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        async def work() -> None:
            return

        await self._simulator.around("LIST", path.decode(), work, self._drop)
        async for entry in super().scandir(path):
            yield entry


class SftpPartner(SftpHost):
    """A partner that takes a file out of `/in` in the moment it gets its final name. Effects: kind `file`, key the file's name."""

    name = "sftp-partner"

    def __init__(self, password: str = "partner-demo-password", faults: FaultPlan | None = None) -> None:  # noqa: S107 - of the demo
        super().__init__(password, faults)
        self.taken: list[tuple[str, bytes]] = []
        self.on_document: Callable[[str, bytes], None] | None = None

    def arrived(self, path: str) -> None:
        folder, _, name = path.strip("/").rpartition("/")
        place = self.root / folder / name
        if folder != "in" or name.startswith(".") or not place.is_file():
            return
        body = place.read_bytes()
        place.unlink()
        self.taken.append((name, body))
        self.record("file", name, idempotency_key=name)
        if self.on_document is not None:
            self.on_document(name, body)
