"""The connector protocol: everything a connector must offer and everything it is given; knows no hub internals.

A connector is one folder: `connector.py` (this protocol), `mapping.py` (pure functions wire <-> canonical), `errors.py`
(how the system's answers become the four outcomes) and `README.md`. It imports `crossdock.canonical`, `crossdock.core` and this package only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol, runtime_checkable

from crossdock.canonical.events import Event
from crossdock.connectors.http import HttpClient
from crossdock.core.clock import Clock
from crossdock.core.commands import Command
from crossdock.core.outcomes import Effect, Outcome


@dataclass(frozen=True, slots=True)
class InboundRequest:
    """What arrived at `POST /in/<system>/<channel>`: raw body, lower-case header names, the time it was received (UTC)."""

    channel: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    query: Mapping[str, str] = field(default_factory=dict)
    client: str = ""


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message as a connector found it in a request, a poll or a file, before anything is interpreted.

    `dedupe_key` is the sender's identity of this message (delivery id, document id and version, or a content hash); the same key is
    the same message. `topic` says what it is to `normalize`. `body` is kept byte for byte.
    """

    topic: str
    dedupe_key: str
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message from the ledger, as `normalize` gets it."""

    uid: str
    system: str
    channel: str
    topic: str
    body: bytes
    content_type: str
    headers: Mapping[str, str]
    received_at: datetime


@dataclass(frozen=True, slots=True)
class PollResult:
    """What a poll found. `cursor` is stored in the same transaction as the messages and given to the next poll; `more` polls again at once."""

    messages: Sequence[Inbound]
    cursor: Mapping[str, Any]
    more: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """Health of a system as seen from here: reachable, credential valid, what version, when the credential expires."""

    healthy: bool
    message: str = ""
    version: str = ""
    credential_expires: datetime | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """A synchronous question (pattern *direct*), for example `stock.available` with `{"sku": "A", "quantity": "3"}`."""

    name: str
    data: Mapping[str, Any]
    correlation: str = ""


@dataclass(frozen=True, slots=True)
class StockLine:
    """One line of an inventory snapshot: decimal quantity as text, so that half a million of them stay small."""

    sku: str
    location: str
    lot: str
    quantity: str


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a connector can do, declared for the linter, the dispatcher and the conformance suite.

    `commands`: command names it delivers. `repeatable`: those of them that are safe to send again by construction.
    `topics`: topics it normalizes. `polls`, `receives`, `answers` (question names), `snapshots` as named.
    `follows`: command name -> polled channel that follows its result (see `Connector.follow`).
    `batch`: the most commands one `deliver_many` call may carry (1: only `deliver` is used).
    """

    commands: frozenset[str] = frozenset()
    repeatable: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    questions: frozenset[str] = frozenset()
    follows: Mapping[str, str] = field(default_factory=dict)
    receives: bool = False
    polls: bool = False
    snapshots: bool = False
    batch: int = 1


class Secrets(Protocol):
    """Resolves credential references; the values never appear in reprs, logs or errors."""

    def get(self, reference: str) -> str:
        """The secret for `reference`. Raises `core.errors.SecretMissing`."""
        ...


class ValueMaps(Protocol):
    """The landscape's code translations."""

    def translate(self, name: str, value: str) -> str:
        """The canonical value of a partner's code in map `name`. Raises `core.errors.ValueMapMissing` with map and value in the detail."""
        ...

    def reverse(self, name: str, value: str) -> str:
        """The partner's code for a canonical value. Raises `core.errors.ValueMapMissing`."""
        ...


@dataclass(frozen=True, slots=True)
class ConnectorContext:
    """What the hub gives a connector: its own system's settings and ports to the outside, nothing of the hub.

    `endpoint` is the base URL from the environment's bindings; `options` is the validated `options:` block of the system's
    file (an instance of the connector's own `Options` model); `credentials` maps a purpose (`api_key`, `webhook_secret`) to
    a vault reference that `secrets` resolves at the moment of use.
    """

    system: str
    endpoint: str
    options: Any
    credentials: Mapping[str, str]
    secrets: Secrets
    http: HttpClient
    clock: Clock
    value_maps: ValueMaps
    allow: frozenset[str] = frozenset()

    def secret(self, purpose: str) -> str:
        """The current secret for a purpose. Raises `core.errors.SecretMissing` when the landscape names none."""
        from crossdock.core.errors import SecretMissing

        if purpose not in self.credentials:
            raise SecretMissing(f"system {self.system!r} has no credential {purpose!r}", system=self.system, purpose=purpose)
        return self.secrets.get(self.credentials[purpose])


@runtime_checkable
class Connector(Protocol):
    """A system's side of the hub. One instance per system of the landscape, on one event loop.

    Methods a connector does not declare in `capabilities` are never called, but they must exist: inherit from `BaseConnector`.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    mapping_version: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    Options: ClassVar[type[Any]]

    def __init__(self, context: ConnectorContext) -> None: ...

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def receive(self, request: InboundRequest) -> Sequence[Inbound]:
        """Authenticate and split a request. Pure CPU, microseconds: it runs in the accept path.

        Raises `Unauthenticated`, `SignatureInvalid`, `SignatureExpired`, `PayloadMalformed`; the hub keeps the bytes.
        """
        ...

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        """Map a message to canonical events. Pure: the same message and value maps give the same events.

        Raises `PayloadMalformed`, `DocumentUnknown`, `ValueMapMissing`, `SchemaInvalid` (pydantic's ValidationError may pass
        through, the hub turns it into `SchemaInvalid` with all fields). No event is a valid answer (nothing of interest).
        """
        ...

    async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
        """Fetch what happened since `cursor` (empty at first). Overlap is fine: duplicates are recognised by `dedupe_key`."""
        ...

    def follow(self, cursor: Mapping[str, Any], command: Command) -> Mapping[str, Any]:
        """The cursor of the channel named in `capabilities.follows`, extended by what an accepted command asks to follow. Pure."""
        ...

    async def deliver(self, command: Command) -> Outcome:
        """Carry out one command. Returns or raises one of the outcomes; anything else it raises is treated as uncertain."""
        ...

    async def deliver_many(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        """Carry out several commands of different keys in few calls; one outcome per command, in order."""
        ...

    async def find_effect(self, command: Command) -> Effect:
        """Ask the target whether the effect of `command` happened, by its idempotency key or business identity."""
        ...

    def serial(self, command: Command) -> Sequence[str]:
        """Names of what this command writes in the target; commands that share a name are never in flight together."""
        ...

    def batch_key(self, command: Command) -> str:
        """Commands with the same non-empty key may travel in one `deliver_many`; empty means alone."""
        ...

    async def ask(self, question: Question) -> Mapping[str, Any]:
        """Answer a synchronous question within the caller's time limit (the hub cancels). Raises outcome errors."""
        ...

    def snapshot(self) -> AsyncIterator[Sequence[StockLine]]:
        """The target's stock, streamed in chunks; bounded memory."""
        ...

    async def probe(self) -> Probe: ...
