"""A connector that makes its own answers: after the commit, beside the event loop when it deciphers, and a fault in it costs the answer only."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from crossdock.connectors.protocol import Capabilities, InboundRequest, Reply
from crossdock.core.errors import CrossdockError, SignatureInvalid
from tests.pipeline import conftest
from tests.pipeline.conftest import ShopConnector, order_body


class Answering(ShopConnector):
    capabilities: ClassVar[Capabilities] = Capabilities(receives=True, topics=frozenset({"order", "bundle"}), ciphers=True)
    seen: ClassVar[list[Any]] = []
    breaks: ClassVar[bool] = False

    def receive(self, request: InboundRequest) -> Sequence[Any]:
        self.seen.append(threading.current_thread() is threading.main_thread())
        return super().receive(request)

    def reply(self, request: InboundRequest, messages: Sequence[Any], result: Any) -> Reply | None:
        self.seen.append(result)
        if self.breaks:
            raise RuntimeError("canary-of-a-defect")
        if isinstance(result, CrossdockError):
            return Reply(200, {"content-type": "text/x-no"}, b"no")
        return Reply(200, {"Content-Type": "text/x-yes", "x-own": "1"}, b"yes")


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> type[Answering]:
    monkeypatch.setattr(conftest, "ShopConnector", Answering)
    monkeypatch.setattr(Answering, "seen", [])
    return Answering


async def test_the_answer_is_the_connectors_and_says_what_became_of_the_message(start, answering) -> None:
    async with start() as hub:
        status, said = await hub.post(order_body("1"), x_id="a")
        assert (status, said, hub.last["content-type"], hub.last["x-own"]) == (200, {"text": "yes"}, "text/x-yes", "1")
        assert hub.last["x-content-type-options"] == "nosniff"
        await hub.post(order_body("1"), x_id="a")
        await hub.post(order_body("2"), x_id="a")
        assert [each for each in answering.seen if isinstance(each, list)] == [["new"], ["duplicate"], ["conflict"]]
        assert not any(each is True for each in answering.seen)  # read in a thread


async def test_a_refusal_is_kept_and_answered_in_the_connectors_way(start, answering) -> None:
    async with start() as hub:
        status, said = await hub.post(order_body("1"), x_signature="bad")
        assert (status, said) == (200, {"text": "no"})
        assert isinstance(answering.seen[-1], SignatureInvalid)
        [(code,)] = await hub.until_rows("SELECT code FROM ledger_exception", bool)
        assert code == "receive.signature_invalid"


async def test_nothing_stored_is_no_answer_of_the_connectors(start, answering) -> None:
    async with start() as hub:
        hub.hub.intake._high_water = -1
        assert (await hub.post(order_body("1")))[0] == 503
        assert not [each for each in answering.seen if not isinstance(each, bool)]


async def test_a_defect_in_the_answer_loses_no_message(start, answering, monkeypatch) -> None:
    monkeypatch.setattr(answering, "breaks", True)
    async with start() as hub:
        status, said = await hub.post(order_body("1"))
        assert (status, said["status"]) == (202, "accepted")
        await hub.until(lambda: len(hub.depot.taken) == 1)
