"""Sends a part of a page again when it has changed, to every browser that shows it; each distinct part is rendered once for all of them.

One task per process asks the ledger once a second whether anything happened. Browsers that see the same part in the same language and
zone share one rendering, so that two hundred of them cost hardly more than one.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone, translation

from crossdock.core.errors import CrossdockError
from crossdock.ledger.board import Pulse, pulse
from crossdock.workbench.place import place

log = logging.getLogger("crossdock.workbench.live")

LOOK: Final = 1.0
"""Seconds between two questions whether anything happened."""
GATHER: Final = 3.0
"""A part is sent at most once in so many seconds, however much happens."""
EVENTS: Final = 25.0
"""Events a second to all browsers together: the more are watching, the longer a part gathers what happens."""
CLOCKS: Final = 30.0
"""Clocks move on by themselves: a part is rendered again after this time."""
BREATH: Final = 15.0
"""Seconds after which a comment shows that the connection lives."""
LIFE: Final = 300.0
"""A connection ends after this time; the browser comes back by itself, and who it is and what it may see is asked again."""
MOST: Final = 1_000
"""Browsers one process serves; more are asked to reload by hand."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a page: the element it fills, who shares it, and how it is rendered."""

    element: str
    scope: str
    render: Callable[[], str]


@dataclass(slots=True)
class _Shared:
    part: Part
    language: str
    zone: str
    readers: set[asyncio.Queue[bytes]] = field(default_factory=set)
    sent: bytes = b""
    rendered_at: float = 0.0
    dirty: bool = False

    def rendered(self) -> bytes:
        """The part as an event, in its language and zone; on a thread."""
        with translation.override(self.language), timezone.override(self.zone):
            data = json.dumps({"id": self.part.element, "html": self.part.render()})
        return f"event: part\ndata: {data}\n\n".encode()


class Exchange:
    """Everything shown live by this process."""

    def __init__(
        self, pulse_now: Callable[[], Pulse], *, look: float = LOOK, gather: float = GATHER, clocks: float = CLOCKS
    ) -> None:
        self._pulse_now = pulse_now
        self._look, self._gather, self._clocks = look, gather, clocks
        self._shared: dict[tuple[str, str, str, str], _Shared] = {}
        self._task: asyncio.Task[None] | None = None
        self._last: Pulse | None = None
        self.renderings = 0

    @property
    def readers(self) -> int:
        """Browsers connected."""
        return sum(len(each.readers) for each in self._shared.values())

    async def read(self, part: Part, language: str, zone: str, life: float = LIFE) -> AsyncIterator[bytes]:
        """The events of a part, until the connection's life ends."""
        key = (part.element, part.scope, language, zone)
        shared = self._shared.setdefault(key, _Shared(part, language, zone))
        queue: asyncio.Queue[bytes] = asyncio.Queue(2)
        shared.readers.add(queue)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch(), name="live")
        loop = asyncio.get_running_loop()
        end = loop.time() + life
        try:
            yield b"retry: 3000\n: open\n\n"
            while (left := end - loop.time()) > 0:
                try:
                    yield await asyncio.wait_for(queue.get(), min(BREATH, left))
                except TimeoutError:
                    yield b": here\n\n"
        finally:
            shared.readers.discard(queue)
            if not shared.readers:
                self._shared.pop(key, None)

    async def _watch(self) -> None:
        """Look for changes as long as anybody reads."""
        loop = asyncio.get_running_loop()
        while self._shared:
            await asyncio.sleep(self._look)
            try:
                found = await sync_to_async(self._pulse_now, thread_sensitive=False)()
            except CrossdockError as error:
                log.info("live updates wait: %s", error.code)
                continue
            changed, self._last = found != self._last, found
            now, gather = loop.time(), max(self._gather, self.readers / EVENTS)
            for shared in list(self._shared.values()):
                shared.dirty = shared.dirty or changed
                due = shared.dirty and now - shared.rendered_at >= gather
                if due or now - shared.rendered_at >= self._clocks:
                    await self._send(shared, now)

    async def _send(self, shared: _Shared, now: float) -> None:
        shared.dirty, shared.rendered_at = False, now
        self.renderings += 1
        try:
            event = await sync_to_async(shared.rendered, thread_sensitive=False)()
        except CrossdockError as error:
            log.info("a part cannot be rendered now: %s", error.code)
            return
        except Exception:
            log.exception("a part cannot be rendered")
            return
        if event == shared.sent:
            return
        shared.sent = event
        for queue in shared.readers:
            if queue.full():
                queue.get_nowait()  # a slow browser gets the newest, not all
            queue.put_nowait(event)


_exchange: list[Exchange] = []


def exchange() -> Exchange:
    """This process's exchange."""
    if not _exchange:
        _exchange.append(Exchange(lambda: place().read(pulse)))
    return _exchange[0]


async def _holding_nothing(events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The events, after what the request held of the database was given back: Django keeps it until the answer ends, and this one is long."""
    await sync_to_async(connections.close_all)()
    async for event in events:
        yield event


def stream(request: Any, part: Part) -> HttpResponseBase:
    """The response of a view that sends a part again when it has changed."""
    if exchange().readers >= MOST:
        return HttpResponse(status=204)  # tells the browser not to come back by itself
    events = exchange().read(part, translation.get_language() or "en", timezone.get_current_timezone_name())
    response = StreamingHttpResponse(_holding_nothing(events), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response
