"""Conformance: webhooks are authenticated, split and given an identity; forgeries, old copies and garbage are refused with a code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from crossdock.connectors.protocol import Inbound, InboundRequest
from crossdock.core.errors import CrossdockError, Rejected, SignatureExpired, SignatureInvalid, Unauthenticated
from crossdock.testing.bench import Bench
from crossdock.testing.garbage import spoiled
from crossdock.testing.kit import ConnectorKit
from crossdock.testing.samples import RequestSample


class ReceivingConformance(ConnectorKit):
    """Webhooks in."""

    def _refused(self, bench: Bench, request: InboundRequest, *expected: type[CrossdockError]) -> CrossdockError:
        with pytest.raises(CrossdockError) as caught:
            bench.connector.receive(request)
        bench.watch("receive", caught.value)
        assert isinstance(caught.value, expected), f"expected {[e.__name__ for e in expected]}, got {caught.value!r}"
        return caught.value

    async def test_a_signed_request_is_split_into_messages(self, bench: Bench, request_sample: RequestSample) -> None:
        found = bench.connector.receive(self.signed(request_sample, bench.clock.now()))
        assert [item.topic for item in found] == list(request_sample.topics)
        assert all(item.dedupe_key for item in found), "a message without an identity cannot be recognised when it comes again"
        assert len({item.dedupe_key for item in found}) == len(found)
        for item in found:
            bench.leaks.look("headers kept with the message", dict(item.headers))

    async def test_the_same_request_again_is_the_same_message(self, bench: Bench, request_sample: RequestSample) -> None:
        first = bench.hub.receive(self.signed(request_sample, bench.clock.now()))
        bench.clock.advance(2)
        again = bench.hub.receive(self.signed(request_sample, bench.clock.now()))
        assert len(first) == len(request_sample.topics)
        assert again == [], "a duplicate delivery was taken for a new message"

    async def test_a_wrong_signature_is_refused(self, bench: Bench, request_sample: RequestSample) -> None:
        forged = self.signed(request_sample, bench.clock.now(), secret="not-the-secret-of-this-channel")  # noqa: S106
        self._refused(bench, forged, SignatureInvalid, Unauthenticated)

    async def test_a_changed_body_is_refused(self, bench: Bench, request_sample: RequestSample) -> None:
        if not self.signs_body:
            pytest.skip("this system authenticates the sender, not the body")
        good = self.signed(request_sample, bench.clock.now())
        for body in (good.body + b" ", good.body[:-1], b""):
            changed = InboundRequest(good.channel, good.headers, body, good.received_at, good.query, good.client)
            self._refused(bench, changed, SignatureInvalid)

    async def test_an_unsigned_request_is_refused(self, bench: Bench, request_sample: RequestSample) -> None:
        bare = InboundRequest(request_sample.channel, request_sample.headers, request_sample.body, bench.clock.now())
        self._refused(bench, bare, Unauthenticated, SignatureInvalid)

    async def test_strange_signatures_are_refused(self, bench: Bench, request_sample: RequestSample) -> None:
        good = self.signed(request_sample, bench.clock.now())
        for name in set(good.headers) - set(request_sample.headers):
            for value in ("", "=", "é", "0", "sha256=", "t=,v1=", "Bearer", "A" * 5000):
                strange = InboundRequest(good.channel, {**good.headers, name: value}, good.body, good.received_at, good.query)
                try:
                    bench.connector.receive(strange)
                except Rejected as error:
                    bench.watch("receive", error)
                else:
                    assert not self.signs_body or name not in self._proofs(bench, request_sample), f"{name}: {value[:20]!r} taken"

    def _proofs(self, bench: Bench, sample: RequestSample) -> set[str]:
        """Headers that differ under another secret: those that prove something."""
        one = self.signed(sample, bench.clock.now()).headers
        other = self.signed(sample, bench.clock.now(), secret="not-the-secret-of-this-channel").headers  # noqa: S106
        return {name for name in one if one[name] != other.get(name)}

    @pytest.mark.parametrize("days", [1, -1], ids=["a day old", "a day ahead"])
    async def test_a_signature_from_another_day_is_refused(self, bench: Bench, request_sample: RequestSample, days: int) -> None:
        if not self.signs_time:
            pytest.skip("this system's signature carries no time")
        old = self.signed(request_sample, bench.clock.now(), age=timedelta(days=days))
        self._refused(bench, old, SignatureExpired)

    async def test_a_little_skew_is_tolerated(self, bench: Bench, request_sample: RequestSample) -> None:
        for seconds in (20, -20):
            age = timedelta(seconds=seconds)
            assert bench.connector.receive(self.signed(request_sample, bench.clock.now(), age=age))

    async def test_signed_garbage_ends_as_an_error_of_the_tree(self, bench: Bench, request_sample: RequestSample) -> None:
        """The sender's secret is right, the body is not: no other exception than a rejection, and no event made up."""
        for body in spoiled(request_sample.body):
            try:
                found: Sequence[Inbound] = bench.connector.receive(self.signed(request_sample, bench.clock.now(), body=body))
            except Rejected as error:
                bench.watch("receive", error)
                continue
            assert all(item.dedupe_key for item in found)
