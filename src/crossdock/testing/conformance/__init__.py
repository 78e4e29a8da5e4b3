"""The conformance suite every connector passes, ours and yours alike; one class to inherit from."""

from __future__ import annotations

import inspect

import pytest

from crossdock.testing.conformance.answering import AnsweringConformance
from crossdock.testing.conformance.declared import DeclaredConformance
from crossdock.testing.conformance.delivering import DeliveringConformance
from crossdock.testing.conformance.faulty import FaultyConformance
from crossdock.testing.conformance.normalizing import NormalizingConformance
from crossdock.testing.conformance.polling import PollingConformance
from crossdock.testing.conformance.receiving import ReceivingConformance

PARTS = (
    DeclaredConformance,
    DeliveringConformance,
    FaultyConformance,
    ReceivingConformance,
    NormalizingConformance,
    PollingConformance,
    AnsweringConformance,
)


class ConnectorConformance(*PARTS):  # type: ignore[misc]
    """Inherit from this, override what `ConnectorKit` describes, and run pytest."""


for _part in PARTS:  # so that the suite also runs where pytest-asyncio is in its strict mode
    for _name, _test in list(vars(_part).items()):
        if _name.startswith("test_") and inspect.iscoroutinefunction(_test):
            setattr(_part, _name, pytest.mark.asyncio(_test))
