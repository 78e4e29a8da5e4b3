"""How the warehouse's answers become outcomes (openapi.yaml, responses); knows no command."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from crossdock.connectors.http import HttpAnswer, raise_for_transport_status
from crossdock.core.errors import AnswerLost, EndpointGone, TargetRefused, TargetUnavailable

MEANINGS = {
    "conflict": "the warehouse has a fulfilment of this number with other content",
    "cancelled": "the fulfilment was cancelled before",
    "unknown_fulfilment": "the warehouse never received this fulfilment",
    "unknown_sku": "the warehouse does not know a SKU of this fulfilment",
    "unknown_carrier": "the warehouse does not know this carrier",
    "invalid": "the warehouse calls the fulfilment invalid",
}


def problem(answer: HttpAnswer) -> dict[str, Any]:
    """The RFC 9457 body of an answer, empty when there is none."""
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("code"), str) else {}


def raise_for_answer(answer: HttpAnswer, now: datetime, *, safe: bool) -> None:
    """Raise what an answer other than success means; `safe` says that the request asked for nothing to be done.

    A business code of the contract is `TargetRefused`. A 404 without one is a wrong address (`EndpointGone`). 429 and 503 had no effect
    by contract; any other 5xx may have had one.
    """
    status = answer.status
    if status < 300:
        return
    said = problem(answer)
    if status in (400, 404, 409, 410, 422) and said:
        words = str(said.get("detail") or said.get("title") or "")
        meaning = MEANINGS.get(said["code"], f"the warehouse refused: {said['code']}")
        raise TargetRefused(f"{meaning}: {words}" if words else meaning, status=status, answer=said["code"], words=words)
    if status < 400:
        raise EndpointGone(f"HTTP {status}: the endpoint redirects", status=status)
    if status >= 500 and status != 503:
        if safe:
            raise TargetUnavailable(f"HTTP {status}", status=status)
        raise AnswerLost(f"HTTP {status} after the request was sent", status=status)
    raise_for_transport_status(answer, now)
