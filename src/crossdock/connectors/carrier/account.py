"""One account with one carrier: runs jobs in the carrier process with its credential and keeps the record of what was exchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crossdock.connectors.carrier import errors
from crossdock.connectors.carrier.dialects import dialect_of
from crossdock.connectors.carrier.options import Options
from crossdock.connectors.carrier.process import CarrierProcess, ProcessLost, shared_process
from crossdock.connectors.http import Exchange, current_call
from crossdock.connectors.protocol import ConnectorContext
from crossdock.core.errors import AnswerLost, TargetUnavailable

Json = dict[str, Any]
KEPT_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Done:
    """What the carrier process brought back: karrio's reading of the answer, and the answer itself."""

    result: Any
    answered: str


class Account:
    """Everything a carrier is asked goes through here."""

    def __init__(self, context: ConnectorContext, process: CarrierProcess | None = None) -> None:
        self.context = context
        self.options: Options = context.options
        self.dialect = dialect_of(self.options.carrier)
        self._process = process

    def settings(self) -> Json:
        """karrio's connection settings, with the secrets of this moment."""
        secrets = {purpose: self.context.secret(purpose) for purpose in self.context.credentials}
        made = {**self.options.settings, **secrets, "carrier_id": self.context.system}
        return {**made, "account_number": self.options.account_number} if self.options.account_number else made

    async def do(self, job: Json, *, effect: bool) -> Done:
        """A job that must end with karrio having read an answer. Raises the outcome otherwise."""
        answer = await self.run(job, effect=effect)
        answered = errors.judge(answer, self.context.clock.now(), effect=effect)
        if answer["result"] is None:
            raise errors.unreadable(effect)
        return Done(answer["result"], answered)

    async def run(self, job: Json, *, effect: bool) -> Json:
        """A job in the carrier process; what it sent and got is recorded with the attempt. Raises only when no record came back."""
        scope = current_call.get()
        headers = {} if scope is None else {"traceparent": scope.traceparent, "x-correlation-id": scope.correlation}
        whole = {
            **job,
            "carrier": self.dialect.carrier,
            "settings": self.settings(),
            "server_url": self.context.endpoint,
            "headers": {name: value for name, value in headers.items() if value},
        }
        try:
            answer = await (self._process or shared_process()).do(whole, self.options.timeout)
        except ProcessLost as error:
            raise (AnswerLost if effect else TargetUnavailable)(f"{error}; the carrier may have been asked") from None
        if scope is not None:
            scope.exchanges += [_exchange(call) for call in answer["calls"]]
        return answer


def told(answer: Mapping[str, Any]) -> Json | None:
    """The request of a job that decides; None when nothing but a sign-in was sent."""
    call = errors.deciding_call(answer)
    return None if call is None or errors.is_token(call) else call


def _exchange(call: Mapping[str, Any]) -> Exchange:
    sent, answered = call["sent"].encode()[:KEPT_BYTES], call["answered"].encode()[:KEPT_BYTES]
    return Exchange(call["method"], call["url"], sent, call["status"], answered, call["seconds"])
