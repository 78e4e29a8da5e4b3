"""How Adyen's answers become outcomes: HTTP status and error code (docs.adyen.com/development-resources/error-codes); knows no command."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from crossdock.connectors.document import read_json
from crossdock.connectors.doubt import in_doubt
from crossdock.connectors.http import HttpAnswer, raise_for_transport_status
from crossdock.core.errors import (
    AmountInexact,
    CredentialRefused,
    CrossdockError,
    EndpointGone,
    PayloadMalformed,
    PaymentDeclined,
    PaymentStateRefused,
    PaymentUnknown,
    PermissionRefused,
    RefundAboveCapture,
    TargetRefused,
)

IN_PROGRESS: Final = "704"
"""The first request under this idempotency key is still being processed."""
CODES: Final[dict[str, type[TargetRefused]]] = {"167": PaymentUnknown, "137": AmountInexact, "138": AmountInexact}
WORDS: Final[tuple[tuple[str, type[TargetRefused]], ...]] = (
    ("insufficient balance", RefundAboveCapture),
    ("original pspreference", PaymentUnknown),
    ("already", PaymentStateRefused),
    ("refused", PaymentDeclined),
)


def judged(answer: HttpAnswer, writes: bool, now: datetime) -> Mapping[str, Any]:
    """The object of a successful answer.

    Raises `Throttled` (429), `TargetUnavailable` (503), `CredentialRefused`, `PermissionRefused`, `EndpointGone`, the refusals of
    `core.errors.money` with Adyen's own words, and for what leaves a write in doubt `AnswerLost`.
    """
    status = answer.status
    if status >= 500 and status != 503:
        raise in_doubt(writes, f"HTTP {status}")
    if status in (429, 503):
        raise_for_transport_status(answer, now)
    if 300 <= status < 400:
        raise EndpointGone(f"HTTP {status}: this is not Adyen's API", status=status)
    if status >= 400:
        raise refusal(status, explanation(answer), writes)
    try:
        body = read_json(answer.body)
    except PayloadMalformed:
        raise in_doubt(writes, "the answer is not JSON") from None
    if not isinstance(body, dict):
        raise in_doubt(writes, "the answer is no object")
    return body


def refusal(status: int, error: Mapping[str, Any], writes: bool) -> CrossdockError:
    """The outcome for an error's body."""
    code, words = str(error.get("errorCode") or ""), str(error.get("message") or "")[:500]
    said = f"HTTP {status} {code}: {words}" if code else f"HTTP {status}"
    detail = {"status": status, "answer": code, "psp_reference": str(error.get("pspReference") or "")}
    if status == 401:
        return CredentialRefused(said, **detail)
    if status == 403:
        return PermissionRefused(said, **detail)
    if status in (404, 410):
        return EndpointGone(said, **detail)
    if code == IN_PROGRESS:
        return in_doubt(writes, "the first request under this key is still under way")
    if code in CODES:
        return CODES[code](said, **detail)
    lowered = words.lower()
    family = next((family for phrase, family in WORDS if phrase in lowered), TargetRefused)
    return family(said, **detail)


def explanation(answer: HttpAnswer) -> Mapping[str, Any]:
    """The error's body, empty when there is none."""
    try:
        body = read_json(answer.body)
    except PayloadMalformed:
        return {}
    return body if isinstance(body, dict) else {}
