"""The customer's portal through the public conformance suite."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from crossdock.connectors.customer_portal.connector import CustomerPortalConnector
from crossdock.connectors.protocol import StoredMessage
from crossdock.simulators.customer_portal import CustomerPortal
from crossdock.simulators.faults import Fault
from crossdock.testing import (
    Bench,
    CommandSample,
    ConnectorConformance,
    MessageSample,
    RequestSample,
    SimulatorTarget,
    Target,
)

SECRET = "whsec_c2ltdWxhdGVkLXNlY3JldA=="
RETURN = {
    "number": "RMA-7",
    "order_number": "1001",
    "requested_at": "2026-03-04T09:00:00Z",
    "lines": [{"number": "1", "order_line": "10", "sku": "LAMP", "quantity": {"value": "1"}, "reason": "damaged"}],
}
CANCELLED = {"number": "RMA-7", "order_number": "1001", "cancelled_at": "2026-03-05T09:00:00Z"}
ANSWER = {
    "request_number": "RMA-7",
    "return_number": "RT-1001-1",
    "order_number": "1001",
    "status": "authorised",
    "at": "2026-03-04T10:00:00Z",
    "lines": [{"number": "1", "sku": "LAMP", "quantity": {"value": "1"}, "verdict": "authorised"}],
}


def asked(topic: str, data: Mapping[str, Any], **more: str) -> bytes:
    return json.dumps({"type": topic, "data": data, **more}).encode()


class TestCustomerPortal(ConnectorConformance):
    connector = CustomerPortalConnector
    options: ClassVar[Mapping[str, Any]] = {"shops": ["shop"], "webhooks": True, "timeout": 2}
    secrets: ClassVar[Mapping[str, str]] = {"webhook_secret": SECRET}

    def target(self) -> Target:
        # a webhook is answered by its status alone: whatever the body of a 2xx is, the portal has it
        return SimulatorTarget(CustomerPortal(secret=SECRET), without=[Fault.MALFORMED])

    def commands(self) -> Sequence[CommandSample]:
        return [
            CommandSample(
                "return.answer",
                {"return_answer": ANSWER, "return_number": "RT-1001-1"},
                effect_kind="return.authorised",
                path="/",
                method="POST",
                ack=("reference",),
                refused={"return_answer": {**ANSWER, "return_number": "UNKNOWN"}},
                refused_words="no such return here",
            )
        ]

    def requests(self) -> Sequence[RequestSample]:
        return [RequestSample("returns", asked("return.requested", RETURN), ["return.requested"])]

    def sign(self, sample: RequestSample, body: bytes, at: datetime, secret: str) -> Mapping[str, str]:
        key = base64.b64decode(SECRET.removeprefix("whsec_")) if secret == SECRET else secret.encode()
        stamp = str(int(at.timestamp()))
        digest = base64.b64encode(hmac.digest(key, b"m1." + stamp.encode() + b"." + body, "sha256")).decode()
        return {"webhook-id": "m1", "webhook-timestamp": stamp, "webhook-signature": f"v1,{digest}"}

    def messages(self) -> Sequence[MessageSample]:
        return [
            MessageSample("return.requested", asked("return.requested", RETURN, shop="shop"), ["return.requested"], "returns"),
            MessageSample("return.cancelled", asked("return.cancelled", CANCELLED, shop="shop"), ["return.cancelled"], "returns"),
        ]

    async def test_a_return_is_asked_for_on_the_key_of_its_order(self, bench: Bench) -> None:
        message = StoredMessage(
            "u", "portal", "returns", "return.requested", asked("return.requested", RETURN), "", {}, bench.clock.now()
        )
        (event,) = bench.connector.normalize(message)
        assert (event.key, event.source) == ("order/shop/1001", "portal")
        assert [tuple(each) for each in (("portal:return", "RMA-7"),)] == [(r.scheme, r.value) for r in event.references]
