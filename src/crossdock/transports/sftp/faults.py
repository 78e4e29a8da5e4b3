"""How faults of SSH and SFTP become outcomes; knows no file and no command."""

from __future__ import annotations

import asyncssh

from crossdock.core.errors import (
    CredentialRefused,
    CrossdockError,
    EndpointGone,
    PeerNotTrusted,
    PermissionRefused,
    TargetUnavailable,
)

FAULTS = (asyncssh.Error, OSError, TimeoutError)
"""Everything a step on the server may raise; `asyncio.TimeoutError` and `ConnectionError` are among them."""


def outcome(error: BaseException, doing: str) -> CrossdockError:
    """The outcome of a step that is known to have had no effect; `doing` says in words what was tried."""
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return PeerNotTrusted(f"{doing}: the server's key is not one of `host_keys`")
    if isinstance(error, asyncssh.PermissionDenied):
        return CredentialRefused(f"{doing}: the server refuses user name or credential")
    if isinstance(error, asyncssh.SFTPNoSuchFile | asyncssh.SFTPNoSuchPath):
        return EndpointGone(f"{doing}: the folder or file does not exist on the server")
    if isinstance(error, asyncssh.SFTPPermissionDenied | asyncssh.SFTPWriteProtect):
        return PermissionRefused(f"{doing}: the server does not permit it to this user")
    return TargetUnavailable(f"{doing}: {type(error).__name__}")


def answered(error: BaseException) -> bool:
    """Whether the server said no, in contrast to saying nothing."""
    silent = asyncssh.SFTPConnectionLost | asyncssh.SFTPNoConnection
    return isinstance(error, asyncssh.SFTPError) and not isinstance(error, silent)
