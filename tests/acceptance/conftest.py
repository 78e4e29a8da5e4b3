"""One dock for each ledger, shared by the tests; and docks of their own for tests that need other rules, another time or a disaster."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from crossdock.ledger.database import LedgerLocation, migrate
from tests.acceptance.dock import Dock
from tests.acceptance.erp import MISSING, REAL
from tests.acceptance.people import Cast

SQLITE, POSTGRESQL, ODOO = "sqlite", "postgresql", "odoo19"
REASON = f"no real Odoo 19: set {', '.join(MISSING)}"

Opener = Callable[..., Awaitable[Cast]]


@pytest.fixture(
    scope="package",
    params=[
        SQLITE,
        pytest.param(POSTGRESQL, marks=pytest.mark.postgresql),
        pytest.param(ODOO, marks=pytest.mark.skipif(not REAL, reason=REASON)),
    ],
)
def variant(request: pytest.FixtureRequest) -> str:
    """What the hub stands on: either ledger with the simulated Odoo, or SQLite with a real Odoo 19."""
    return str(request.param)


@pytest.fixture(scope="package")
def ledgers(
    variant: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Path], str]]:
    """Gives URLs of fresh ledgers, copies of one that was brought up to date once; PostgreSQL's databases are dropped at the end."""
    if variant != POSTGRESQL:
        first = tmp_path_factory.mktemp("ledger") / "ledger.sqlite3"
        migrate(LedgerLocation.parse(f"sqlite:///{first}"))

        def copied(folder: Path) -> str:
            for part in first.parent.iterdir():
                shutil.copy(part, folder / part.name)
            return f"sqlite:///{folder}/ledger.sqlite3"

        yield copied
        return
    import psycopg

    server = request.getfixturevalue("postgresql_server")
    made = [f"a{uuid.uuid4().hex[:12]}"]

    def create(name: str, template: str) -> None:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')  # type: ignore[call-overload]

    create(made[0], "template0")
    migrate(LedgerLocation.parse(f"{server}/{made[0]}"))

    def fresh(_folder: Path) -> str:
        made.append(f"a{uuid.uuid4().hex[:12]}")
        create(made[-1], made[0])
        return f"{server}/{made[-1]}"

    yield fresh
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        for name in made:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[call-overload]


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def cast(variant: str, ledgers: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cast]:
    """Everybody at the dock all tests here share: the demo landscape as it is shipped. It closes with the last of them: what comes
    after must not meet a hub of theirs."""
    folder = tmp_path_factory.mktemp("dock")
    dock = Dock(folder, ledgers(folder), variant == ODOO)
    await dock.start()
    yield Cast.at(dock)
    await dock.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def opens(variant: str, ledgers: Callable[[Path], str], tmp_path: Path) -> AsyncIterator[Opener]:
    """Opens a dock of the test's own: `edits` of the landscape, settings of the pipeline."""
    async with AsyncExitStack() as stack:

        async def opener(
            edits: Mapping[str, Callable[[str], str]] | None = None, files: Mapping[str, str] | None = None, **settings: Any
        ) -> Cast:
            dock = Dock(tmp_path, ledgers(tmp_path), variant == ODOO, edits or {}, settings, files or {})
            await dock.start()
            stack.push_async_callback(dock.stop)
            return Cast.at(dock)

        yield opener
