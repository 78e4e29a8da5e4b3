"""Records of the topic on their way into the ledger: which are new is looked up before, stored with what follows from them; decides nothing."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from crossdock.connectors.protocol import Inbound
from crossdock.core.clock import Clock
from crossdock.core.errors import Fenced
from crossdock.engine.kafka.records import RecordMalformed, read
from crossdock.engine.protocol import Topic
from crossdock.ledger.batch import Batch, OwnedPartition, fence
from crossdock.ledger.ids import Numbers
from crossdock.ledger.intake import COLUMNS, DEDUPE, Intake, accept
from crossdock.ledger.offsets import advance, stored_already
from crossdock.ledger.payloads import Damaged, decode
from crossdock.ledger.session import Row, Session
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.ledger.work import BYTES_AT_ONCE, TakenMessage
from crossdock.pipeline.correlation import new_correlation
from crossdock.pipeline.intake import message_row

log = logging.getLogger("crossdock.worker")

_AT: Final = {name: place for place, name in enumerate(COLUMNS)}
_STATE: Final = _AT["state"]


@dataclass(slots=True)
class Arrivals:
    """Records taken together: they are in the ledger with the micro-batch's transaction, and the topic's offset moves with it."""

    topic: Topic
    found: list[Any]
    rows: list[Row] = field(default_factory=list)
    again: dict[int, Row] = field(default_factory=dict)
    direct: set[int] = field(default_factory=set)
    """Numbers of those that are normalized with this micro-batch; the others are taken from the ledger later, as any message."""
    identities: set[bytes] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.found)

    def store(self, session: Session, batch: Batch, owned: Sequence[OwnedPartition]) -> None:
        """Write the messages, those that were normalized in the state they have come to, and move the offsets.

        Raises `Fenced` when a partition is not ours any more, or one of the messages was stored by another way meanwhile.
        """
        moves = self.topic.moves(self.found)
        if not moves.keys() <= {each.id for each in owned}:
            raise Fenced("records of a partition that was given up", partition=min(moves))
        fence(session, owned)
        ends = {row[0]: row[1:] for row in batch.messages if row[0] in self.direct}
        batch.messages = [row for row in batch.messages if row[0] not in ends]
        rows = [(*row[:_STATE], *ends[row[0]]) if row[0] in ends else row for row in self.rows]
        for row, answer in zip(rows, accept(session, rows, self.again), strict=True):
            if row[0] in self.direct and answer.intake is not Intake.NEW:
                raise Fenced("a message was stored by another way meanwhile", number=row[0])
        advance(session, self.topic.topic, moves)

    def stored(self) -> int:
        """The transaction is through. How many messages are yet to be taken from the ledger, at most."""
        self.topic.moved(self.topic.moves(self.found))
        return len(self.rows) - len(self.direct)


class Arriving:
    """Takes records for a micro-batch."""

    def __init__(self, topic: Topic, store: Store, numbers: Numbers, clock: Clock) -> None:
        self._topic = topic
        self._store = store
        self._numbers = numbers
        self._clock = clock

    @property
    def waiting(self) -> int:
        """Records at hand."""
        return self._topic.waiting

    def take(self, partitions: list[int], limit: int) -> Arrivals:
        """The next records. What is not worked on after all must be put back before anything else is taken."""
        return Arrivals(self._topic, self._topic.take(partitions, limit, BYTES_AT_ONCE))

    def put_back(self, arrivals: Arrivals) -> None:
        """They were not worked on."""
        self._topic.put_back(arrivals.found)

    async def sorted(self, arrivals: Arrivals, under_way: Arrivals | None = None, *, direct: bool = True) -> list[TakenMessage]:
        """Find out which records hold messages nobody has seen; these, to be normalized at once where `direct` says so.

        `under_way` is being committed.

        Raises `LedgerUnavailable`.
        """
        if not arrivals.found:
            return []
        pairs = [self._read(each) for each in arrivals.found]
        identities = {row[DEDUPE] for row, _ in pairs}
        numbers = {row[0] for row, _ in pairs}
        seen, given = await self._store.look.do(lambda session: stored_already(session, identities, numbers))
        if under_way is not None:
            seen |= under_way.identities
            given |= {row[0] for row in under_way.rows}
        fresh: list[TakenMessage] = []
        for row, again in pairs:
            new = row[DEDUPE] not in seen
            if row[0] in given and new:
                # two doors gave one number, which takes a clock that was set back: this one gets another
                row = (self._numbers.next(), *row[1:])
            seen.add(row[DEDUPE])
            given.add(row[0])
            arrivals.rows.append(row)
            if again is not None:
                arrivals.again[row[0]] = again
            if direct and new and (message := _message(row)) is not None:
                arrivals.direct.add(row[0])
                fresh.append(message)
        arrivals.identities = {row[DEDUPE] for row in arrivals.rows}
        return fresh

    def _read(self, found: Any) -> tuple[Row, Row | None]:
        try:
            return read(found.value, found.partition)
        except RecordMalformed as error:
            log.warning("a record of partition %d at %d is none of a hub's: %s", found.partition, found.offset, error.message)
            key = f"record:{self._topic.topic}:{found.partition}:{found.offset}"
            detail = {"topic": self._topic.topic, "partition": found.partition, "offset": found.offset}
            mark = "refused:" + orjson.dumps({"code": error.code, "message": error.message, "detail": detail}).decode()
            inbound = Inbound("", key, found.value, "application/octet-stream")
            at = micros(self._clock.now())
            row = message_row(self._numbers.next(), 1, "unknown", "topic", inbound, at, new_correlation(), mark)
            return (row[0], found.partition, *row[2:]), None


def _message(row: Row) -> TakenMessage | None:
    """The message of a row as the pipeline takes it; None for one that is left to be taken from the ledger."""
    if row[_AT["claim"]] or row[_AT["mapping"]]:
        return None
    try:
        body = decode(row[_AT["encoding"]], row[_AT["body"]] or b"")
    except Damaged:
        return None
    (number, partition, system, channel, topic, _, key, digest, kind, headers, *_) = row
    at, correlation = row[_AT["received_at"]], row[_AT["correlation"]]
    return TakenMessage(number, partition, system, channel, topic, key, digest, kind, headers, body, at, correlation, "")
