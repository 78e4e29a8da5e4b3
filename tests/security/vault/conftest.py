"""Vaults to test: the embedded one on both databases, and a real OpenBao."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crossdock.ledger.database import LedgerLocation
from crossdock.security.vault.embedded import EmbeddedVault
from crossdock.security.vault.envelope import LocalMaster
from crossdock.security.vault.hashicorp import HashicorpVault
from crossdock.security.vault.protocol import Vault
from tests.ledgers import migrated_at
from tests.security.vault.bao import Bao

FIRST, SECOND = bytes(range(32)), bytes(range(1, 33))


@pytest.fixture(scope="session")
def bao() -> Iterator[Bao]:
    server = Bao()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def sqlite(tmp_path: Path) -> LedgerLocation:
    return LedgerLocation("sqlite", migrated_at(tmp_path / "ledger.sqlite3"))


def embedded(location: LedgerLocation, *keys: bytes) -> EmbeddedVault:
    return EmbeddedVault(location, lambda: [LocalMaster(each) for each in keys or (FIRST,)])


@pytest.fixture(params=["sqlite", "postgresql", "openbao"])
def vault(request: pytest.FixtureRequest) -> Iterator[Vault]:
    if request.param == "openbao":
        server: Bao = request.getfixturevalue("bao")
        found: Vault = HashicorpVault(server.url, lambda: (server.token,))
        for path in found.paths():
            found.delete(path)
    else:
        where = request.getfixturevalue("sqlite") if request.param == "sqlite" else None
        if where is None:
            where = LedgerLocation.parse(request.getfixturevalue("postgresql_url"))
        made = embedded(where)
        made.make()
        found = made
    yield found
    found.close()
