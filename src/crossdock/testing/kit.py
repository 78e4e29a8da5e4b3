"""The part of the conformance suite a connector's author fills in: how to build the connector, its target and its samples."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
import pytest_asyncio

from crossdock.connectors.protocol import Connector, InboundRequest
from crossdock.simulators.faults import Fault
from crossdock.testing.bench import Bench, open_bench
from crossdock.testing.contexts import ManualClock, make_context
from crossdock.testing.samples import CommandSample, MessageSample, PollSample, QuestionSample, RequestSample, SnapshotSample
from crossdock.testing.silence import patience_for
from crossdock.testing.targets import Target

PARAMETERS = {
    "any_sample": "commands",
    "command_sample": "commands",
    "refused_sample": "commands",
    "prepared_sample": "commands",
    "request_sample": "requests",
    "message_sample": "messages",
    "poll_sample": "polls",
    "question_sample": "questions",
}


class ConnectorKit:
    """Override what your connector declares; the rest keeps its default.

    `secrets` maps each purpose of the connector's credentials to a value for tests (at least eight characters).
    `signature_header` names the header that is missing in an unsigned request. `signs_body`: a changed body must be refused.
    `signs_time`: an old or future signature must be refused. `patience` is the connector's time-out in seconds (also given
    to the HTTP client) where the target keeps silent; in every other test the instance's is longer, so that a busy machine
    is not taken for a silent target: read `self.patience` in `build`. `retry_after` is what the target asks for when throttling
    (None: this system does not say). `asks_target`: False for a system that only sends, so that nothing can be asked of its health.
    """

    connector: ClassVar[type[Any]]
    system: ClassVar[str] = "target"
    options: ClassVar[Mapping[str, Any]] = {}
    secrets: ClassVar[Mapping[str, str]] = {}
    value_maps: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    allow: ClassVar[frozenset[str]] = frozenset()
    signing_purpose: ClassVar[str] = "webhook_secret"
    signs_body: ClassVar[bool] = True
    signs_time: ClassVar[bool] = True
    patience: float = 1.0
    retry_after: ClassVar[float | None] = 7.0
    asks_target: ClassVar[bool] = True

    def target(self) -> Target:
        """A fresh simulated system, not started yet."""
        raise LookupError(f"{type(self).__name__} must override target()")

    def build(self, endpoint: str, clock: ManualClock) -> Connector:
        """The connector under test, pointed at the target."""
        context = make_context(
            self.connector,
            system=self.system,
            endpoint=endpoint,
            options=self.options,
            secrets=self.secrets,
            value_maps=self.value_maps,
            clock=clock,
            timeout=self.patience,
            allow=self.allow,
        )
        built: Connector = self.connector(context)
        return built

    def commands(self) -> Sequence[CommandSample]:
        """At least one sample per declared command."""
        return ()

    def requests(self) -> Sequence[RequestSample]:
        """At least one webhook when the connector receives."""
        return ()

    def sign(self, sample: RequestSample, body: bytes, at: datetime, secret: str) -> Mapping[str, str]:
        """The headers (lower case) by which the sender proves itself for `body` at `at` with `secret`."""
        return {}

    def messages(self) -> Sequence[MessageSample]:
        """At least one message per declared topic."""
        return ()

    def streams(self) -> Sequence[Sequence[MessageSample]]:
        """Messages of one document in the order in which they happened, for systems whose messages overtake each other."""
        return ()

    def polls(self) -> Sequence[PollSample]:
        """At least one when the connector polls."""
        return ()

    def questions(self) -> Sequence[QuestionSample]:
        """At least one per declared question."""
        return ()

    def snapshots(self) -> Sequence[SnapshotSample]:
        """One when the connector gives inventory snapshots."""
        return ()

    # Used by the suite -----------------------------------------------------------------------------

    @pytest_asyncio.fixture
    async def bench(self, request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
        """The connector started against its target; fails at the end when a secret came out or a task was left."""
        self.patience = patience_for(request, self.patience)
        async with open_bench(self.build, self.target(), ManualClock()) as bench:
            yield bench

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test per sample, named after it; an empty list skips with the reason that nothing of the kind is declared."""
        for name, source in PARAMETERS.items():
            if name in metafunc.fixturenames:
                samples = list(getattr(self, source)())
                if name == "command_sample":
                    samples = [s for s in samples if s.effect]
                if name == "refused_sample":
                    samples = [s for s in samples if s.refused is not None]
                if name == "prepared_sample":
                    samples = [s for s in samples if s.prepare is not None and s.orphan]
                metafunc.parametrize(name, samples, ids=[s.title for s in samples])

    def signed(
        self, sample: RequestSample, at: datetime, *, body: bytes | None = None, secret: str = "", age: timedelta = timedelta()
    ) -> InboundRequest:
        """A request received at `at`, signed `age` earlier with the right secret or with `secret`."""
        sent = sample.body if body is None else body
        proof = self.sign(sample, sent, at - age, secret or self.secrets.get(self.signing_purpose, ""))
        return InboundRequest(sample.channel, {**sample.headers, **proof}, sent, at, sample.query, "127.0.0.1")

    def need(self, bench: Bench, fault: Fault) -> None:
        """Skip when the target cannot play a fault."""
        if fault not in bench.target.faults:
            pytest.skip(f"the target cannot play {fault.value}")
