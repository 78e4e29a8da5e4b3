"""The PostgreSQL engine: session advisory locks on the ledger say who owns which partition; a dead worker's locks fall with its session."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from crossdock.core.errors import LedgerUnavailable
from crossdock.engine.protocol import Change
from crossdock.engine.seat import WORKERS, lock, others, session, take_seat, worker_name
from crossdock.ledger.batch import OwnedPartition
from crossdock.ledger.store import Store
from crossdock.ledger.work import claim_partitions

PARTITIONS: Final = 0x43D1
"""Class of the advisory locks on partitions."""


class PostgresqlEngine:
    """Fair shares by counting the living: each worker holds one lock for itself and one for every partition it owns.

    The locks live in a session of their own. When that session dies, all partitions are lost at once; commits are
    fenced by the epoch anyway, so a worker that does not know yet can do no harm.
    """

    look_every = 0.5

    def __init__(self, store: Store, partitions: int) -> None:
        self._store = store
        self._count = partitions
        self._connection: Any = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self._owned: set[int] = set()
        self._asked: set[int] = set()
        self.node = 0

    async def _do(self, work: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    async def start(self) -> None:
        await self._do(self._connect)

    def _connect(self) -> None:
        import psycopg

        try:
            self._connection = session(self._store.location)
            self.node = take_seat(self._connection)
        except psycopg.OperationalError as error:
            raise LedgerUnavailable(f"cannot join: {str(error).splitlines()[0]}") from None

    async def alone(self) -> bool:
        """Whether no other worker is alive on this ledger, whatever engine it has."""
        return not await self._do(others, self._connection, self.node)

    async def look(self) -> Change:
        import psycopg

        try:
            if self._connection is None or self._connection.closed:
                if self._owned:
                    # whoever noticed: the locks fell with the session, and must not be taken for held by the next one
                    raise LedgerUnavailable("the session that held the partitions has ended")
                await self._do(self._connect)
            gained, asked = await self._do(self._balance)
        except (psycopg.Error, LedgerUnavailable):
            lost = sorted(self._owned)
            self._owned.clear()
            self._asked.clear()
            await self._do(self._disconnect)
            return Change(lost=lost)
        if not gained:
            return Change(asked=asked)
        try:
            return Change(gained=await self.reclaim(gained), asked=asked)
        except LedgerUnavailable:
            await self.release(gained)
            raise

    def _balance(self) -> tuple[list[int], list[int]]:
        rows = self._connection.execute(
            "SELECT classid::int, objid::int, pid = pg_backend_pid() FROM pg_locks WHERE locktype='advisory' AND granted "
            "AND classid IN (%s, %s) AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            (WORKERS, PARTITIONS),
        ).fetchall()
        workers = sorted(number for kind, number, _ in rows if kind == WORKERS)
        taken = {number for kind, number, _ in rows if kind == PARTITIONS}
        rank = workers.index(self.node) if self.node in workers else 0
        base, extra = divmod(self._count, max(1, len(workers)))
        share = base + (1 if rank < extra else 0)
        gained: list[int] = []
        for partition in range(self._count):
            if len(self._owned) >= share:
                break
            if partition not in taken and lock(self._connection, PARTITIONS, partition):
                self._owned.add(partition)
                gained.append(partition)
        surplus = len(self._owned) - len(self._asked) - share
        asked = [p for p in sorted(self._owned, reverse=True) if p not in self._asked][:surplus] if surplus > 0 else []
        self._asked.update(asked)
        return gained, asked

    async def reclaim(self, partitions: Sequence[int]) -> Sequence[OwnedPartition]:
        mine = await self._do(self._held, [p for p in partitions if p in self._owned])
        self._asked.difference_update(mine)
        owner = worker_name()
        return await self._store.work.do(lambda session: claim_partitions(session, mine, owner))

    def _held(self, partitions: list[int]) -> list[int]:
        """Those whose locks are still held: a session that was cut off may not know it yet, and must not fence the new owners."""
        import psycopg

        if not partitions:
            return []
        try:
            rows = self._connection.execute(
                "SELECT objid::int FROM pg_locks WHERE locktype='advisory' AND granted AND classid=%s AND pid=pg_backend_pid()",
                (PARTITIONS,),
            ).fetchall()
        except psycopg.Error as error:
            raise LedgerUnavailable(
                f"the partitions' locks are lost: {(str(error).splitlines() or ['no reason given'])[0]}"
            ) from None
        held = {number for (number,) in rows}
        return [partition for partition in partitions if partition in held]

    async def release(self, partitions: Sequence[int]) -> None:
        await self._do(self._unlock, list(partitions))

    def _unlock(self, partitions: list[int]) -> None:
        import psycopg

        for partition in partitions:
            if partition in self._owned:
                self._owned.discard(partition)
                self._asked.discard(partition)
                try:
                    self._connection.execute("SELECT pg_advisory_unlock(%s, %s)", (PARTITIONS, partition))
                except psycopg.Error:
                    # the session died and its locks with it; the next look finds that out
                    continue

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def close(self) -> None:
        await self._do(self._disconnect)
        self._thread.shutdown()
