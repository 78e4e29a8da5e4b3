"""Conformance: mapping is pure, gives the expected events with an identity and a key, and meets garbage with an error of the tree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

import pytest
from pydantic import ValidationError

from crossdock.canonical.events import EVENT_PAYLOADS, Event
from crossdock.connectors.protocol import Connector, StoredMessage
from crossdock.core.errors import Rejected
from crossdock.testing.bench import Bench
from crossdock.testing.contexts import ManualClock
from crossdock.testing.garbage import spoiled
from crossdock.testing.kit import ConnectorKit
from crossdock.testing.samples import MessageSample


class NormalizingConformance(ConnectorKit):
    """Wire to canonical."""

    def stored(self, bench: Bench, sample: MessageSample, body: bytes | None = None, uid: str = "m-1") -> StoredMessage:
        """A sample as it lies in the ledger."""
        return StoredMessage(
            uid,
            self.system,
            sample.channel,
            sample.topic,
            sample.body if body is None else body,
            sample.content_type,
            sample.headers,
            sample.received_at or bench.clock.now(),
        )

    async def test_a_message_becomes_its_events(self, bench: Bench, message_sample: MessageSample) -> None:
        events = bench.connector.normalize(self.stored(bench, message_sample))
        assert [event.type for event in events] == list(message_sample.events)
        for event in events:
            self._check(event)
        assert len({event.id for event in events}) == len(events), "two events of one message share an id"

    def _check(self, event: Event) -> None:
        assert event.type in EVENT_PAYLOADS, f"{event.type} is not in the catalogue"
        assert isinstance(event.data, EVENT_PAYLOADS[event.type]), f"{event.type} carries {type(event.data).__name__}"
        assert event.id and event.source == self.system, f"id {event.id!r}, source {event.source!r}"
        assert event.key or event.references, "an event needs its key or references that lead to it"
        assert event.occurred_at.tzinfo is UTC, "occurred_at must be in UTC"
        for reference in event.references:
            assert reference.scheme and isinstance(reference.value, str) and reference.value, f"not a reference: {reference!r}"
        if event.position is not None:
            assert event.position.stream and type(event.position.number) is int, f"not a position: {event.position!r}"

    async def test_mapping_is_pure(self, bench: Bench, message_sample: MessageSample) -> None:
        """The same bytes give the same events: again, in another connector, on another day, and after other messages."""
        stored = self.stored(bench, message_sample)
        first = list(bench.connector.normalize(stored))
        bench.clock.advance(days=2)
        for sample in self.messages():
            bench.connector.normalize(self.stored(bench, sample, uid="m-other"))
        assert list(bench.connector.normalize(stored)) == first
        other: Connector = self.build(bench.context.endpoint, ManualClock(bench.clock.now()))
        assert list(other.normalize(stored)) == first

    async def test_the_same_fact_told_again_is_the_same_event(self, bench: Bench, message_sample: MessageSample) -> None:
        """A message that came by another delivery (other uid, other time) carries the same event ids."""
        stored = self.stored(bench, message_sample)
        first = [event.id for event in bench.connector.normalize(stored)]
        bench.clock.advance(60)
        again = self.stored(bench, message_sample, uid="m-2")
        assert [event.id for event in bench.connector.normalize(again)] == first

    async def test_garbage_ends_as_an_error_of_the_tree(self, bench: Bench, message_sample: MessageSample) -> None:
        for body in spoiled(message_sample.body):
            try:
                events: Sequence[Event] = bench.connector.normalize(self.stored(bench, message_sample, body))
            except (Rejected, ValidationError) as error:
                bench.watch("normalize", error)
                continue
            except Exception as error:
                raise AssertionError(f"{type(error).__name__} ({error}) out of normalize for {body[:300]!r}") from error
            for event in events:
                self._check(event)

    async def test_an_unknown_topic_is_refused(self, bench: Bench) -> None:
        sample = MessageSample("no/such/topic", b"{}", ())
        with pytest.raises(Rejected):
            bench.connector.normalize(self.stored(bench, sample))

    async def test_messages_that_overtook_each_other_are_put_in_order_by_their_position(self, bench: Bench) -> None:
        if not self.streams():
            pytest.skip("no streams() given: this system's messages do not overtake each other")
        for stream in self.streams():
            events = [e for sample in reversed(stream) for e in bench.connector.normalize(self.stored(bench, sample))]
            positions = [event.position for event in events]
            assert all(positions), "an event of a stream needs a position"
            assert len({p.stream for p in positions if p}) == 1, "one document, several streams"
            numbers = [p.number for p in positions if p]
            assert numbers == sorted(set(numbers), reverse=True), f"positions do not grow with time: {numbers[::-1]}"
