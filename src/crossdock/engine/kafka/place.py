"""Where the engine's topic is and how the client reaches it: addresses, name and client options; opens no connection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

OURS: Final = frozenset(
    {
        "acks", "auto.offset.reset", "bootstrap.servers", "enable.auto.commit", "enable.auto.offset.store", "enable.idempotence",
        "group.id", "partition.assignment.strategy", "request.required.acks", "session.timeout.ms", "max.poll.interval.ms",
    }
)  # fmt: skip
"""Client options the engine's promises rest on: nobody sets them."""


@dataclass(frozen=True, slots=True)
class Place:
    """A topic on a cluster. `client` has further options of librdkafka, for example `security.protocol` and `sasl.password`."""

    brokers: str
    topic: str
    replicas: int = 3
    session: float = 3.0
    """Seconds without a heartbeat after which a worker counts as dead, where the brokers allow so little."""
    client: Mapping[str, str] = field(default_factory=dict, repr=False)

    def options(self, **more: Any) -> dict[str, Any]:
        """Options for a client of librdkafka; those given here go before the landscape's."""
        given = {name: value for name, value in self.client.items() if name not in OURS}
        return {
            "bootstrap.servers": self.brokers,
            "client.id": "crossdock",
            "socket.keepalive.enable": True,
            "reconnect.backoff.max.ms": 1000,
            "log_level": 0,
            **given,
            **more,
        }


def topic_name(landscape: str, environment: str) -> str:
    """The topic of a landscape in an environment: what Kafka allows in a name, nothing else."""
    return re.sub(r"[^a-zA-Z0-9._-]", "-", f"crossdock.{landscape}.{environment}")[:200]
