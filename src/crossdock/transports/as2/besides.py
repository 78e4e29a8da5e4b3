"""Sends the receipt of a refused message to the address its sender asked for: once, in small number, and without holding anybody up."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from crossdock.connectors.protocol import Reply
from crossdock.core.errors import CrossdockError
from crossdock.transports.tls import TlsHttp

log = logging.getLogger("crossdock.as2")

MOST: Final = 8
"""Receipts under way at the same time; what strangers cause beyond that is not sent, they read the refusal in their answer."""


class Besides:
    """Not durable on purpose: a refused message is not in the ledger as one of the partner's, and its sender was told in the answer."""

    def __init__(self, http: TlsHttp, timeout: float) -> None:
        self._http = http
        self._timeout = timeout
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self) -> None:
        """Remember the event loop; receipts are made in threads."""
        self._loop = asyncio.get_running_loop()

    async def close(self) -> None:
        """Give up what is under way."""
        self._loop = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def post(self, url: str, receipt: Reply) -> None:
        """Send it from the event loop; callable from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._begin, url, receipt)

    def _begin(self, url: str, receipt: Reply) -> None:
        if len(self._tasks) >= MOST or self._loop is None:
            return
        task = self._loop.create_task(self._post(url, receipt), name="as2 refusal")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _post(self, url: str, receipt: Reply) -> None:
        try:
            http = await self._http.client()
            await http.request("POST", url, headers=dict(receipt.headers), body=receipt.body, timeout=self._timeout, safe=True)
        except CrossdockError as error:
            log.info("the receipt of a refused message could not be sent: %s", error.code)
