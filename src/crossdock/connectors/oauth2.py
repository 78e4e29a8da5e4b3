"""OAuth 2.0 client credentials (RFC 6749 section 4.4): one cached token per system, fetched once however many ask; knows no API."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

import orjson

from crossdock.connectors.http import HttpClient, current_call
from crossdock.core.clock import Clock
from crossdock.core.errors import CredentialRefused, TargetUnavailable, Throttled

LEEWAY = timedelta(seconds=30)
"""A token is not used in its last seconds: it could expire on the way."""


class ClientCredentials:
    """Keeps the access token of one client. `client` gives id and secret at the moment of use."""

    def __init__(
        self, http: HttpClient, clock: Clock, token_url: str, client: Callable[[], tuple[str, str]], scope: str = ""
    ) -> None:
        self._http = http
        self._clock = clock
        self._url = token_url
        self._client = client
        self._scope = scope
        self._token = ""
        self._until: datetime | None = None
        self._lock = asyncio.Lock()

    async def authorization(self) -> str:
        """The value of the Authorization header. Raises `CredentialRefused`, `Throttled`, `TargetUnavailable`."""
        if not self._fresh():
            async with self._lock:
                if not self._fresh():
                    await self._fetch()
        return f"Bearer {self._token}"

    def refused(self, authorization: str) -> None:
        """The target answered 401 to this header; the next call fetches a new token unless somebody did so already."""
        if authorization == f"Bearer {self._token}":
            self._token = ""

    def _fresh(self) -> bool:
        return bool(self._token) and (self._until is None or self._clock.now() < self._until - LEEWAY)

    async def _fetch(self) -> None:
        identity, secret = self._client()
        basic = base64.b64encode(f"{quote(identity, safe='')}:{quote(secret, safe='')}".encode()).decode()
        form = {"grant_type": "client_credentials"} | ({"scope": self._scope} if self._scope else {})
        # The exchange holds the token, so it must not be kept with the attempt.
        unrecorded = current_call.set(None)
        try:
            answer = await self._http.request(
                "POST",
                self._url,
                headers={"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"},
                body=urlencode(form).encode(),
                safe=True,
            )
        finally:
            current_call.reset(unrecorded)
        if answer.status in (400, 401, 403):
            raise CredentialRefused(
                f"the token endpoint refuses the client credentials (HTTP {answer.status})", status=answer.status
            )
        if answer.status == 429:
            raise Throttled("the token endpoint asks to wait", status=answer.status)
        if answer.status != 200:
            raise TargetUnavailable(f"the token endpoint answered HTTP {answer.status}", status=answer.status)
        try:
            granted = orjson.loads(answer.body)
            token, lifetime = str(granted["access_token"]), granted.get("expires_in")
            self._until = None if lifetime is None else self._clock.now() + timedelta(seconds=int(lifetime))
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
            raise TargetUnavailable("the token endpoint's answer cannot be read") from None
        self._token = token
