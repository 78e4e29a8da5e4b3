"""For authors of connectors: the conformance suite and what tests of a connector need. Public; needs pytest and pytest-asyncio."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("crossdock.testing.conformance", "crossdock.testing.transports")

from crossdock.testing.bench import Bench, changed  # noqa: E402
from crossdock.testing.conformance import ConnectorConformance  # noqa: E402
from crossdock.testing.contexts import DictValueMaps, FakeSecrets, ManualClock, make_context  # noqa: E402
from crossdock.testing.inmemory import InMemoryHub, ended_well  # noqa: E402
from crossdock.testing.kit import ConnectorKit  # noqa: E402
from crossdock.testing.leaks import LeakWatch  # noqa: E402
from crossdock.testing.samples import (  # noqa: E402
    CommandSample,
    MessageSample,
    PollSample,
    QuestionSample,
    RequestSample,
    SnapshotSample,
)
from crossdock.testing.targets import SimulatorTarget, Target  # noqa: E402
from crossdock.testing.transports import Correspondent, TransportConformance, TransportKit  # noqa: E402

__all__ = [
    "Bench",
    "CommandSample",
    "ConnectorConformance",
    "ConnectorKit",
    "Correspondent",
    "DictValueMaps",
    "FakeSecrets",
    "InMemoryHub",
    "LeakWatch",
    "ManualClock",
    "MessageSample",
    "PollSample",
    "QuestionSample",
    "RequestSample",
    "SimulatorTarget",
    "SnapshotSample",
    "Target",
    "TransportConformance",
    "TransportKit",
    "changed",
    "ended_well",
    "make_context",
]
