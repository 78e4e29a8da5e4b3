"""The base of connectors to systems that offer one of our REST contracts: callbacks and feed in, documents put by number. Knows no document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson

from crossdock.connectors.base import BaseConnector
from crossdock.connectors.contracts import feed
from crossdock.connectors.contracts.access import ContractApi, purposes
from crossdock.connectors.contracts.answers import Answers
from crossdock.connectors.contracts.bodies import read_object
from crossdock.connectors.contracts.options import ContractOptions
from crossdock.connectors.contracts.standard_webhooks import authenticate
from crossdock.connectors.protocol import ConnectorContext, Inbound, InboundRequest, PollResult, Probe
from crossdock.core.commands import Command
from crossdock.core.errors import AnswerLost, ContractBroken, CrossdockError, PayloadMalformed, TargetRefused, TargetUnavailable
from crossdock.core.outcomes import Accepted


class ContractConnector(BaseConnector):
    """Inherit from this and say with `answers` who answers and what its codes mean."""

    answers: ClassVar[Answers]

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self._contract: ContractOptions = context.options
        self._api = ContractApi(context, self._contract.auth, self.answers)

    @classmethod
    def credential_purposes(cls, options: Any) -> frozenset[str]:
        return purposes(options.auth)

    def receive(self, request: InboundRequest) -> Sequence[Inbound]:
        authenticate(self.context, request, self._contract.signature_tolerance)
        return (feed.inbound(request.body),)

    async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
        """The next page of the feed of events."""
        contract = self._contract
        return await feed.poll(self._api, contract.event_path, cursor, contract.event_page, contract.event_overlap)

    async def probe(self) -> Probe:
        try:
            answer = await self._api.get(self._contract.health_path)
        except CrossdockError as error:
            return Probe(healthy=False, message=error.message, detail={"code": error.code})
        try:
            version = str(read_object(answer.body).get("version") or "")
        except PayloadMalformed:
            return Probe(healthy=False, message="the health answer cannot be read")
        return Probe(healthy=True, version=version)

    async def put(self, path: str, body: bytes, command: Command) -> tuple[dict[str, Any], bool]:
        """What the system says of the document put at `path`, and whether it had it before."""
        answer = await self._api.put(path, body, command.id)
        return self.answers.done(answer, "number"), answer.status == 200

    async def withdraw(self, path: str, command: Command) -> Accepted:
        """Cancel the document at `path`, with the command's reason."""
        body = orjson.dumps({"reason": str(command.data.get("reason") or "")})
        answer = await self._api.put(f"{path}/cancellation", body, command.id)
        return Accepted(self.cancelled(self.answers.done(answer, "status")))

    async def held(self, path: str, unknown: str) -> dict[str, Any] | None:
        """What the system has at `path`; None when it says, with the code `unknown`, that it has nothing."""
        try:
            return self.answers.done(await self._api.get(path), "number")
        except TargetRefused as refused:
            if refused.detail.get("answer") == unknown:
                return None
            raise
        except AnswerLost as error:
            raise TargetUnavailable(error.message) from None

    def cancelled(self, cancellation: Mapping[str, Any]) -> dict[str, Any]:
        """The acknowledgement of a cancellation. Raises `ContractBroken`."""
        status = cancellation.get("status")
        if status not in ("cancelled", "too_late"):
            raise ContractBroken(f"{self.answers.noun} answered {status!r} to a cancellation", answer=str(status))
        return {"status": status}
