"""Calls to the warehouse's API with its credential; knows paths and headers, not what the bodies mean."""

from __future__ import annotations

from collections.abc import Mapping

from crossdock.connectors.http import HttpAnswer
from crossdock.connectors.oauth2 import ClientCredentials
from crossdock.connectors.protocol import ConnectorContext
from crossdock.connectors.wms_rest.errors import raise_for_answer
from crossdock.connectors.wms_rest.options import ApiKeyAuth, WmsRestOptions


class WarehouseApi:
    """One warehouse; raises what `errors.raise_for_answer` says, so that what it returns is a success."""

    def __init__(self, context: ConnectorContext) -> None:
        self._context = context
        self._options: WmsRestOptions = context.options
        self._base = context.endpoint.rstrip("/")
        auth = self._options.auth
        self._tokens: ClientCredentials | None = None
        self._key_header = ""
        if isinstance(auth, ApiKeyAuth):
            self._key_header = auth.header
        else:
            url = auth.token_url if "://" in auth.token_url else f"{self._base}/{auth.token_url.lstrip('/')}"
            self._tokens = ClientCredentials(context.http, context.clock, url, self._client, auth.scope)

    def _client(self) -> tuple[str, str]:
        return self._context.secret("client_id"), self._context.secret("client_secret")

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> HttpAnswer:
        """A question; its answer may be lost without harm."""
        return await self._call("GET", path, params=params)

    async def put(self, path: str, body: bytes, idempotency_key: str) -> HttpAnswer:
        """An instruction; a lost answer is `AnswerLost`."""
        return await self._call(
            "PUT", path, body=body, headers={"Content-Type": "application/json", "Idempotency-Key": idempotency_key}
        )

    async def _call(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        answer, authorization = await self._send(method, path, body, headers, params)
        if answer.status == 401 and self._tokens is not None:
            # Nothing happened: the token had ended before its time. A second 401 is the client's own credential.
            self._tokens.refused(authorization)
            answer, _ = await self._send(method, path, body, headers, params)
        raise_for_answer(answer, self._context.clock.now(), safe=method == "GET")
        return answer

    async def _send(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str] | None, params: Mapping[str, str] | None
    ) -> tuple[HttpAnswer, str]:
        authorization = ""
        sent = dict(headers or {})
        if self._tokens is None:
            sent[self._key_header] = self._context.secret("api_key")
        else:
            authorization = sent["Authorization"] = await self._tokens.authorization()
        answer = await self._context.http.request(method, f"{self._base}{path}", headers=sent, body=body, params=params)
        return answer, authorization
