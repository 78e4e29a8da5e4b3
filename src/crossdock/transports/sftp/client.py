"""An SFTP server as its client uses it: one connection kept open, every step bounded in time; knows no business."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar
from urllib.parse import SplitResult, urlsplit

import asyncssh

from crossdock.connectors.protocol import ConnectorContext
from crossdock.core.errors import EndpointGone, Misconfigured, TargetUnavailable
from crossdock.transports.files import Entry
from crossdock.transports.protocol import TransportContext
from crossdock.transports.sftp.faults import FAULTS, outcome

T = TypeVar("T")


class SignIn(Protocol):
    """The settings that say how to get in."""

    @property
    def username(self) -> str: ...
    @property
    def host_keys(self) -> Sequence[str]: ...
    @property
    def auth(self) -> Literal["password", "key"]: ...
    @property
    def timeout(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Access:
    """How to get in. `host_keys` are the server's public keys, agreed by another way than the network: there is no trust on first use.

    `secret` gives the secret for a purpose (`password` or `private_key`). `own_folders` are made when they are missing.
    """

    endpoint: str
    username: str
    host_keys: Sequence[str]
    auth: Literal["password", "key"]
    secret: Callable[[str], str]
    timeout: float
    own_folders: Sequence[str] = ()


def access(context: ConnectorContext | TransportContext, settings: SignIn, own_folders: Sequence[str]) -> Access:
    """How to get into the server of a system or a partner."""
    return Access(
        endpoint=context.endpoint,
        username=settings.username,
        host_keys=settings.host_keys,
        auth=settings.auth,
        secret=context.secret,
        timeout=settings.timeout,
        own_folders=own_folders,
    )


def purposes(settings: SignIn) -> frozenset[str]:
    """The credential it takes to get in."""
    return frozenset({"password" if settings.auth == "password" else "private_key"})


class SftpClient:
    """Raises outcomes of the error tree; nothing a failed step did not confirm is assumed to have happened."""

    def __init__(self, access: Access) -> None:
        self._access = access
        parts = urlsplit(access.endpoint)
        self._host, self._port = parts.hostname or "", _port(parts)
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None
        self._lock = asyncio.Lock()

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.close()
            await connection.wait_closed()

    def drop(self) -> None:
        """Forget a connection that may be half dead; the next step opens another."""
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.abort()

    async def client(self) -> asyncssh.SFTPClient:
        """The open client. Raises `PeerNotTrusted`, `CredentialRefused`, `TargetUnavailable`, `EndpointGone`, `SecretMissing`."""
        async with self._lock:
            if self._client is None:
                self._client = await self._connect()
            return self._client

    async def _connect(self) -> asyncssh.SFTPClient:
        if not self._host:
            raise EndpointGone("the endpoint must be sftp://host:port")
        proof = self._proof()
        doing = "connecting"
        try:
            async with asyncio.timeout(self._access.timeout):
                self._connection = await asyncssh.connect(self._host, self._port, **proof)
                client = await self._connection.start_sftp_client()
                doing = "making the hub's folders"
                for folder in self._access.own_folders:
                    await client.makedirs(folder, exist_ok=True)
                return client
        except FAULTS as error:
            self.drop()
            raise outcome(error, doing) from None
        except asyncio.CancelledError:
            self.drop()
            raise

    def _proof(self) -> dict[str, Any]:
        try:
            trusted = [asyncssh.import_public_key(line) for line in self._access.host_keys]
        except (asyncssh.KeyImportError, ValueError):
            raise Misconfigured("one of `host_keys` is no public key") from None
        proof: dict[str, Any] = {
            "username": self._access.username,
            "known_hosts": (trusted, [], []),
            "config": None,
            "agent_path": None,
            "client_keys": None,
            "keepalive_interval": 15,
        }
        if self._access.auth == "password":
            return proof | {"password": self._access.secret("password"), "preferred_auth": "password,keyboard-interactive"}
        try:
            key = asyncssh.import_private_key(self._access.secret("private_key"))
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
            raise Misconfigured("the credential `private_key` is no unencrypted private key") from None
        return proof | {"client_keys": [key], "preferred_auth": "publickey"}

    async def step(self, doing: str, work: Callable[[asyncssh.SFTPClient], Awaitable[T]]) -> T:
        """One step that may be repeated. Raises outcomes that say it had no effect worth reconciling."""
        try:
            return await self.bare(work)
        except FAULTS as error:
            raise outcome(error, doing) from None

    async def bare(self, work: Callable[[asyncssh.SFTPClient], Awaitable[T]]) -> T:
        """One step whose faults the caller judges itself; the connection is dropped when it went silent."""
        client = await self.client()
        try:
            async with asyncio.timeout(self._access.timeout):
                return await work(client)
        except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.DisconnectError, OSError, TimeoutError):
            self.drop()
            raise

    async def hand_over(self, source: str, target: str) -> None:
        """Rename; faults are the caller's to judge."""
        await self.bare(lambda client: client.rename(source, target))

    # Steps ---------------------------------------------------------------------------------------------------

    async def exists(self, path: str) -> bool:
        """Whether there is a file."""
        return await self.step(f"looking for {path}", lambda client: client.exists(path))

    async def write(self, path: str, body: bytes) -> None:
        """Write a whole file and see that it is all there."""

        async def work(client: asyncssh.SFTPClient) -> int | None:
            async with client.open(path, "wb") as file:
                await file.write(body)
            return (await client.stat(path)).size

        size = await self.step(f"writing {path}", work)
        if size != len(body):
            raise TargetUnavailable(f"{path} has {size} bytes after {len(body)} were written")

    async def read(self, path: str, expected: int | None = None) -> bytes:
        """A whole file; with `expected` bytes, another length means that it was cut or is still growing."""

        async def work(client: asyncssh.SFTPClient) -> bytes:
            async with client.open(path, "rb") as file:
                body = await file.read()
            return body if isinstance(body, bytes) else body.encode()

        body = await self.step(f"reading {path}", work)
        if expected is not None and len(body) != expected:
            raise TargetUnavailable(f"{path} has {expected} bytes, but {len(body)} could be read")
        return body

    async def fetch(self, path: str, target: Path, expected: int) -> None:
        """Copy a big file to this machine."""
        client = await self.client()
        try:
            await client.get(path, target)
        except FAULTS as error:
            self.drop()
            raise outcome(error, f"fetching {path}") from None
        arrived = (await asyncio.to_thread(target.stat)).st_size
        if arrived != expected:
            raise TargetUnavailable(f"{path} has {expected} bytes, but {arrived} arrived")

    async def files(self, folder: str) -> list[Entry]:
        """The finished files in a folder by name; hidden and temporary ones are left out."""

        async def work(client: asyncssh.SFTPClient) -> list[Entry]:
            found = []
            async for entry in client.scandir(folder):
                name = entry.filename if isinstance(entry.filename, str) else entry.filename.decode("utf-8", "replace")
                if (
                    stat.S_ISREG(entry.attrs.permissions or 0)
                    and not name.startswith(".")
                    and not name.endswith((".part", ".tmp"))
                ):
                    found.append(Entry(name, entry.attrs.size or 0, entry.attrs.mtime or 0))
            return sorted(found, key=lambda entry: entry.name)

        return await self.step(f"listing {folder}", work)

    async def move(self, source: str, target: str) -> bool:
        """Rename; False when the source is not there any more (moved before)."""

        async def work(client: asyncssh.SFTPClient) -> bool:
            try:
                await client.posix_rename(source, target)
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
                return False
            return True

        return await self.step(f"moving {source}", work)

    async def remove(self, path: str) -> None:
        """Delete a file if it is there."""

        async def work(client: asyncssh.SFTPClient) -> None:
            try:
                await client.remove(path)
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
                return

        await self.step(f"removing {path}", work)


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or 22
    except ValueError:
        raise EndpointGone("the endpoint must be sftp://host:port") from None
