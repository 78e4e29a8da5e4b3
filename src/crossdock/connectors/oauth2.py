"""OAuth 2.0 access tokens by client credentials, signed assertion or refresh token (RFC 6749 sections 4.4 and 6, RFC 7523): one cached token
per system, fetched once however many ask; knows no API."""

from __future__ import annotations

import asyncio
import base64
import logging
import uuid
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson

from crossdock.connectors.http import HttpClient, current_call, retry_after
from crossdock.core.clock import Clock
from crossdock.core.errors import CredentialRefused, CrossdockError, Misconfigured, TargetUnavailable, Throttled

log = logging.getLogger("crossdock.oauth2")

LEEWAY = timedelta(seconds=30)
"""A token is not used in its last seconds: it could expire on the way."""
ASSERTED: Final = timedelta(minutes=2)
"""How long an assertion of ours is good."""
BEARER: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class AccessToken(ABC):
    """Keeps the access token of one client; a subclass says how it is asked for."""

    def __init__(self, http: HttpClient, clock: Clock, token_url: str) -> None:
        self._http = http
        self._clock = clock
        self._url = token_url
        self._token = ""
        self._until: datetime | None = None
        self._lock = asyncio.Lock()

    @abstractmethod
    def _request(self) -> tuple[dict[str, str], dict[str, str]]:
        """The headers and the form of a request for a token, made from the secrets of this moment."""

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
        headers, form = self._request()
        # The exchange holds the token, so it must not be kept with the attempt.
        unrecorded = current_call.set(None)
        try:
            answer = await self._http.request(
                "POST",
                self._url,
                headers={**headers, "Content-Type": "application/x-www-form-urlencoded"},
                body=urlencode(form).encode(),
                safe=True,
            )
        finally:
            current_call.reset(unrecorded)
        if answer.status in (400, 401, 403):
            raise CredentialRefused(f"the token endpoint refuses the credentials (HTTP {answer.status})", status=answer.status)
        if answer.status == 429:
            wait = retry_after(answer.headers, self._clock.now())
            raise Throttled("the token endpoint asks to wait", retry_after=wait, status=answer.status)
        if answer.status != 200:
            raise TargetUnavailable(f"the token endpoint answered HTTP {answer.status}", status=answer.status)
        try:
            granted = orjson.loads(answer.body)
            token, lifetime = str(granted["access_token"]), granted.get("expires_in")
            self._until = None if lifetime is None else self._clock.now() + timedelta(seconds=int(lifetime))
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
            raise TargetUnavailable("the token endpoint's answer cannot be read") from None
        self._token = token
        await self._granted(granted)

    async def _granted(self, granted: dict[str, Any]) -> None:  # noqa: B027 - most grants bring nothing else
        """What else came with a token."""


class ClientCredentials(AccessToken):
    """The client's own access (section 4.4). `client` gives id and secret at the moment of use."""

    def __init__(
        self, http: HttpClient, clock: Clock, token_url: str, client: Callable[[], tuple[str, str]], scope: str = ""
    ) -> None:
        super().__init__(http, clock, token_url)
        self._client = client
        self._scope = scope

    def _request(self) -> tuple[dict[str, str], dict[str, str]]:
        identity, secret = self._client()
        basic = base64.b64encode(f"{quote(identity, safe='')}:{quote(secret, safe='')}".encode()).decode()
        form = {"grant_type": "client_credentials"} | ({"scope": self._scope} if self._scope else {})
        return {"Authorization": f"Basic {basic}"}, form


class ClientAssertion(AccessToken):
    """The client's own access, proven by a signed assertion instead of a secret (RFC 7523 section 2.2, `private_key_jwt`).

    `client` gives id and private key (PEM) at the moment of use; `audience` is the token endpoint unless it asks for another one, `key` the
    `kid` under which it knows the public key.
    """

    def __init__(
        self, http: HttpClient, clock: Clock, token_url: str, client: Callable[[], tuple[str, str]], scope: str = "",
        audience: str = "", key: str = "",
    ) -> None:  # fmt: skip
        super().__init__(http, clock, token_url)
        self._client = client
        self._scope = scope
        self._audience = audience or token_url
        self._key = key

    def _request(self) -> tuple[dict[str, str], dict[str, str]]:
        identity, private = self._client()
        form = {
            "grant_type": "client_credentials", "client_id": identity, "client_assertion_type": BEARER,
            "client_assertion": signed(identity, private, self._audience, self._clock.now(), self._key),
        }  # fmt: skip
        return {}, form | ({"scope": self._scope} if self._scope else {})


def signed(identity: str, private: str, audience: str, now: datetime, key: str = "") -> str:
    """An assertion that is good once and for two minutes. Raises `Misconfigured` for a key that cannot sign."""
    import jwt
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        loaded = load_pem_private_key(private.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Misconfigured("the private key of the OAuth client is no unencrypted PEM key") from None
    if isinstance(loaded, rsa.RSAPrivateKey):
        algorithm = "RS256"
    elif isinstance(loaded, ec.EllipticCurvePrivateKey):
        algorithm = {256: "ES256", 384: "ES384", 521: "ES512"}.get(loaded.curve.key_size, "ES256")
    elif isinstance(loaded, ed25519.Ed25519PrivateKey):
        algorithm = "EdDSA"
    else:
        raise Misconfigured("the private key of the OAuth client is of a kind that signs no JWT")
    begun = int(now.timestamp())
    claims = {
        "iss": identity, "sub": identity, "aud": audience, "jti": str(uuid.uuid4()), "iat": begun,
        "exp": begun + int(ASSERTED.total_seconds()),
    }  # fmt: skip
    try:
        return jwt.encode(claims, loaded, algorithm, headers={"kid": key} if key else None)
    except (jwt.PyJWTError, ValueError, TypeError):
        raise Misconfigured("the private key of the OAuth client cannot sign") from None


class RefreshToken(AccessToken):
    """Access somebody granted to the client (section 6). `grant` gives client id, client secret and refresh token at the moment of use.

    A server may answer with a new refresh token, with which the old one ends: `keep` stores it before the access token is used. Until it
    is stored the new one is used from memory, and storing is tried again with the next access token.
    """

    def __init__(
        self, http: HttpClient, clock: Clock, token_url: str, grant: Callable[[], tuple[str, str, str]],
        keep: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(http, clock, token_url)
        self._grant = grant
        self._keep = keep
        self._renewed: tuple[str, str] | None = None
        """The refresh token that was replaced, and the one in its place."""

    async def _granted(self, granted: dict[str, Any]) -> None:
        used = self._current()
        fresh = granted.get("refresh_token")
        if isinstance(fresh, str) and fresh and fresh != used:
            self._renewed = (self._grant()[2], fresh)
        if self._renewed is not None and self._keep is not None:
            try:
                await self._keep(self._renewed[1])
            except CrossdockError as error:
                log.error("a renewed refresh token could not be stored and is lost with a restart: %s", error.message)

    def _current(self) -> str:
        stored = self._grant()[2]
        if self._renewed is not None and stored != self._renewed[0]:
            self._renewed = None  # what is stored is newer: ours, or somebody's
        return stored if self._renewed is None else self._renewed[1]

    def _request(self) -> tuple[dict[str, str], dict[str, str]]:
        identity, secret, _ = self._grant()
        token = self._current()
        form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": identity, "client_secret": secret}
        return {}, form
