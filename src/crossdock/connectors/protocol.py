"""The connector protocol: everything a connector must offer and everything it is given; knows no hub internals.

A connector is one folder: `connector.py` (this protocol), `mapping.py` (pure functions wire <-> canonical), `errors.py`
(how the system's answers become the four outcomes) and `README.md`. It imports `crossdock.canonical`, `crossdock.core` and this package only.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Literal, Protocol, TypeVar, runtime_checkable

from crossdock.canonical.events import Event
from crossdock.core.clock import Clock
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError, SecretMissing, SecretNotWritable
from crossdock.core.outcomes import Effect, Outcome

if TYPE_CHECKING:
    from crossdock.connectors.http import HttpClient


@dataclass(frozen=True, slots=True)
class InboundRequest:
    """What arrived at `POST /in/<system>/<channel>`: raw body, lower-case header names, the time it was received (UTC).

    `identity` is the client whose access token of this hub was shown and found good for this system; empty where none is asked."""

    channel: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    query: Mapping[str, str] = field(default_factory=dict)
    client: str = ""
    identity: str = ""


LOST_SINCE: Final = "crossdock-lost-since"
"""Header of polled messages after a restore: what happened since then (ISO 8601) the hub may have done itself and forgotten, so that a
connector must not pass over something for being over."""

Intaken = Literal["new", "duplicate", "conflict"]
"""What became of a message that was accepted: stored, known already, or stored beside another of the same identity."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A connector's own answer to a request. Header names are lower-case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message as a connector found it in a request, a poll or a file, before anything is interpreted.

    `dedupe_key` is the sender's identity of this message (delivery id, document id and version, or a content hash); the same key is
    the same message. `topic` says what it is to `normalize`. `body` is kept byte for byte. `again` is stored in its stead when the same
    message with the same content is known already, for senders to whom something is owed whenever they repeat themselves. `system` is whom
    it is for, when a message that carries others brings what is another system's (a mailbox of several partners); empty: the carrier's own.
    """

    topic: str
    dedupe_key: str
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    again: Inbound | None = None
    system: str = ""


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


M = TypeVar("M")


@dataclass(frozen=True)
class Polled(Generic[M]):
    """What a look for new messages found. `cursor` is stored in the same transaction as the messages and given to the next look; `more` looks
    again at once."""

    messages: Sequence[M]
    cursor: Mapping[str, Any]
    more: bool = False


PollResult = Polled[Inbound]
"""What a connector's poll found."""


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
    `bulk`: topics whose messages tell of many things, most of which concern nobody here: what leads to no transaction, or says nothing new,
    is counted in the message's record and passed over instead of waiting.
    `consequences`: polled channel -> 1 where it tells what follows from the hub's own commands, 2 where it tells what follows from those.
    After a restore from a backup they are polled in this order, so that nothing the hub did itself is taken for somebody else's doing.
    `ciphers`: `receive` and `reply` take milliseconds (keys, signatures) and run beside the event loop, in threads.
    """

    commands: frozenset[str] = frozenset()
    repeatable: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    bulk: frozenset[str] = frozenset()
    questions: frozenset[str] = frozenset()
    follows: Mapping[str, str] = field(default_factory=dict)
    consequences: Mapping[str, int] = field(default_factory=dict)
    receives: bool = False
    polls: bool = False
    snapshots: bool = False
    batch: int = 1
    ciphers: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """A control number and when it was given (UTC): both are the same whenever the command is sent again."""

    number: int
    at: datetime


class ControlNumbers(Protocol):
    """Gives control numbers to what is sent. They are durable before `give` returns."""

    async def give(self, scope: str, command: str, first: int = 1) -> Given:
        """The number of a command in a scope (a relation and level): the one it has, else the next, counted from `first`.

        Raises `core.errors.LedgerUnavailable`; then nothing may be sent.
        """
        ...

    async def acknowledged(self, identity: str) -> bool:
        """Whether an acknowledgement came for what was sent under this name. Raises `core.errors.LedgerUnavailable`."""
        ...


@dataclass(frozen=True, slots=True)
class PartnerFile:
    """The trading partner a system belongs to, as its reviewed file says it; `folder` is where the landscape's files are."""

    name: str
    content: Mapping[str, Any]
    folder: Path


class Secrets(Protocol):
    """Resolves credential references; the values never appear in reprs, logs or errors."""

    def get(self, reference: str) -> str:
        """The secret for `reference`. Raises `core.errors.SecretMissing`."""
        ...


