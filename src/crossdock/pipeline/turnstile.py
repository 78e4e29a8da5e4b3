"""Keeps requests waiting for the moment in which one hub hands over to the next behind the same address; knows neither."""

from __future__ import annotations

import asyncio

from crossdock.pipeline.answers import Receive, Scope, Send
from crossdock.pipeline.server import Endpoint


class Turnstile:
    """An ASGI application that passes requests to a door. While it is closed they wait; nobody is turned away."""

    def __init__(self) -> None:
        self._door: Endpoint | None = None
        self._opened = asyncio.Event()
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while not self._opened.is_set():
            await self._opened.wait()
        assert self._door is not None
        self._inside += 1
        self._empty.clear()
        try:
            await self._door(scope, receive, send)
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()

    def open(self, door: Endpoint) -> None:
        """From now on requests go to this door, those that waited first."""
        self._door = door
        self._opened.set()

    def close(self) -> None:
        """Let nobody in any more."""
        self._opened.clear()

    async def emptied(self, seconds: float) -> bool:
        """Wait until everybody who was inside has an answer; False when some have none in time."""
        try:
            await asyncio.wait_for(self._empty.wait(), seconds)
        except TimeoutError:
            return False
        return True
