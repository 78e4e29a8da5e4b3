"""Migrated ledgers of each kind, used directly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crossdock.ledger.database import LedgerLocation, migrate
from crossdock.ledger.store import Store


@pytest.fixture
def location(ledger_url: str) -> LedgerLocation:
    found = LedgerLocation.parse(ledger_url)
    migrate(found)
    return found


@pytest.fixture
def store(location: LedgerLocation) -> Iterator[Store]:
    opened = Store(location)
    yield opened
    opened.close()
