"""Brings complete files of one account into the hub, each exactly once, whatever happens in between; knows no SFTP."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crossdock.transports.dropbox.place import Place, given_name

log = logging.getLogger("crossdock.dropbox")

Store = Callable[[str, bytes], Awaitable["Stored"]]
"""Stores a file of the account (name, bytes) in the ledger."""

LATER: Final = "it could not be stored now; send it again"
STUCK: Final = "it could not be put away now; send it again"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an account may have here."""

    file_bytes: int
    bytes: int
    files: int


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a file: stored (also when it was known), refused for good, or not now. `words` for the partner."""

    good: bool
    final: bool = True
    words: str = ""


class Taker:
    """A complete file is claimed by one rename, stored, then put away. What a crash leaves claimed is stored after the restart; the
    ledger recognises by name and content what it has already."""

    def __init__(self, place: Place, limits: Limits, store: Store) -> None:
        self.place = place
        self.limits = limits
        self._store = store
        self._lock = asyncio.Lock()

    async def complete(self, name: str) -> str:
        """Take a complete file; the words for the partner when it was not stored, empty when it was."""
        async with self._lock:
            try:
                claimed = await asyncio.to_thread(self.place.claim, name)
            except OSError as error:
                log.warning("a file cannot be claimed: %s", error.strerror)
                return LATER
            return await self._settle(claimed)

    async def sweep(self) -> None:
        """Store what an earlier attempt left claimed, and tidy up."""
        async with self._lock:
            for claimed in await asyncio.to_thread(self.place.waiting):
                if await self._settle(claimed) == LATER:
                    break  # the hub takes nothing at the moment; a file that only sticks stops no other
            await asyncio.to_thread(self.place.tidy, time.time())

    async def _settle(self, claimed: Path) -> str:
        try:
            body = await asyncio.to_thread(claimed.read_bytes)
            stored = await self._store(given_name(claimed), body)
            if not stored.final:
                return LATER
            await asyncio.to_thread(self.place.settled, claimed, good=stored.good)
        except OSError as error:
            log.warning("a file of a drop-box cannot be moved: %s", error.strerror)
            return STUCK
        return "" if stored.good else f"refused: {stored.words}"[:300]
