"""Proves the hub to the target by the configured kind; the secret is read at the moment of use and never kept."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable

from crossdock.connectors.http_generic.outbound_options import ApiKeyOut, BasicOut, BearerOut, HmacOut, NoAuth, OAuth2Out
from crossdock.connectors.oauth2 import AccessToken, ClientAssertion, ClientCredentials, RefreshToken
from crossdock.connectors.protocol import ConnectorContext


class Credential:
    """Adds what the target wants to see to a request's headers."""

    def __init__(self, rule: NoAuth | ApiKeyOut | BearerOut | BasicOut | OAuth2Out | HmacOut, context: ConnectorContext) -> None:
        self._rule = rule
        self._context = context
        self._tokens: AccessToken | None = None
        if isinstance(rule, OAuth2Out):
            url = rule.token_url if "://" in rule.token_url else f"{context.endpoint.rstrip('/')}/{rule.token_url.lstrip('/')}"
            self._tokens = self._access(rule, url)

    def _access(self, rule: OAuth2Out, url: str) -> AccessToken:
        context = self._context
        if rule.by == "private_key_jwt":
            signer = self._pair("private_key")
            return ClientAssertion(context.http, context.clock, url, signer, rule.scope, rule.audience, rule.key_id)
        client = self._pair("client_secret")
        if rule.by == "refresh_token":
            return RefreshToken(
                context.http, context.clock, url, lambda: (*client(), context.secret("refresh_token")),
                lambda value: context.keep_secret("refresh_token", value),
            )  # fmt: skip
        return ClientCredentials(context.http, context.clock, url, client, rule.scope)

    def _pair(self, purpose: str) -> Callable[[], tuple[str, str]]:
        return lambda: (self._context.secret("client_id"), self._context.secret(purpose))

    async def add(self, headers: dict[str, str], body: bytes) -> None:
        """Put the credential in. Raises `SecretMissing`, and for tokens `CredentialRefused`, `Throttled`, `TargetUnavailable`."""
        rule = self._rule
        if isinstance(rule, ApiKeyOut):
            headers[rule.header] = self._context.secret(rule.credential)
        elif isinstance(rule, BearerOut):
            headers["Authorization"] = f"Bearer {self._context.secret(rule.credential)}"
        elif isinstance(rule, BasicOut):
            pair = f"{rule.username}:{self._context.secret(rule.credential)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        elif isinstance(rule, HmacOut):
            self._sign(rule, headers, body)
        elif self._tokens is not None:
            headers["Authorization"] = await self._tokens.authorization()

    def refused(self, headers: dict[str, str]) -> bool:
        """The target answered 401; whether a new token may help."""
        if self._tokens is None:
            return False
        self._tokens.refused(headers.get("Authorization", ""))
        return True

    def _sign(self, rule: HmacOut, headers: dict[str, str], body: bytes) -> None:
        stamp = str(int(self._context.clock.now().timestamp()))
        if rule.timestamp_header is not None:
            headers[rule.timestamp_header] = stamp
        before, _, after = rule.signed.replace("{timestamp}", stamp).partition("{body}")
        digest = hmac.digest(
            self._context.secret(rule.credential).encode(), before.encode() + body + after.encode(), rule.algorithm
        )
        headers[rule.header] = rule.prefix + (digest.hex() if rule.encoding == "hex" else base64.b64encode(digest).decode())
