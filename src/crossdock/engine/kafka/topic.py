"""Makes the engine's topic, or checks the one that is there: partitions, copies, and what brokers allow; moves no record."""

from __future__ import annotations

from typing import Any, Final

from crossdock.engine.kafka.errors import BrokersUnavailable, KafkaMissing, TopicUnfit
from crossdock.engine.kafka.place import Place

PATIENCE: Final = 10.0
"""Seconds a broker has to answer a question about itself."""
KEPT: Final = 7 * 24 * 3600 * 1000
"""Milliseconds records are kept: what a ledger that was set back can be brought up to date from."""


def administration(place: Place) -> Any:
    """A client for questions about the cluster. Raises `KafkaMissing`."""
    try:
        from confluent_kafka.admin import AdminClient
    except ImportError:
        raise KafkaMissing("the client for Kafka is not installed") from None
    if not place.brokers:
        raise KafkaMissing("no broker is named")
    return AdminClient(place.options())


def prepare(place: Place, partitions: int) -> float:
    """See that the topic is there and fit; the shortest session in seconds the brokers allow. Blocks.

    Raises `BrokersUnavailable`, `KafkaMissing` or `TopicUnfit`.
    """
    from confluent_kafka import KafkaException

    admin = administration(place)
    try:
        cluster = admin.list_topics(timeout=PATIENCE)
        if place.topic not in cluster.topics:
            _make(admin, place, partitions, len(cluster.brokers))
            cluster = admin.list_topics(place.topic, timeout=PATIENCE)
    except KafkaException as error:
        raise BrokersUnavailable(_said(error)) from None
    found = len(cluster.topics[place.topic].partitions)
    if found and found != partitions:
        raise TopicUnfit(f"the topic {place.topic} has {found} partitions, the landscape {partitions}", topic=place.topic)
    return max(place.session, _shortest(admin, next(iter(cluster.brokers))))


def _make(admin: Any, place: Place, partitions: int, brokers: int) -> None:
    from confluent_kafka import KafkaError, KafkaException
    from confluent_kafka.admin import NewTopic

    copies = max(1, min(place.replicas, brokers))
    # one copy may be missing: a broker can die, and what was acknowledged is still there twice
    config = {"min.insync.replicas": str(max(1, copies - 1)), "retention.ms": str(KEPT), "max.message.bytes": "2097152",
              "unclean.leader.election.enable": "false"}  # fmt: skip
    new = NewTopic(place.topic, num_partitions=partitions, replication_factor=copies, config=config)
    try:
        admin.create_topics([new], request_timeout=PATIENCE)[place.topic].result(PATIENCE)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise


def _shortest(admin: Any, broker: int) -> float:
    """The shortest session the brokers allow, in seconds; Kafka's own default where they do not say."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import ConfigResource, ResourceType

    asked = ConfigResource(ResourceType.BROKER, str(broker))
    try:
        found = admin.describe_configs([asked], request_timeout=PATIENCE)[asked].result(PATIENCE)
        return int(found["group.min.session.timeout.ms"].value) / 1000
    except (KafkaException, KeyError, TypeError, ValueError):
        return 6.0


def ends(admin: Any, topic: str, partitions: int) -> dict[int, int]:
    """The offset after the last record of each partition, asked of the brokers. Blocks. Raises `BrokersUnavailable`."""
    from confluent_kafka import KafkaException, TopicPartition
    from confluent_kafka.admin import OffsetSpec

    wanted = {TopicPartition(topic, number): OffsetSpec.latest() for number in range(partitions)}
    try:
        asked = admin.list_offsets(wanted, request_timeout=PATIENCE)
        return {place.partition: int(answer.result(PATIENCE).offset) for place, answer in asked.items()}
    except KafkaException as error:
        raise BrokersUnavailable(_said(error)) from None


def _said(error: Any) -> str:
    return (str(error.args[0].str()) if error.args else "no reason given")[:200]
