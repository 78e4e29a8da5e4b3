"""The hub's side of a connector in memory: idempotent receiver, poll loop and the rules of delivery, without a ledger."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crossdock.canonical.events import Event
from crossdock.connectors.http import CallScope, current_call
from crossdock.connectors.protocol import Connector, Inbound, InboundRequest, StoredMessage
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError, Deferred, Uncertain
from crossdock.core.outcomes import Accepted, Effect, EffectAbsent, EffectFound, EffectUnclear, Outcome
from crossdock.testing.contexts import ManualClock

Step = Outcome | Effect


@dataclass(slots=True)
class InMemoryHub:
    """Does with one connector what the hub does: at most one effect per command, at most one message per dedupe key.

    `messages` are stored once, `events` are what they became, `refused` the errors of those that became nothing,
    `scopes` the records of all calls to the target. Nobody waits: where a retry or an inquiry has to wait, the clock is moved.
    """

    connector: Connector
    system: str
    clock: ManualClock
    messages: dict[str, StoredMessage] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    refused: list[CrossdockError] = field(default_factory=list)
    scopes: list[CallScope] = field(default_factory=list)
    cursors: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def receive(self, request: InboundRequest) -> list[StoredMessage]:
        """Take a request in; returns only messages that are new. Raises what `Connector.receive` raises."""
        return self.store(self.connector.receive(request), request.channel)

    def store(self, inbound: Sequence[Inbound], channel: str) -> list[StoredMessage]:
        """Keep messages whose dedupe key is new, and normalize them."""
        new = []
        for item in inbound:
            if item.dedupe_key in self.messages:
                continue
            message = StoredMessage(
                uuid.uuid4().hex,
                self.system,
                channel,
                item.topic,
                item.body,
                item.content_type,
                item.headers,
                self.clock.now(),
            )
            self.messages[item.dedupe_key] = message
            new.append(message)
            try:
                self.events.extend(self.connector.normalize(message))
                self.store([part for part in self.connector.split(message) if part.system in ("", self.system)], channel)
            except CrossdockError as error:
                self.refused.append(error)
        return new

    async def poll(self, channel: str, rounds: int = 20) -> list[StoredMessage]:
        """Poll from the kept cursor until nothing more comes (at most `rounds` calls); returns the new messages."""
        new = []
        for _ in range(rounds):
            with self._call():
                result = await self.connector.poll(channel, self.cursors.get(channel, {}))
            new.extend(self.store(result.messages, channel))
            self.cursors[channel] = result.cursor
            if not result.more:
                break
        return new

    async def attempt(self, command: Command) -> Outcome:
        """One delivery; an error of the tree is returned as the outcome it is, anything else passes through."""
        with self._call():
            try:
                return await self.connector.deliver(command)
            except CrossdockError as error:
                return error  # type: ignore[return-value]

    async def find_effect(self, command: Command, patience: float = 3600.0) -> Effect:
        """Reconciliation; a target that cannot be asked is `EffectUnclear`. What it asks to wait is waited for, up to `patience` seconds."""
        while True:
            with self._call():
                try:
                    found = await self.connector.find_effect(command)
                except (Deferred, Uncertain) as error:
                    return EffectUnclear(error.message)
            wait = found.retry_after if isinstance(found, EffectUnclear) else None
            if not wait or wait > patience:
                return found
            patience -= wait
            self.clock.advance(wait)

    async def settle(self, command: Command, rounds: int = 6) -> list[Step]:
        """Deliver as the hub does until the command has ended; returns the trail of outcomes and findings.

        Deferred is sent again, uncertain is asked about first: found ends, absent is sent again, unclear is asked again.
        """
        trail: list[Step] = []
        asking = False
        for _ in range(rounds):
            step: Step = await (self.find_effect(command) if asking else self.attempt(command))
            trail.append(step)
            if isinstance(step, Deferred) and step.retry_after:
                self.clock.advance(step.retry_after)
            if isinstance(step, Uncertain | EffectUnclear):
                asking = True
            elif isinstance(step, Deferred | EffectAbsent):
                asking = False
            else:
                break
        return trail

    def _call(self) -> _Call:
        scope = CallScope(traceparent=f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-01", correlation=uuid.uuid4().hex)
        self.scopes.append(scope)
        return _Call(scope)


class _Call:
    """Makes a scope the current one for the block."""

    def __init__(self, scope: CallScope) -> None:
        self._scope = scope

    def __enter__(self) -> CallScope:
        self._token = current_call.set(self._scope)
        return self._scope

    def __exit__(self, *_exc: object) -> None:
        current_call.reset(self._token)


def ended_well(trail: Sequence[Step]) -> bool:
    """Whether a trail of `settle` ended with the effect known to be there."""
    return bool(trail) and isinstance(trail[-1], Accepted | EffectFound)
