"""Calls Stripe's API v1: form bodies, bearer key, idempotency keys and pages; knows no command."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from crossdock.connectors.protocol import ConnectorContext
from crossdock.connectors.stripe.errors import explanation, judged, refusal
from crossdock.connectors.stripe.options import StripeOptions
from crossdock.core.errors import ContractBroken, EffectUnknown

PAGE: Final = 100
TURNS: Final = 4
"""Keys tried one after the other when the answers kept under the earlier ones are refusals of long ago."""


class Api:
    """The API of the account a context speaks of."""

    def __init__(self, context: ConnectorContext) -> None:
        self._context = context
        self._options: StripeOptions = context.options
        self._base = context.endpoint.rstrip("/")

    def _headers(self) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self._context.secret('secret_key')}", "Stripe-Version": self._options.api_version}
        return {**headers, "Stripe-Account": self._options.account} if self._options.account else headers

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """One object. Raises the outcomes of `errors.judged`."""
        answer = await self._context.http.request("GET", f"{self._base}{path}", headers=self._headers(), params=params)
        return judged(answer, False, self._context.clock.now())

    async def page(self, path: str, params: Mapping[str, str]) -> tuple[list[dict[str, Any]], bool]:
        """The objects of one page, newest first, and whether there are more. Raises `ContractBroken` when it is no list."""
        found = await self.get(path, {"limit": str(PAGE), **params})
        data = found.get("data")
        if not isinstance(data, list) or not all(isinstance(one, dict) and isinstance(one.get("id"), str) for one in data):
            raise ContractBroken(f"{path}: not a list of objects")
        return data, found.get("has_more") is True and bool(data)

    async def all(self, path: str, params: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
        """The objects of all pages, newest first."""
        more, after = True, ""
        while more:
            data, more = await self.page(path, {**params, **({"starting_after": after} if after else {})})
            for one in data:
                yield one
            after = data[-1]["id"] if data else ""

    async def post(self, path: str, form: Mapping[str, str], key: str) -> Mapping[str, Any]:
        """The object a write answers with, sent under an idempotency key.

        Stripe gives the first answer under a key again for 24 hours, refusals too. A refusal given again had no effect, and what led to
        it may have changed: then the next key is used. A failure given again says nothing about the effect: `EffectUnknown`, for a person.
        Raises the outcomes of `errors.judged` besides.
        """
        headers = {**self._headers(), "Content-Type": "application/x-www-form-urlencoded"}
        for turn in range(TURNS):
            headers["Idempotency-Key"] = f"{key}~{turn}" if turn else key
            answer = await self._context.http.request(
                "POST", f"{self._base}{path}", headers=headers, body=urlencode(form).encode()
            )
            again = answer.headers.get("idempotent-replayed") == "true"
            if again and answer.status >= 500:
                raise EffectUnknown(f"HTTP {answer.status}, and so it stays under this key for 24 hours", status=answer.status)
            if not (again and 400 <= answer.status < 500):
                return judged(answer, True, self._context.clock.now())
        raise refusal(answer.status, explanation(answer), True)
