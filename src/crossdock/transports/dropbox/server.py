"""The SSH server of the drop-box: who may come in, and that SFTP is all there is; knows no landscape and no ledger."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import asyncssh

from crossdock.core.errors import CrossdockError, Misconfigured
from crossdock.transports.dropbox.sftp import Box
from crossdock.transports.dropbox.taking import Taker

log = logging.getLogger("crossdock.dropbox")

SWEEP_EVERY: Final = 5.0
MOST: Final = 200
"""Connections of all accounts together."""


@dataclass(frozen=True, slots=True)
class Account:
    """One partner's way in. `password` gives the current one, or None when it must use a key."""

    user: str
    keys: Sequence[str]
    taker: Taker
    connections: int = 4
    password: Callable[[], str] | None = None

    def authorized(self) -> list[asyncssh.SSHKey]:
        """The public keys. Raises `Misconfigured`."""
        try:
            return [asyncssh.import_public_key(each) for each in self.keys]
        except (asyncssh.KeyImportError, ValueError):
            raise Misconfigured(f"one of the keys of drop-box {self.user!r} is no public key") from None


class Dropbox:
    """Listens, serves and sweeps. `start` raises OSError when the address is taken."""

    def __init__(self, host: str, port: int, host_key: str, accounts: Mapping[str, Account]) -> None:
        self._host, self._port = host, port
        self._accounts = accounts
        self.open: Counter[str] = Counter()
        self.connected: set[asyncssh.SSHServerConnection] = set()
        self._keys = {name: account.authorized() for name, account in accounts.items()}
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._sweeper: asyncio.Task[None] | None = None
        try:
            self._host_key = asyncssh.import_private_key(host_key)
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError):
            raise Misconfigured("the drop-box's host key is no unencrypted private key (ssh-keygen -t ed25519 -N '')") from None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._acceptor.get_port() if self._acceptor is not None else self._port

    @property
    def host_key_line(self) -> str:
        """The public host key as partners enter it."""
        return self._host_key.export_public_key().decode().strip()

    async def start(self) -> None:
        """Listen, and store what an earlier run left."""
        for account in self._accounts.values():
            await asyncio.to_thread(account.taker.place.make)
        self._acceptor = await asyncssh.listen(
            self._host,
            self._port,
            server_host_keys=[self._host_key],
            server_factory=lambda: _Guard(self),
            sftp_factory=self._box,
            sftp_version=3,
            allow_scp=False,
            agent_forwarding=False,
            login_timeout=30,
            keepalive_interval=60,
            line_editor=False,
            server_version="Crossdock",
        )
        self._sweeper = asyncio.create_task(self._sweep(), name="dropbox")

    async def stop(self) -> None:
        """Stop listening and end every session; files half written stay unfinished."""
        sweeper, self._sweeper = self._sweeper, None
        if sweeper is not None:
            sweeper.cancel()
            await asyncio.wait([sweeper])
        acceptor, self._acceptor = self._acceptor, None
        if acceptor is not None:
            acceptor.close()
            for connection in list(self.connected):
                connection.abort()
            await acceptor.wait_closed()

    def _box(self, channel: asyncssh.SSHServerChannel[bytes]) -> Box:
        account = self._accounts[str(channel.get_extra_info("username"))]
        return Box(channel, account.taker.place, account.taker)

    async def _sweep(self) -> None:
        while True:
            for account in self._accounts.values():
                try:
                    await account.taker.sweep()
                except Exception as error:
                    log.exception("the drop-box of %s cannot be swept: %s", account.user, type(error).__name__)
            await asyncio.sleep(SWEEP_EVERY)

    # Used by the guard ---------------------------------------------------------------------------------------

    def keys_of(self, user: str) -> list[asyncssh.SSHKey]:
        """The public keys of an account; none of one that does not exist."""
        return self._keys.get(user, [])

    def password_fits(self, user: str, given: str) -> bool:
        """Whether a password is the account's; always false for one that must use a key."""
        account = self._accounts.get(user)
        if account is None or account.password is None:
            return False
        try:
            return hmac.compare_digest(account.password().encode(), given.encode())
        except CrossdockError as error:
            log.warning("the password of drop-box %s cannot be read: %s", user, error.code)
            return False

    def passwords(self, user: str) -> bool:
        """Whether an account may use a password at all."""
        account = self._accounts.get(user)
        return account is not None and account.password is not None

    def admit(self, user: str) -> bool:
        """Count a session in, unless the account has enough of them."""
        account = self._accounts.get(user)
        if account is None or self.open[user] >= account.connections:
            return False
        self.open[user] += 1
        return True


class _Guard(asyncssh.SSHServer):
    """Decides who comes in. An unknown user is asked like a known one and never fits."""

    def __init__(self, box: Dropbox) -> None:
        self._box = box
        self._user = ""
        self._admitted = False
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        if len(self._box.connected) >= MOST:
            conn.abort()
            return
        self._box.connected.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._box.connected.discard(self._connection)
        if self._admitted:
            self._box.open[self._user] -= 1

    def begin_auth(self, username: str) -> bool:
        self._user = username
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return key in self._box.keys_of(username)

    def password_auth_supported(self) -> bool:
        return self._box.passwords(self._user)

    def validate_password(self, username: str, password: str) -> bool:
        return self._box.password_fits(username, password)

    def auth_completed(self) -> None:
        self._admitted = self._box.admit(self._user)
        if not self._admitted and self._connection is not None:
            self._connection.disconnect(asyncssh.DISC_TOO_MANY_CONNECTIONS, "too many connections of this user")
