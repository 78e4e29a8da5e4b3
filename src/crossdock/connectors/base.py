"""Defaults for connectors: what is not declared answers with a clear error; knows no system."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar

from crossdock.canonical.events import Event
from crossdock.connectors.endpoint import Endpoint, Options
from crossdock.connectors.protocol import (
    Capabilities,
    ConnectorContext,
    Inbound,
    InboundRequest,
    Intaken,
    PollResult,
    Question,
    Reply,
    StockLine,
    StoredMessage,
)
from crossdock.core.commands import Command
from crossdock.core.errors import CallNotAllowed, CrossdockError, DocumentUnknown, UnknownSystem
from crossdock.core.outcomes import Effect, EffectAbsent, EffectUnclear, Outcome

__all__ = ["BaseConnector", "Delivery", "Options"]

Delivery = Callable[[Command], Awaitable[Outcome]]
"""Carries out one command: returns or raises the outcome."""


class BaseConnector(Endpoint[ConnectorContext]):
    """Inherit from this and override what your `capabilities` declare.

    Commands need no `deliver` of their own: put what carries each of them out into `deliveries`, by the command's name.
    """

    mapping_version: ClassVar[str] = "1"
    capabilities: ClassVar[Capabilities] = Capabilities()
    inside: ClassVar[bool] = False
    """Whether its other side are people at the hub's own pages, so that it is called at no address."""

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self.deliveries: Mapping[str, Delivery] = {}

    @classmethod
    def capabilities_for(cls, options: Any) -> Capabilities:
        """What a connector with these options can do; differs from `capabilities` only where the options decide it."""
        return cls.capabilities

    @classmethod
    def poll_channels(cls, options: Any) -> frozenset[str] | None:
        """The names of the channels that can be polled; None when any name will do."""
        return None

    def receive(self, request: InboundRequest) -> Sequence[Inbound]:
        raise UnknownSystem(f"system {self.context.system!r} does not accept messages over HTTP")

    def reply(
        self, request: InboundRequest, messages: Sequence[Inbound], result: Sequence[Intaken] | CrossdockError
    ) -> Reply | None:
        return None

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        raise DocumentUnknown(f"{self.kind} has no mapping for {message.topic!r}", topic=message.topic)

    def split(self, message: StoredMessage) -> Sequence[Inbound]:
        return ()

    def refusal(self, message: StoredMessage, error: CrossdockError) -> Sequence[Event]:
        return ()

    async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
        return PollResult((), cursor)

    def follow(self, cursor: Mapping[str, Any], command: Command) -> Mapping[str, Any]:
        return cursor

    async def deliver(self, command: Command) -> Outcome:
        carry_out = self.deliveries.get(command.name)
        if carry_out is None:
            raise CallNotAllowed(f"{self.kind} cannot carry out {command.name!r}", command=command.name)
        return await carry_out(command)

    async def deliver_many(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        outcomes: list[Outcome] = []
        for command in commands:
            try:
                outcomes.append(await self.deliver(command))
            except CrossdockError as error:
                outcomes.append(error)  # type: ignore[arg-type]
        return outcomes

    async def find_effect(self, command: Command) -> Effect:
        if command.name in self.capabilities.repeatable:
            return EffectAbsent()
        return EffectUnclear(f"{self.kind} has no way to find out")

    def serial(self, command: Command) -> Sequence[str]:
        return ()

    def batch_key(self, command: Command) -> str:
        return ""

    async def ask(self, question: Question) -> Mapping[str, Any]:
        raise CallNotAllowed(f"{self.kind} cannot answer {question.name!r}", question=question.name)

    async def snapshot(self) -> AsyncIterator[Sequence[StockLine]]:
        raise CallNotAllowed(f"{self.kind} has no inventory snapshot")
        yield ()
