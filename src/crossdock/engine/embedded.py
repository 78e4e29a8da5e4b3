"""The embedded engine: one process owns every partition of a ledger; a lock on a file keeps a second one out."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from typing import IO

from crossdock.core.errors import Misconfigured
from crossdock.engine.protocol import Change
from crossdock.ledger.batch import OwnedPartition
from crossdock.ledger.store import Store
from crossdock.ledger.work import claim_partitions


class LedgerInUse(Misconfigured):
    """Another hub process uses this ledger."""

    code = "engine.ledger_in_use"
    hint = "Stop the other process, or use the PostgreSQL engine for several workers."


class EmbeddedEngine:
    """Owns all partitions from start to death. The operating system drops the lock when the process dies, however it dies."""

    node = 0
    look_every = 3600.0

    def __init__(self, store: Store, partitions: int) -> None:
        self._store = store
        self._partitions = list(range(partitions))
        self._lock: IO[str] | None = None
        self._claimed = False

    async def start(self) -> None:
        path = self._store.location.path
        if path is None:
            return
        self._lock = path.with_suffix(path.suffix + ".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            self._lock = None
            raise LedgerInUse(f"the ledger {path.name} is in use by another process") from None

    async def look(self) -> Change:
        if self._claimed:
            return Change()
        gained = await self.reclaim(self._partitions)
        self._claimed = True
        return Change(gained=gained)

    async def reclaim(self, partitions: Sequence[int]) -> Sequence[OwnedPartition]:
        owner = f"embedded:{os.getpid()}"
        return await self._store.work.do(lambda session: claim_partitions(session, partitions, owner))

    async def release(self, partitions: Sequence[int]) -> None:
        """Nobody else wants them."""

    async def close(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None
