"""What happened on the wire decides the outcome: every combination of failure, status and words, for effects and for questions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from crossdock.connectors.carrier.errors import CarrierSoftwareMissing, judge, spoken, words
from crossdock.core.errors import (
    AnswerLost,
    CredentialRefused,
    CrossdockError,
    Deferred,
    EndpointGone,
    PermissionRefused,
    SchemaInvalid,
    TargetRefused,
    TargetUnavailable,
    Throttled,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SHIP, TOKEN = "https://carrier/api/ship", "https://carrier/security/v1/oauth/token"


def call(status: int = 0, failure: str = "", url: str = SHIP, answered: str = "", retry_after: str = "") -> dict[str, Any]:
    return {
        "method": "POST",
        "url": url,
        "sent": "",
        "status": status,
        "failure": failure,
        "answered": answered,
        "retry_after": retry_after,
        "seconds": 0.1,
    }


def answer(*calls: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"calls": list(calls), "messages": [], "result": None, "problem": "", **more}


def outcome(given: dict[str, Any], effect: bool, **more: Any) -> CrossdockError:
    with pytest.raises(CrossdockError) as caught:
        judge(given, NOW, effect=effect, **more)
    return caught.value


@pytest.mark.parametrize(
    ("given", "for_effect", "for_question"),
    [
        (call(failure="unreachable"), TargetUnavailable, TargetUnavailable),
        (call(failure="lost"), AnswerLost, TargetUnavailable),
        (call(200, failure="lost"), AnswerLost, TargetUnavailable),
        (call(302), EndpointGone, EndpointGone),
        (call(400), TargetRefused, TargetRefused),
        (call(401), CredentialRefused, CredentialRefused),
        (call(403), PermissionRefused, PermissionRefused),
        (call(404), EndpointGone, EndpointGone),
        (call(422), TargetRefused, TargetRefused),
        (call(429, retry_after="9"), Throttled, Throttled),
        (call(500), AnswerLost, TargetUnavailable),
        (call(502), AnswerLost, TargetUnavailable),
        (call(503, retry_after="9"), TargetUnavailable, TargetUnavailable),
        (call(504), AnswerLost, TargetUnavailable),
        (call(failure="lost", url=TOKEN), TargetUnavailable, TargetUnavailable),
        (call(500, url=TOKEN), TargetUnavailable, TargetUnavailable),
        (call(400, url=TOKEN), CredentialRefused, CredentialRefused),
        (call(401, url=TOKEN), CredentialRefused, CredentialRefused),
        (call(200, url=TOKEN), TargetUnavailable, TargetUnavailable),
    ],
    ids=lambda value: (
        f"{value['status']}{value['failure']}{'-token' if value['url'] == TOKEN else ''}" if isinstance(value, dict) else ""
    ),
)
def test_each_end_of_a_request_has_its_outcome(
    given: dict[str, Any], for_effect: type[CrossdockError], for_question: type[CrossdockError]
) -> None:
    assert type(outcome(answer(given), effect=True)) is for_effect
    assert type(outcome(answer(given), effect=False)) is for_question


def test_the_wait_a_carrier_asks_for_is_kept() -> None:
    for status in (429, 503):
        error = outcome(answer(call(status, retry_after="9")), effect=True)
        assert isinstance(error, Deferred)
        assert error.retry_after == 9.0


def test_the_booking_decides_and_not_what_was_fetched_before_or_after_it() -> None:
    token, ship, picture = call(200, url=TOKEN), call(200, answered="yes"), call(404, url="https://carrier/proof-of-delivery")
    assert judge(answer(token, ship, picture, result={}), NOW, effect=True) == "yes"
    assert type(outcome(answer(token, call(failure="lost"), picture), effect=True)) is AnswerLost


def test_not_found_may_speak_of_the_consignment() -> None:
    assert type(outcome(answer(call(404)), effect=True, gone_is_refusal=True)) is TargetRefused


def test_a_yes_with_the_carriers_complaint_is_a_refusal_in_its_words() -> None:
    told = [{"code": "120802", "message": "Address Validation Error", "level": "error"}]
    error = outcome(answer(call(200), messages=told), effect=True)
    assert isinstance(error, TargetRefused)
    assert "120802: Address Validation Error" in error.message


def test_karrios_own_messages_are_not_the_carriers_words() -> None:
    mixed = [
        {"code": "SHIPPING_SDK_INTERNAL_ERROR", "message": "'NoneType' object has no attribute 'x'"},
        {"code": "W1", "message": "Duty is estimated", "level": "warning"},
        {"code": None, "message": "Postal code is wrong"},
    ]
    assert words({"messages": mixed}) == ["Postal code is wrong"]
    assert judge(answer(call(200, answered="body"), messages=mixed[:2]), NOW, effect=True) == "body"


def test_a_request_that_cannot_be_made_is_rejected_before_anything_is_sent() -> None:
    told = [
        {"code": "SHIPPING_SDK_FIELD_ERROR", "message": "Invalid request payload", "details": {"parcel[0].weight": "required"}}
    ]
    error = outcome(answer(messages=told), effect=True)
    assert isinstance(error, SchemaInvalid)
    assert "parcel[0].weight" in error.message
    assert isinstance(outcome(answer(problem="package: no karrio package for 'x'"), effect=True), CarrierSoftwareMissing)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"a": [{"Message": "wrong zip"}, {"b": {"detail": "no such street"}}]}', "wrong zip; no such street"),
        ("<html>Bad Gateway</html>", "<html>Bad Gateway</html>"),
        ('{"x": 1}', '{"x": 1}'),
        ("", ""),
    ],
)
def test_words_are_found_in_bodies_of_unknown_shape(body: str, expected: str) -> None:
    assert spoken(body) == expected
