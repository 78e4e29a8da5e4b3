"""Calls to a system's API with its credential; knows paths and headers, not what the bodies mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from crossdock.connectors.base import Options
from crossdock.connectors.contracts.answers import Answers
from crossdock.connectors.http import HttpAnswer
from crossdock.connectors.oauth2 import ClientCredentials
from crossdock.connectors.protocol import ConnectorContext


class ApiKeyAuth(Options):
    """The credential `api_key` travels in a header."""

    kind: Literal["api_key"] = "api_key"
    header: str = "X-API-Key"


class OAuth2Auth(Options):
    """Client credentials; the credentials are `client_id` and `client_secret`. `token_url` may be relative to the endpoint."""

    kind: Literal["oauth2"] = "oauth2"
    token_url: str = "/oauth/token"  # noqa: S105 - a path, not a secret
    scope: str = ""


Auth = Annotated[ApiKeyAuth | OAuth2Auth, Field(discriminator="kind")]


def purposes(auth: ApiKeyAuth | OAuth2Auth) -> frozenset[str]:
    """The credentials that access and signed callbacks need."""
    access = {"api_key"} if isinstance(auth, ApiKeyAuth) else {"client_id", "client_secret"}
    return frozenset(access | {"webhook_secret"})


class ContractApi:
    """One system; raises what its `answers` mean, so that what it returns is a success."""

    def __init__(self, context: ConnectorContext, auth: ApiKeyAuth | OAuth2Auth, answers: Answers) -> None:
        self._context = context
        self._answers = answers
        self._base = context.endpoint.rstrip("/")
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
        self._answers.check(answer, self._context.clock.now(), safe=method == "GET")
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
