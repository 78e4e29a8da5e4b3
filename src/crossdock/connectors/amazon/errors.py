"""How the answers of the Selling Partner API become outcomes; knows no command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from crossdock.connectors.document import read_json
from crossdock.connectors.doubt import in_doubt, json_of
from crossdock.connectors.http import HttpAnswer, raise_for_transport_status, retry_after
from crossdock.core.errors import (
    CredentialRefused,
    EndpointGone,
    PayloadMalformed,
    PermissionRefused,
    TargetRefused,
    Throttled,
)


def judged(answer: HttpAnswer, writes: bool, now: datetime) -> Any:
    """The JSON of a success, None for an answer without a body (204).

    Raises `Throttled` (429), `TargetUnavailable` (503), `CredentialRefused` (401, and 403 for a token that expired or was revoked),
    `PermissionRefused` (403: the application lacks a role), `TargetRefused` with Amazon's own words, and for what leaves a write in
    doubt `AnswerLost`.
    """
    status = answer.status
    if status >= 500 and status != 503:
        raise in_doubt(writes, f"HTTP {status}")
    if status == 429:
        raise Throttled(
            "Amazon asks to send more slowly (QuotaExceeded)", retry_after=retry_after(answer.headers, now), status=status
        )
    if status == 503:
        raise_for_transport_status(answer, now)
    told = complaints(answer)
    if status == 401 or (status == 403 and of_the_token(told)):
        raise CredentialRefused(f"HTTP {status}: {words(told) or 'the token is refused'}", status=status)
    if status == 403:
        raise PermissionRefused(f"HTTP 403: {words(told)}; the application needs the role for this operation", status=status)
    if 300 <= status < 400 or (status == 404 and not told):
        raise EndpointGone(f"HTTP {status} from the Selling Partner API", status=status)
    if status >= 400:
        raise TargetRefused(f"HTTP {status}: {words(told)}", status=status, errors=[dict(one) for one in told])
    if status == 204 and not answer.body:
        return None
    return json_of(answer.body, writes)


def complaints(answer: HttpAnswer) -> list[Mapping[str, Any]]:
    """The entries of an `errors` list, none when the body has no such list."""
    try:
        body = read_json(answer.body)
    except PayloadMalformed:
        return []
    found = body.get("errors") if isinstance(body, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def of_the_token(told: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a 403 is about the access token, not about what it may do: Amazon says both with the code `Unauthorized`."""
    return any("token" in f"{one.get('message')} {one.get('details')}".lower() for one in told)


def words(told: Sequence[Mapping[str, Any]]) -> str:
    """Amazon's own words."""
    said = (f"{one.get('code')}: {one.get('message')} {one.get('details') or ''}".strip()[:300] for one in told[:5])
    return "; ".join(said)
