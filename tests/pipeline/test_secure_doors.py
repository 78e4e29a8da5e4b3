"""The hub's doors by real TLS: who comes in by certificate, address and access token, and what attackers get."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import ssl
import time
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from crossdock.ledger import tokens as ledger
from crossdock.ledger.ids import Numbers
from crossdock.pipeline.certificates import server_context
from crossdock.pipeline.secure import SecureServer
from tests.pipeline.conftest import call, order_body
from tests.pki import Holder, pki

SECRET = "not-a-secret-but-long-enough-for-a-client"
ADDRESS = "https://hub.example"
AUDIENCE = f"{ADDRESS}/oauth/token"


@pytest.fixture
def guarded(landscape_folder: Path) -> Path:
    """The landscape behind TLS: the shop by certificate, by address, or by token as a test says."""
    made = pki()
    (landscape_folder / "tls").mkdir()
    for name, text in (("chain", made.server.certificate), ("key", made.server.key), ("ca", made.authority.pem)):
        (landscape_folder / "tls" / f"{name}.pem").write_text(text)
    (landscape_folder / "environments").mkdir()
    (landscape_folder / "environments" / "test.yaml").write_text(
        f"address: {ADDRESS}\ndoor: {{certificate: 'file:tls/chain.pem', key: 'file:tls/key.pem', "
        "client_authority: 'file:tls/ca.pem', proxies: ['127.0.0.1']}\n"
    )
    with (landscape_folder / "crossdock.yaml").open("a") as file:
        file.write("default_environment: test\n")
    return landscape_folder


def say(folder: Path, access: str, clients: str = "") -> None:
    """What the shop's partner asks of who sends."""
    (folder / "partners").mkdir(exist_ok=True)
    (folder / "partners" / "acme.yaml").write_text(f"state: live\nsystems: [shop]\naccess: {access}\n{clients}")


@asynccontextmanager
async def served(hub: Any) -> AsyncIterator[SecureServer]:
    server = SecureServer(hub.door, hub.landscape.environment.door, lambda: hub.secrets)
    await server.start("127.0.0.1", 0)
    try:
        yield server
    finally:
        await server.stop()


def trusting(tmp_path: Path, holder: Holder | None = None) -> ssl.SSLContext:
    tls = ssl.create_default_context(cadata=pki().authority.pem)
    if holder is not None:
        place = tmp_path / f"{holder.fingerprint}.pem"
        place.write_text(holder.both)
        tls.load_cert_chain(place)
    return tls


async def send(port: int, tls: ssl.SSLContext, number: str = "1", **headers: str) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls)) as session,
        session.post(
            f"https://127.0.0.1:{port}/in/shop/orders", data=order_body(number), headers={"x-signature": "good", **headers}
        ) as answer,
    ):
        return answer.status, await answer.json()


def serial(port: int, tls: ssl.SSLContext) -> bytes | None:
    with socket.create_connection(("127.0.0.1", port), 30) as plain, tls.wrap_socket(plain, server_hostname="127.0.0.1") as wire:
        return wire.getpeercert(binary_form=True)


