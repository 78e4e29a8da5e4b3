"""Records written to a broker, each confirmed by all in-sync replicas before it counts; knows no event."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Mapping
from typing import Any

from crossdock.connectors.event_topic.errors import meaning
from crossdock.core.errors import TargetUnavailable


class Producing:
    """One producer and the thread in which its confirmations arrive. `timeout`: seconds after which a record is given up."""

    def __init__(self, settings: Mapping[str, Any], timeout: float) -> None:
        from confluent_kafka import Producer

        # the library's own retries keep the order and write a record once, as long as this producer lives (KIP-98)
        self._producer = Producer(
            {
                **settings,
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": 5,
                "compression.type": "zstd",
                "message.timeout.ms": max(1000, int(timeout * 1000)),
            }
        )
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._confirm, name="event-topic", daemon=True)
        self._thread.start()

    def _confirm(self) -> None:
        while not self._ends.is_set():
            self._producer.poll(0.1)

    async def write(self, topic: str, key: str, value: bytes, headers: Mapping[str, str]) -> dict[str, int]:
        """Partition and offset of a record that all in-sync replicas have. Raises the outcome errors of `errors.meaning`."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[dict[str, int]] = loop.create_future()

        def settle(error: Any, message: Any) -> None:
            if done.done():
                return
            if error is not None:
                done.set_exception(meaning(error, topic))
            else:
                done.set_result({"partition": message.partition(), "offset": message.offset()})

        def confirmed(error: Any, message: Any) -> None:
            # the loop may have ended while the record was under way; then nobody waits any more
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, error, message)

        try:
            self._producer.produce(
                topic,
                value,
                key.encode(),
                headers=[(name, text.encode()) for name, text in headers.items()],
                on_delivery=confirmed,
            )
        except BufferError:
            raise TargetUnavailable(f"{topic}: more records wait for the broker than fit", answer="_QUEUE_FULL") from None
        return await done

    def close(self) -> None:
        """Let what is under way go out for a moment, then end."""
        self._producer.flush(5)
        self._ends.set()
        self._thread.join(5)
