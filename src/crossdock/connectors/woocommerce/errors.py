"""How WooCommerce's answers become outcomes: HTTP status and WordPress error codes; knows no command."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from crossdock.connectors.document import read_json
from crossdock.connectors.doubt import in_doubt, json_of
from crossdock.connectors.http import HttpAnswer, raise_for_transport_status
from crossdock.core.errors import (
    CredentialRefused,
    EndpointGone,
    PayloadMalformed,
    PermissionRefused,
    TargetRefused,
)

AUTHENTICATION: Final = frozenset({"woocommerce_rest_authentication_error", "rest_not_logged_in", "invalid_username", ""})


def judged(answer: HttpAnswer, writes: bool, now: datetime) -> Any:
    """The JSON of a successful answer.

    Raises `Throttled` (429), `TargetUnavailable` (503: maintenance), `CredentialRefused`, `PermissionRefused`, `EndpointGone` (no REST API
    at this address, or a redirect), `TargetRefused` with WordPress's own code and words, and for what leaves a write in doubt `AnswerLost`.
    """
    status = answer.status
    if status >= 500 and status != 503:
        raise in_doubt(writes, f"HTTP {status}")
    if status in (429, 503):
        raise_for_transport_status(answer, now)
    code, words = explanation(answer)
    said = f"HTTP {status} {code}: {words}" if code else f"HTTP {status}"
    if status == 401:
        raise (CredentialRefused if code in AUTHENTICATION else PermissionRefused)(said, status=status, answer=code)
    if status == 403:
        raise PermissionRefused(said, status=status, answer=code)
    if 300 <= status < 400:
        raise EndpointGone(f"HTTP {status}: the shop redirects to {answer.headers.get('location', '?')}", status=status)
    if status == 404 and code in ("", "rest_no_route"):
        raise EndpointGone(said, status=status)
    if status >= 400:
        raise TargetRefused(said, status=status, answer=code)
    return json_of(answer.body, writes, "the answer is not JSON (a plugin's warning may stand before it)")


def explanation(answer: HttpAnswer) -> tuple[str, str]:
    """WordPress's error code and message, empty when the body is no REST error."""
    if answer.content_type != "application/json":
        return "", ""
    try:
        body = read_json(answer.body)
    except PayloadMalformed:
        return "", ""
    return (str(body.get("code", "")), str(body.get("message", ""))[:500]) if isinstance(body, dict) else ("", "")
