"""The base of all simulators: a real HTTP server, a fault plan around every request, an oracle of effects.

A simulator is honest when the hub cannot tell it from the real system, and useful when a test can make it
misbehave and afterwards count what really happened *at the system*, not what the hub believes.

A subclass must
  - set `name` and register its routes in `routes(app)`;
  - call `self.record(kind, key, data)` in the same step in which an effect becomes real (order created,
    shipment booked): the chaos test counts lost and doubled effects only there;
and may
  - override `fault_response(fault, request)` where the real system's 401/429/500/503 has its own shape;
  - override `malform(response)`, `state()` (figures for GET /_sim/state) and `reset()` (back to the start);
  - override `sign_webhook` and set `webhook_retry`, `webhook_concurrency` if the real system sends webhooks,
    then call `self.webhooks.send(topic, body)`;
  - add control endpoints of its own under /_sim/ in `routes`.

Requests under /_sim/ never meet faults and are not counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import orjson
from aiohttp import web

from crossdock.simulators.faults import Fault, FaultPlan, scripts_of
from crossdock.simulators.webhooks import RetryPolicy, Subscription, WebhookSender

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

AFTER = frozenset({Fault.TIMEOUT_AFTER, Fault.RESET_AFTER, Fault.ERROR_500_AFTER, Fault.MALFORMED, Fault.LATE})


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that became true in the simulated system. `at` is seconds since the epoch."""

    at: float
    kind: str
    key: str
    idempotency_key: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON answer, written by orjson (aiohttp's own json_response is three times slower)."""
    return web.Response(
        body=orjson.dumps(value, default=str),
        status=status,
        content_type="application/json",
        headers=headers,
    )


class Simulator:
    """One simulated system. See the module's docstring for what a subclass brings."""

    name: ClassVar[str] = "simulator"
    webhook_retry: RetryPolicy = RetryPolicy()
    webhook_concurrency: int = 1
    keepalive: bool = True

    def __init__(self, faults: FaultPlan | None = None) -> None:
        self.faults = faults or FaultPlan()
        self.effects: list[Effect] = []
        self.requests = 0
        self.witness: Callable[[web.Request], None] | None = None
        """Sees every request that is counted, before anything else does."""
        self.on_effect: Callable[[Effect], None] | None = None
        """Told of each effect in the instant it becomes real: nobody has been answered yet."""
        self.url = ""
        self.webhooks = WebhookSender(
            plan=lambda: self.faults,
            sign=self.sign_webhook,
            retry=self.webhook_retry,
            concurrency=self.webhook_concurrency,
        )
        self._runner: web.AppRunner | None = None
        self._stopping = asyncio.Event()
        self._counts: Counter[str] = Counter()

    # What a subclass brings ------------------------------------------------------------------------

    def routes(self, app: web.Application) -> None:
        """Register the system's endpoints."""

    def fault_response(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        """The system's answer for THROTTLE, ERROR_500, ERROR_500_AFTER, OUTAGE_503 and EXPIRED."""
        if fault is Fault.THROTTLE:
            wait = max(1, round(self.faults.retry_after))
            return json_response({"error": "too many requests"}, 429, {"Retry-After": str(wait)})
        if fault is Fault.OUTAGE_503:
            return json_response({"error": "service unavailable"}, 503)
        if fault is Fault.EXPIRED:
            return json_response({"error": "token expired"}, 401)
        return json_response({"error": "internal server error"}, 500)

    def malform(self, response: web.StreamResponse) -> web.StreamResponse:
        """A 200 whose body breaks off in the middle (the effect has happened)."""
        body = response.body if isinstance(response, web.Response) else b""
        text = body if isinstance(body, bytes) else b""
        return web.Response(body=text[: len(text) // 2] or b"{", content_type="application/json")

    def sign_webhook(self, delivery_id: str, topic: str, body: bytes) -> Mapping[str, str]:
        """Headers of an outgoing webhook: the real system's signature, topic and delivery id."""
        return {"Content-Type": "application/json"}

    def state(self) -> Mapping[str, Any]:
        """Figures about the simulated system for GET /_sim/state."""
        return {}

    def reset(self) -> None:
        """Back to the state after the start."""

    # What a subclass uses --------------------------------------------------------------------------

    def record(self, kind: str, key: str, data: Mapping[str, Any] | None = None, *, idempotency_key: str = "") -> None:
        """Append one effect. `key` is the business key, so that two effects of one key are a doubled effect."""
        effect = Effect(time.time(), kind, key, idempotency_key, data or {})
        self.effects.append(effect)
        self._counts[kind] += 1
        if self.on_effect is not None:
            self.on_effect(effect)

    def effects_of(self, kind: str) -> list[Effect]:
        """All effects of one kind, oldest first."""
        return [effect for effect in self.effects if effect.kind == kind]

    # Life ------------------------------------------------------------------------------------------

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen and return the base URL, without a slash at its end; port 0 takes a free one."""
        app = web.Application(middlewares=[self._around], client_max_size=256 * 1024 * 1024)
        self._control(app)
        self.routes(app)
        self._stopping = asyncio.Event()
        self._runner = web.AppRunner(app, access_log=None, keepalive_timeout=75, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, backlog=2048)
        await site.start()
        actual = self._runner.addresses[0][1]
        self.url = f"http://{host}:{actual}"
        await self.webhooks.start()
        return self.url

    async def stop(self) -> None:
        """Stop listening; requests held up by a fault end at once."""
        self._stopping.set()
        await self.webhooks.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @contextlib.asynccontextmanager
    async def running(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        """`async with simulator.running() as url:`."""
        url = await self.start(host, port)
        try:
            yield url
        finally:
            await self.stop()

    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Run until SIGINT or SIGTERM; prints the address on one line, for whoever started the process."""
        url = await self.start(host, port)
        sys.stdout.write(f"{self.name} simulator on {url}\n")
        sys.stdout.flush()
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, ended.set)
        await ended.wait()
        await self.stop()

    # Faults ----------------------------------------------------------------------------------------

    @web.middleware
    async def _around(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith("/_sim/"):
            return await handler(request)
        self.requests += 1
        if self.witness is not None:
            self.witness(request)
        plan = self.faults
        if plan.latency[1]:
            await self._pause(plan.delay(request.method, request.path))
        body = await request.read() if plan.scripts and plan.reads_bodies else b""
        fault = plan.for_request(request.method, request.path, body)
        response = await (handler(request) if fault is None else self._faulty(fault, request, handler))
        if not self.keepalive:
            response.force_close()
        return response

    async def _faulty(self, fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
        response: web.StreamResponse = web.Response(status=500)
        if fault in AFTER:
            try:
                response = await handler(request)
            except web.HTTPException as problem:
                response = problem
        else:
            await request.read()  # a real system has taken the request in before it fails
        if fault in (Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER):
            await self._pause(self.faults.timeout_delay)
            return self._hang_up(request)
        if fault in (Fault.RESET_BEFORE, Fault.RESET_AFTER):
            return self._hang_up(request)
        if fault is Fault.RESET_LATER:
            self._hang_up(request)
            await self._pause(self.faults.linger_delay)
            return await handler(request)
        if fault is Fault.MALFORMED:
            return self.malform(response)
        if fault is Fault.LATE:
            await self._pause(self.faults.late_delay)
            return response
        return self.fault_response(fault, request)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _hang_up(self, request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)

    # Control ---------------------------------------------------------------------------------------

    def _control(self, app: web.Application) -> None:
        app.router.add_post("/_sim/faults", self._set_faults)
        app.router.add_post("/_sim/script", self._add_script)
        app.router.add_get("/_sim/effects", self._get_effects)
        app.router.add_get("/_sim/state", self._get_state)
        app.router.add_post("/_sim/reset", self._post_reset)
        app.router.add_post("/_sim/webhooks", self._subscribe)

    async def _set_faults(self, request: web.Request) -> web.Response:
        try:
            self.faults = FaultPlan.of(orjson.loads(await request.read()))
        except (ValueError, TypeError) as problem:
            return json_response({"error": str(problem)}, 400)
        return json_response({"ok": True})

    async def _add_script(self, request: web.Request) -> web.Response:
        try:
            self.faults.scripts.extend(scripts_of(orjson.loads(await request.read())))
        except (ValueError, TypeError) as problem:
            return json_response({"error": str(problem)}, 400)
        return json_response({"ok": True, "waiting": len(self.faults.scripts)})

    async def _get_effects(self, request: web.Request) -> web.Response:
        kind, key = request.query.get("kind"), request.query.get("key")
        start = int(request.query.get("since", 0))
        found = [
            asdict(effect)
            for effect in self.effects[start:]
            if (kind is None or effect.kind == kind) and (key is None or effect.key == key)
        ]
        return json_response({"effects": found, "next": len(self.effects)})

    async def _get_state(self, request: web.Request) -> web.Response:
        base = {
            "name": self.name,
            "requests": self.requests,
            "effects": dict(self._counts),
            "faults": dict(self.faults.injected),
            "scripts_waiting": len(self.faults.scripts),
            "webhooks": {**self.webhooks.counts, "open": self.webhooks.open},
        }
        return json_response({**base, **self.state()})

    async def _post_reset(self, request: web.Request) -> web.Response:
        self.effects.clear()
        self._counts.clear()
        self.requests = 0
        self.faults = FaultPlan()
        self.webhooks.clear()
        self.reset()
        return json_response({"ok": True})

    async def _subscribe(self, request: web.Request) -> web.Response:
        data = orjson.loads(await request.read())
        items = data if isinstance(data, list) else [data]
        self.webhooks.subscriptions = [Subscription(item["url"], item.get("topics", "*")) for item in items]
        return json_response({"ok": True, "subscriptions": len(items)})
