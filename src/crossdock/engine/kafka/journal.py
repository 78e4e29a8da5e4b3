"""Writes accepted messages to the topic and says when every in-sync copy has them; knows nothing of who takes them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from crossdock.core.errors import Overloaded
from crossdock.engine.kafka.errors import BrokersUnavailable
from crossdock.engine.kafka.place import Place
from crossdock.engine.kafka.records import write
from crossdock.ledger.session import Row

PATIENCE_MS: Final = 8_000
"""How long the brokers have to acknowledge a message before its sender is told to come again."""
TURN: Final = 0.002
"""Seconds between two looks for acknowledgements while some are awaited."""
OUTSTANDING: Final = 50_000
"""Messages on their way to the brokers above which senders are told to wait."""

Answer = asyncio.Future[None]


class Journal:
    """An idempotent producer with `acks=all`. What times out may still have been written: the sender repeats it, and it is recognised."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._producer: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told: list[tuple[Answer, Any]] = []
        self._stopping = threading.Event()
        self._busy = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; called on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._producer = self._made()
        self._thread = threading.Thread(target=self._serve, name="journal", daemon=True)
        self._thread.start()

    def _made(self) -> Any:
        from confluent_kafka import Producer

        options = self._place.options()
        return Producer(
            {
                **options,
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": 2,
                "delivery.timeout.ms": PATIENCE_MS,
                "request.timeout.ms": PATIENCE_MS // 2,
                "queue.buffering.max.messages": OUTSTANDING,
                "message.max.bytes": 2_097_152,
                "delivery.report.only.error": False,
            }
        )

    async def append(self, rows: Sequence[Row], again: Mapping[int, Row]) -> None:
        """Write messages; returns when all in-sync copies have all of them.

        Raises `BrokersUnavailable` or `Overloaded`; some may then have been written, and their sender sends them again.
        """
        assert self._loop is not None
        answers = [self._put(row, again.get(row[0])) for row in rows]
        if len(answers) == 1:
            await answers[0]
            return
        for each in await asyncio.gather(*answers, return_exceptions=True):
            if isinstance(each, BaseException):
                raise each

    def _put(self, row: Row, again: Row | None) -> Answer:
        assert self._loop is not None
        answer: Answer = self._loop.create_future()
        try:
            # the same message always goes to the same partition, so that its repetitions meet there
            self._producer.produce(self._place.topic, write(row, again), partition=row[1], on_delivery=self._delivered(answer))
            if not self._busy.is_set():
                self._busy.set()
        except BufferError:
            answer.set_exception(Overloaded(retry_after=2.0, backlog=OUTSTANDING))
        except Exception as error:
            answer.set_exception(BrokersUnavailable(f"the message cannot be written: {type(error).__name__}"))
        return answer

    def _delivered(self, answer: Answer) -> Callable[[Any, Any], None]:
        def tell(error: Any, _message: Any) -> None:
            self._told.append((answer, error))

        return tell

    def _serve(self) -> None:
        while not self._stopping.is_set():
            if not len(self._producer):
                self._busy.wait(0.5)
                self._busy.clear()
            # it may wait for its whole time although answers are there already, so that is short
            self._producer.poll(TURN)
            if self._told:
                told, self._told = self._told, []
                self._hand_over(told)

    def _hand_over(self, told: list[tuple[Answer, Any]]) -> None:
        assert self._loop is not None
        if any(error is not None and error.fatal() for _, error in told):
            # an idempotent producer that lost its place cannot go on; what it had on its way is told as failed
            self._producer, old = self._made(), self._producer
            old.purge()
            old.poll(0)
        try:
            self._loop.call_soon_threadsafe(_settle, told)
        except RuntimeError:
            return  # the loop has ended, and with it whoever waited

    async def close(self) -> None:
        """Let what is on its way arrive, then stop."""
        if self._producer is None:
            return
        self._stopping.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, 5.0)
        await asyncio.to_thread(self._producer.flush, 5.0)
        _settle(self._told)


def _settle(told: list[tuple[Answer, Any]]) -> None:
    for answer, error in told:
        if answer.done():
            continue
        if error is None:
            answer.set_result(None)
        else:
            answer.set_exception(BrokersUnavailable(f"the brokers did not acknowledge it: {error.name()}", retry_after=2.0))
