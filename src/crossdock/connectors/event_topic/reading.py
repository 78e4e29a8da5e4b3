"""Records read from a topic from where the cursor says, without a consumer group: how far they were read stands in the ledger."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crossdock.connectors.event_topic.errors import TopicTruncated, meaning
from crossdock.core.errors import TargetUnavailable


@dataclass(frozen=True, slots=True)
class Record:
    """One record: where it stands, its bytes and headers."""

    partition: int
    offset: int
    value: bytes
    headers: dict[str, str]


class Reading:
    """One consumer. Its calls wait for the broker, so they run beside the event loop."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        from confluent_kafka import Consumer

        self._consumer = Consumer(
            {
                **settings,
                "group.id": "crossdock-reads-by-its-own-cursor",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "isolation.level": "read_committed",
                "auto.offset.reset": "error",
            }
        )

    def read(
        self, topic: str, cursor: Mapping[str, int], most: int, patience: float
    ) -> tuple[list[Record], dict[str, int], bool]:
        """Up to `most` records behind the cursor (partition -> next offset), the cursor after them, and whether there may be more.

        A new partition is read from its beginning. Raises `TopicTruncated` when the broker removed what was not read yet, and what
        `errors.meaning` says.
        """
        from confluent_kafka import KafkaException, TopicPartition

        try:
            found = self._consumer.list_topics(topic, timeout=10).topics[topic]
            if found.error is not None:
                raise meaning(found.error, topic)
            after = dict(cursor)
            starts, ends = [], {}
            for partition in sorted(found.partitions):
                low, high = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
                begin = after.setdefault(str(partition), low)
                if begin < low:
                    raise TopicTruncated(
                        f"{topic}/{partition}: records {begin} to {low - 1} are gone",
                        topic=topic,
                        partition=partition,
                        first=begin,
                        last=low - 1,
                    )
                ends[partition] = high
                if begin < high:
                    starts.append(TopicPartition(topic, partition, begin))
            if not starts:
                return [], after, False
            self._consumer.assign(starts)
            records = self._take(topic, after, most, patience)
            more = any(after[str(partition)] < high for partition, high in ends.items()) and bool(records)
            return records, after, more
        except KafkaException as error:
            raise meaning(error.args[0], topic) from None

    def _take(self, topic: str, after: dict[str, int], most: int, patience: float) -> list[Record]:
        records: list[Record] = []
        ends = time.monotonic() + patience
        while len(records) < most and (left := ends - time.monotonic()) > 0:
            # a call returns when it has so many or its time is over, so it asks for little time: what is there comes at once
            got = self._consumer.consume(min(most - len(records), 500), timeout=min(left, 0.1))
            if not got and records:
                break
            for message in got:
                error = message.error()
                if error is not None:
                    if error.name() == "_PARTITION_EOF":
                        continue
                    raise meaning(error, topic)
                place, offset = message.partition(), message.offset()
                if place is None or offset is None:
                    raise TargetUnavailable(f"{topic}: a record without a place")
                headers = {
                    name: value.decode("utf-8", "replace") for name, value in message.headers() or () if isinstance(value, bytes)
                }
                records.append(Record(place, offset, message.value() or b"", headers))
                after[str(place)] = offset + 1
        return records

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()
