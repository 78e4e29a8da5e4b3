"""A customer's portal: opens returns, signed, and is told what becomes of them, signed; it reads everything else by the REST interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, cast

import orjson

from crossdock.canonical.events import Event
from crossdock.canonical.returns import ReturnAnswer
from crossdock.connectors.base import BaseConnector
from crossdock.connectors.contracts.standard_webhooks import authenticate, secret_key, sign
from crossdock.connectors.customer_portal.mapping import PAYLOADS, events, from_webhook
from crossdock.connectors.customer_portal.options import CustomerPortalOptions
from crossdock.connectors.document import parse
from crossdock.connectors.http import raise_for_transport_status
from crossdock.connectors.protocol import Capabilities, ConnectorContext, Inbound, InboundRequest, Probe, StoredMessage
from crossdock.connectors.rotation import Rotation
from crossdock.core.commands import Command
from crossdock.core.errors import AnswerLost, CrossdockError, EndpointGone
from crossdock.core.outcomes import Accepted, Outcome

ANSWER = "return.answer"


class CustomerPortalConnector(BaseConnector):
    """One customer's portal. What it is told is also in the ledger, where the REST interface reads it."""

    kind: ClassVar[str] = "customer_portal"
    title: ClassVar[str] = "Customer portal"
    mapping_version: ClassVar[str] = "1"
    capabilities: ClassVar[Capabilities] = Capabilities(
        commands=frozenset({ANSWER}), repeatable=frozenset({ANSWER}), topics=frozenset(PAYLOADS), receives=True
    )
    Options: ClassVar[type[CustomerPortalOptions]] = CustomerPortalOptions
    rotations: ClassVar[Mapping[str, Rotation]] = {
        "webhook_secret": Rotation(
            "handover", "Give the portal the new secret over a safe way; it may use it from then on.", "webhook_secret"
        ),
    }

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self._options = cast("CustomerPortalOptions", context.options)
        self.deliveries = {ANSWER: self._answer}

    @classmethod
    def credential_purposes(cls, options: CustomerPortalOptions) -> frozenset[str]:
        return frozenset({"webhook_secret"} if options.webhooks else set())

    def receive(self, request: InboundRequest) -> Sequence[Inbound]:
        authenticate(self.context, request, self._options.tolerance_seconds)
        return (from_webhook(request.body, self._options),)

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        return events(message, self._options)

    async def _answer(self, command: Command) -> Outcome:
        """One webhook, known to the portal by the command's id: sent again, it is the same one."""
        answer = parse(ReturnAnswer, command.data.get("return_answer"), "return_answer")
        if not self._options.webhooks:
            return Accepted({"reference": answer.return_number})
        content = {"type": f"return.{answer.status}", "timestamp": answer.at.isoformat(), "data": answer.model_dump(mode="json")}
        body, stamp = orjson.dumps(content), str(int(self.context.clock.now().timestamp()))
        signature = sign(secret_key(self.context.secret("webhook_secret")), command.id, stamp, body)
        headers = {"webhook-id": command.id, "webhook-timestamp": stamp, "webhook-signature": signature,
                   "content-type": "application/json"}  # fmt: skip
        reply = await self.context.http.request(
            "POST", self.context.endpoint, headers=headers, body=body, timeout=self._options.timeout
        )
        if 300 <= reply.status < 400:
            raise EndpointGone(f"HTTP {reply.status}: the portal's endpoint has moved", status=reply.status)
        if reply.status in (502, 504):
            raise AnswerLost(f"a gateway answered HTTP {reply.status}", status=reply.status)
        raise_for_transport_status(reply, self.context.clock.now())
        return Accepted({"reference": answer.return_number})

    async def probe(self) -> Probe:
        if not self._options.webhooks:
            return Probe(healthy=True, message="asks by the REST interface")
        try:
            reply = await self.context.http.request("HEAD", self.context.endpoint, timeout=self._options.timeout)
        except CrossdockError as error:
            return Probe(healthy=False, message=error.message, detail={"code": error.code})
        return Probe(healthy=reply.status not in (401, 403, 404, 410, 502, 503, 504), detail={"http": reply.status})
