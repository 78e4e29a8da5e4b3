"""How answers become outcomes under the documented contracts; knows no system and no command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from crossdock.connectors.contracts.bodies import read_object
from crossdock.connectors.http import HttpAnswer, raise_for_transport_status
from crossdock.core.errors import AnswerLost, EndpointGone, PayloadMalformed, TargetRefused, TargetUnavailable


@dataclass(frozen=True, slots=True)
class Answers:
    """`noun` says who answers, `meanings` what its error codes mean in words."""

    noun: str
    meanings: Mapping[str, str]

    def check(self, answer: HttpAnswer, now: datetime, *, safe: bool) -> None:
        """Raise what an answer other than success means; `safe` says that the request asked for nothing to be done.

        A business code of the contract is `TargetRefused`. A 404 without one is a wrong address (`EndpointGone`). 429 and 503 had no
        effect by contract; any other 5xx may have had one.
        """
        status = answer.status
        if status < 300:
            return
        said = problem(answer)
        if status in (400, 404, 409, 410, 422) and said:
            words = str(said.get("detail") or said.get("title") or "")
            meaning = self.meanings.get(said["code"], f"{self.noun} refused: {said['code']}")
            raise TargetRefused(f"{meaning}: {words}" if words else meaning, status=status, answer=said["code"], words=words)
        if status < 400:
            raise EndpointGone(f"HTTP {status}: the endpoint redirects", status=status)
        if status >= 500 and status != 503:
            if safe:
                raise TargetUnavailable(f"HTTP {status}", status=status)
            raise AnswerLost(f"HTTP {status} after the request was sent", status=status)
        raise_for_transport_status(answer, now)

    def done(self, answer: HttpAnswer, needed: str) -> dict[str, Any]:
        """The body of a success; one that cannot be read leaves it uncertain what was done. Raises `AnswerLost`."""
        try:
            found = read_object(answer.body)
        except PayloadMalformed as error:
            raise AnswerLost(
                f"HTTP {answer.status}, but the answer cannot be read: {error.message}", status=answer.status
            ) from None
        if needed not in found:
            raise AnswerLost(f"HTTP {answer.status}, but the answer has no `{needed}`", status=answer.status)
        return found


def problem(answer: HttpAnswer) -> dict[str, Any]:
    """The RFC 9457 body of an answer, empty when there is none."""
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("code"), str) else {}
