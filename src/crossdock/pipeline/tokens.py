"""The hub as OAuth 2.0 provider of its partners: gives short-lived access tokens (`POST /oauth/token`) and recognises them; a token speaks
for the systems its partner has, and for nothing else."""

from __future__ import annotations

import base64
import binascii
import os
import secrets as chance
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Final
from urllib.parse import parse_qs, unquote_plus

from crossdock.connectors.protocol import Secrets
from crossdock.core.clock import Clock
from crossdock.core.errors import CrossdockError, Deferred, Misconfigured, TokenRefused
from crossdock.core.ratelimit import Bucket, RateLimit
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.models.access import Client
from crossdock.ledger import tokens as ledger
from crossdock.ledger.ids import Numbers
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.pipeline.answers import Receive, Scope, Send, answer, refuse
from crossdock.pipeline.body import read_body
from crossdock.pipeline.server import loopback
from crossdock.security.admission import networks_of
from crossdock.security.assertions import AssertionRefused, issuer, judged
from crossdock.security.keys import digest_of, fits
from crossdock.security.peer import Network, networks, seen

TOKEN_PATH: Final = "/oauth/token"  # noqa: S105 - an address
BEARER: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
PREFIX: Final = "cdt_"
"""Every token begins so: scanners of repositories can find one that was committed."""
LARGEST: Final = 32_768
SHORTEST_SECRET: Final = 32
FRESH: Final = 1.0
"""Seconds for which a worker believes what it read of a token: after a revocation it is refused everywhere at the latest by then."""
KNOWN: Final = 10_000
REQUESTS: Final = RateLimit(0.5, 30)
"""Requests for tokens of one client, and of one address: thirty at once, then one in two seconds."""


def proxies(landscape: Landscape) -> tuple[Network, ...]:
    """Proxies whose word about who asks is believed. Raises `Misconfigured` for a list that cannot be read."""
    try:
        return (*networks(os.environ.get("CROSSDOCK_TRUSTED_PROXIES", "")), *networks_of(landscape.environment.door.proxies))
    except ValueError as error:
        raise Misconfigured(f"CROSSDOCK_TRUSTED_PROXIES: {error}") from None


@dataclass(frozen=True, slots=True)
class Known:
    """A client as the landscape has it, and the systems it may speak for."""

    name: str
    client: Client
    systems: frozenset[str]


def clients(landscape: Landscape) -> dict[str, Known]:
    """Every client of every partner, by its id."""
    return {
        name: Known(name, client, frozenset(client.systems or partner.systems) & frozenset(partner.systems))
        for partner in landscape.partners.values()
        for name, client in partner.clients.items()
    }


class Tokens:
    """Recognises access tokens on one worker."""

    def __init__(self, landscape: Landscape, store: Store, clock: Clock, secrets: Secrets) -> None:
        self._clients = clients(landscape)
        self._store = store
        self._clock = clock
        self._secrets = secrets
        self._seen: OrderedDict[str, tuple[float, ledger.Given | None]] = OrderedDict()

    async def recognised(self, token: str, system: str) -> str:
        """The client a token was given to. Raises `TokenRefused`, and `Deferred` while the ledger does not answer."""
        if not token.startswith(PREFIX) or len(token) > 200:
            raise TokenRefused("this is no access token of this hub")
        given = await self._given(digest_of(token))
        known = self._clients.get(given.client) if given is not None else None
        if given is None or known is None or given.expires_at <= micros(self._clock.now()):
            raise TokenRefused("the access token is over or was revoked")
        if system not in given.systems & known.systems:
            raise TokenRefused("the access token is not for this system", system=system)
        return given.client

    async def _given(self, digest: str) -> ledger.Given | None:
        looked, given = self._seen.get(digest, (0.0, None))
        if given is not None and monotonic() - looked < FRESH:
            return given
        at = monotonic()
        given = await self._store.read.do(lambda session: ledger.find(session, digest))
        if given is not None and (known := self._clients.get(given.client)) is not None:
            try:
                self._secrets.get(str(known.client.secret or known.client.keys))
            except Misconfigured:  # its credential was revoked or taken away, and so was what came of it
                given = None
        self._seen[digest] = (at, given)
        self._seen.move_to_end(digest)
        while len(self._seen) > KNOWN:
            self._seen.popitem(last=False)
        return given


