"""Shopify's answers judged: what is certain, what may come later, what is in doubt, and what must be mended by the owner."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from crossdock.connectors.http import HttpAnswer
from crossdock.connectors.shopify.errors import check_user_errors, data_of
from crossdock.core.errors import (
    AnswerLost,
    ContractBroken,
    CredentialRefused,
    EndpointGone,
    PermissionRefused,
    TargetRefused,
    TargetUnavailable,
    Throttled,
)

NOW = datetime(2026, 3, 4, tzinfo=UTC)


def answer(status: int, body: Any = b"", **headers: str) -> HttpAnswer:
    return HttpAnswer(
        status, {"content-type": "application/json", **headers}, body if isinstance(body, bytes) else json.dumps(body).encode()
    )


def errors(code: str, **more: Any) -> dict[str, Any]:
    return {"errors": [{"message": "Sorry", "extensions": {"code": code}}], **more}


CERTAIN = [
    (answer(401, {"errors": "[API] Invalid API key"}), CredentialRefused),
    (answer(402, {"errors": "Unavailable Shop"}), PermissionRefused),
    (answer(403), PermissionRefused),
    (answer(404, b"<html>Not Found"), EndpointGone),
    (answer(301, location="https://elsewhere"), EndpointGone),
    (answer(423), PermissionRefused),
    (answer(429, **{"retry-after": "2.5"}), Throttled),
    (answer(503), TargetUnavailable),
    (answer(200, errors("THROTTLED")), Throttled),
    (answer(200, errors("ACCESS_DENIED", data=None)), PermissionRefused),
    (answer(200, errors("SHOP_INACTIVE")), PermissionRefused),
    (answer(200, errors("undefinedField")), ContractBroken),
    (answer(200, {"errors": "a word"}), ContractBroken),
    (answer(200, errors("IDEMPOTENCY_CONCURRENT_REQUEST")), TargetUnavailable),
]
DOUBTFUL = [
    answer(500, {"errors": "Internal Server Error"}),
    answer(502),
    answer(504),
    answer(520),
    answer(200, errors("INTERNAL_SERVER_ERROR")),
    answer(200, b'{"data": {"orders"'),
    answer(200, b"[]"),
    answer(200, {"data": None}),
    answer(200, {"data": {"other": 1}}),
]


@pytest.mark.parametrize("writes", [True, False], ids=["mutation", "query"])
@pytest.mark.parametrize(("given", "error"), CERTAIN, ids=lambda value: getattr(value, "__name__", ""))
def test_what_is_certain_is_the_same_for_queries_and_mutations(given: HttpAnswer, error: type[Exception], writes: bool) -> None:
    with pytest.raises(error):
        data_of(given, "orders", writes, NOW)


@pytest.mark.parametrize("given", DOUBTFUL, ids=lambda given: f"{given.status} {given.body[:40]!r}")
def test_what_says_nothing_about_the_effect_is_uncertain_for_a_mutation_and_worth_another_try_for_a_query(
    given: HttpAnswer,
) -> None:
    with pytest.raises(AnswerLost):
        data_of(given, "orders", True, NOW)
    with pytest.raises(TargetUnavailable):
        data_of(given, "orders", False, NOW)


@pytest.mark.parametrize(
    ("available", "wait"),
    [(66, 0.1), (-280, 7.0), (5, 1.3), ("?", None)],
)
def test_the_wait_is_computed_from_the_cost_and_what_comes_back_a_second(available: Any, wait: float | None) -> None:
    status = {"maximumAvailable": 1000, "currentlyAvailable": available, "restoreRate": 50}
    cost = {"requestedQueryCost": 70, "actualQueryCost": None, "throttleStatus": status}
    with pytest.raises(Throttled) as caught:
        data_of(answer(200, errors("THROTTLED", extensions={"cost": cost})), "orders", True, NOW)
    assert caught.value.retry_after == wait


def test_user_errors_are_told_in_shopifys_words_and_an_empty_payload_is_no_yes() -> None:
    found = {"userErrors": [{"field": ["fulfillment"], "message": "Fulfillment order does not exist.", "code": "INVALID"}]}
    with pytest.raises(TargetRefused, match=r"does not exist\.") as caught:
        check_user_errors(found, "fulfillmentCreate")
    assert caught.value.detail["errors"][0]["code"] == "INVALID"
    with pytest.raises(AnswerLost):
        check_user_errors(None, "fulfillmentCreate")
    assert check_user_errors({"userErrors": []}, "fulfillmentCreate") == {"userErrors": []}
