"""A vault that is away: what was read is used within the stated limit, then the use is deferred; what it refuses is refused at once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Mapping

import pytest

from crossdock.core.errors import CrossdockError, Deferred, SecretMissing
from crossdock.security.vault.errors import VaultInvalid, VaultRefused, VaultUnavailable
from crossdock.security.vault.hashicorp import HashicorpVault
from crossdock.security.vault.protocol import Document
from crossdock.security.vault.reader import AGAIN, FRESH, Reader
from tests.security.vault.bao import Bao


class Fickle:
    """A vault that can be made to fail or hang."""

    def __init__(self) -> None:
        self.fields: Mapping[str, str] = {"value": "one"}
        self.error: CrossdockError | None = None
        self.hangs = threading.Event()
        self.hangs.set()
        self.reads = 0

    def read(self, path: str) -> Document:
        self.reads += 1
        self.hangs.wait(30)
        if self.error is not None:
            raise self.error
        return Document(1, dict(self.fields))

    def write(self, path: str, fields: Mapping[str, str], seen: int) -> int:
        return 1

    def delete(self, path: str) -> None: ...

    def paths(self) -> list[str]:
        return []

    def check(self) -> None: ...

    def close(self) -> None: ...


class Hand:
    """Seconds moved by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_cached_within_the_limit_then_deferred() -> None:
    vault, hand = Fickle(), Hand()
    reader = Reader(vault, 900, hand)
    assert reader("a") == "one"
    vault.error = VaultUnavailable("away")
    hand.now += 899
    assert reader("a") == "one"
    reader.settle()
    hand.now += 1.5
    with pytest.raises(VaultUnavailable) as deferred:
        reader("a")
    assert isinstance(deferred.value, Deferred)
    reads = vault.reads
    with pytest.raises(VaultUnavailable):
        reader("a")
    assert vault.reads == reads  # it is not asked again at every use
    vault.error, hand.now = None, hand.now + AGAIN + 0.1
    assert reader("a") == "one"
    reader.close()


def test_a_change_is_seen_behind_the_callers_back_and_a_refusal_is_believed() -> None:
    vault, hand = Fickle(), Hand()
    reader = Reader(vault, 900, hand)
    assert reader("a") == "one"
    vault.fields = {"value": "two", "value~previous": "one"}
    assert reader("a") == "one"
    assert reader.second("a") is None
    hand.now += FRESH + 0.1
    reader("a")
    reader.settle()
    assert reader("a") == "two"
    assert reader.second("a") == "vault:a#value~previous"
    vault.error = VaultRefused("no")
    hand.now += FRESH + 0.1
    reader("a")
    reader.settle()
    with pytest.raises(VaultRefused):
        reader("a")
    for strange in ("../a", "a//b", "a b", "/a", "a#", "a/./b", "a#b/c", ""):
        if strange != "a#":
            with pytest.raises(SecretMissing):
                reader(strange)
    reader.close()


async def test_a_vault_that_hangs_does_not_hold_up_the_loop() -> None:
    vault = Fickle()
    vault.hangs.clear()
    reader = Reader(vault, 900)
    began = time.monotonic()
    with pytest.raises(VaultUnavailable):
        reader("a")
    assert time.monotonic() - began < 10
    vault.hangs.set()
    await asyncio.to_thread(reader.settle)
    assert reader("a") == "one"
    await asyncio.to_thread(reader.close)


def test_openbao_away_refusing_and_over_plain_http() -> None:
    server = Bao()
    away = HashicorpVault(server.url, lambda: (server.token,), seconds=2)
    for attempt in (lambda: away.read("a"), lambda: away.write("a", {"value": "x"}, 0), away.check, away.paths):
        with pytest.raises(VaultUnavailable):
            attempt()
    server.start()
    try:
        away.write("a", {"value": "x"}, 0)
        assert away.read("a").fields == {"value": "x"}  # it comes back without a restart of the hub
        with pytest.raises(VaultRefused) as refused:
            HashicorpVault(server.url, lambda: ("canary-wrong-token",)).read("a")
        assert "canary" not in str(refused.value)
        _by_role(server)
    finally:
        server.stop()
    with pytest.raises(VaultUnavailable):
        away.read("a")
    for url in ("http://vault.example:8200", "ftp://127.0.0.1", "vault"):
        with pytest.raises(VaultInvalid):
            HashicorpVault(url, lambda: ("t",))


def _by_role(server: Bao) -> None:
    """An AppRole whose token ends is logged in anew."""
    import hvac

    root = hvac.Client(server.url, token=server.token)
    root.sys.enable_auth_method("approle")
    root.sys.create_or_update_policy("hub", 'path "secret/*" { capabilities = ["create","read","update","delete","list"] }')
    root.auth.approle.create_or_update_approle("hub", token_policies=["hub"])
    role = root.auth.approle.read_role_id("hub")["data"]["role_id"]
    secret = root.auth.approle.generate_secret_id("hub")["data"]["secret_id"]
    vault = HashicorpVault(server.url, lambda: (role, secret))
    assert vault.read("a").fields == {"value": "x"}
    root.auth.token.revoke(vault._client.token)  # type: ignore[union-attr]
    assert vault.read("a").fields == {"value": "x"}
    with pytest.raises(VaultRefused):
        HashicorpVault(server.url, lambda: (role, "canary-wrong")).read("a")
    vault.close()
