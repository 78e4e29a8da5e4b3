"""Defaults for transports: what is not declared answers with a clear error; and how a transport is found by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar, Final, Generic, TypeVar

from pydantic import ValidationError

from crossdock.connectors.endpoint import Endpoint, Options
from crossdock.connectors.protocol import InboundRequest, Intaken, Reply
from crossdock.core.errors import CallNotAllowed, CrossdockError, LandscapeInvalid, PayloadMalformed, UnknownSystem
from crossdock.core.outcomes import Effect, EffectUnclear
from crossdock.transports.files import named
from crossdock.transports.protocol import (
    Collected,
    Incoming,
    Outgoing,
    Receipt,
    Sent,
    Transport,
    TransportCapabilities,
    TransportContext,
)

GROUP: Final = "crossdock.transports"


S = TypeVar("S")


class TransportOptions(Options):
    """The base of every transport's `options:` block."""


class BaseTransport(Endpoint[TransportContext], Generic[S]):
    """Inherit from this, naming your options, and override what your `capabilities` declare."""

    capabilities: ClassVar[TransportCapabilities] = TransportCapabilities()
    Options: ClassVar[type[Any]] = TransportOptions

    def __init__(self, context: TransportContext) -> None:
        super().__init__(context)
        self._options: S = context.options

    async def send(self, envelope: Outgoing) -> Sent:
        raise CallNotAllowed(f"{self.context.system}: {self.kind} does not send")

    async def find(self, message_id: str) -> Effect:
        return EffectUnclear(f"{self.kind} has no way to find out")

    def receive(self, request: InboundRequest) -> Sequence[Incoming]:
        raise UnknownSystem(f"system {self.context.system!r} does not accept messages by {self.kind} over HTTP")

    def reply(
        self, request: InboundRequest, messages: Sequence[Incoming], result: Sequence[Intaken] | CrossdockError
    ) -> Reply | None:
        return None

    async def collect(self, cursor: Mapping[str, Any]) -> Collected:
        return Collected((), cursor)

    async def acknowledge(self, owed: Incoming) -> Sent:
        raise CallNotAllowed(f"{self.context.system}: {self.kind} owes no receipts")

    def receipt(self, message: Incoming) -> Receipt:
        raise PayloadMalformed(f"{self.kind} knows no receipts")


def installed() -> dict[str, EntryPoint]:
    """The transports that are installed, by name; an entry is loaded when it is used."""
    return {point.name: point for point in entry_points(group=GROUP)}


def transport_kind(kind: str, of: str = "") -> type[Transport]:
    """The class of a transport. Raises `LandscapeInvalid` when none is installed under this name."""
    loaded: type[Transport] = named(installed(), kind, of).load()
    return loaded


def options_of(kind: type[Transport], values: Mapping[str, Any], of: str) -> Any:
    """The validated options of a transport. Raises `LandscapeInvalid` naming every wrong setting."""
    try:
        return kind.Options.model_validate(dict(values))
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in error.errors(include_input=False, include_url=False)]
        raise LandscapeInvalid(f"{of}: options: {'; '.join(problems)}") from None
