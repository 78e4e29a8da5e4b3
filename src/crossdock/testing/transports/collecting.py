"""Conformance: what is collected is put away only once it is stored, and a crash at any point loses and doubles nothing."""

from __future__ import annotations

import json

import pytest

from crossdock.core.errors import Deferred, Misconfigured, Uncertain
from crossdock.simulators.faults import REQUEST_FAULTS, Fault
from crossdock.testing.transports.kit import BODY, TransportBench, TransportKit
from crossdock.transports.protocol import Collected


class CollectingConformance(TransportKit):
    """Collecting and putting away."""

    def _offered(self, bench: TransportBench, count: int = 1) -> list[bytes]:
        self.need(self.transport.capabilities.collects, "does not collect")
        bodies = [BODY + str(number).encode() for number in range(count)]
        for number, body in enumerate(bodies):
            bench.correspondent.offer(f"DOC_{number}.edi", body)
        return bodies

    async def _all(self, bench: TransportBench) -> list[bytes]:
        """Collect as the hub does until nothing is left, by identity."""
        found: dict[str, bytes] = {}
        collected = Collected((), {}, more=True)
        for _ in range(50):
            collected = await bench.transport.collect(json.loads(json.dumps(dict(collected.cursor))))
            for each in collected.messages:
                assert found.setdefault(each.identity, each.body) == each.body
            if not collected.messages and not collected.more:
                break
        return sorted(found.values())

    async def test_nothing_there_is_nothing(self, bench: TransportBench) -> None:
        self.need(self.transport.capabilities.collects, "does not collect")
        assert not (await bench.transport.collect({})).messages

    async def test_it_is_put_away_only_after_its_cursor_came_back(self, bench: TransportBench) -> None:
        (body,) = self._offered(bench)
        first = await bench.transport.collect({})
        assert [each.body for each in first.messages] == [body]
        assert first.messages[0].file_name == "DOC_0.edi"
        assert bench.correspondent.waiting() == 1
        json.dumps(dict(first.cursor))  # it is stored as JSON
        second = await bench.transport.collect(first.cursor)
        assert not second.messages
        assert bench.correspondent.waiting() == 0

    async def test_a_crash_before_storing_finds_the_same_again(self, bench: TransportBench) -> None:
        self._offered(bench, 3)
        first = await bench.transport.collect({})
        again = await bench.transport.collect({})
        assert [(each.identity, each.body) for each in first.messages] == [(each.identity, each.body) for each in again.messages]
        assert bench.correspondent.waiting() == 3

    async def test_many_come_to_an_end_each_once(self, bench: TransportBench) -> None:
        bodies = self._offered(bench, 60)
        assert await self._all(bench) == sorted(bodies)
        assert bench.correspondent.waiting() == 0

    async def test_what_comes_after_is_not_put_away_with_it(self, bench: TransportBench) -> None:
        self._offered(bench)
        first = await bench.transport.collect({})
        bench.correspondent.offer("LATER.edi", b"later")
        second = await bench.transport.collect(first.cursor)
        assert [each.body for each in second.messages] == [b"later"]
        assert bench.correspondent.waiting() == 1

    @pytest.mark.parametrize("fault", sorted(REQUEST_FAULTS))
    async def test_whatever_breaks_everything_is_collected_once(self, bench: TransportBench, fault: Fault) -> None:
        bodies = self._offered(bench, 2)
        self.need(fault in bench.correspondent.collect_faults, f"has a partner that cannot play {fault.value}")
        bench.correspondent.apply(fault)
        try:
            await bench.transport.collect({})
        except (Deferred, Uncertain, Misconfigured) as error:
            bench.watch(error)
        bench.correspondent.calm()
        assert await self._all(bench) == sorted(bodies)
        assert bench.correspondent.waiting() == 0
