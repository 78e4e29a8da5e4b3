"""A run of a batch flow as its work sees it: it notes how far it is, records, and tells facts in chunks; knows no timetable's next time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import orjson

from crossdock.connectors.http import Exchange
from crossdock.connectors.protocol import Inbound
from crossdock.ledger import runs
from crossdock.ledger.batch import Batch
from crossdock.ledger.ids import written
from crossdock.ledger.intake import accept
from crossdock.ledger.runs import Run
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store
from crossdock.pipeline.intake import IntakeBuffer
from crossdock.pipeline.timetable import Timetable

Contribute = Callable[[int, Callable[[Batch], None], Callable[[Session], None]], Awaitable[None]]
"""`pipeline.worker.Worker.contribute`."""

PAUSE: Final = 0.05
"""Seconds between two looks at the ledger."""


class Unkept(list[Exchange]):
    """Exchanges of a run are not kept: half a million lines would be."""

    def append(self, _exchange: Exchange) -> None:
        return


@dataclass(slots=True)
class Ongoing:
    """A run under way, as its work sees it."""

    run: Run
    table: Timetable
    correlation: str
    _store: Store
    _intake: IntakeBuffer
    _contribute: Contribute
    _told: int = 0
    dirty: bool = True

    def note(self, **progress: Any) -> None:
        """Say how far it is; written to the ledger now and then."""
        self.run.progress.update(progress)
        self.dirty = True

    def number(self) -> int:
        """A fresh record number: everything recorded later has a higher one."""
        return self._intake.next_number()

    async def record(self, note: Callable[[Batch], None], store: Callable[[Session], None]) -> None:
        """Write something in one fenced and audited transaction together with the progress. Raises `Fenced`, `LedgerUnavailable`."""

        def both(session: Session) -> None:
            store(session)
            runs.note_progress(session, self.run)

        await self._contribute(self.run.partition, note, both)

    async def tell(self, system: str, topic: str, content: Mapping[str, Any], lines: int) -> None:
        """Hand one chunk of facts to the pipeline as a message of `system`: durable, and the same chunk twice is one message.

        Waits until the pipeline has taken the chunk before, so that never more than two wait. Raises `Fenced`, `LedgerUnavailable`.
        """
        while self._told and await self._store.read.do(lambda s: runs.untaken(s, self._told)):  # noqa: ASYNC110  (the ledger is asked)
            await asyncio.sleep(PAUSE)
        run, chunk = self.run, int(self.run.progress.get("chunks", 0))
        body = orjson.dumps({**content, "flow": run.flow, "run": written(run.id), "chunk": chunk})
        inbound = Inbound(topic, chunk_key(run, chunk), body)
        row = self._intake.row(system, channel(run), inbound, self.correlation)
        self.note(system=system, chunks=chunk + 1, told=int(run.progress.get("told", 0)) + lines)

        def note(batch: Batch) -> None:
            detail = {"run": written(run.id), "chunk": chunk, "lines": lines}
            batch.record(run.partition, "run:chunk:told", row[0], run.flow, "", detail)

        await self.record(note, lambda session: _accept(session, [row]))
        self._told = row[0]
        self._intake.stored(1)


def _accept(session: Session, rows: list[Any]) -> None:
    accept(session, rows)


def channel(run: Run) -> str:
    """The channel by which the hub tells itself what a run found."""
    return f"run/{run.flow}"


def chunk_key(run: Run, chunk: int) -> str:
    """What makes a chunk the same one when it is told again."""
    return f"{written(run.id)}/{chunk}"


class Work(Protocol):
    """What a batch flow does. Everything it wants done travels through `Ongoing.tell` or `Ongoing.record`."""

    async def __call__(self, ongoing: Ongoing) -> Mapping[str, Any]:
        """Do it; the result is kept with the run. Raises outcome errors: deferred ones are retried within the flow's budget."""
        ...