class Credentialed:
    """Resolves a credential by its purpose at the moment of use: `credentials` maps purposes to references."""

    __slots__ = ()
    system: str
    credentials: Mapping[str, str]
    secrets: Secrets

    @property
    def whose(self) -> str:
        """Whose credentials these are, for errors."""
        return f"system {self.system!r}"

    def secret(self, purpose: str) -> str:
        """The current secret for a purpose. Raises `core.errors.SecretMissing` when the landscape names none."""
        if purpose not in self.credentials:
            raise SecretMissing(f"{self.whose} has no credential {purpose!r}", system=self.system, purpose=purpose)
        return self.secrets.get(self.credentials[purpose])

    async def keep_secret(self, purpose: str, value: str) -> None:
        """Store a credential that its system renewed, in the place of the old one. Raises `core.errors.SecretNotWritable` where it is neither
        in the vault nor a file in the folder of secrets, and what the vault raises."""
        store = getattr(self.secrets, "store", None)
        reference = self.credentials.get(purpose, "")
        if store is None:
            raise SecretNotWritable(f"the credential {purpose!r} of {self.whose} cannot be stored here", reference=reference)
        await asyncio.to_thread(store, reference, value)


class ValueMaps(Protocol):
    """The landscape's code translations."""

    def translate(self, name: str, value: str) -> str:
        """The canonical value of a partner's code in map `name`. Raises `core.errors.ValueMapMissing` with map and value in the detail."""
        ...

    def reverse(self, name: str, value: str) -> str:
        """The partner's code for a canonical value. Raises `core.errors.ValueMapMissing`."""
        ...


@dataclass(frozen=True, slots=True)
class ConnectorContext(Credentialed):
    """What the hub gives a connector: its own system's settings and ports to the outside, nothing of the hub.

    `endpoint` is the base URL from the environment's bindings; `options` is the validated `options:` block of the system's
    file (an instance of the connector's own `Options` model); `credentials` maps a purpose (`api_key`, `webhook_secret`) to
    a vault reference that `secrets` resolves at the moment of use. `numbers` gives control numbers; `partner` is the trading partner
    whose system this is, None when it is nobody's; `clients` are the systems, with their partners, whose mail this system brings.
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
    numbers: ControlNumbers | None = None
    partner: PartnerFile | None = None
    clients: Sequence[tuple[str, PartnerFile]] = ()


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

    def reply(
        self, request: InboundRequest, messages: Sequence[Inbound], result: Sequence[Intaken] | CrossdockError
    ) -> Reply | None:
        """The answer to a request, made after its messages were stored; None (the usual): the hub's own answer.

        `result` says what became of each message, or which `Rejected` error `receive` raised (then there are no messages). Not called
        when nothing could be stored: the sender hears 503 and sends again.
        """
        ...

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        """Map a message to canonical events. Pure: the same message and value maps give the same events.

        Raises `PayloadMalformed`, `DocumentUnknown`, `ValueMapMissing`, `SchemaInvalid` (pydantic's ValidationError may pass
        through, the hub turns it into `SchemaInvalid` with all fields). No event is a valid answer (nothing of interest).
        """
        ...

    def split(self, message: StoredMessage) -> Sequence[Inbound]:
        """The messages a message carries (splitter): the documents of an interchange. Called after `normalize` succeeded. Pure.

        They are stored in the transaction in which the message counts as taken, and are taken like all others; a part that came before is
        recognised by its `dedupe_key`. Raises what `normalize` raises.
        """
        ...

    def refusal(self, message: StoredMessage, error: CrossdockError) -> Sequence[Event]:
        """What the hub has to tell the sender of a message that failed on the way to its transaction (steps two to four), as events. Pure.

        Called beside the exception for people. An event is told once, by its id: a message that fails again for another reason tells nothing.
        """
        ...

    async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
        """Fetch what happened since `cursor` (empty at first). Overlap is fine: duplicates are recognised by `dedupe_key`."""
        ...

    def follow(self, cursor: Mapping[str, Any], command: Command) -> Mapping[str, Any]:
        """The cursor of the channel named in `capabilities.follows`, extended by what an accepted command asks to follow. Pure."""
        ...

    async def deliver(self, command: Command) -> Outcome:
        """Carry out one command. Returns or raises one of the outcomes; anything else it raises is treated as uncertain.

        `references` in the acknowledgement are names (scheme, value) under which the command's transaction is found from now on; `told`
        are messages (topic, identity, text) of this system that the hub stores and takes in the same transaction.
        """
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
