"""How the hub proves itself to systems: client certificates, signed assertions, refresh tokens that outlive the hub; and what it refuses."""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from crossdock.connectors.http import HttpClient
from crossdock.connectors.oauth2 import ClientAssertion, RefreshToken, signed
from crossdock.connectors.protocol import Credentialed
from crossdock.connectors.tls import client_context, living_context
from crossdock.core.clock import SystemClock
from crossdock.core.errors import CredentialRefused, CrossdockError, Misconfigured, PeerNotTrusted
from crossdock.landscape.catalogue import Installed
from crossdock.landscape.files import read
from crossdock.landscape.lint import judge
from crossdock.security.assertions import AssertionRefused, judged
from tests.pki import Holder, pki

NOW = datetime.now(UTC)


class System(Credentialed):
    """A system with credentials that change."""

    def __init__(self, values: dict[str, str]) -> None:
        self.system = "wms"
        self.values = values
        self.credentials: Mapping[str, str] = {each: each for each in values}
        self.secrets: Any = self

    def get(self, reference: str) -> str:
        return self.values[reference]


@asynccontextmanager
async def serving(handler: Any, holder: Holder | None = None, *, ask: bool = False) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    tls = None
    if holder is not None:
        import tempfile

        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as place:
            place.write(holder.both)
            place.flush()
            tls.load_cert_chain(place.name)
        if ask:
            tls.load_verify_locations(cadata=pki().authority.pem)
            tls.verify_mode = ssl.CERT_REQUIRED
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    [address] = runner.addresses
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{address[1]}"
    finally:
        await runner.cleanup()


async def who(request: web.Request) -> web.Response:
    shown = request.transport.get_extra_info("peercert") if request.transport is not None else None
    return web.json_response({"subject": shown["subject"][0][0][1] if shown else None})


async def test_a_system_is_shown_the_certificate_of_its_credentials_also_after_these_changed() -> None:
    made = pki()
    system = System({"tls_client": made.acme.both, "tls_authority": made.authority.pem})
    async with serving(who, made.server, ask=True) as url, HttpClient() as http:
        http.living = living_context(system)
        assert b"acme" in (await http.request("GET", url)).body
        system.values["tls_client"] = made.other.both
        assert b"other" in (await http.request("GET", url)).body
        system.values["tls_client"] = "no PEM"
        with pytest.raises(Misconfigured):
            await http.request("GET", url)


@pytest.mark.parametrize("bad", ["expired", "wrong authority"])
async def test_a_server_with_a_bad_certificate_is_not_spoken_to(bad: str) -> None:
    made = pki()
    authority = made.authority.pem if bad == "expired" else made.stranger.pem
    system = System({"tls_authority": authority})
    async with serving(who, made.overdue if bad == "expired" else made.server) as url, HttpClient() as http:
        http.living = living_context(system)
        with pytest.raises(PeerNotTrusted):
            await http.request("GET", url)


def test_there_is_no_way_to_not_verify(tmp_path: Path) -> None:
    blind = client_context(pki().authority.pem, None, "wms")
    blind.check_hostname = False
    with pytest.raises(ValueError, match="does not verify"):
        HttpClient(tls=blind)
    source = Path(__file__).parents[2] / "src" / "crossdock"
    off = re.compile(r"CERT_NONE|check_hostname\s*=\s*False|\bverify\s*=\s*False|ssl\s*=\s*False|_create_unverified_context")
    found = [str(each.relative_to(source)) for each in source.rglob("*.py") if off.search(each.read_text())]
    assert [each for each in found if not each.startswith("simulators/")] == []

    (tmp_path / "systems").mkdir()
    (tmp_path / "crossdock.yaml").write_text("name: x\ncompany: X\n")
    (tmp_path / "systems" / "wms.yaml").write_text("kind: http\nendpoint: https://wms.example\noptions: {verify_ssl: false}\n")
    codes = {each.code: each for each in judge(read(tmp_path), Installed(), structural_only=True)}
    assert codes["tls-verification"].severity == "error"
    assert "tls_authority" in codes["tls-verification"].hint


async def test_the_hub_signs_assertions_that_a_server_can_check() -> None:
    key = pki().acme.key
    public = load_pem_private_key(key.encode(), None).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    used: set[str] = set()

    async def token(request: web.Request) -> web.Response:
        form = await request.post()
        try:
            proved = judged(str(form["client_assertion"]), "hub", public.decode(), [str(request.url)], datetime.now(UTC))
        except AssertionRefused as error:
            return web.json_response({"error": "invalid_client", "error_description": str(error)}, status=401)
        fresh = proved.digest not in used
        used.add(proved.digest)
        return web.json_response({"access_token": "good", "expires_in": 60} if fresh else {}, status=200 if fresh else 401)

    async with serving(token) as url, HttpClient() as http:
        own = ClientAssertion(http, SystemClock(), f"{url}/token", lambda: ("hub", key))
        assert await own.authorization() == "Bearer good"
        own.refused("Bearer good")
        assert await own.authorization() == "Bearer good", "each assertion is another one"
        assert len(used) == 2
        other = ClientAssertion(http, SystemClock(), f"{url}/token", lambda: ("hub", key), audience="https://elsewhere")
        with pytest.raises(CredentialRefused):
            await other.authorization()
    with pytest.raises(Misconfigured):
        signed("hub", "no key", url, NOW)


async def test_a_renewed_refresh_token_outlives_the_hub_and_is_kept_while_it_cannot_be_stored() -> None:
    good = ["r0"]
    stored = {"token": "r0"}
    trouble: list[CrossdockError] = [Misconfigured("the vault is full")]

    async def token(request: web.Request) -> web.Response:
        form = await request.post()
        if form["refresh_token"] != good[-1]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        good.append(f"r{len(good)}")
        return web.json_response({"access_token": f"a{len(good)}", "expires_in": 3600, "refresh_token": good[-1]})

    async def keep(value: str) -> None:
        if trouble:
            raise trouble.pop()
        stored["token"] = value

    async with serving(token) as url, HttpClient() as http:

        def tokens() -> RefreshToken:
            return RefreshToken(http, SystemClock(), url, lambda: ("id", "secret", stored["token"]), keep)

        first = tokens()
        shown = await first.authorization()
        assert stored["token"] == "r0", "it could not be stored"
        first.refused(shown)
        await first.authorization()
        assert stored["token"] == good[-1] == "r2"
        assert await tokens().authorization(), "a restarted hub goes on with what is stored"
        assert stored["token"] == "r3"
