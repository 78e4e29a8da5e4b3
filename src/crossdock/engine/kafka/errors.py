"""What can be wrong with the Kafka engine's topic and the way to it."""

from __future__ import annotations

from crossdock.core.errors import Deferred, Misconfigured


class BrokersUnavailable(Deferred):
    """The brokers do not answer, or not enough of them have a copy of what is written."""

    code = "engine.brokers_unavailable"
    hint = "Check the brokers and `min.insync.replicas` of the topic; the hub goes on by itself. A sender who was told so sends again."


class KafkaMissing(Misconfigured):
    """The engine is `kafka`, and the client for it is not installed or no broker is named."""

    code = "engine.kafka_missing"
    hint = "Install crossdock[kafka], and name the brokers in the environment's file (`engine.brokers`) or in CROSSDOCK_BROKERS."


class TopicUnfit(Misconfigured):
    """The topic is not as the engine needs it."""

    code = "engine.topic_unfit"
    hint = "Let the hub make the topic, or make it with as many partitions as the landscape has; they are fixed for its life."


class RecordsGone(Misconfigured):
    """Records the ledger has not taken yet are not in the topic any more, or the topic was made anew."""

    code = "engine.records_gone"
    hint = (
        "Stop the hub. Find out who removed them: retention too short for the backlog, a topic made anew, or another cluster. "
        "Then see docs/how-to/run-on-kafka.md, 'When records are gone'."
    )
