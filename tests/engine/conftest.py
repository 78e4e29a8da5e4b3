"""Stores and engines of each kind, and real worker processes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from crossdock.engine.embedded import EmbeddedEngine
from crossdock.engine.kafka.engine import KafkaEngine
from crossdock.engine.kafka.place import Place
from crossdock.engine.postgresql import PostgresqlEngine
from crossdock.engine.protocol import Engine
from crossdock.ledger.batch import OwnedPartition
from crossdock.ledger.database import LedgerLocation, migrate
from crossdock.ledger.store import Store
from tests.ledgers import migrated_at

PARTITIONS = 16


@dataclass
class Member:
    """An engine with its own connections, looking when told to; keeps what it owns as a worker would."""

    engine: Engine
    store: Store
    owned: dict[int, OwnedPartition] = field(default_factory=dict)

    async def look(self) -> None:
        """One look, giving up at once what another one should have."""
        change = await self.engine.look()
        for partition in change.lost:
            self.owned.pop(partition, None)
        for owned in change.gained:
            self.owned[owned.id] = owned
        if change.asked:
            for partition in change.asked:
                self.owned.pop(partition, None)
            await self.engine.release(change.asked)


@dataclass
class Cluster:
    """Members on one ledger."""

    url: str
    brokers: str = ""
    topic: str = ""
    members: list[Member] = field(default_factory=list)

    async def join(self) -> Member:
        location = LedgerLocation.parse(self.url)
        store = Store(location)
        member = Member(self._engine(store), store)
        try:
            await member.engine.start()
        except BaseException:
            store.close()
            raise
        self.members.append(member)
        return member

    def _engine(self, store: Store) -> Engine:
        if self.brokers:
            return KafkaEngine(store, PARTITIONS, Place(self.brokers, self.topic))
        return (EmbeddedEngine if store.vendor == "sqlite" else PostgresqlEngine)(store, PARTITIONS)

    async def leave(self, member: Member) -> None:
        self.members.remove(member)
        await member.engine.close()
        member.store.close()

    async def settle(self, done: Callable[[], bool], seconds: float = 60.0) -> None:
        """Let everybody look until `done`; a session that ended is gone for the server a moment later."""
        async with asyncio.timeout(seconds):
            while True:
                for member in self.members:
                    await member.look()
                if done():
                    return
                await asyncio.sleep(0.01)

    def shares(self) -> list[int]:
        return [len(member.owned) for member in self.members]

    def whole(self) -> bool:
        """Whether every partition has exactly one owner."""
        return sorted(p for member in self.members for p in member.owned) == list(range(PARTITIONS))


@dataclass
class Ground:
    """Where an engine works: a ledger, and for Kafka a broker and a topic of its own."""

    url: str
    brokers: str = ""
    topic: str = ""


KINDS = [
    "embedded",
    pytest.param("postgresql", marks=pytest.mark.postgresql),
    pytest.param("kafka", marks=[pytest.mark.postgresql, pytest.mark.kafka]),
]


@pytest.fixture(params=KINDS)
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Ground:
    """Each engine's, with a ledger brought up to date."""
    if request.param == "embedded":
        return Ground(f"sqlite:///{migrated_at(tmp_path / 'ledger.sqlite3')}")
    url = request.getfixturevalue("postgresql_url")
    if request.param == "postgresql":
        return Ground(url)
    return Ground(url, request.getfixturevalue("kafka_broker"), f"t{uuid.uuid4().hex[:12]}")


@pytest.fixture
async def cluster(ground: Ground) -> AsyncIterator[Cluster]:
    found = Cluster(ground.url, ground.brokers, ground.topic)
    try:
        yield found
    finally:
        for member in list(found.members):
            with contextlib.suppress(Exception):
                await found.leave(member)


@pytest.fixture
def pg_cluster_url(postgresql_url: str) -> str:
    migrate(LedgerLocation.parse(postgresql_url))
    return postgresql_url


@pytest.fixture
async def pg_cluster(pg_cluster_url: str) -> AsyncIterator[Cluster]:
    found = Cluster(pg_cluster_url)
    try:
        yield found
    finally:
        for member in list(found.members):
            with contextlib.suppress(Exception):
                await found.leave(member)


class Process:
    """A worker in a process of its own (`tests.engine.worker`); speaks one JSON object a line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: dict[str, Any] = {}

    async def until(self, condition: Callable[[dict[str, Any]], bool], seconds: float = 30.0) -> dict[str, Any]:
        """Read what the worker says until it says what is waited for."""
        assert self.process.stdout is not None
        async with asyncio.timeout(seconds):
            while not condition(self.said):
                line = await self.process.stdout.readline()
                if not line:
                    raise AssertionError(f"the worker ended; it said {self.said}")
                self.said = json.loads(line)
        return self.said

    async def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        await self.process.wait()


@pytest.fixture
async def worker_process() -> AsyncIterator[Callable[..., Any]]:
    started: list[Process] = []

    async def start(url: str, landscape: Path, **more: str) -> Process:
        root = Path(__file__).parents[2]
        path = os.pathsep.join(filter(None, [str(root), str(root / "src"), os.environ.get("PYTHONPATH")]))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.engine.worker", url, str(landscape),
            stdout=asyncio.subprocess.PIPE, cwd=root, env={**os.environ, "PYTHONPATH": path, **more},
        )  # fmt: skip
        started.append(Process(process))
        return started[-1]

    yield start
    for each in started:
        if each.process.returncode is None:
            await each.kill()


@pytest.fixture
def landscape_folder(tmp_path: Path) -> Path:
    from tests.pipeline.conftest import FILES

    root = tmp_path / "landscape"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root
