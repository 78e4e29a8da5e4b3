"""The engine protocol: gives partitions to a worker and takes them away; knows nothing of what a worker does with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from crossdock.ledger.batch import OwnedPartition
from crossdock.ledger.session import Row


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


class Found(Protocol):
    """A record of a topic: where it stood, and what it says."""

    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def value(self) -> bytes: ...


class Topic(Protocol):
    """What an engine has that keeps accepted messages outside the ledger until the owner of their partition takes them."""

    @property
    def topic(self) -> str: ...

    @property
    def lag(self) -> int:
        """Messages nobody has taken into the ledger yet."""
        ...

    @property
    def waiting(self) -> int:
        """Records at hand."""
        ...

    async def append(self, rows: Sequence[Row], again: Mapping[int, Row]) -> None:
        """Keep accepted messages durably. Raises a `Deferred` error; some may have been kept then."""
        ...

    def take(self, partitions: Sequence[int], limit: int, size: int) -> list[Any]:
        """The next records (`Found`) of partitions, in order within each: at most `limit`, and about `size` bytes."""
        ...

    def put_back(self, records: Sequence[Any]) -> None:
        """Records that were taken last and not worked on."""
        ...

    def moves(self, records: Sequence[Any]) -> dict[int, tuple[int, int]]:
        """By partition, from where to where the ledger's offset moves with these records."""
        ...

    def moved(self, moves: Mapping[int, tuple[int, int]]) -> None:
        """These moves are committed."""
        ...