class _Refusal(Exception):
    """An error of RFC 6749 section 5.2, with the status it is answered with."""

    def __init__(self, error: str, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.error, self.words, self.status = error, words, status


class TokenEndpoint:
    """`POST /oauth/token`: the client credentials grant (RFC 6749 section 4.4), proven by secret or by a signed assertion."""

    def __init__(self, landscape: Landscape, store: Store, secrets: Secrets, clock: Clock, numbers: Numbers) -> None:
        self._clients = clients(landscape)
        self._store = store
        self._secrets = secrets
        self._clock = clock
        self._numbers = numbers
        self._proxies = proxies(landscape)
        self._lifetime: timedelta = landscape.environment.door.tokens
        base = landscape.environment.address.rstrip("/")
        self._audiences = (f"{base}{TOKEN_PATH}", base) if base else ()
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
            address, scheme = seen(scope, self._proxies)
            if scope["method"] != "POST":
                raise _Refusal("invalid_request", "ask for tokens with POST", 405)
            if scheme != "https" and not loopback(address):
                raise _Refusal("invalid_request", "tokens are given by HTTPS only")
            self._turn(f"address {address}")
            body = await read_body(receive, headers, LARGEST)
            granted = await self._grant(_form(headers, body), headers)
        except _Refusal as refusal:
            more = {"www_authenticate": 'Basic realm="crossdock"'} if refusal.status == 401 else {}
            more |= {"retry_after": "5"} if refusal.status == 429 else {}
            more |= {"connection": "close"} if refusal.status in (405, 429) else {}
            await answer(send, refusal.status, {"error": refusal.error, "error_description": refusal.words}, **more)
        except (Deferred, Misconfigured) as error:
            shown = error if isinstance(error, Deferred) else Misconfigured("this hub cannot check the client at the moment")
            await refuse(send, shown, 503, retry_after="5")
        except CrossdockError as error:
            await refuse(send, error, 400, connection="close")
        else:
            await answer(send, 200, granted, pragma="no-cache")

    def _turn(self, name: str) -> None:
        """Raises when somebody asks too often."""
        now = monotonic()
        bucket = self._buckets.pop(name, None) or Bucket.full(REQUESTS, now)
        free = bucket.wait(REQUESTS, now) == 0
        self._buckets[name] = bucket.take(REQUESTS, now) if free else bucket
        while len(self._buckets) > KNOWN:
            self._buckets.popitem(last=False)
        if not free:
            raise _Refusal("slow_down", "tokens are asked for too often; use one until it is over", 429)

    async def _grant(self, form: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, object]:
        if form.get("grant_type") != "client_credentials":
            raise _Refusal("unsupported_grant_type", "this hub gives tokens for client_credentials")
        now = self._clock.now()
        known = await self._proven(form, headers, now)
        wanted = frozenset(form["scope"].split()) if form.get("scope") else known.systems
        if not wanted or not wanted <= known.systems:
            raise _Refusal("invalid_scope", "a scope is a system the partner may speak for")
        token = PREFIX + chance.token_urlsafe(32)
        systems, until = sorted(wanted), micros(now + self._lifetime)
        kept = await self._store.work.do(
            lambda s: ledger.give(s, self._numbers, digest_of(token), known.name, systems, until, micros(now))
        )
        if not kept:
            raise _failed()
        seconds = int(self._lifetime.total_seconds())
        return {"access_token": token, "token_type": "Bearer", "expires_in": seconds, "scope": " ".join(systems)}

    async def _proven(self, form: Mapping[str, str], headers: Mapping[str, str], now: datetime) -> Known:
        """The client that proved itself, by exactly one method (RFC 6749 section 2.3)."""
        basic = headers.get("authorization", "")
        assertion = form.get("client_assertion", "")
        if sum(map(bool, (basic, assertion, form.get("client_secret")))) != 1:
            raise _failed()
        if assertion:
            return await self._signed(assertion, form, now)
        name, secret = _basic(basic) if basic else (form.get("client_id", ""), form["client_secret"])
        self._turn(f"client {name}")
        known = self._clients.get(name)
        expected = self._secrets.get(known.client.secret) if known is not None and known.client.secret is not None else ""
        if len(expected) < SHORTEST_SECRET and expected:
            raise Misconfigured(f"the secret of the client {name!r} has fewer than {SHORTEST_SECRET} characters")
        if not fits(secret, digest_of(expected) if expected else "") or known is None:
            raise _failed()
        return known

    async def _signed(self, assertion: str, form: Mapping[str, str], now: datetime) -> Known:
        if form.get("client_assertion_type") != BEARER:
            raise _failed()
        try:
            name = issuer(assertion)
            self._turn(f"client {name}")
            known = self._clients.get(name)
            if known is None or known.client.keys is None or form.get("client_id", name) != name:
                raise _failed()
            if not self._audiences:
                raise Misconfigured("the environment's `address` is needed to judge for whom an assertion is")
            proved = judged(assertion, name, self._secrets.get(known.client.keys), self._audiences, now)
        except AssertionRefused as refused:
            raise _Refusal("invalid_client", str(refused), 401) from None
        digest, until = proved.digest, micros(proved.expires)
        if not await self._store.work.do(lambda s: ledger.spend(s, self._numbers, digest, until)):
            raise _Refusal("invalid_client", "the assertion was used before (`jti`)", 401)
        return known


def _failed() -> _Refusal:
    """The same words whatever was wrong: nobody learns which clients there are."""
    return _Refusal("invalid_client", "the client is not proven", 401)


def _form(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    """The fields of a form. Raises for anything else and for a field that is there twice (RFC 6749 section 3.2)."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise _Refusal("invalid_request", "send a form: application/x-www-form-urlencoded")
    try:
        found = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise _Refusal("invalid_request", "the form cannot be read") from None
    if any(len(values) > 1 for values in found.values()):
        raise _Refusal("invalid_request", "a field is there twice")
    return {name: values[0] for name, values in found.items()}


def _basic(header: str) -> tuple[str, str]:
    """Client id and secret (RFC 6749 section 2.3.1)."""
    kind, _, rest = header.partition(" ")
    try:
        name, colon, secret = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise _failed() from None
    if kind.lower() != "basic" or not colon:
        raise _failed()
    return unquote_plus(name), unquote_plus(secret)