async def test_clients_are_known_by_their_certificates_and_a_renewed_one_of_the_hub_is_taken_up(
    guarded: Path, start: Any, tmp_path: Path
) -> None:
    made = pki()
    say(guarded, f"{{certificates: ['sha256:{made.acme.fingerprint}', 'subject:CN=nobody']}}")
    async with start() as running, served(running.hub) as server:
        port = server.port
        assert (await send(port, trusting(tmp_path, made.acme)))[0] == 202
        status, told = await send(port, trusting(tmp_path))
        assert (status, told["code"]) == (403, "access.certificate_missing")
        status, told = await send(port, trusting(tmp_path, made.other))
        assert (status, told["code"]) == (403, "access.certificate")
        for bad in (made.expired, made.foreign):  # the handshake fails; by TLS 1.3 the client hears of it with the first answer
            with pytest.raises(aiohttp.ClientError):
                await send(port, trusting(tmp_path, bad))
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await send(port, ssl.create_default_context(cadata=made.stranger.pem))
        refused = await running.rows("SELECT COUNT(*) FROM ledger_message WHERE dedupe_key LIKE ?", "refused:%")
        assert refused == [(2,)], "what was refused at the gate is there to be looked at"

        assert server_context(running.hub.landscape.environment.door, server._made_of).minimum_version is ssl.TLSVersion.TLSv1_2
        old = trusting(tmp_path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises(OSError) as error:
            await asyncio.to_thread(serial, port, old)
        assert "NO_PROTOCOLS" not in str(error.value), "it is the hub that refuses TLS 1.1, not this client"

        before = await asyncio.to_thread(serial, port, trusting(tmp_path))
        (guarded / "tls" / "chain.pem").write_text(made.renewed.certificate)  # its key is not there yet
        await until(lambda: server._secrets().get("file:tls/chain.pem").strip() == made.renewed.certificate.strip())
        assert not await server.renew()
        assert await asyncio.to_thread(serial, port, trusting(tmp_path)) == before, "what does not fit is not taken up"
        (guarded / "tls" / "key.pem").write_text(made.renewed.key)
        await until(lambda: server._secrets().get("file:tls/key.pem").strip() == made.renewed.key.strip())
        assert await server.renew()
        assert await asyncio.to_thread(serial, port, trusting(tmp_path)) != before
        assert (await send(port, trusting(tmp_path, made.acme), "2"))[0] == 202


async def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.05)


async def test_addresses_count_and_what_strangers_write_about_themselves_does_not(guarded: Path, start: Any) -> None:
    say(guarded, "{addresses: ['203.0.113.0/24', '2001:db8::/32']}")

    async def from_(client: str, told: str = "") -> tuple[int, str]:
        headers = {"x-signature": "good"} | ({"x-forwarded-for": told} if told else {})

        async def door(scope: Any, receive: Any, send: Any) -> None:
            await running.hub.door({**scope, "client": (client, 1)}, receive, send)

        status, said = await call(door, "POST", "/in/shop/orders", order_body("1"), headers)
        return status, said.get("code", "")

    async with start() as running:
        assert (await from_("203.0.113.9"))[0] == 202
        for good in ("2001:db8::7", "::ffff:203.0.113.9"):
            assert (await from_(good))[0] == 200
        assert (await from_("127.0.0.1", "203.0.113.9"))[0] == 200, "the proxy is trusted"
        assert (await from_("127.0.0.1", "198.51.100.1, 203.0.113.9"))[0] == 200
        refused = (403, "access.address")
        assert await from_("198.51.100.1", "203.0.113.9") == refused, "nobody else is believed"
        assert await from_("127.0.0.1", "203.0.113.9, 198.51.100.1") == refused, "an address written in front counts for nothing"
        assert await from_("127.0.0.1", "203.0.113.9, dropbox:acme") == refused
        assert await from_("127.0.0.1") == refused


def public(key: ec.EllipticCurvePrivateKey) -> str:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


