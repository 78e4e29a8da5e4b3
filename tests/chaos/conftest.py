"""A database server that may be crashed; the figures of each storm are printed at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.storm import database
from tests.postgresql import OwnServer, own_server

FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> list[str]:
    """Lines to print at the end of the test run."""
    return request.config.stash.setdefault(FIGURES, [])


@pytest.fixture
def crashing(request: pytest.FixtureRequest) -> Iterator[tuple[str, OwnServer | None]]:
    """URL of an empty ledger, and the server it is on; None where only somebody else's server is there, which must not be crashed."""
    with own_server(durable=True) as server:
        if server is None:
            yield str(request.getfixturevalue("postgresql_url")), None
            return
        with database(server.url) as url:
            yield url, server


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lines = config.stash.get(FIGURES, [])
    if lines:
        terminalreporter.section("chaos")
        for line in lines:
            terminalreporter.write_line(line)
