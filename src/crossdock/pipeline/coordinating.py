"""A hub's part in several regions: the coordinator's address for reports, and the way this region's reports go out; interprets no report."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from crossdock.coordination.envelope import LARGEST
from crossdock.coordination.errors import CoordinatorAway, ReportStale
from crossdock.coordination.keeping import Keeping
from crossdock.core.clock import Clock
from crossdock.core.errors import CrossdockError, Deferred, LedgerUnavailable, MethodRefused, Rejected
from crossdock.ledger import regions
from crossdock.ledger.ids import Numbers
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.pipeline.answers import JSON, Receive, Scope, Send, refuse
from crossdock.pipeline.body import read_body

if TYPE_CHECKING:
    import aiohttp

PATH: Final = "/coordination/report"
PATIENCE: Final = 15.0
"""Seconds the coordinator has for an answer."""


CONNECT: Final = 5.0
"""Seconds the way to it may take."""


class CoordinatorEndpoint:
    """`POST /coordination/report`: answers a region's signed statement with a signed one, refusals too."""

    def __init__(self, keeping: Keeping, store: Store, numbers: Numbers, clock: Clock) -> None:
        self._keeping = keeping
        self._store = store
        self._numbers = numbers
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        try:
            if scope["method"] != "POST":
                raise MethodRefused
            data = await read_body(receive, headers, LARGEST)
        except CrossdockError as error:
            await refuse(send, error, 405 if isinstance(error, MethodRefused) else 400)
            return
        status = 200
        try:
            statement = self._keeping.proven(data)
            now = micros(self._clock.now())
            told = await self._store.work.do(lambda s: self._keeping.take(s, self._numbers, statement, now))
            answer = self._keeping.answer(data, told)
        except Rejected as error:
            status, answer = 409 if isinstance(error, ReportStale) else 403, self._keeping.refusal(data, error)
        except Deferred as error:
            await refuse(send, error, 503, retry_after="5")
            return
        await send({"type": "http.response.start", "status": status, "headers": JSON})
        await send({"type": "http.response.body", "body": answer})


async def forgetting(store: Store, clock: Clock, keep: timedelta) -> None:
    """Remove what regions told longer ago than it is kept, once an hour, until cancelled."""
    while True:
        before = micros(clock.now() - keep)
        with contextlib.suppress(LedgerUnavailable):
            await store.work.do(partial(regions.forget, before=before))
        await asyncio.sleep(3600)


class Outward:
    """Sends statements to the coordinator over one connection that is kept."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/") + PATH
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, data: bytes) -> bytes:
        """The answer, whatever its status. Raises `CoordinatorAway` when there is none of a size worth reading."""
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=PATIENCE, sock_connect=CONNECT), cookie_jar=aiohttp.DummyCookieJar()
            )
        headers = {"content-type": "application/json", "user-agent": "crossdock"}
        try:
            async with self._session.post(self._url, data=data, headers=headers, allow_redirects=False) as answer:
                found = await answer.content.read(LARGEST + 1)
                while len(found) <= LARGEST and (more := await answer.content.read(LARGEST)):
                    found += more
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise CoordinatorAway(f"the coordinator cannot be reached: {type(error).__name__}") from None
        if status not in (200, 403, 409) or len(found) > LARGEST:
            raise CoordinatorAway(f"the coordinator answers with {status}")
        return found

    async def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            await self._session.close()
