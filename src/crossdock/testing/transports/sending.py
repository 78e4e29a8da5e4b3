"""Conformance: a document arrives as it is, once, and every outcome tells the truth about whether it did."""

from __future__ import annotations

import pytest

from crossdock.core.errors import CrossdockError, Uncertain
from crossdock.core.outcomes import EffectAbsent, EffectFound
from crossdock.simulators.faults import REQUEST_FAULTS, Fault
from crossdock.testing.transports.kit import BODY, TransportBench, TransportKit
from crossdock.transports.protocol import Sent


class SendingConformance(TransportKit):
    """Sending, and finding out."""

    async def test_a_document_arrives_as_it_is(self, bench: TransportBench) -> None:
        self.need(self.transport.capabilities.sends, "does not send")
        sent = await bench.send(self.envelope())
        assert isinstance(sent, Sent), sent
        assert sent.reference
        assert bench.correspondent.arrived() == [BODY]

    async def test_two_documents_are_two(self, bench: TransportBench) -> None:
        self.need(self.transport.capabilities.sends, "does not send")
        for number in (1, 2):
            assert isinstance(await bench.send(self.envelope(number)), Sent)
        assert len(bench.correspondent.arrived()) == 2

    async def test_the_same_message_again_is_the_same_message(self, bench: TransportBench) -> None:
        self.need(self.transport.capabilities.sends, "does not send")
        self.need(self.transport.capabilities.finds or self.recognises_duplicates, "has partners that take what they are sent")
        for _ in range(2):
            assert isinstance(await bench.send(self.envelope()), Sent)
        assert bench.correspondent.arrived() == [BODY]

    async def test_what_was_sent_is_found(self, bench: TransportBench) -> None:
        self.need(self.transport.capabilities.finds, "cannot tell for certain")
        await bench.send(self.envelope())
        assert isinstance(await bench.transport.find(self.envelope().message_id), EffectFound)

    @pytest.mark.parametrize("fault", sorted(REQUEST_FAULTS))
    async def test_whatever_breaks_nothing_is_lost_or_doubled(self, bench: TransportBench, fault: Fault) -> None:
        self.need(self.transport.capabilities.sends, "does not send")
        self.need(fault in bench.correspondent.send_faults, f"has a partner that cannot play {fault.value}")
        bench.correspondent.apply(fault)
        outcome = await bench.send(self.envelope())
        bench.correspondent.calm()
        arrived = len(bench.correspondent.arrived())
        if isinstance(outcome, Sent):
            assert arrived == 1, "it says sent, but the partner does not have it"
            return
        if not isinstance(outcome, Uncertain):
            assert arrived == 0, f"it says {outcome!r}, but the partner has it"
        await self._goes_on(bench, outcome)

    async def _goes_on(self, bench: TransportBench, outcome: CrossdockError) -> None:
        """What the hub does next: ask after what is uncertain, send again what is not there."""
        if isinstance(outcome, Uncertain):
            found = await bench.transport.find(self.envelope().message_id)
            if not isinstance(found, EffectAbsent):
                limit = 1 if isinstance(found, EffectFound) else 0
                assert limit <= len(bench.correspondent.arrived()) <= 1
                return
        again = await bench.send(self.envelope())
        assert isinstance(again, Sent), again
        assert bench.correspondent.arrived() == [BODY]
