"""Conformance: what is posted is authenticated, read, and answered only by `reply`; whatever bytes come, the answer is an outcome."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crossdock.connectors.protocol import InboundRequest
from crossdock.core.errors import Misconfigured, Rejected
from crossdock.testing.transports.kit import BODY, TransportBench, TransportKit


class ReceivingConformance(TransportKit):
    """Requests from the partner."""

    def _request(self, bench: TransportBench, identity: str = "1") -> InboundRequest:
        self.need(self.transport.capabilities.receives, "does not receive")
        return replace(bench.correspondent.request("DOC.edi", BODY, identity), received_at=bench.clock.now())

    async def test_a_document_is_read_as_it_is_and_answered(self, bench: TransportBench) -> None:
        request = self._request(bench)
        messages = bench.transport.receive(request)
        assert [(each.body, each.file_name) for each in messages] == [(BODY, "DOC.edi")]
        assert bench.correspondent.satisfied(bench.transport.reply(request, messages, ["new"]))
        assert bench.correspondent.satisfied(bench.transport.reply(request, messages, ["duplicate"]))

    async def test_the_same_document_has_the_same_identity(self, bench: TransportBench) -> None:
        first = bench.transport.receive(self._request(bench))
        again = bench.transport.receive(self._request(bench))
        other = bench.transport.receive(
            replace(bench.correspondent.request("OTHER.edi", b"other", "2"), received_at=bench.clock.now())
        )
        assert first[0].identity == again[0].identity
        assert first[0].identity != other[0].identity

    @pytest.mark.parametrize("body", [b"", b"\0", b"garbage", b"\xff" * 3000, b"--b\r\n\r\n--b--", b"0\x80\x06\x09*\x86H"])
    @pytest.mark.parametrize("headers", ["its own", "none", "strange"])
    async def test_whatever_comes_is_an_outcome(self, bench: TransportBench, body: bytes, headers: str) -> None:
        good = self._request(bench)
        strange = dict.fromkeys(good.headers, "\x7f;=\"'<ä")
        request = replace(good, body=body, headers={"its own": good.headers, "none": {}, "strange": strange}[headers])
        try:
            messages = bench.transport.receive(request)
        except (Rejected, Misconfigured) as error:
            bench.watch(error)
            reply = bench.transport.reply(request, (), error)
            assert reply is None or not bench.correspondent.satisfied(reply)
            return
        # a transport without signatures takes whatever its authenticated partner sends
        assert all(each.body == body for each in messages)

    async def test_a_stranger_is_refused(self, bench: TransportBench) -> None:
        good = self._request(bench)
        with pytest.raises((Rejected, Misconfigured)):
            bench.transport.receive(replace(good, headers={}, client="203.0.113.9"))
