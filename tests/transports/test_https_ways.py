"""TLS both ways over real sockets, what the partner is told, and how it proves itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ssl
from collections.abc import Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError

from crossdock.connectors.protocol import InboundRequest
from crossdock.core.errors import CrossdockError, EndpointGone, Misconfigured, PeerNotTrusted, SignatureInvalid, Unauthenticated
from crossdock.testing import Correspondent
from crossdock.testing.transports import open_transport
from crossdock.transports.https import HttpsOptions, HttpsTransport
from crossdock.transports.protocol import Outgoing, Sent
from tests.transports.tls import certificate, self_signed

LETTER = Outgoing(b"ISA", "application/edi-x12", "PO Köln.edi", "system/cmd/1")


class Tls(Correspondent):
    """A partner that speaks TLS with a certificate of its own, and may want one of ours."""

    def __init__(self, folder: Path, *, wants: str = "", host: str = "localhost", **options: Any) -> None:
        self.pem = self_signed("localhost")
        self.wants, self.host = wants, host
        self.folder, self.more = folder, options
        self.given: dict[str, str] = {}
        self.taken: list[bytes] = []
        self.headers: list[Mapping[str, str]] = []

    async def start(self) -> None:
        place = self.folder / "server.pem"
        place.write_text(self.pem)
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(place)
        if self.wants:
            tls.verify_mode = ssl.CERT_REQUIRED
            tls.load_verify_locations(cadata=self.wants)
        app = web.Application()
        app.router.add_post("/in", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        self.endpoint = f"https://{self.host}:{self._runner.addresses[0][1]}/in"

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.taken.append(await request.read())
        self.headers.append(dict(request.headers))
        return web.Response(status=202)

    def options(self) -> Mapping[str, Any]:
        return {"timeout": 3, **self.more}

    def secrets(self) -> Mapping[str, str]:
        return self.given

    def arrived(self) -> list[bytes]:
        return self.taken


async def test_a_private_certificate_is_trusted_only_when_it_is_named(tmp_path) -> None:
    side = Tls(tmp_path)
    async with open_transport(HttpsTransport, side, patience=3.0) as bench:
        assert isinstance(await bench.send(LETTER), PeerNotTrusted)
    side = Tls(tmp_path, private_authority=True)
    side.given = {"tls_authority": certificate(side.pem)}
    async with open_transport(HttpsTransport, side, patience=3.0) as bench:
        assert isinstance(await bench.send(LETTER), Sent)
    assert side.taken == [b"ISA"]


async def test_a_certificate_for_another_name_is_not_trusted(tmp_path) -> None:
    side = Tls(tmp_path, private_authority=True)
    side.pem = self_signed("other.example", loopback=False)
    side.given = {"tls_authority": certificate(side.pem)}
    async with open_transport(HttpsTransport, side, patience=3.0) as bench:
        assert isinstance(await bench.send(LETTER), PeerNotTrusted)
    assert not side.taken


async def test_a_partner_that_wants_our_certificate_gets_it(tmp_path) -> None:
    ours = self_signed("hub")
    side = Tls(tmp_path, wants=certificate(ours), private_authority=True, client_certificate=True)
    side.given = {"tls_authority": certificate(side.pem), "tls_client": ours}
    async with open_transport(HttpsTransport, side, patience=3.0) as bench:
        assert isinstance(await bench.send(LETTER), Sent)
    side = Tls(tmp_path, wants=certificate(ours), private_authority=True)
    side.given = {"tls_authority": certificate(side.pem)}
    async with open_transport(HttpsTransport, side, patience=3.0) as bench:
        assert isinstance(await bench.send(LETTER), CrossdockError)
    assert not side.taken


async def test_nothing_goes_unencrypted_to_another_machine() -> None:
    class Plain(Correspondent):
        endpoint = "http://partner.example/in"

    async with open_transport(HttpsTransport, Plain()) as bench:
        assert isinstance(await bench.send(LETTER), Misconfigured)


def test_there_is_no_setting_that_switches_verification_off() -> None:
    for name in ("verify", "verify_tls", "insecure", "skip_verification", "check_hostname", "ssl"):
        with pytest.raises(ValidationError):
            HttpsOptions.model_validate({name: False})


async def test_a_redirect_is_not_followed(tmp_path) -> None:
    class Moved(Tls):
        async def _take(self, request: web.Request) -> web.Response:
            return web.Response(status=307, headers={"Location": "https://elsewhere.example/"})

    side = Moved(tmp_path, private_authority=True)
    side.given = {"tls_authority": certificate(side.pem)}
    async with open_transport(HttpsTransport, side, patience=3.0) as bench:
        assert isinstance(await bench.send(LETTER), EndpointGone)


async def test_identity_and_file_name_travel_along(tmp_path) -> None:
    side = Tls(tmp_path, private_authority=True, identity_header="X-Message-Id", file_name_header="X-File")
    side.given = {"tls_authority": certificate(side.pem)}
    async with open_transport(HttpsTransport, side, patience=3.0) as bench:
        await bench.send(LETTER)
    assert side.headers[0]["X-Message-Id"] == "system/cmd/1"
    assert side.headers[0]["X-File"] == "PO%20K%C3%B6ln.edi"


# In -------------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def accepting(secrets: Mapping[str, str], **options: Any):
    class Side(Correspondent):
        endpoint = "https://partner.example/in"

        def options(self) -> Mapping[str, Any]:
            return options

        def secrets(self) -> Mapping[str, str]:
            return secrets

    async with open_transport(HttpsTransport, Side()) as bench:
        yield bench.transport


def posted(body: bytes = b"ISA", **headers: str) -> InboundRequest:
    return InboundRequest("https", {k.replace("_", "-"): v for k, v in headers.items()}, body, datetime.now(UTC))


async def test_a_signed_body_is_taken_and_a_changed_one_is_not() -> None:
    async with accepting({"inbound_secret": "secret-of-acme"}, accept="signature") as transport:
        good = hmac.new(b"secret-of-acme", b"ISA", hashlib.sha256)
        for proof in (good.hexdigest(), "sha256=" + good.hexdigest(), base64.b64encode(good.digest()).decode()):
            assert transport.receive(posted(x_signature=proof))
        with pytest.raises(SignatureInvalid):
            transport.receive(posted(b"ISB", x_signature=good.hexdigest()))
        with pytest.raises(Unauthenticated):
            transport.receive(posted())


async def test_basic_and_token() -> None:
    async with accepting({"inbound_password": "correct-horse"}, accept="basic", inbound_user="acme") as transport:
        pair = base64.b64encode(b"acme:correct-horse").decode()
        assert transport.receive(posted(authorization=f"Basic {pair}"))
        with pytest.raises(Unauthenticated):
            transport.receive(posted(authorization="Basic " + base64.b64encode(b"acme:wrong").decode()))
    async with accepting({"inbound_token": "token-of-acme"}, accept="token") as transport:
        assert transport.receive(posted(authorization="Bearer token-of-acme"))
        assert transport.receive(posted(x_api_key="token-of-acme"))
        with pytest.raises(Unauthenticated):
            transport.receive(posted(authorization="Bearer "))


async def test_nobody_is_heard_unless_the_agreement_says_how() -> None:
    async with accepting({}) as transport:
        with pytest.raises(CrossdockError):
            transport.receive(posted())
