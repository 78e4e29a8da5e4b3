"""Events told to topics and read from topics; the envelope is `contracts.cloud_events`, the broker is `producing` and `reading`."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

import orjson

from crossdock.canonical.events import EVENT_PAYLOADS, Event
from crossdock.connectors.base import BaseConnector
from crossdock.connectors.contracts import cloud_events
from crossdock.connectors.event_topic.changes import change_of, inbound_change
from crossdock.connectors.event_topic.errors import BrokerClientMissing
from crossdock.connectors.event_topic.options import EventTopicOptions
from crossdock.connectors.event_topic.producing import Producing
from crossdock.connectors.event_topic.reading import Reading, Record
from crossdock.connectors.protocol import Capabilities, ConnectorContext, Inbound, PollResult, Probe, StoredMessage
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError, PayloadMalformed
from crossdock.core.outcomes import Accepted, Outcome

PUBLISH = "event.publish"
UNREADABLE = "unreadable"


class EventTopicConnector(BaseConnector):
    """A broker's topics. Channels that are polled are names of topics; the cursor says the next offset of each partition."""

    kind: ClassVar[str] = "event_topic"
    title: ClassVar[str] = "Events by Kafka topics"
    mapping_version: ClassVar[str] = "cloudevents/1.0"
    capabilities: ClassVar[Capabilities] = Capabilities(
        commands=frozenset({PUBLISH}),
        repeatable=frozenset({PUBLISH}),
        topics=frozenset({*EVENT_PAYLOADS, UNREADABLE}),
        polls=True,
    )
    Options: ClassVar[type[Any]] = EventTopicOptions

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self.options = cast("EventTopicOptions", context.options)
        self.deliveries = {PUBLISH: self._publish}
        self._producing: Producing | None = None
        self._reading: dict[str, Reading] = {}

    @classmethod
    def credential_purposes(cls, options: Any) -> frozenset[str]:
        return frozenset({"username", "password"} if options.sasl else ())

    def settings(self) -> dict[str, Any]:
        """What the broker's client is told. Raises `BrokerClientMissing`, `SecretMissing`."""
        if importlib.util.find_spec("confluent_kafka") is None:
            raise BrokerClientMissing("confluent-kafka is not installed")
        options = self.options
        made: dict[str, Any] = {
            "bootstrap.servers": self.context.endpoint.partition("://")[2].rstrip("/"),
            "client.id": f"crossdock-{self.context.system}",
            "security.protocol": options.security.upper(),
            "log_level": 2,
            "logger": _Quiet(),
        }
        if options.ca:
            made["ssl.ca.location"] = options.ca
        if options.sasl:
            made |= {
                "sasl.mechanism": options.mechanism,
                "sasl.username": self.context.secret("username"),
                "sasl.password": self.context.secret("password"),
            }
        return made

    async def _publish(self, command: Command) -> Outcome:
        attributes, document = cloud_events.told_of(command.data)
        topic = self.options.topic.replace("{event}", attributes["type"])
        if self.options.mode == "binary":
            value = orjson.dumps(document)
            headers = {"content-type": "application/json", **cloud_events.binary_headers(attributes, "ce_")}
        else:
            value = cloud_events.structured(attributes, document)
            headers = {"content-type": cloud_events.STRUCTURED}
        if self._producing is None:
            self._producing = Producing(self.settings(), 30)
        return Accepted({"topic": topic, **await self._producing.write(topic, command.key, value, headers)})

    async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
        if channel not in self._reading:
            self._reading[channel] = Reading(self.settings())
        known = {str(name): int(offset) for name, offset in cursor.items()}
        options = self.options
        read = self._reading[channel].read
        records, after, more = await asyncio.to_thread(read, channel, known, options.page, options.patience)
        return PollResult([each for record in records for each in self._inbound(channel, record)], after, more)

    def _inbound(self, topic: str, record: Record) -> list[Inbound]:
        """A record as a message; one that is no event is kept with its bytes for a person, and the topic goes on."""
        if not record.value:
            return []  # a tombstone: the broker may forget the key, nothing happened
        try:
            if self.options.format == "debezium":
                return [inbound_change(record.value, f"{topic}/{record.partition}/{record.offset}")]
            body = record.value
            if "ce_type" in record.headers:
                body = cloud_events.from_binary(record.headers, "ce_", body)
            return [cloud_events.inbound(body)]
        except PayloadMalformed:
            return [Inbound(UNREADABLE, f"{topic}/{record.partition}/{record.offset}", record.value)]

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        if message.topic == UNREADABLE:
            cloud_events.inbound(message.body)  # raises what is wrong with it
        if self.options.format == "debezium":
            return change_of(message.body, self.context.system)
        return [cloud_events.event_of(message.body, self.context.system)]

    async def probe(self) -> Probe:
        try:
            settings = self.settings()
            found = await asyncio.to_thread(_look, settings)
        except CrossdockError as error:
            return Probe(healthy=False, message=error.message)
        return Probe(healthy=not found, message=found)

    async def close(self) -> None:
        if self._producing is not None:
            await asyncio.to_thread(self._producing.close)
            self._producing = None
        for reading in self._reading.values():
            await asyncio.to_thread(reading.close)
        self._reading.clear()


def _look(settings: dict[str, Any]) -> str:
    """Why the broker does not answer; empty when it does."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    try:
        AdminClient(settings).list_topics(timeout=5)
    except KafkaException as error:
        return str(error.args[0].str())
    return ""


class _Quiet:
    """The client library's own log: what matters comes as an outcome."""

    def log(self, *_: Any) -> None:
        """Said nowhere."""
