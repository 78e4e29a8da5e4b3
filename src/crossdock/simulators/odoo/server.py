"""The simulated Odoo as a whole: database, models, users, keys, wire and control."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from crossdock.simulators.faults import Fault, FaultPlan
from crossdock.simulators.odoo import control, seed, wire
from crossdock.simulators.odoo.catalog import MODELS
from crossdock.simulators.odoo.env import SUPERUSER, Env
from crossdock.simulators.odoo.errors import HttpError
from crossdock.simulators.odoo.legacy import Legacy
from crossdock.simulators.odoo.models import outbox
from crossdock.simulators.odoo.registry import Registry
from crossdock.simulators.odoo.script import Script
from crossdock.simulators.odoo.store import Store, utc_text
from crossdock.simulators.server import Simulator


@dataclass(slots=True)
class Latency:
    """How long the server works on a call, seconds. Calls that overlap in this time race with each other.

    A real Odoo needs about 0.017 to read and 0.14 to load an order; the default is as fast as possible.
    """

    read: float = 0.0
    write: float = 0.0


class Odoo(Simulator):
    """`Odoo(version="19.0")`, or "16.0" to "18.0" for JSON-RPC only. `keys` holds the API keys by login. `outbox`: the add-on is installed."""

    name = "odoo"
    keepalive = False  # the real one closes every connection

    def __init__(
        self,
        version: str = "19.0",
        database: str = "odoo19",
        faults: FaultPlan | None = None,
        latency: Latency | None = None,
        keys: Mapping[str, str] | None = None,
        outbox: bool = False,
    ) -> None:
        super().__init__(faults)
        self.version = version
        self.major = int(version.partition(".")[0])
        self.database = database
        self.outbox = outbox
        self.latency = latency or Latency()
        self.legacy = Legacy(self.major)
        self.script = Script()
        self.holding: set[asyncio.Task[None]] = set()
        self.webhook_timeout = 1.0
        self._wanted_keys = dict(keys or {})
        self.keys: dict[str, str] = {}
        self.reset()

    def reset(self) -> None:
        """An empty database as after the installation; keys stay the same."""
        self.store = Store()
        self.registry = Registry(self.store, [*MODELS, outbox.Outbox] if self.outbox else MODELS)
        self.legacy.prepare(self.registry)
        self.database_up = True
        self.hooks_sent = self.hooks_lost = self.defects = 0
        self.script.waiting.clear()
        keep = {**self._wanted_keys, **self.keys}
        self.keys = seed.fill(self.store, self.registry)
        if self.outbox:
            seed.outbox_group(self.store)
        for login, key in keep.items():
            id_ = self.registry.keys.pop(self.keys[login])
            self.registry.keys[key] = id_
            self.keys[login] = key

    @property
    def key(self) -> str:
        """The API key of the integration user `hub`."""
        return self.keys["hub"]

    def routes(self, app: web.Application) -> None:
        control.routes(self, app)
        wire.Wire(self).routes(app)

    def environment(self, uid: int = SUPERUSER, **context: Any) -> Env:
        """A transaction begun now; finish it with `commit`."""
        return Env(self.store, self.registry, uid, utc_text(), self.store.commits, context)

    def commit(self, env: Env) -> None:
        """Make a transaction's changes count: for races, and for the oracle."""
        self.store.commits += 1
        if self.outbox:
            outbox.keep(self.store, env.undo)
        if env.touched:
            self.store.touch(env.touched)
        for effect in env.happened:
            self.record(effect.kind, effect.key, effect.data, idempotency_key=effect.idempotency_key)

    def state(self) -> Mapping[str, Any]:
        return {
            "version": self.version,
            "database": self.database,
            "database_up": self.database_up,
            "records": {name: len(t.rows) for name, t in self.store.tables.items() if t.rows},
            "hooks_sent": self.hooks_sent,
            "hooks_lost": self.hooks_lost,
            "defects": self.defects,
        }

    def fault_response(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        """Odoo's own shapes. It has no rate limit; a 429 can only come from a proxy in front of it."""
        if fault is Fault.OUTAGE_503:
            return wire.outage(request)
        if fault is Fault.EXPIRED:
            return wire.failure(HttpError(401, "Invalid apikey"))
        if fault is Fault.ERROR_500:
            return wire.failure(wire.serialization_failure())
        if fault is Fault.ERROR_500_AFTER:
            return wire.failure(wire.connection_lost())
        headers = {"Retry-After": str(max(1, round(self.faults.retry_after)))}
        return wire.html("<html><head><title>429 Too Many Requests</title></head></html>", 429, headers)
