"""Group commit for accepted messages: many senders, one transaction; nobody is answered before the bytes are durable."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Sequence
from typing import Final

import orjson

from crossdock.connectors.protocol import Inbound
from crossdock.core.clock import Clock
from crossdock.core.errors import CrossdockError, LedgerUnavailable, Overloaded
from crossdock.core.partition import partition_of
from crossdock.engine.protocol import Topic
from crossdock.ledger.ids import Numbers
from crossdock.ledger.intake import COLUMNS, Accepted, Intake, accept, dedupe_digest
from crossdock.ledger.payloads import ClaimStore, encode
from crossdock.ledger.session import Row
from crossdock.ledger.states import MessageState
from crossdock.ledger.store import Lane
from crossdock.ledger.times import micros
from crossdock.pipeline.correlation import new_correlation

log = logging.getLogger("crossdock.intake")

CLAIM: Final = COLUMNS.index("claim")
CLAIM_LIMIT: Final = 262_144
"""Bodies above this many bytes are kept outside the database."""


def message_row(
    number: int,
    partitions: int,
    system: str,
    channel: str,
    inbound: Inbound,
    at: int,
    correlation: str,
    mark: str = "",
    claim: str = "",
) -> Row:
    """The ledger row of a message received at `at` (microseconds); `claim` is where a large body is kept."""
    body = inbound.body
    encoding, stored = (0, None) if claim else encode(body)
    return (
        number,
        partition_of(f"{system}/{channel}/{inbound.dedupe_key}", partitions),
        system,
        channel,
        inbound.topic,
        dedupe_digest(system, channel, inbound.dedupe_key),
        inbound.dedupe_key,
        hashlib.sha256(body).digest(),
        inbound.content_type,
        orjson.dumps(dict(inbound.headers)).decode() if inbound.headers else "",
        encoding,
        stored,
        claim,
        len(body),
        at,
        correlation,
        int(MessageState.RECEIVED),
        0,
        mark,
        "",
    )


class IntakeBuffer:
    """Collects messages while a commit is under way and writes them in the next one."""

    def __init__(
        self,
        lane: Lane,
        numbers: Numbers,
        claims: ClaimStore,
        clock: Clock,
        partitions: int,
        *,
        high_water: int = 200_000,
        largest_commit: int = 2_000,
    ) -> None:
        self._lane = lane
        self._numbers = numbers
        self._claims = claims
        self._clock = clock
        self._partitions = partitions
        self._high_water = high_water
        self._largest = largest_commit
        self._waiting: list[tuple[list[Row], dict[int, Row], asyncio.Future[list[Accepted]]]] = []
        self._writer: asyncio.Task[None] | None = None
        self.backlog = 0
        """Messages accepted here and not yet taken by the pipeline; the worker lowers it."""
        self.generation = 0
        """Counts commits, so that the worker knows whether something came while it looked."""
        self.owns: Callable[[int], bool] = lambda _partition: True
        """Whether this process will also take messages of a partition; others' do not count as its backlog."""
        self.topic: Topic | None = None
        """Where accepted messages go first, with an engine that has such a place."""
        self.closed: Callable[[str], bool] = lambda _system: False
        """Whether a system has to wait with what it sends (`restored`)."""
        self.arrived = asyncio.Event()
        """Set after each commit, so that the worker wakes up."""

    def taken(self, count: int, generation: int, *, empty: bool) -> None:
        """The worker took `count` messages; with `empty` it found nothing more, which holds unless a commit came meanwhile."""
        self.backlog = 0 if empty and generation == self.generation else max(0, self.backlog - count)

    def next_number(self) -> int:
        """A fresh record number."""
        return self._numbers.next()

    def stored(self, count: int) -> None:
        """Messages were stored by another way (a poll): the worker should look."""
        self.backlog += count
        self.generation += 1
        self.arrived.set()

    async def keep(self, messages: Sequence[Inbound]) -> list[str]:
        """Put large bodies into the claim store, beside the event loop; the claim of each message, empty for one the ledger keeps.

        Raises `LedgerUnavailable`.
        """
        if not any(len(message.body) > CLAIM_LIMIT for message in messages):
            return [""] * len(messages)

        def put() -> list[str]:
            return [
                self._claims.put(m.body, hashlib.sha256(m.body).digest()) if len(m.body) > CLAIM_LIMIT else "" for m in messages
            ]

        try:
            return await asyncio.to_thread(put)
        except OSError as error:
            raise LedgerUnavailable(f"a large body cannot be kept: {error.strerror or type(error).__name__}") from None

    def row(self, system: str, channel: str, inbound: Inbound, correlation: str, mark: str = "", claim: str = "") -> Row:
        """The ledger row of a message; `claim` is where `keep` put a large body."""
        number, at = self._numbers.next(), micros(self._clock.now())
        return message_row(number, self._partitions, system, channel, inbound, at, correlation, mark, claim)

    async def submit(self, system: str, channel: str, messages: Sequence[Inbound], correlation: str) -> list[Accepted]:
        """Store messages durably; returns when they are. Raises `Overloaded` or `LedgerUnavailable`, then nothing was stored.

        With a topic they are durable there, every one is told as new, and the worker that takes them finds the repetitions. It raises
        `BrokersUnavailable` then, and some may have been stored.
        """
        waiting = self.backlog + (self.topic.lag if self.topic is not None else 0)
        if waiting + len(messages) > self._high_water:
            raise Overloaded(retry_after=5.0, backlog=waiting)
        if self.closed(system):
            raise Overloaded("the hub was restored and finds out first what happened since", retry_after=2.0)
        claims = await self.keep(messages)
        rows = [self.row(system, channel, m, correlation, claim=claim) for m, claim in zip(messages, claims, strict=True)]
        return await self.commit(rows, self.repeats([(system, channel, m) for m in messages], rows, correlation))

    def repeats(self, messages: Sequence[tuple[str, str, Inbound]], rows: Sequence[Row], correlation: str = "") -> dict[int, Row]:
        """What is stored in the stead of duplicates, by the number of the row that may be one. The body is where that row keeps it."""
        found = {}
        for (system, channel, message), row in zip(messages, rows, strict=True):
            if message.again is not None:
                found[row[0]] = self.row(system, channel, message.again, correlation or new_correlation(), claim=row[CLAIM])
        return found

    async def commit(self, rows: list[Row], again: dict[int, Row] | None = None) -> list[Accepted]:
        """Write prepared rows with the next group."""
        if not rows:
            return []
        if self.topic is not None:
            await self.topic.append(rows, again or {})
            return [Accepted(row[0], Intake.NEW) for row in rows]
        future: asyncio.Future[list[Accepted]] = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, again or {}, future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="intake")
        return await future

    async def _write(self) -> None:
        while self._waiting:
            taken = 0
            rows: list[Row] = []
            again: dict[int, Row] = {}
            while taken < len(self._waiting) and (not rows or len(rows) + len(self._waiting[taken][0]) <= self._largest):
                rows += self._waiting[taken][0]
                again |= self._waiting[taken][1]
                taken += 1
            group, self._waiting = self._waiting[:taken], self._waiting[taken:]
            try:
                # one statement; only duplicates need a second, and if that one is not reached their senders ask again
                answers = await self._lane.do(lambda session, rows=rows, again=again: accept(session, rows, again), whole=False)  # type: ignore[misc]
            except Exception as error:  # whatever it is, nobody may wait for ever
                told = error if isinstance(error, CrossdockError) else LedgerUnavailable(f"not stored: {type(error).__name__}")
                for *_, future in group:
                    if not future.done():
                        future.set_exception(told)
                if not isinstance(error, CrossdockError):
                    log.exception("messages could not be stored: %s", type(error).__name__)
                continue
            self.backlog += sum(
                1
                for row, answer in zip(rows, answers, strict=True)
                if answer.intake is not Intake.DUPLICATE and self.owns(row[1])
            )
            self.generation += 1
            start = 0
            for entry_rows, _, future in group:
                if not future.done():
                    future.set_result(answers[start : start + len(entry_rows)])
                start += len(entry_rows)
            self.arrived.set()