async def test_partners_get_short_lived_tokens_that_end_when_they_are_revoked(guarded: Path, start: Any) -> None:
    key, thief = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    (guarded / "acme.pem").write_text(public(key))
    (guarded / "secret.txt").write_text(SECRET)
    say(guarded, "{token: true}", "clients: {acme-erp: {secret: 'file:secret.txt'}, acme-wms: {keys: 'file:acme.pem'}}\n")

    async with start() as running:
        hub = running.hub

        async def ask(**form: str) -> tuple[int, dict[str, Any]]:
            basic = form.pop("basic", "")
            headers = {"content-type": "application/x-www-form-urlencoded"}
            if basic:
                headers["authorization"] = "Basic " + base64.b64encode(basic.encode()).decode()
            body = urlencode({"grant_type": "client_credentials", **form}).encode()
            return await call(hub.door, "POST", "/oauth/token", body, headers)

        def signed(by: Any = key, alg: str = "ES256", **claims: Any) -> str:
            now = int(time.time())
            own = {
                "iss": "acme-wms",
                "sub": "acme-wms",
                "aud": AUDIENCE,
                "jti": f"j{time.time_ns()}",
                "exp": now + 120,
                "iat": now,
            }
            return jwt.encode({k: v for k, v in {**own, **claims}.items() if v is not None}, by, alg)

        async def by_key(assertion: str) -> tuple[int, dict[str, Any]]:
            kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            return await ask(client_assertion_type=kind, client_assertion=assertion)

        async def post(token: str, number: str = "1") -> tuple[int, dict[str, Any]]:
            return await running.post(order_body(number), authorization=f"Bearer {token}")

        status, by_secret = await ask(basic=f"acme-erp:{SECRET}")
        assert (status, by_secret["token_type"], by_secret["scope"], by_secret["expires_in"]) == (200, "Bearer", "shop", 600)
        once = signed()
        status, by_assertion = await by_key(once)
        assert status == 200
        assert (await post(by_secret["access_token"]))[0] == 202
        assert (await post(by_assertion["access_token"]))[0] == 200
        kept = json.dumps(await running.rows("SELECT digest, client, systems FROM ledger_token"))
        assert by_secret["access_token"] not in kept

        bad = {
            "replayed": once,
            "another key": signed(thief),
            "wrong aud": signed(aud="https://elsewhere.example/oauth/token"),
            "over": signed(exp=int(time.time()) - 3600),
            "for a year": signed(exp=int(time.time()) + 31_000_000),
            "no jti": signed(jti=None),
            "no exp": signed(exp=None),
            "another's": signed(sub="acme-erp"),
            "alg none": signed(None, "none"),
            "a MAC by the public key": _mac(public(key)),
        }
        for what, assertion in bad.items():
            status, told = await by_key(assertion)
            assert (status, told["error"]) == (401, "invalid_client"), what
        assert (await ask(basic="acme-erp:wrong"))[1]["error"] == "invalid_client"
        assert (await ask(basic=f"acme-erp:{SECRET}", scope="depot"))[1]["error"] == "invalid_scope"
        assert (await post("cdt_" + "a" * 43))[1]["code"] == "access.token"
        assert (await running.post(order_body("1")))[0] == 401

        def revoke(session: Any) -> None:
            ledger.revoke(session, Numbers(running.clock, 900), "acme-erp", "test", "lost", time.time_ns() // 1000)

        await hub.store.work.do(revoke)
        revoked = time.monotonic()
        while (await post(by_secret["access_token"]))[0] != 401:
            assert time.monotonic() - revoked < 5
        assert (await ask(basic=f"acme-erp:{SECRET}"))[0] == 401
        assert (await post(by_assertion["access_token"]))[0] == 200, "the other client's token counts"
        running.clock.offset += timedelta(minutes=11).total_seconds()
        assert (await post(by_assertion["access_token"]))[1]["code"] == "access.token"
        statuses = [(await ask(basic="acme-erp:wrong"))[0] for _ in range(40)]
        assert 429 in statuses, "guessing is slowed down"


def _mac(pem: str) -> str:
    """What an attacker who has the public key makes of it, by hand: the library refuses to."""
    import hmac

    def part(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

    now = int(time.time())
    claims = {"iss": "acme-wms", "sub": "acme-wms", "aud": AUDIENCE, "jti": "mac", "exp": now + 120}
    header = json.dumps({"alg": "HS256", "typ": "JWT"}).encode()
    text = f"{part(header)}.{part(json.dumps(claims).encode())}"
    return f"{text}.{part(hmac.digest(pem.encode(), text.encode(), 'sha256'))}"
