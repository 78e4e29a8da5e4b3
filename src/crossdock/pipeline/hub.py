"""The hub: puts store, engine, runtime, worker, polls and door together, starts them in order and stops them in reverse."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from crossdock.core.clock import Clock, SystemClock
from crossdock.core.errors import LandscapeInvalid, RuleViolated
from crossdock.core.ownership import Ownership, compile_ownership
from crossdock.engine.embedded import EmbeddedEngine
from crossdock.engine.postgresql import PostgresqlEngine
from crossdock.engine.protocol import Engine
from crossdock.landscape.catalogue import BATCH_WORKFLOWS
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.rules import RuleBook
from crossdock.landscape.secrets import SecretReferences, vault_of
from crossdock.landscape.valuemaps import CodeTables
from crossdock.ledger.bundles import remember_bundle
from crossdock.ledger.database import LedgerLocation, migrate
from crossdock.ledger.ids import Numbers
from crossdock.ledger.payloads import ClaimStore
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.ledger.work import highest_number, settle_partitions
from crossdock.pipeline.ask import AskEndpoint
from crossdock.pipeline.claims import claims_at
from crossdock.pipeline.comparison import InventoryComparison
from crossdock.pipeline.intake import IntakeBuffer
from crossdock.pipeline.location import ledger_location
from crossdock.pipeline.observe import Meters
from crossdock.pipeline.poll import Poller
from crossdock.pipeline.probe import Prober
from crossdock.pipeline.pruning import Pruning, retention_plan, retention_timetable
from crossdock.pipeline.receive import ReceiveEndpoint
from crossdock.pipeline.runtime import Runtime, build
from crossdock.pipeline.schedule import Scheduler, Work
from crossdock.pipeline.server import Door, loopback
from crossdock.pipeline.settings import PipelineSettings
from crossdock.pipeline.timetable import Timetable, timetable
from crossdock.pipeline.validate import Judge, Validator
from crossdock.pipeline.work import EventWork
from crossdock.pipeline.worker import Worker

log = logging.getLogger("crossdock.hub")


class Hub:
    """One hub process. `start`, then `serve` requests with `door`, then `stop`."""

    def __init__(
        self,
        landscape: Landscape,
        *,
        clock: Clock | None = None,
        settings: PipelineSettings | None = None,
        location: LedgerLocation | None = None,
        connectors: Mapping[str, Any] | None = None,
        metrics_token: str = "",
    ) -> None:
        self.landscape = landscape
        self.clock = clock or SystemClock()
        self.settings = settings or PipelineSettings.from_environment()
        self.location = location or ledger_location(landscape)
        self.meters = Meters()
        self._metrics_token = metrics_token
        self._connectors = connectors
        self._tasks: list[asyncio.Task[Any]] = []
        self.store: Store
        self.runtime: Runtime
        self.worker: Worker
        self.poller: Poller
        self.scheduler: Scheduler
        self.intake: IntakeBuffer
        self.door: Door

    async def start(self) -> None:
        """Bring the schema up to date, join, take partitions and begin to work.

        Raises `LandscapeInvalid`, `LedgerUnavailable` or `engine.embedded.LedgerInUse`.
        """
        await asyncio.to_thread(migrate, self.location)
        self.store = Store(self.location)
        engine = self._engine()
        await engine.start()
        await self.store.work.do(lambda session: settle_partitions(session, self.landscape.partitions))
        floor = await self.store.work.do(highest_number)
        numbers = Numbers(self.clock, engine.node, floor)
        vault = self.landscape.environment.vault
        root = self.landscape.root
        secrets = SecretReferences(root / vault.secrets, vault=vault_of(vault.kind, vault.url, root))
        self.runtime = build(self.landscape, secrets, CodeTables(self.landscape.value_maps), self.clock, self._connectors)
        await self.store.work.do(lambda s: remember_bundle(s, self.landscape, micros(self.clock.now())))
        claims = claims_at(self.location, self.landscape.root)
        settings = self.settings
        self.intake = IntakeBuffer(
            self.store.intake, numbers, claims, self.clock, self.landscape.partitions, high_water=settings.backlog
        )
        validator = Validator(self._ownership, lambda: self.clock.now().date(), self._judge())
        self.worker = Worker(
            self.store, engine, self.runtime, validator, claims, numbers, self.intake, self.clock, settings, self.meters
        )
        self.intake.owns = self.worker.owns
        self.poller = Poller(self.store, self.runtime, self.intake, self.clock, self.worker.epoch, self.worker.report)
        self.worker.hint = self.poller.hint
        self.scheduler = Scheduler(
            self.store, self.intake, self.clock, self.worker.epoch, self.worker.contribute, self.meters, self._batches(claims),
            settings.timers_every,
        )  # fmt: skip
        prober = Prober(self.runtime, self.worker.dispatcher, self.clock, settings.probe_every, self.worker.report)
        connectors = {name: p.connector for name, p in self.runtime.participants.items()}
        limits = {name: p.system.limits.max_body for name, p in self.runtime.participants.items()}
        receive = ReceiveEndpoint(connectors, limits, self.intake, self.clock, self.meters)
        ask = AskEndpoint(self.runtime, self.intake, self.clock, self.meters)
        self.door = Door(receive, ask, lambda: bool(self.worker.owned), self.meters, self._metrics_token)
        await self.runtime.start()
        self._tasks = [
            asyncio.create_task(self.worker.run(), name="worker"),
            asyncio.create_task(self.poller.run(), name="poller"),
            asyncio.create_task(self.scheduler.run(), name="scheduler"),
            asyncio.create_task(prober.run(), name="prober"),
        ]

    def _batches(self, claims: ClaimStore) -> dict[Timetable, Work]:
        """The batch flows of the landscape and the hub's own retention, with their work."""
        found: dict[Timetable, Work] = {}
        for flow in self.landscape.flows.values():
            if flow.enabled and flow.timing == "batch" and flow.schedule is not None and flow.workflow in BATCH_WORKFLOWS:
                work = InventoryComparison(self.runtime.flows[flow.name], self.runtime, self.store, self.clock)
                found[timetable(self.landscape, flow)] = work
        plan = retention_plan(self.landscape)
        if plan.rules:
            # on demand only: once in a hundred years by itself
            wait = timedelta(seconds=self.settings.prune_every) if self.settings.prune_every else timedelta(days=36_500)
            found[retention_timetable(self.landscape, wait)] = Pruning(plan, self.store, claims, self.clock)
        return found

    def _engine(self) -> Engine:
        kind = self.landscape.environment.engine.kind
        if self.location.vendor == "sqlite":
            return EmbeddedEngine(self.store, self.landscape.partitions)
        if kind == "kafka":
            raise LandscapeInvalid("the kafka engine is not part of this release; use `postgresql`")
        return PostgresqlEngine(self.store, self.landscape.partitions)

    def _ownership(self, on: date) -> Ownership:
        return compile_ownership(self.landscape.ownership, on)

    def _judge(self) -> Judge | None:
        if not self.landscape.rules:
            return None
        book = RuleBook(self.landscape.rules.values())
        book.compile()

        def judge(work: EventWork) -> None:
            violations = [each for each in book.judge(work.event) if each.severity == "reject"]
            if violations:
                first = violations[0]
                raise RuleViolated(
                    first.message, rule=first.rule, owner=first.owner, violations=[each.as_dict() for each in violations]
                )

        return judge

    async def serve(self, host: str, port: int) -> None:
        """Answer HTTP requests until cancelled."""
        from granian.constants import Interfaces
        from granian.server.embed import Server

        logging.getLogger("_granian").setLevel(logging.ERROR)
        self.door.exposed = not loopback(host)
        server = Server(
            self.door, address=host, port=port, interface=Interfaces.ASGI, websockets=False, log_enabled=False, backlog=1024
        )
        try:
            await server.serve()
        finally:
            with contextlib.suppress(Exception):
                server.stop()  # type: ignore[no-untyped-call]

    async def failed(self) -> None:
        """Returns when a part of the hub ended unexpectedly; raises its error."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def stop(self) -> None:
        """Stop taking work, let calls under way end, record them, and leave."""
        await self.scheduler.stop()
        self.worker.stop()
        await self.poller.stop()
        worker, poller, scheduler, prober = self._tasks
        prober.cancel()
        await asyncio.wait([worker, poller, scheduler], timeout=self.settings.grace + 5)
        await self.worker.close()
        await self.runtime.close()
        self.store.close()
