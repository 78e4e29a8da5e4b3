"""The conformance suite every transport passes, ours and yours alike; one class to inherit from."""

from __future__ import annotations

import inspect

import pytest

from crossdock.testing.transports.collecting import CollectingConformance
from crossdock.testing.transports.declared import DeclaredConformance
from crossdock.testing.transports.kit import Correspondent, TransportBench, TransportKit, open_transport
from crossdock.testing.transports.receiving import ReceivingConformance
from crossdock.testing.transports.sending import SendingConformance

PARTS = (DeclaredConformance, SendingConformance, CollectingConformance, ReceivingConformance)


class TransportConformance(*PARTS):  # type: ignore[misc]
    """Inherit from this, name the transport and its `correspondent`, and run pytest."""


for _part in PARTS:  # so that the suite also runs where pytest-asyncio is in its strict mode
    for _name, _test in list(vars(_part).items()):
        if _name.startswith("test_") and inspect.iscoroutinefunction(_test):
            setattr(_part, _name, pytest.mark.asyncio(_test))

__all__ = ["Correspondent", "TransportBench", "TransportConformance", "TransportKit", "open_transport"]
