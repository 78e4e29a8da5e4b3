"""The transport protocol: what every way of exchanging documents offers and is given; knows no document's meaning and no hub internals.

A transport is one module or folder, found by the entry point group `crossdock.transports`. It carries bytes; whoever uses it (a partner's
connector) says what they mean. Three rules hold for all of them, and one conformance suite (`crossdock.testing.TransportConformance`) shows it:

* *Nothing is acknowledged before it is stored.* `receive` only reads; the partner's answer is made by `reply`, after the commit. `collect`
  leaves what it found where it is; it is put away when a later `collect` is given the cursor that names it, which the hub stores in the same
  transaction as the messages.
* *Nothing is sent twice by itself.* The `message_id` is the identity on the wire; the same one again is the same message to the partner.
  When it is not known whether the partner has it, `send` raises an `Uncertain` and `find` is asked before anything is sent again.
* *No exception but the error tree's* comes out, whatever bytes came in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from crossdock.connectors.protocol import Credentialed, InboundRequest, Intaken, Polled, Probe, Reply, Secrets
from crossdock.core.clock import Clock
from crossdock.core.errors import CrossdockError
from crossdock.core.outcomes import Effect

if TYPE_CHECKING:
    from crossdock.connectors.http import HttpClient

Purpose = Literal["document", "acknowledgement", "receipt_owed"]
"""What an incoming message is to its receiver: a document; the partner's technical receipt for something we sent (an MDN that came by
itself), read with `Transport.receipt`; or the duty to send a receipt by itself, settled with `Transport.acknowledge`."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A document on its way out. `message_id` identifies it for ever: the same command gives the same one, and the same bytes with it.

    `subject` is for people (a mail's subject, an AS2 Subject header). `headers` are further ones the agreement asks for.
    """

    body: bytes
    content_type: str
    file_name: str
    message_id: str
    subject: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """The partner has it. `reference` is the identity on the wire (Message-ID, path, the answer's id); `acknowledgement` is what the partner
    said, JSON values only. With `awaiting` a receipt is still to come by itself and reaches `receive` as an `acknowledgement`."""

    acknowledgement: Mapping[str, Any] = field(default_factory=dict)
    reference: str = ""
    repeated: bool = False
    awaiting: bool = False


@dataclass(frozen=True, slots=True)
class Incoming:
    """One document as it came, before anything is interpreted.

    `identity` is the sender's identity of it: the same one is the same message. `headers` hold what the transport knows (sender, signature,
    digest), lower-case names. With `refused` the transport itself could not take it: the words why; the body is what there is of it.
    """

    body: bytes
    identity: str
    file_name: str = ""
    content_type: str = "application/octet-stream"
    headers: Mapping[str, str] = field(default_factory=dict)
    purpose: Purpose = "document"
    refused: str = ""


Collected = Polled[Incoming]
"""What `collect` found."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The partner's technical receipt for something sent: `message_id` is the one of `Outgoing`, empty when it names none of ours."""

    message_id: str
    status: Literal["accepted", "accepted_with_errors", "rejected"]
    reference: str = ""
    text: str = ""
    code: str = ""
    signed: bool = False
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TransportCapabilities:
    """What a transport can do. `sends`: `send` and `find`; `receives`: over HTTP, `receive` and `reply`; `collects`: `collect`.

    `receipts`: the partner proves that it has a message (an MDN). `finds`: `find` tells for certain whether a message arrived.
    """

    sends: bool = False
    receives: bool = False
    collects: bool = False
    receipts: bool = False
    finds: bool = False


@dataclass(frozen=True, slots=True)
class TransportContext(Credentialed):
    """What a transport is given: its own settings and ports to the outside.

    `system` and `name` say whose transport it is (for errors); `endpoint` is where the partner listens; `options` is an instance of the
    transport's `Options`; `credentials` maps a purpose to a vault reference that `secrets` resolves at the moment of use.
    """

    system: str
    name: str
    endpoint: str
    options: Any
    credentials: Mapping[str, str]
    secrets: Secrets
    http: HttpClient
    clock: Clock

    @property
    def whose(self) -> str:
        return f"{self.system!r}: transport {self.name!r}"


@runtime_checkable
class Transport(Protocol):
    """One partner's way of exchanging documents; one instance on one event loop. Inherit from `transports.base.BaseTransport`."""

    kind: ClassVar[str]
    title: ClassVar[str]
    capabilities: ClassVar[TransportCapabilities]
    Options: ClassVar[type[Any]]

    def __init__(self, context: TransportContext) -> None: ...

    @classmethod
    def credential_purposes(cls, options: Any) -> frozenset[str]:
        """The credentials it cannot work without, given its options."""
        ...

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def send(self, envelope: Outgoing) -> Sent:
        """Hand a document to the partner. Raises outcomes; what it raises besides `Uncertain` says that the partner does not have it."""
        ...

    async def find(self, message_id: str) -> Effect:
        """Whether a message arrived. `EffectAbsent` also says that sending it again cannot double it."""
        ...

    def receive(self, request: InboundRequest) -> Sequence[Incoming]:
        """Authenticate and read a request; may take milliseconds. Raises `Rejected` errors; `reply` makes the answer of those too."""
        ...

    def reply(
        self, request: InboundRequest, messages: Sequence[Incoming], result: Sequence[Intaken] | CrossdockError
    ) -> Reply | None:
        """The answer to a request, made after its messages were stored (`result`: what became of each) or refused (`result`: the error).

        None: the hub's own answer will do.
        """
        ...

    async def collect(self, cursor: Mapping[str, Any]) -> Collected:
        """Put away what `cursor` says is stored, then fetch what waits. The same document found twice has the same identity."""
        ...

    async def acknowledge(self, owed: Incoming) -> Sent:
        """Send the receipt a `receipt_owed` message is about. Safe to repeat."""
        ...

    def receipt(self, message: Incoming) -> Receipt:
        """What an `acknowledgement` says. Pure. Raises `PayloadMalformed`."""
        ...

    async def probe(self) -> Probe: ...
