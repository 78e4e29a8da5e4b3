"""The HTTPS transport: a document is one POST with an idempotency header; what comes in is authenticated before it is read."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from email.message import Message
from typing import Annotated, Any, ClassVar, Final, Literal
from urllib.parse import quote, unquote

from pydantic import Field, model_validator

from crossdock.connectors.http import HttpAnswer, raise_for_transport_status
from crossdock.connectors.protocol import InboundRequest, Probe
from crossdock.core.errors import (
    AnswerLost,
    CallNotAllowed,
    CrossdockError,
    EndpointGone,
    PayloadMalformed,
    SignatureInvalid,
    Unauthenticated,
)
from crossdock.core.outcomes import Effect, EffectAbsent, EffectFound, EffectUnclear
from crossdock.transports.base import BaseTransport
from crossdock.transports.protocol import Incoming, Outgoing, Sent, TransportCapabilities, TransportContext
from crossdock.transports.tls import TlsHttp, TlsOptions, secure

KEPT: Final = 4_000
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,60}$")]


class HttpsOptions(TlsOptions):
    """How documents are posted to the partner, and how the partner proves itself when it posts to us."""

    method: Literal["POST", "PUT"] = "POST"
    identity_header: Annotated[HeaderName, Field(description="The header that carries the message's identity, both ways.")] = (
        "Idempotency-Key"
    )
    file_name_header: Annotated[
        Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{0,60}$")],
        Field(description="The header that carries the file name; empty: Content-Disposition."),
    ] = ""
    auth: Annotated[
        Literal["none", "bearer", "basic", "header"],
        Field(
            description="How we sign in: the credential `token` as a bearer token or in `auth_header`; `user` with the credential `password`."
        ),
    ] = "none"
    user: str = ""
    auth_header: HeaderName = "X-Api-Key"
    recognises_duplicates: Annotated[
        bool, Field(description="The partner takes the same identity once only: a document whose answer was lost is sent again.")
    ] = False
    status_url: Annotated[
        str,
        Field(
            pattern=r"^(https?://\S*\{id\}\S*)?$",
            description="Where to ask for a document by its identity (`{id}`): 2xx means the partner has it, 404 that it has not.",
        ),
    ] = ""
    accept: Annotated[
        Literal["nothing", "token", "basic", "signature"],
        Field(
            description="How the partner proves itself when it posts to us: the credential `inbound_token` as a bearer token or in `auth_header`, "
            "`inbound_user` with the credential `inbound_password`, or an HMAC-SHA256 of the body by `inbound_secret` in `signature_header`."
        ),
    ] = "nothing"
    inbound_user: str = ""
    signature_header: HeaderName = "X-Signature"
    timeout: Annotated[int, Field(ge=1, le=3600)] = 60

    @model_validator(mode="after")
    def _whole(self) -> HttpsOptions:
        if self.auth == "basic" and not self.user:
            raise ValueError("`auth: basic` needs `user`")
        if self.accept == "basic" and not self.inbound_user:
            raise ValueError("`accept: basic` needs `inbound_user`")
        return self


OUT: Final = {"none": set[str](), "bearer": {"token"}, "header": {"token"}, "basic": {"password"}}
IN: Final = {"nothing": set[str](), "token": {"inbound_token"}, "basic": {"inbound_password"}, "signature": {"inbound_secret"}}


class HttpsTransport(BaseTransport[HttpsOptions]):
    """Documents over HTTPS."""

    kind: ClassVar[str] = "https"
    title: ClassVar[str] = "HTTPS"
    capabilities: ClassVar[TransportCapabilities] = TransportCapabilities(sends=True, receives=True)
    Options: ClassVar[type[Any]] = HttpsOptions

    def __init__(self, context: TransportContext) -> None:
        super().__init__(context)
        self._http = TlsHttp(context, self._options, float(self._options.timeout))

    @classmethod
    def credential_purposes(cls, options: HttpsOptions) -> frozenset[str]:
        return frozenset(OUT[options.auth] | IN[options.accept]) | options.tls_purposes()

    async def close(self) -> None:
        await self._http.close()

    # Out -----------------------------------------------------------------------------------------------------

    async def send(self, envelope: Outgoing) -> Sent:
        secure(self.context.endpoint, "https")
        headers = {"Content-Type": envelope.content_type, self._options.identity_header: _ascii(envelope.message_id)}
        headers |= {name: _ascii(value) for name, value in envelope.headers.items()}
        if envelope.file_name and self._options.file_name_header:
            headers[self._options.file_name_header] = quote(envelope.file_name)
        elif envelope.file_name:
            headers["Content-Disposition"] = f"attachment; filename*=utf-8''{quote(envelope.file_name, safe='')}"
        http = await self._http.client()
        answer = await http.request(
            self._options.method, self.context.endpoint, headers=headers | self._signed_in(), body=envelope.body,
            timeout=self._options.timeout,
        )  # fmt: skip
        judged(answer)
        said = {"http": answer.status, "answer": answer.body[:KEPT].decode("utf-8", "replace")}
        return Sent(said, answer.headers.get("location", "") or envelope.message_id)

    def _signed_in(self) -> dict[str, str]:
        options = self._options
        if options.auth == "bearer":
            return {"Authorization": f"Bearer {self.context.secret('token')}"}
        if options.auth == "header":
            return {options.auth_header: self.context.secret("token")}
        if options.auth == "basic":
            pair = f"{options.user}:{self.context.secret('password')}".encode()
            return {"Authorization": "Basic " + base64.b64encode(pair).decode()}
        return {}

    async def find(self, message_id: str) -> Effect:
        if self._options.status_url:
            url = self._options.status_url.replace("{id}", quote(message_id, safe=""))
            http = await self._http.client()
            answer = await http.request("GET", url, headers=self._signed_in(), timeout=self._options.timeout)
            if answer.status < 300:
                return EffectFound({"http": answer.status, "answer": answer.body[:KEPT].decode("utf-8", "replace")})
            if answer.status == 404:
                return EffectAbsent()
            return EffectUnclear(f"the partner answers HTTP {answer.status} when asked for it", retry_after=60.0)
        if self._options.recognises_duplicates:
            return EffectAbsent()
        return EffectUnclear("this partner cannot be asked; ask a person there whether the document arrived")

    # In ------------------------------------------------------------------------------------------------------

    def receive(self, request: InboundRequest) -> Sequence[Incoming]:
        self._authenticate(request)
        if not request.body:
            raise PayloadMalformed("the request has no body")
        name = file_name_of(request.headers, self._options.file_name_header.lower())
        digest = hashlib.sha256(request.body).hexdigest()
        identity = request.headers.get(self._options.identity_header.lower(), "").strip()[:500]
        kind = request.headers.get("content-type", "application/octet-stream")[:500]
        headers = {"file": name} if name else {}
        return [Incoming(request.body, identity or f"{name}:{digest}", name, kind, headers)]

    def _authenticate(self, request: InboundRequest) -> None:
        options, headers = self._options, request.headers
        if options.accept == "nothing":
            raise CallNotAllowed(f"{self.context.name} accepts no documents: `accept` is `nothing`")
        if options.accept == "signature":
            given = headers.get(options.signature_header.lower(), "").removeprefix("sha256=").strip()
            digest = hmac.new(self.context.secret("inbound_secret").encode(), request.body, hashlib.sha256)
            known = (digest.hexdigest(), base64.b64encode(digest.digest()).decode())
            if not given:
                raise Unauthenticated(f"the header {options.signature_header} is missing")
            if not any(hmac.compare_digest(given.encode(), each.encode()) for each in known):
                raise SignatureInvalid
            return
        if options.accept == "token":
            expected = self.context.secret("inbound_token")
            given = headers.get("authorization", "").removeprefix("Bearer ").strip() or headers.get(
                options.auth_header.lower(), ""
            )
        else:
            pair = f"{options.inbound_user}:{self.context.secret('inbound_password')}"
            expected = "Basic " + base64.b64encode(pair.encode()).decode()
            given = headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise Unauthenticated

    # Health --------------------------------------------------------------------------------------------------

    async def probe(self) -> Probe:
        try:
            secure(self.context.endpoint, "https")
            answer = await (await self._http.client()).request(
                "HEAD", self.context.endpoint, headers=self._signed_in(), timeout=15
            )
        except CrossdockError as error:
            return Probe(healthy=False, message=error.message, detail={"code": error.code})
        return Probe(healthy=answer.status not in (401, 403, 404, 410, 502, 503, 504), detail={"http": answer.status})


def judged(answer: HttpAnswer) -> None:
    """Raise the outcome of an answer that is no success. A gateway's 502 or 504 may hide that the partner took the document."""
    if 300 <= answer.status < 400:
        raise EndpointGone(
            f"the partner's endpoint has moved (HTTP {answer.status})", to=answer.headers.get("location", "")[:200]
        )
    if answer.status in (502, 504):
        raise AnswerLost(f"a gateway answered HTTP {answer.status}", status=answer.status)
    raise_for_transport_status(answer)


def file_name_of(headers: Mapping[str, str], header: str) -> str:
    """The file name a sender gave, without folders and control characters."""

    name = unquote(headers.get(header, "")) if header else ""
    if not name and "content-disposition" in headers:
        parsed = Message()
        parsed["content-disposition"] = headers["content-disposition"]
        try:
            name = parsed.get_filename() or ""
        except (ValueError, LookupError, TypeError):
            name = ""
    return "".join(c for c in name.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable())[:255].strip(". ")


def _ascii(text: str) -> str:
    return quote(text, safe=" !#$%&'()*+,-./:;<=>?@[]^_`{|}~\"")
