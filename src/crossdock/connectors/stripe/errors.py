"""How Stripe's answers become outcomes: HTTP status, error type and code (docs.stripe.com/api/errors); knows no command."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from crossdock.connectors.document import read_json
from crossdock.connectors.doubt import in_doubt
from crossdock.connectors.http import HttpAnswer, raise_for_transport_status
from crossdock.core.errors import (
    ContractBroken,
    CredentialRefused,
    CrossdockError,
    EndpointGone,
    PayloadMalformed,
    PaymentDeclined,
    PaymentDisputed,
    PaymentStateRefused,
    PaymentUnknown,
    PermissionRefused,
    RefundAboveCapture,
    TargetRefused,
)

CODES: Final[dict[str, type[TargetRefused]]] = {
    "resource_missing": PaymentUnknown,
    "charge_already_refunded": RefundAboveCapture,
    "charge_disputed": PaymentDisputed,
    "payment_intent_unexpected_state": PaymentStateRefused,
    "charge_already_captured": PaymentStateRefused,
    "charge_expired_for_capture": PaymentStateRefused,
    "charge_not_refundable": PaymentStateRefused,
    "refund_disputed_payment": PaymentDisputed,
}
WORDS: Final[tuple[tuple[str, type[TargetRefused]], ...]] = (
    ("greater than unrefunded amount", RefundAboveCapture),
    ("has already been refunded", RefundAboveCapture),
    ("does not have a successful charge", PaymentStateRefused),
    ("greater than the amount you can capture", PaymentStateRefused),
)
"""Refusals that come without a code of their own."""


def judged(answer: HttpAnswer, writes: bool, now: datetime) -> Mapping[str, Any]:
    """The object of a successful answer.

    Raises `Throttled` (429), `TargetUnavailable` (503), `CredentialRefused`, `PermissionRefused`, `EndpointGone`, the refusals of
    `core.errors.money` with Stripe's own words, `ContractBroken` (the key was used for something else), and for what leaves a write
    in doubt `AnswerLost`.
    """
    status = answer.status
    if status >= 500 and status != 503:
        raise in_doubt(writes, f"HTTP {status}")
    if status in (429, 503):
        raise_for_transport_status(answer, now)
    if 300 <= status < 400:
        raise EndpointGone(f"HTTP {status}: this is not Stripe's API", status=status)
    error = explanation(answer)
    if status >= 400:
        raise refusal(status, error, writes)
    try:
        body = read_json(answer.body)
    except PayloadMalformed:
        raise in_doubt(writes, "the answer is not JSON") from None
    if not isinstance(body, dict) or not isinstance(body.get("object"), str):
        raise in_doubt(writes, "the answer is none of Stripe's objects")
    return body


def refusal(status: int, error: Mapping[str, Any], writes: bool) -> CrossdockError:
    """The outcome for an `error` object."""
    code, words = str(error.get("code") or ""), str(error.get("message") or "")[:500]
    kind = str(error.get("type") or "")
    said = f"HTTP {status} {code}: {words}" if code else f"HTTP {status}: {words}"
    detail = {
        "status": status,
        "answer": code,
        "decline_code": str(error.get("decline_code") or ""),
        "param": str(error.get("param") or ""),
    }
    detail = {name: value for name, value in detail.items() if value}
    if status == 401:
        return CredentialRefused(said, **detail)
    if status == 403:
        return PermissionRefused(said, **detail)
    if status == 409:
        return in_doubt(writes, "the first request under this key is still under way")
    if kind == "idempotency_error":
        return ContractBroken(f"this command was sent before with other data: {words}", **detail)
    if code in CODES:
        return CODES[code](said, **detail)
    if status == 404:
        return EndpointGone(said, **detail)
    for phrase, family in WORDS:
        if phrase in words:
            return family(said, **detail)
    if kind == "card_error" or status == 402:
        return PaymentDeclined(said, **detail)
    return TargetRefused(said, **detail)


def explanation(answer: HttpAnswer) -> Mapping[str, Any]:
    """The `error` object, empty when there is none."""
    try:
        body = read_json(answer.body) if answer.status >= 400 else None
    except PayloadMalformed:
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}
