"""Sends a simulated system's webhooks as that system does: signed, retried, sometimes twice, late or never.

It knows how to post bytes and when to give up, not what the bytes mean.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import aiohttp

from crossdock.simulators.faults import Fault, FaultPlan


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and when the real system tries again: seconds between attempts, times `scale`.

    The real figures belong into `delays`, so that the policy reads like the vendor's documentation;
    `scale` shrinks them for tests. No delays at all means one attempt, as Odoo does it.
    """

    delays: tuple[float, ...] = ()
    scale: float = 1.0
    timeout: float = 5.0


@dataclass(slots=True)
class Webhook:
    """One notification on its way. `id` stays the same over retries and duplicates, as at the real systems."""

    id: str
    topic: str
    url: str
    body: bytes
    headers: dict[str, str]
    attempts: int = 0
    status: int | None = None
    acknowledged: bool = False
    """Some attempt was answered with success; whatever became of a later copy."""


@dataclass(slots=True)
class Subscription:
    """Where webhooks whose topic matches the glob go."""

    url: str
    topics: str = "*"


Signer = Callable[[str, str, bytes], Mapping[str, str]]  # (delivery id, topic, body) -> headers


@dataclass(slots=True)
class WebhookSender:
    """A queue of outgoing webhooks. Up to `concurrency` are in flight, so order is not promised beyond 1."""

    plan: Callable[[], FaultPlan]
    sign: Signer
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    concurrency: int = 1
    subscriptions: list[Subscription] = field(default_factory=list)
    log: deque[Webhook] = field(default_factory=lambda: deque(maxlen=10_000))
    counts: Counter[str] = field(default_factory=Counter)
    _queue: asyncio.Queue[Webhook] = field(default_factory=asyncio.Queue)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _later: set[asyncio.Task[None]] = field(default_factory=set)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _open: int = 0
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Begin to deliver."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self.retry.timeout))
        self._tasks = [asyncio.create_task(self._work()) for _ in range(self.concurrency)]
        self._settle()

    async def stop(self) -> None:
        """Stop at once; what is queued is lost, as when the real system is switched off."""
        tasks = [*self._tasks, *self._later]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks = []
        if self._session is not None:
            await self._session.close()

    def clear(self) -> None:
        """Forget what was sent (subscriptions stay)."""
        self.log.clear()
        self.counts.clear()

    def send(self, topic: str, body: bytes, headers: Mapping[str, str] | None = None, url: str | None = None) -> None:
        """Queue one webhook for every subscription of its topic (or for `url` only); the plan may spoil it."""
        targets = [url] if url else [s.url for s in self.subscriptions if fnmatchcase(topic, s.topics)]
        for target in targets:
            delivery = f"{next(self._ids):08d}"
            hook = Webhook(delivery, topic, target, body, {**self.sign(delivery, topic, body), **(headers or {})})
            self.counts["queued"] += 1
            self.log.append(hook)
            fault = self.plan().for_webhook(topic, body)
            if fault is Fault.DROP:
                self.counts["dropped"] += 1
            elif fault is Fault.REORDER:
                self._put_later(hook, self.plan().reorder_delay)
            else:
                self._put(hook)
                if fault is Fault.DUPLICATE:
                    self._put(hook)

    def again(self) -> int:
        """Send everything that was ever sent once more, byte for byte, as an operator does after trouble; how many that are."""
        hooks = [Webhook(hook.id, hook.topic, hook.url, hook.body, dict(hook.headers)) for hook in self.log]
        for hook in hooks:
            self._put(hook)
        return len(hooks)

    async def drained(self, timeout: float = 10.0) -> None:
        """Wait until nothing is queued, in flight or waiting for a retry; TimeoutError when it takes longer."""
        await asyncio.wait_for(self._idle.wait(), timeout)

    @property
    def open(self) -> int:
        """Webhooks queued, in flight or waiting for a retry."""
        return self._open

    def _settle(self) -> None:
        if self._open:
            self._idle.clear()
        else:
            self._idle.set()

    def _put(self, hook: Webhook) -> None:
        self._open += 1
        self._settle()
        self._queue.put_nowait(hook)

    def _put_later(self, hook: Webhook, delay: float) -> None:
        self._open += 1
        self._settle()

        async def wait() -> None:
            await asyncio.sleep(delay)
            self._queue.put_nowait(hook)

        task = asyncio.get_running_loop().create_task(wait())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _work(self) -> None:
        while True:
            hook = await self._queue.get()
            retry = not await self._post(hook)
            if retry and hook.attempts <= len(self.retry.delays):
                self._put_later(hook, self.retry.delays[hook.attempts - 1] * self.retry.scale)
            elif retry:
                self.counts["given_up"] += 1
            self._open -= 1
            self._settle()

    async def _post(self, hook: Webhook) -> bool:
        if self._session is None:
            raise RuntimeError("webhooks are sent only between start() and stop()")
        hook.attempts += 1
        self.counts["attempts"] += 1
        try:
            async with self._session.post(hook.url, data=hook.body, headers=hook.headers) as answer:
                hook.status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            hook.status = None
        ok = hook.status is not None and 200 <= hook.status < 300
        hook.acknowledged = hook.acknowledged or ok
        self.counts["delivered" if ok else "refused"] += 1
        return ok
