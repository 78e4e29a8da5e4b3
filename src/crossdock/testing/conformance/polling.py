"""Conformance: a poll finds what happened, finds it again under the same identity, and loses nothing when it fails."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crossdock.connectors.protocol import PollResult
from crossdock.core.errors import CrossdockError, Deferred, Misconfigured
from crossdock.simulators.faults import Fault
from crossdock.testing.bench import Bench
from crossdock.testing.kit import ConnectorKit
from crossdock.testing.samples import PollSample


class PollingConformance(ConnectorKit):
    """Polls."""

    async def _cursor(self, bench: Bench, sample: PollSample) -> dict[str, Any]:
        return {**sample.cursor, **await bench.prepare(sample.prepare)}

    async def _all(self, bench: Bench, sample: PollSample, cursor: dict[str, Any]) -> list[PollResult]:
        results = [await bench.connector.poll(sample.channel, cursor)]
        while results[-1].more:
            assert len(results) < 50, "the poll never ends"
            results.append(await bench.connector.poll(sample.channel, results[-1].cursor))
        return results

    async def test_a_poll_finds_what_happened(self, bench: Bench, poll_sample: PollSample) -> None:
        cursor = await self._cursor(bench, poll_sample)
        results = await self._all(bench, poll_sample, cursor)
        found = [message for result in results for message in result.messages]
        missing = set(poll_sample.topics) - {message.topic for message in found}
        assert not missing, f"the poll did not find {sorted(missing)}"
        assert all(message.dedupe_key for message in found)
        if poll_sample.messages is not None:
            assert len({message.dedupe_key for message in found}) == poll_sample.messages
        for result in results:
            json.dumps(dict(result.cursor))
            bench.leaks.look("cursor", dict(result.cursor))
        bench.hub.store(found, poll_sample.channel)
        assert not bench.hub.refused, f"what was polled does not normalize: {bench.hub.refused!r}"

    async def test_overlap_gives_the_same_identities(self, bench: Bench, poll_sample: PollSample) -> None:
        cursor = await self._cursor(bench, poll_sample)
        first = {m.dedupe_key for r in await self._all(bench, poll_sample, cursor) for m in r.messages}
        again = {m.dedupe_key for r in await self._all(bench, poll_sample, cursor) for m in r.messages}
        assert first == again, "the same facts polled twice have different dedupe keys"

    async def test_the_next_poll_brings_nothing_new_when_nothing_happened(self, bench: Bench, poll_sample: PollSample) -> None:
        bench.hub.cursors[poll_sample.channel] = await self._cursor(bench, poll_sample)
        assert await bench.hub.poll(poll_sample.channel)
        bench.clock.advance(60)
        assert await bench.hub.poll(poll_sample.channel) == []

    @pytest.mark.parametrize(
        ("fault", "family"),
        [
            (Fault.THROTTLE, Deferred),
            (Fault.OUTAGE_503, Deferred),
            (Fault.TIMEOUT_BEFORE, Deferred),
            (Fault.RESET_BEFORE, Deferred),
            (Fault.EXPIRED, Misconfigured),
            (Fault.MALFORMED, CrossdockError),
        ],
        ids=lambda value: value.value if isinstance(value, Fault) else "",
    )
    async def test_a_failed_poll_says_why_and_loses_nothing(
        self, bench: Bench, poll_sample: PollSample, fault: Fault, family: type[CrossdockError]
    ) -> None:
        self.need(bench, fault)
        cursor = await self._cursor(bench, poll_sample)
        bench.target.apply(fault, path=poll_sample.path, method=poll_sample.method, count=50)
        with pytest.raises(CrossdockError) as caught:
            await self._all(bench, poll_sample, cursor)
        bench.watch("poll", caught.value)
        assert isinstance(caught.value, family), f"{fault.value}: {caught.value!r}"
        if fault is Fault.THROTTLE and self.retry_after is not None:
            assert isinstance(caught.value, Deferred) and caught.value.retry_after is not None, "Retry-After was not honoured"
        bench.target.calm()
        results = await self._all(bench, poll_sample, cursor)
        assert {m.topic for r in results for m in r.messages} >= set(poll_sample.topics)
