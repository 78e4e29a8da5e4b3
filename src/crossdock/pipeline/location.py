"""Where a landscape's ledger is, and its topic; apart from the hub, because commands that only read need nothing else of it."""

from __future__ import annotations

import os
from collections.abc import Mapping

from crossdock.engine.kafka.place import Place, topic_name
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.secrets import SecretReferences
from crossdock.ledger.database import LedgerLocation


def ledger_location(landscape: Landscape, environment: Mapping[str, str] = os.environ) -> LedgerLocation:
    """Where the ledger is: `CROSSDOCK_LEDGER`, else the environment's `engine.url`, else `var/ledger.sqlite3` in the landscape."""
    url = environment.get("CROSSDOCK_LEDGER") or str(landscape.environment.engine.url)
    if url.startswith("env:"):
        url = SecretReferences(landscape.home).get(url)
    return LedgerLocation.parse(url or "sqlite:///var/ledger.sqlite3", landscape.home)


def kafka_place(landscape: Landscape, environment: Mapping[str, str] = os.environ) -> Place:
    """Where the topic of the Kafka engine is: brokers from `CROSSDOCK_BROKERS`, else from the environment's `engine.brokers`."""
    engine = landscape.environment.engine
    secrets = SecretReferences(landscape.home)
    client = {name: secrets.get(value) if value.startswith(("env:", "file:")) else value for name, value in engine.client.items()}
    topic = engine.topic or topic_name(landscape.name, landscape.environment.name)
    brokers = environment.get("CROSSDOCK_BROKERS") or engine.brokers
    return Place(brokers, topic, engine.replicas, engine.session.total_seconds(), client)
