"""The hub: puts store, engine, runtime, worker, polls and door together, starts them in order and stops them in reverse."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from crossdock.coordination.keeping import Keeping
from crossdock.coordination.reporter import Reporter
from crossdock.coordination.silence import silent
from crossdock.core.clock import Clock, SystemClock
from crossdock.core.errors import CrossdockError, LandscapeInvalid
from crossdock.engine.embedded import EmbeddedEngine
from crossdock.engine.kafka.engine import KafkaEngine
from crossdock.engine.postgresql import PostgresqlEngine
from crossdock.engine.protocol import Engine
from crossdock.governance.drills import standing
from crossdock.governance.standing import earlier
from crossdock.landscape.catalogue import BATCH_WORKFLOWS
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.secrets import SecretReferences, vault_of
from crossdock.landscape.valuemaps import CodeTables
from crossdock.ledger.bundles import remember_bundle
from crossdock.ledger.database import LedgerLocation, migrate
from crossdock.ledger.ids import Numbers
from crossdock.ledger.payloads import ClaimStore
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.ledger.work import highest_number, settle_partitions
from crossdock.monitoring import drilled
from crossdock.monitoring.watch import Watch
from crossdock.pipeline.alarm import route_fails
from crossdock.pipeline.ask import AskEndpoint
from crossdock.pipeline.claims import claims_at
from crossdock.pipeline.comparison import InventoryComparison
from crossdock.pipeline.coordinating import PATH, CoordinatorEndpoint, Outward, forgetting
from crossdock.pipeline.credentials import Eye, Warnings
from crossdock.pipeline.gate import Gate
from crossdock.pipeline.intake import IntakeBuffer
from crossdock.pipeline.keeper import Keeper
from crossdock.pipeline.location import kafka_place, ledger_location
from crossdock.pipeline.mappers import Mappers
from crossdock.pipeline.numbering import LedgerNumbers
from crossdock.pipeline.observe import Meters
from crossdock.pipeline.ongoing import Work
from crossdock.pipeline.poll import Poller
from crossdock.pipeline.probe import Prober
from crossdock.pipeline.pruning import Pruning, retention_plan, retention_timetable
from crossdock.pipeline.queues import Admission
from crossdock.pipeline.receive import ReceiveEndpoint
from crossdock.pipeline.restored import Reconciliation
from crossdock.pipeline.reviewing import Reviewing
from crossdock.pipeline.rotating import Rotator
from crossdock.pipeline.runtime import Runtime, build
from crossdock.pipeline.schedule import Scheduler
from crossdock.pipeline.server import Door, Endpoint, loopback
from crossdock.pipeline.settings import PipelineSettings
from crossdock.pipeline.telemetry import Telemetry, from_environment
from crossdock.pipeline.timetable import Timetable, timetable
from crossdock.pipeline.tokens import TOKEN_PATH, TokenEndpoint, Tokens, proxies
from crossdock.pipeline.validate import validator_of
from crossdock.pipeline.worker import Worker
from crossdock.security.admission import rules
from crossdock.security.encryption import begin
from crossdock.security.vault.catalogue import references
from crossdock.security.vault.governed import GovernedSecrets
from crossdock.security.vault.keeping import Keeper as CredentialKeeper
from crossdock.security.vault.protocol import Vault
from crossdock.security.vault.reader import Reader

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
        telemetry: Telemetry | None = None,
        pages: Endpoint | None = None,
    ) -> None:
        self.landscape = landscape
        self.clock = clock or SystemClock()
        self.settings = settings or PipelineSettings.from_environment()
        self.location = location or ledger_location(landscape)
        self.meters = Meters()
        self._metrics_token = metrics_token
        self._pages = pages
        self.telemetry = telemetry or from_environment()
        self._connectors = connectors
        self._tasks: list[asyncio.Task[Any]] = []
        self._followers: list[asyncio.Task[Any]] = []
        """Tasks that may end by themselves without the hub having failed."""
        self._vault: Vault | None = None
        self._outward: Outward | None = None
        self._keeping: Store
        self.secrets: GovernedSecrets
        self.eye: Eye
        self.store: Store
        self.engine: Engine
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
        engine = self.engine = self._engine()
        await engine.start()
        await self.store.work.do(lambda session: settle_partitions(session, self.landscape.partitions))
        floor = await self.store.work.do(highest_number)
        numbers = Numbers(self.clock, engine.node, floor)
        secrets = self.secrets = await self._secrets()
        begin(self.landscape, secrets.get)
        tables = CodeTables(self.landscape.value_maps)
        given = LedgerNumbers(self.store, numbers, self.clock)
        before = await asyncio.to_thread(earlier, self.landscape, self.location)
        self.runtime = build(self.landscape, secrets, tables, self.clock, self._connectors, numbers=given, earlier=before)
        await self.store.work.do(lambda s: remember_bundle(s, self.landscape, micros(self.clock.now()), numbers.next))
        claims = claims_at(self.location, self.landscape.home)
        settings = self.settings
        self.intake = IntakeBuffer(
            self.store.intake, numbers, claims, self.clock, self.landscape.partitions, high_water=settings.backlog
        )
        if isinstance(engine, KafkaEngine):
            self.intake.topic = engine
            engine.wake = self.intake.arrived.set
        validator = validator_of(self.landscape, lambda: self.clock.now().date())
        self.worker = Worker(
            self.store, engine, self.runtime, validator, claims, numbers, self.intake, self.clock, settings, self.meters
        )
        if self._connectors is None and settings.mappers and (os.cpu_count() or 1) > 1:
            self.worker.mappers = Mappers(self.landscape, numbers.next, lambda: not tables.changed)
        self.intake.owns = self.worker.owns
        self.poller = Poller(self.store, self.runtime, self.intake, self.clock, self.worker.epoch, self.worker.report)
        self.worker.hint = self.poller.hint
        self.scheduler = Scheduler(
            self.store, self.intake, self.clock, self.worker.epoch, self.worker.contribute, self.meters, self._batches(claims),
            settings.timers_every,
        )  # fmt: skip
        prober = Prober(self.runtime, self.worker.dispatcher, self.clock, settings.probe_every, self.worker.report)
        keeper = Keeper(
            self.store, self.runtime, self.worker.dispatcher.lanes, self.worker.epoch, numbers, self.clock, settings.keep_every
        )
        connectors = {name: p.connector for name, p in self.runtime.participants.items()}
        limits = {name: p.system.limits.max_body for name, p in self.runtime.participants.items()}
        admission = Admission(self.runtime.queues, self.clock)
        receive = ReceiveEndpoint(connectors, limits, self.intake, self.clock, self.meters, admission)
        receive.refuses = self.runtime.standing.refusal
        hubs = self.landscape.environment.hubs
        receive.elsewhere = {name: (region, hubs.get(region, "")) for name, region in self.landscape.elsewhere.items()}
        ask = AskEndpoint(self.runtime, self.intake, self.clock, self.meters)
        tokens = Tokens(self.landscape, self.store, self.clock, secrets)
        receive.gate = ask.gate = Gate(rules(self.landscape), proxies(self.landscape), tokens.recognised)
        self.door = Door(receive, ask, self._standing, self.meters, self._metrics_token, self._pages)
        if any(partner.clients for partner in self.landscape.partners.values()):
            self.door.more[TOKEN_PATH] = TokenEndpoint(self.landscape, self.store, secrets, self.clock, numbers)
        for part in (self.worker, self.poller, self.scheduler, receive, ask):
            part.telemetry = self.telemetry
        await keeper.step()  # nothing is mapped before added value-map entries hold
        after = Reconciliation(self.store, self.runtime, self.clock, self.worker.epoch, self.worker.report)
        self.poller.held = after.held
        restored = await after.begin()  # nothing is delivered before it is known whether it may have been
        self.poller.lost_since = after.lost_since
        self.intake.closed = after.closed
        self.eye = Eye(secrets, self.store, numbers)
        await self.eye.look()
        await self.runtime.start()
        self._tasks = [
            asyncio.create_task(self.worker.run(), name="worker"),
            asyncio.create_task(self.poller.run(), name="poller"),
            asyncio.create_task(self.scheduler.run(), name="scheduler"),
            asyncio.create_task(prober.run(), name="prober"),
            asyncio.create_task(keeper.run(), name="keeper"),
            asyncio.create_task(self.eye.run(), name="eye"),
        ]
        if restored:
            self._followers.append(asyncio.create_task(after.run(), name="restored"))
        if self.landscape.environment.promotion is not None:
            reviewing = Reviewing(
                self.store, self.landscape, self.location, self.clock, self.worker.epoch, self.worker.contribute, numbers.next,
                settings.keep_every,
            )  # fmt: skip
            self._tasks.append(asyncio.create_task(reviewing.run(), name="reviewing"))
        credentials = CredentialKeeper(
            self._keeping, numbers, self._vault, self.landscape.home / self.landscape.environment.vault.secrets
        )
        secrets.keeping = lambda reference, value: credentials.set(
            reference, value, "hub", self.clock.now(), "renewed by its system"
        )
        if self._vault is not None:
            rotator = Rotator(self.runtime, self.store, credentials, self.worker.epoch, self.clock)
            self._tasks.append(asyncio.create_task(rotator.run(), name="rotator"))
        await self._with_other_regions(secrets, numbers)
        if settings.watch_every:
            watch = Watch(
                self.store, self.landscape, self.clock, numbers, self.worker.epoch, self.worker.contribute,
                route_fails(self.worker.contribute, numbers), secrets.get, self.meters, settings.watch_every,
                more=Warnings(self.landscape),
            )  # fmt: skip
            if self.landscape.policies.drills:
                watch.also = (lambda session, now: drilled.conditions(standing(self.landscape, session, now), now),)
            coordinator = self.landscape.environment.coordinator
            if coordinator is not None:
                watch.also = (*watch.also, silent(coordinator, self.clock.now()))
            self._tasks.append(asyncio.create_task(watch.run(), name="watch"))

    async def _with_other_regions(self, secrets: GovernedSecrets, numbers: Numbers) -> None:
        """Report to the coordinator, or be it, where the environment says so. Raises what is wrong with the key."""
        environment = self.landscape.environment
        if environment.coordinator is not None:
            key = await asyncio.to_thread(secrets.get, environment.coordinator.key)
            self.door.more[PATH] = CoordinatorEndpoint(
                Keeping(environment.coordinator.regions, key), self.store, numbers, self.clock
            )
            self._tasks.append(
                asyncio.create_task(forgetting(self.store, self.clock, environment.coordinator.keep), name="regions")
            )
        if environment.coordination is not None and environment.region:
            key = await asyncio.to_thread(secrets.get, environment.coordination.key)
            self._outward = Outward(environment.coordination.url)
            reporter = Reporter(self.store, self.landscape, self.clock, self.worker.epoch, key, self._outward)
            self._tasks.append(asyncio.create_task(reporter.run(), name="reporter"))

    async def _secrets(self) -> GovernedSecrets:
        """What credentials are read by. Raises what is wrong with the vault, before anything is done."""
        vault, root = self.landscape.environment.vault, self.landscape.home
        found = vault_of(vault, root, self.location)
        reader = found if isinstance(found, Reader) else None
        secrets = GovernedSecrets(SecretReferences(root / vault.secrets, vault=found), reader, self.clock)
        self._keeping = Store(self.location)
        self._vault = reader.vault if reader is not None else None
        await self.store.read.do(secrets.see)
        await asyncio.to_thread(secrets.prefetch, references(self.landscape))
        return secrets

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
        if kind == "kafka":
            if self.location.vendor == "sqlite":
                raise LandscapeInvalid("the kafka engine keeps its ledger on PostgreSQL: set `engine.url` or CROSSDOCK_LEDGER")
            return KafkaEngine(self.store, self.landscape.partitions, kafka_place(self.landscape))
        if self.location.vendor == "sqlite":
            return EmbeddedEngine(self.store, self.landscape.partitions)
        return PostgresqlEngine(self.store, self.landscape.partitions)

    def _standing(self) -> bool | CrossdockError:
        """Whether it works; the trouble when something keeps it from working."""
        trouble = self.engine.trouble if isinstance(self.engine, KafkaEngine) else None
        return trouble or self.worker.trouble or bool(self.worker.owned)

    async def serve(
        self, host: str, port: int, app: Endpoint | None = None, secrets: Callable[[], GovernedSecrets] | None = None
    ) -> None:
        """Answer requests until cancelled, by `app` where that stands before the door; by HTTPS where the environment's door has a
        certificate, which `secrets` resolves at the time (default: this hub's)."""
        self.door.exposed = not loopback(host)
        if self.landscape.environment.door.certificate is not None:
            from crossdock.pipeline.secure import serve_securely

            await serve_securely(app or self.door, host, port, self.landscape.environment.door, secrets or (lambda: self.secrets))
            return
        from granian.constants import Interfaces
        from granian.server.embed import Server

        logging.getLogger("_granian").setLevel(logging.ERROR)
        server = Server(
            app or self.door,
            address=host,
            port=port,
            interface=Interfaces.ASGI,
            websockets=False,
            log_enabled=False,
            backlog=1024,
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
        worker, poller, scheduler, *others = self._tasks
        for task in (*others, *self._followers):
            task.cancel()
        await asyncio.wait([worker, poller, scheduler], timeout=self.settings.grace + 5)
        await self.worker.close()
        if self.worker.mappers is not None:
            await self.worker.mappers.close()
        await self.runtime.close()
        if self._outward is not None:
            await self._outward.close()
        await self.eye.keep()
        self.eye.close()
        self._keeping.close()
        self.store.close()
        if self.telemetry is not None:
            await asyncio.to_thread(self.telemetry.close)
