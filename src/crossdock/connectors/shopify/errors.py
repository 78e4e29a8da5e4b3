"""How Shopify's answers become outcomes: HTTP status, GraphQL error codes, cost throttling and user errors; knows no command."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from crossdock.connectors.doubt import in_doubt, json_of
from crossdock.connectors.http import HttpAnswer, raise_for_transport_status
from crossdock.core.errors import (
    AnswerLost,
    ContractBroken,
    CrossdockError,
    EndpointGone,
    PermissionRefused,
    TargetRefused,
    TargetUnavailable,
    Throttled,
)

SHOP_STATES: Final = {402: "the shop is frozen", 423: "the shop is locked"}


def data_of(answer: HttpAnswer, field: str, writes: bool, now: datetime) -> Mapping[str, Any]:
    """The `data` of a GraphQL answer.

    Raises `Throttled` (HTTP 429, or HTTP 200 with code THROTTLED and the wait computed from the cost bucket), `CredentialRefused`,
    `PermissionRefused`, `EndpointGone`, `ContractBroken`, and for what leaves a write in doubt `AnswerLost` (else `TargetUnavailable`).
    """
    if answer.status in SHOP_STATES:
        raise PermissionRefused(f"HTTP {answer.status}: {SHOP_STATES[answer.status]}", status=answer.status)
    if answer.status >= 500 and answer.status != 503:
        raise in_doubt(writes, f"HTTP {answer.status}")
    raise_for_transport_status(answer, now)
    if answer.status != 200:
        raise EndpointGone(f"HTTP {answer.status} from the GraphQL endpoint", status=answer.status)
    body = json_of(answer.body, writes)
    if not isinstance(body, dict):
        raise in_doubt(writes, "the answer is no GraphQL answer")
    if body.get("errors"):
        raise graphql_error(body, writes)
    data = body.get("data")
    if not isinstance(data, dict) or field not in data:
        raise in_doubt(writes, f"the answer lacks {field!r}")
    return data


def graphql_error(body: Mapping[str, Any], writes: bool) -> CrossdockError:
    """The outcome for a top-level `errors` list."""
    errors = body["errors"]
    listed: Sequence[Any] = errors if isinstance(errors, list) else [{"message": str(errors)}]
    items = [item for item in listed if isinstance(item, dict)]
    codes = {str(item.get("extensions", {}).get("code", "")) for item in items if isinstance(item.get("extensions", {}), dict)}
    message = "; ".join(str(item.get("message", ""))[:200] for item in items[:3]) or str(errors)[:200]
    if "THROTTLED" in codes or message == "Throttled":
        return Throttled("the query cost bucket is empty", retry_after=seconds_until(body), code="THROTTLED")
    if codes & {"ACCESS_DENIED", "SHOP_INACTIVE"}:
        return PermissionRefused(message, codes=sorted(codes))
    if codes & {"INTERNAL_SERVER_ERROR", "TIMEOUT"}:
        return in_doubt(writes, message)
    if codes & {"IDEMPOTENCY_CONCURRENT_REQUEST"}:
        return TargetUnavailable(message, retry_after=1.0)
    return ContractBroken(message, codes=sorted(codes))


def seconds_until(body: Mapping[str, Any]) -> float | None:
    """How long until the bucket holds the cost of the query: (requestedQueryCost - currentlyAvailable) / restoreRate."""
    extensions = body.get("extensions")
    cost = extensions.get("cost") if isinstance(extensions, dict) else None
    status = cost.get("throttleStatus") if isinstance(cost, dict) else None
    try:
        missing = float(cost["requestedQueryCost"]) - float(status["currentlyAvailable"])  # type: ignore[index]
        return max(0.1, math.ceil(10 * missing / float(status["restoreRate"])) / 10)  # type: ignore[index]
    except (TypeError, KeyError, ValueError, ZeroDivisionError):
        return None


def check_user_errors(payload: Any, field: str, errors: str = "userErrors") -> Mapping[str, Any]:
    """The payload of a mutation, when Shopify did it. Raises `TargetRefused` with Shopify's own words, `AnswerLost` without a payload."""
    if not isinstance(payload, dict):
        raise AnswerLost(f"sent, but {field} came back empty")
    found = payload.get(errors)
    if found:
        listed = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
        words = "; ".join(str(item.get("message", ""))[:200] for item in listed[:5])
        details = [{key: item.get(key) for key in ("field", "message", "code")} for item in listed]
        raise TargetRefused(f"{field}: {words}", errors=details)
    return payload
