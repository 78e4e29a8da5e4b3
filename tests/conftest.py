"""Shared by all tests: a ledger of each kind, and a PostgreSQL server of the tests' own when none is given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.kafka import KafkaAbsent
from tests.kafka import cluster as kafka_cluster
from tests.ledgers import Databases, migrated_at
from tests.postgresql import running_server

# a busy machine is slow, not wrong
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests begin first: whoever works beside is not left waiting for a long one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a PostgreSQL server, without database: `CROSSDOCK_TEST_POSTGRESQL`, or one started here on a socket of its own."""
    with running_server() as url:
        if url is None:
            pytest.skip("no PostgreSQL: install it, or set CROSSDOCK_TEST_POSTGRESQL to the URL of a server")
        yield url


@pytest.fixture(scope="session")
def postgresql_databases(postgresql_server: str) -> Iterator[Databases]:
    found = Databases(postgresql_server)
    yield found
    found.close()


@pytest.fixture
def postgresql_url(postgresql_databases: Databases) -> Iterator[str]:
    """URL of a PostgreSQL ledger of one's own: brought up to date, nothing in it yet."""
    with postgresql_databases.fresh(migrated=True) as url:
        yield url


@pytest.fixture
def empty_postgresql_url(postgresql_databases: Databases) -> Iterator[str]:
    """URL of a PostgreSQL database without a table."""
    with postgresql_databases.fresh(migrated=False) as url:
        yield url


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[str]:
    """Address of a real Kafka broker, started once: Apache Kafka in KRaft mode."""
    try:
        with kafka_cluster(1) as found:
            yield found.addresses
    except KafkaAbsent as reason:
        pytest.skip(str(reason))


BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(params=BOTH)
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a ledger brought up to date, with nothing in it yet, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{migrated_at(tmp_path / 'ledger.sqlite3')}"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture(params=BOTH)
def empty_ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a ledger that is yet to be made, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.sqlite3"
    return str(request.getfixturevalue("empty_postgresql_url"))
