"""What a broker's answers mean; knows no event."""

from __future__ import annotations

from typing import Any, Final

from crossdock.core.errors import CredentialRefused, CrossdockError, EndpointGone, Misconfigured, TargetRefused, TargetUnavailable


class TopicTruncated(Misconfigured):
    """Records of a topic were removed by the broker's retention before the hub had read them."""

    code = "event_topic.truncated"
    hint = "Find out from the publisher what was lost, keep records longer, then reset the channel's cursor."


class BrokerClientMissing(Misconfigured):
    """The library that speaks to Kafka brokers is not installed."""

    code = "event_topic.client_missing"
    hint = "Install the extra: pip install 'crossdock[kafka]'."


_REFUSED: Final = frozenset({"MSG_SIZE_TOO_LARGE", "INVALID_MSG", "INVALID_RECORD", "_INVALID_ARG", "POLICY_VIOLATION"})
_CREDENTIAL: Final = frozenset({"_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED", "TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED"})  # fmt: skip
_GONE: Final = frozenset({"_UNKNOWN_TOPIC", "UNKNOWN_TOPIC_OR_PART", "INVALID_TOPIC_EXCEPTION"})


def meaning(error: Any, topic: str) -> CrossdockError:
    """The outcome a broker's error stands for. Everything else may be sent again: readers know an event by source and id."""
    name, words = error.name(), f"{topic}: {error.str()}"
    if name in _REFUSED:
        return TargetRefused(words, answer=name)
    if name in _CREDENTIAL:
        return CredentialRefused(words, answer=name)
    if name in _GONE:
        return EndpointGone(words, answer=name)
    return TargetUnavailable(words, answer=name)
