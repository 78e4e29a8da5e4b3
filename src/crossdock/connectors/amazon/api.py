"""Calls the Selling Partner API of one account: tokens, turns under the rate limits, judged answers; knows no command."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from crossdock import __version__
from crossdock.connectors.amazon.errors import judged
from crossdock.connectors.amazon.options import AmazonOptions
from crossdock.connectors.amazon.throttle import Throttle
from crossdock.connectors.http import HttpAnswer
from crossdock.connectors.oauth2 import RefreshToken
from crossdock.connectors.protocol import ConnectorContext
from crossdock.core.errors import ContractBroken, CredentialRefused, TargetUnavailable, Throttled

AGENT: Final = f"Crossdock/{__version__} (Language=Python)"


class SellingPartnerApi:
    """The API as one account sees it."""

    def __init__(self, context: ConnectorContext) -> None:
        self._context = context
        options: AmazonOptions = context.options
        self._base = context.endpoint.rstrip("/")
        self._throttle = Throttle(options.patience, context.clock)
        self._token = RefreshToken(
            context.http,
            context.clock,
            options.token_url,
            lambda: (context.secret("client_id"), context.secret("client_secret"), context.secret("refresh_token")),
            lambda value: context.keep_secret("refresh_token", value),
        )

    async def get(self, operation: str, path: str, params: Mapping[str, str] | None = None, token: str = "") -> Mapping[str, Any]:
        """The object at a path. With `token`, a restricted data token, instead of the account's own. Raises what `errors.judged` raises."""
        found = await self._call(operation, "GET", path, params=params, token=token)
        if not isinstance(found, dict):
            raise ContractBroken(f"{operation}: the answer is no object")
        return found

    async def write(
        self,
        operation: str,
        method: str,
        path: str,
        body: Mapping[str, Any],
        params: Mapping[str, str] | None = None,
        *,
        safe: bool = False,
    ) -> Mapping[str, Any]:
        """What a write answers, empty for 204. `safe` says that writing the same twice changes nothing."""
        found = await self._call(operation, method, path, params=params, body=body, safe=safe)
        return found if isinstance(found, dict) else {}

    async def _call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        token: str = "",
        safe: bool = False,
    ) -> Any:
        content = b"" if body is None else json.dumps(body, sort_keys=True).encode()
        writes = method != "GET" and not safe

        async def attempt() -> Any:
            await self._throttle.turn(operation)
            authorization = await self._token.authorization()
            answer = await self._send(method, path, params, content, token or authorization.removeprefix("Bearer "), safe)
            try:
                return self._taken(operation, answer, writes)
            except CredentialRefused:
                if not token:
                    self._token.refused(authorization)
                raise

        try:
            return await attempt()
        except (CredentialRefused, Throttled) as error:
            # both mean that nothing was done: a token may have been revoked before its time, and a short wait is taken in `turn`
            if token and isinstance(error, CredentialRefused):
                raise
        return await attempt()

    def _taken(self, operation: str, answer: HttpAnswer, writes: bool) -> Any:
        self._throttle.told(operation, answer.headers)
        try:
            return judged(answer, writes, self._context.clock.now())
        except Throttled as error:
            error.retry_after = self._throttle.refused(operation, error.retry_after)
            raise

    async def _send(
        self, method: str, path: str, params: Mapping[str, str] | None, content: bytes, token: str, safe: bool
    ) -> HttpAnswer:
        headers = {"x-amz-access-token": token, "User-Agent": AGENT, "Accept": "application/json"}
        if content:
            headers["Content-Type"] = "application/json"
        return await self._context.http.request(
            method, self._base + path, headers=headers, body=content, params=params, safe=True if safe else None
        )

    # Documents lie elsewhere -----------------------------------------------------------------------------------

    async def download(self, url: str) -> bytes:
        """A document at an address Amazon signed; it takes no token. Raises `TargetUnavailable`."""
        answer = await self._context.http.request("GET", url)
        if answer.status != 200:
            raise TargetUnavailable(f"the document cannot be fetched: HTTP {answer.status}", status=answer.status)
        return answer.body

    async def upload(self, url: str, content: bytes, content_type: str) -> None:
        """Put a document to an address Amazon signed. The same twice is the same document. Raises `TargetUnavailable`."""
        answer = await self._context.http.request("PUT", url, headers={"Content-Type": content_type}, body=content, safe=True)
        if answer.status not in (200, 201, 204):
            raise TargetUnavailable(f"the document cannot be handed over: HTTP {answer.status}", status=answer.status)

    # Restricted data ---------------------------------------------------------------------------------------------

    async def restricted(self, method: str, path: str, elements: Sequence[str]) -> str:
        """A restricted data token for one operation on buyers' data: short-lived, fetched for each use. Raises what `judged` raises."""
        resource = {"method": method, "path": path, "dataElements": list(elements)}
        granted = await self.write(
            "createRestrictedDataToken",
            "POST",
            "/tokens/2021-03-01/restrictedDataToken",
            {"restrictedResources": [resource]},
            safe=True,
        )
        token = granted.get("restrictedDataToken")
        if not isinstance(token, str) or not token:
            raise ContractBroken("createRestrictedDataToken: the answer has no token")
        return token


def listed(value: Any) -> list[dict[str, Any]]:
    """A list of objects. Raises `ContractBroken`."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ContractBroken("the answer has no list of objects")
    return value
