"""What an author of a transport fills in: the transport, and a correspondent at its other end that counts what really arrived."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
import pytest_asyncio

from crossdock.connectors.http import CallScope, HttpClient, current_call
from crossdock.connectors.protocol import InboundRequest, Reply
from crossdock.core.errors import CrossdockError
from crossdock.simulators.faults import Fault
from crossdock.testing.contexts import FakeSecrets, ManualClock
from crossdock.testing.leaks import LeakWatch
from crossdock.testing.silence import patience_for
from crossdock.transports.protocol import Outgoing, Sent, Transport, TransportContext

BODY = b"ISA*00*          *00*~\x1cbinary \x00\xff\r\n.\r\n..\n\xe4" + bytes(range(256)) * 4
"""A document with everything that gets lost on the way: NUL, high bytes, line ends of both kinds, a dot alone on its line."""


class Correspondent:
    """The partner's end, started by the suite. Override what the transport's capabilities declare."""

    send_faults: frozenset[Fault] = frozenset()
    collect_faults: frozenset[Fault] = frozenset()
    endpoint: str = ""

    async def start(self) -> None:
        """Begin to answer; afterwards `endpoint`, `options` and `secrets` are known."""

    async def stop(self) -> None:
        """Stop answering."""

    def options(self) -> Mapping[str, Any]:
        """The transport's options."""
        return {}

    def secrets(self) -> Mapping[str, str]:
        """Purpose and value of each credential."""
        return {}

    def arrived(self) -> list[bytes]:
        """Every document the partner has taken, as often as it has taken it."""
        return []

    def apply(self, fault: Fault) -> None:
        """The next step of the exchange that can meet this fault meets it."""

    def calm(self) -> None:
        """No more faults."""

    def offer(self, file_name: str, body: bytes) -> None:
        """Something for the transport to collect."""

    def waiting(self) -> int:
        """How many documents are still to be put away."""
        return 0

    def request(self, file_name: str, body: bytes, identity: str) -> InboundRequest:
        """A document as the partner posts it."""
        raise LookupError("override request()")

    def satisfied(self, reply: Reply | None) -> bool:
        """Whether the partner takes an answer as a yes."""
        return reply is None or reply.status < 300


@dataclass(slots=True)
class TransportBench:
    """What every test works with."""

    transport: Transport
    correspondent: Correspondent
    context: TransportContext
    clock: ManualClock
    leaks: LeakWatch
    scopes: list[CallScope] = field(default_factory=list)

    async def send(self, envelope: Outgoing) -> Sent | CrossdockError:
        """One attempt, watched for secrets."""
        scope = CallScope()
        self.scopes.append(scope)
        current_call.set(scope)
        try:
            sent = await self.transport.send(envelope)
        except CrossdockError as error:
            self.watch(error)
            return error
        self.leaks.look("acknowledgement", sent)
        return sent

    def watch(self, error: CrossdockError) -> None:
        """Look for secrets in an error."""
        self.leaks.look(f"error {error.code}", [error.as_dict(), repr(error), *error.args])
        self.leaks.look(f"traceback of {error.code}", "".join(traceback.format_exception(error)))

    def sweep(self) -> list[str]:
        """The places where a secret was found."""
        self.leaks.look("repr of the transport", repr(self.transport))
        self.leaks.look("repr of its context", repr(self.context))
        for scope in self.scopes:
            for exchange in scope.exchanges:
                self.leaks.look("exchange", [exchange.url, exchange.sent, exchange.answered])
        return sorted(set(self.leaks.found))


class TransportKit:
    """`transport` is the class under test; `patience` its time-out in seconds where the correspondent keeps silent;
    `recognises_duplicates`: the correspondent takes the same message id once only."""

    transport: ClassVar[type[Any]]
    patience: float = 1.0
    recognises_duplicates: ClassVar[bool] = False

    def correspondent(self) -> Correspondent:
        """A fresh partner, not started yet."""
        raise LookupError(f"{type(self).__name__} must override correspondent()")

    @pytest_asyncio.fixture
    async def bench(self, request: pytest.FixtureRequest) -> AsyncIterator[TransportBench]:
        """The transport started against its correspondent; fails at the end when a secret came out or a task was left."""
        patience = patience_for(request, self.patience)
        async with open_transport(self.transport, self.correspondent(), patience=patience) as bench:
            yield bench

    def need(self, declared: bool, what: str) -> None:
        """Skip when the transport does not declare something."""
        if not declared:
            pytest.skip(f"{self.transport.kind} {what}")

    def envelope(self, number: int = 1, body: bytes = BODY) -> Outgoing:
        """A document on its way out."""
        return Outgoing(
            body, "application/edi-x12", f"PO_{number}.edi", f"system/purchase_order.send/{number}", f"Order {number}"
        )


@asynccontextmanager
async def open_transport(
    kind: type[Any], correspondent: Correspondent, *, patience: float = 1.0, without: str = "", clock: ManualClock | None = None
) -> AsyncIterator[TransportBench]:
    """Start both ends, and stop them. `without` leaves one credential out. Raises AssertionError for leaks and tasks left."""
    before = asyncio.all_tasks()
    await correspondent.start()
    secrets = {purpose: value for purpose, value in correspondent.secrets().items() if purpose != without}
    vault = FakeSecrets({f"vault:{purpose}": value for purpose, value in secrets.items()})
    clock = clock or ManualClock()
    http = HttpClient(timeout=patience, connect_timeout=2.0)
    context = TransportContext(
        "partner",
        kind.kind,
        correspondent.endpoint,
        kind.Options.model_validate(dict(correspondent.options())),
        {purpose: f"vault:{purpose}" for purpose in secrets},
        vault,
        http,
        clock,
    )
    transport = kind(context)
    bench = TransportBench(transport, correspondent, context, clock, LeakWatch(vault.values()))
    try:
        await transport.start()
        yield bench
    finally:
        await transport.close()
        await http.close()
        await correspondent.stop()
    places = bench.sweep()
    if places:
        raise AssertionError(f"a secret came out of the transport: {'; '.join(places)}")
    for _ in range(100):
        left = asyncio.all_tasks() - before - {asyncio.current_task()}
        if not left:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"close() left tasks running: {sorted(str(each.get_coro()) for each in left)}")
