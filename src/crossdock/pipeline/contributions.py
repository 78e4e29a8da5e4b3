"""What parts of the hub beside the pipeline (a batch run, retention) add to the next micro-batch's transaction; knows none of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container
from dataclasses import dataclass

from crossdock.core.errors import CrossdockError, Fenced
from crossdock.ledger.batch import Batch
from crossdock.ledger.session import Session


@dataclass(slots=True)
class Contribution:
    """`note` adds audit records, exceptions and the like to the batch, `store` writes its own tables; `done` ends with the commit."""

    partition: int
    note: Callable[[Batch], None]
    store: Callable[[Session], None]
    done: asyncio.Future[None]

    def ended(self, error: CrossdockError | None = None) -> None:
        """Tell whoever waits that it is committed, or why it is not."""
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


class Contributions:
    """Those that wait for the next micro-batch."""

    def __init__(self) -> None:
        self._waiting: list[Contribution] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, partition: int, note: Callable[[Batch], None], store: Callable[[Session], None]) -> asyncio.Future[None]:
        """One more; the future ends when it is committed, with the error when it is not."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(Contribution(partition, note, store, done))
        return done

    def take(self, batch: Batch) -> list[Contribution]:
        """The contributions of this micro-batch, noted in it."""
        taken, self._waiting = self._waiting, []
        for each in taken:
            each.note(batch)
        return taken

    def disown(self, owned: Container[int]) -> None:
        """End those to partitions that are not owned any more."""
        for each in self._waiting:
            if each.partition not in owned:
                each.ended(Fenced(f"partition {each.partition} was lost", partition=each.partition))
        self._waiting = [each for each in self._waiting if each.partition in owned]
