"""Sends a file to a partner exactly once, whatever breaks: the rename of one staged file is the only moment of effect.

1. the file is written as `<control>/<name>.part`, 2. a marker `<control>/<name>.sent` says that it is complete, 3. the staged file is
renamed to `<send>/<name>`. A staged file can be renamed only once, so the two names in the control folder tell at any time what
happened, even when the partner has taken and deleted the file: marker without staged file means sent; anything else means not sent.
"""

from __future__ import annotations

import asyncssh

from crossdock.connectors.http import Exchange, current_call
from crossdock.core.errors import AnswerLost, CrossdockError, TargetUnavailable
from crossdock.transports.files import FileTransport
from crossdock.transports.sftp.faults import FAULTS, answered, outcome

KEPT = 16_384
"""Bytes of a sent file kept with the attempt."""


class Outbox:
    """The sending side of one partner. A file is known by its `key`, which is its name when none is given."""

    def __init__(self, server: FileTransport, send: str, control: str) -> None:
        self._server = server
        self._send = send
        self._control = control

    async def sent(self, key: str) -> bool:
        """Whether the file was handed over. Raises outcomes when the server cannot be asked."""
        if not await self._server.exists(self._marker(key)):
            return False
        return not await self._server.exists(self._staged(key))

    async def send(self, name: str, body: bytes, key: str = "") -> bool:
        """Hand the file over if that did not happen before; True when this call did it.

        Raises `AnswerLost` when the server went silent during the rename; every other error means that it was not handed over.
        """
        key = key or name
        if await self._server.exists(self._marker(key)):
            if not await self._server.exists(self._staged(key)):
                return False
        else:
            await self._server.write(self._staged(key), body)
            await self._server.write(self._marker(key), b"")
        return await self._hand_over(name, key, body)

    async def prune(self, before: float) -> None:
        """Forget markers last changed before `before` (seconds since the epoch), so that the control folder does not only grow."""
        for entry in await self._server.files(self._control):
            if entry.name.endswith(".sent") and entry.changed < before:
                await self._server.remove(f"{self._control}/{entry.name}")

    async def _hand_over(self, name: str, key: str, body: bytes) -> bool:
        staged, final = self._staged(key), f"{self._send}/{name}"
        exchange = Exchange("SFTP", final, body[:KEPT])
        scope = current_call.get()
        if scope is not None:
            scope.exchanges.append(exchange)
        try:
            await self._server.hand_over(staged, final)
        except FAULTS as error:
            if not answered(error):
                raise AnswerLost(f"the server went silent while {name} was handed over: {type(error).__name__}") from None
            return await self._refused(name, key, error)
        exchange.answered = b"renamed"
        return True

    async def _refused(self, name: str, key: str, error: BaseException) -> bool:
        """The server said no. Whether it did it nevertheless shows in the control folder."""
        try:
            gone = not await self._server.exists(self._staged(key))
        except CrossdockError:
            raise AnswerLost(f"the server said no to {name} and cannot be asked what it did") from None
        if gone:
            return not isinstance(error, asyncssh.SFTPNoSuchFile)
        if isinstance(error, asyncssh.SFTPNoSuchFile | asyncssh.SFTPPermissionDenied):
            raise outcome(error, f"handing over {name}")
        raise TargetUnavailable(f"the server did not take {name}: {type(error).__name__}")

    def _staged(self, key: str) -> str:
        return f"{self._control}/{key}.part"

    def _marker(self, key: str) -> str:
        return f"{self._control}/{key}.sent"
