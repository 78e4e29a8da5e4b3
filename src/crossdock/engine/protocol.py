"""The engine protocol: gives partitions to a worker and takes them away; knows nothing of what a worker does with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from crossdock.ledger.batch import OwnedPartition


@dataclass(frozen=True, slots=True)
class Change:
    """What changed since the last look: partitions gained (with their epochs) and partitions that must be given up.

    `lost` are gone already (the session died); `asked` are wanted by another worker and may be drained first.
    """

    gained: Sequence[OwnedPartition] = ()
    lost: Sequence[int] = ()
    asked: Sequence[int] = ()


class Engine(Protocol):
    """Ownership of partitions for one worker process."""

    node: int
    """A number no other living process has; part of every record number."""

    async def start(self) -> None:
        """Join. Raises `LedgerInUse` or `LedgerUnavailable`."""
        ...

    async def look(self) -> Change:
        """What changed; called every `look_every` seconds. Raises `LedgerUnavailable`; then nothing was gained."""
        ...

    async def release(self, partitions: Sequence[int]) -> None:
        """Give partitions up after they were drained."""
        ...

    async def reclaim(self, partitions: Sequence[int]) -> Sequence[OwnedPartition]:
        """After a fenced commit or an outage: raise the epoch of those partitions that are still ours; the others are left out."""
        ...

    @property
    def look_every(self) -> float: ...

    async def close(self) -> None:
        """Leave; every partition is given up."""
        ...
