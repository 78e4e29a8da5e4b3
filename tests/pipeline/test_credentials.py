"""Credentials of running hubs: withdrawn on every worker within seconds, counted, renewed with an overlap, told of in time."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock.core.clock import SystemClock
from crossdock.core.errors import CrossdockError
from crossdock.landscape.load import load
from crossdock.landscape.secrets import vault_of
from crossdock.ledger import vault as kept
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.ids import Numbers
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.pipeline.hub import Hub
from crossdock.pipeline.settings import PipelineSettings
from crossdock.security.vault import opening
from crossdock.security.vault.embedded import EmbeddedVault
from crossdock.security.vault.envelope import new_master
from crossdock.security.vault.errors import CredentialRevoked, MasterKeyMismatch, VaultNotMade, VaultUnavailable
from crossdock.security.vault.keeping import Keeper
from crossdock.security.vault.listing import listed
from crossdock.simulators.odoo import Odoo
from crossdock.simulators.woocommerce.simulator import WooCommerce
from tests.pipeline.conftest import SteppedClock
from tests.security.canary import dumped, found

OLD = "canary-hook-0b7c55"


class Land:
    """A landscape with an Odoo and a WooCommerce shop whose credentials are in the embedded vault, and hubs on it."""

    def __init__(self, folder: Path, url: str, odoo: Odoo, woo: WooCommerce) -> None:
        self.folder, self.odoo, self.woo = folder, odoo, woo
        self.location, self.url = LedgerLocation.parse(url), url
        files = {
            "crossdock.yaml": "name: test\ncompany: Test Ltd\npartitions: 4\nteams: {ops: {}}\ndefault_environment: live\n",
            "environments/live.yaml": "vault: {kind: embedded, master_key: 'file:master'}\nalerts: log\n",
            "policies.yaml": "rotation:\n- {purpose: api_key, every: 3h, overlap: 2h, automatic: true}\n- {every: 90d, overlap: 1h, warn: 10d}\n",
            "systems/erp.yaml": f"kind: odoo\nowner: ops\nendpoint: {odoo.url}\ncredentials: {{api_key: 'vault:erp/key', webhook_token: 'env:HOOK'}}\noptions: {{database: odoo19, warehouse: WH}}\n",
            "systems/woo.yaml": (
                f"kind: woocommerce\nowner: ops\nendpoint: {woo.url}\ncredentials: {{consumer_key: 'vault:woo/shop#key', "
                "consumer_secret: 'vault:woo/shop#secret', webhook_secret: 'vault:woo/hook'}\n"
            ),
            "master": new_master(),
        }  # fmt: skip
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.landscape = load(folder)
        self.clock = SteppedClock()
        self.store = Store(self.location)
        reader: Any = vault_of(self.landscape.environment.vault, self.landscape.home, self.location)
        assert isinstance(reader.vault, EmbeddedVault)
        self.vault = reader.vault
        self.keeper = Keeper(self.store, Numbers(SystemClock(), 1023), self.vault, folder)

    def fill(self) -> None:
        self.vault.make()
        now = self.clock.now()
        for reference, value in {
            "vault:erp/key": self.odoo.keys["hub"], "vault:woo/shop#key": self.woo.consumer_key,
            "vault:woo/shop#secret": self.woo.consumer_secret, "vault:woo/hook": OLD,
        }.items():  # fmt: skip
            self.keeper.set(reference, value, "ann", now, "set up")

    def value(self, reference: str) -> str:
        path, _, name = reference.removeprefix("vault:").partition("#")
        return self.vault.read(path).fields[name or "value"]

    def standing(self, reference: str) -> kept.Standing:
        return self.store.read.run(lambda s: kept.standing(s, reference))

    @asynccontextmanager
    async def hubs(self, count: int = 1) -> AsyncIterator[list[Hub]]:
        settings = PipelineSettings(timers_every=0.05, idle=0.05, grace=2.0, prune_every=0.0, watch_every=0.3, mappers=0)
        async with AsyncExitStack() as stack:
            found = []
            for _ in range(count):
                hub = Hub(load(self.folder), clock=self.clock, settings=settings, location=self.location)
                await hub.start()
                stack.push_async_callback(hub.stop)
                found.append(hub)
            yield found


@pytest.fixture
async def land(tmp_path: Path, ledger_url: str) -> AsyncIterator[Land]:
    odoo, woo = Odoo(), WooCommerce(hub_url="http://127.0.0.1:9/in/woo/orders", webhook_secret=OLD)
    await odoo.start()
    await woo.start()
    found = Land(tmp_path / "land", ledger_url, odoo, woo)
    yield found
    found.store.close()
    await asyncio.to_thread(opening.close_all)
    await woo.stop()
    await odoo.stop()


async def until(condition: Callable[[], Any] | Callable[[], Awaitable[Any]], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"not seen within {seconds} s: {what}")
        await asyncio.sleep(0.05)


def refused(hub: Hub, reference: str) -> str:
    try:
        hub.runtime.secrets.get(reference)
    except CrossdockError as error:
        return error.code
    return ""


async def test_revoked_on_every_worker_within_five_seconds(land: Land, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "canary-env-hook")
    workers = 2 if land.location.vendor == "postgresql" else 1
    with pytest.raises(VaultNotMade):  # a hub does not start on a vault nobody made
        async with land.hubs():
            pass
    land.fill()
    async with land.hubs(workers) as hubs:
        for hub in hubs:
            assert hub.runtime.secrets.get("vault:woo/hook") == OLD
            assert hub.runtime.secrets.get("env:HOOK") == "canary-env-hook"
        for reference in ("vault:woo/hook", "env:HOOK"):
            land.keeper.revoke(reference, "ann", land.clock.now(), "it was in a mail")
            began = time.monotonic()
            await until(lambda r=reference: all(refused(hub, r) == "vault.revoked" for hub in hubs), "revoked everywhere")
            assert time.monotonic() - began < 5
        with pytest.raises(CredentialRevoked, match="it was in a mail"):
            hubs[-1].runtime.secrets.get("vault:woo/hook")
        assert land.vault.read("woo/hook").fields == {}  # and it is nowhere any more
        assert hubs[0].runtime.secrets.get("vault:woo/shop#key")  # others go on
        land.keeper.set("vault:woo/hook", "renewed", "ann", land.clock.now())
        land.keeper.lift("env:HOOK", "ann", land.clock.now(), "changed")
        await until(lambda: all(refused(h, "vault:woo/hook") == refused(h, "env:HOOK") == "" for h in hubs), "good again")
        assert {hub.runtime.secrets.get("vault:woo/hook") for hub in hubs} == {"renewed"}
    logged = land.store.read.run(lambda s: kept.uses(s, "vault:woo/hook"))
    assert logged and sum(each.uses for each in logged) >= 2
    audited = land.store.read.run(lambda s: s.rows("SELECT data FROM ledger_instruction WHERE kind='record'"))
    assert any("person:credential:revoked" in data and "it was in a mail" in data for (data,) in audited)
    assert OLD not in str(audited)


async def test_a_worker_that_cannot_see_the_ledger_gives_nothing_out(land: Land) -> None:
    from crossdock.landscape.secrets import SecretReferences
    from crossdock.security.vault.governed import BLIND, GovernedSecrets

    land.fill()
    seconds = [100.0]
    reader: Any = vault_of(land.landscape.environment.vault, land.folder, land.location)
    secrets = GovernedSecrets(SecretReferences(land.folder, vault=reader), reader, land.clock, lambda: seconds[0])
    land.store.read.run(secrets.see)
    seconds[0] += BLIND
    assert await asyncio.to_thread(secrets.get, "vault:woo/hook") == OLD
    seconds[0] += 0.1
    with pytest.raises(VaultUnavailable):
        secrets.get("vault:woo/hook")
    land.store.read.run(secrets.see)
    assert secrets.get("vault:woo/hook") == OLD
    assert OLD not in repr(secrets)


async def test_a_hub_with_another_master_key_does_not_start(land: Land) -> None:
    land.fill()
    (land.folder / "master").write_text(new_master())
    await asyncio.to_thread(opening.close_all)
    with pytest.raises(MasterKeyMismatch):
        async with land.hubs():
            pass


async def test_rotated_with_overlap(land: Land, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Odoo makes a new key itself, the shop is told a new webhook secret; old and new count for the overlap, then the old one is ended."""
    monkeypatch.setenv("HOOK", "x")
    land.fill()
    land.odoo.registry.programmatic_keys = True
    key = land.value("vault:erp/key")
    async with land.hubs() as [hub]:
        woo, erp = hub.runtime.participants["woo"].connector, hub.runtime.participants["erp"].connector
        land.keeper.wish("vault:woo/hook", "ann", land.clock.now())
        await until(
            lambda: "webhook_secret_previous" in woo.context.credentials, "the next secret is taken beside the current one"
        )  # type: ignore[attr-defined]
        assert land.woo.webhook_secret == OLD  # the shop is told only when every worker takes it
        await until(lambda: land.standing("vault:woo/hook").stage == "announced", "announced")
        land.clock.offset += 6
        await until(lambda: land.standing("vault:woo/hook").stage == "overlap", "the shop was told")
        new = land.value("vault:woo/hook")
        assert new != OLD
        assert land.woo.webhook_secret == new
        await until(lambda: set(woo.webhook_secrets()) == {new, OLD}, "both are taken")  # type: ignore[attr-defined]
        for secret in (OLD, new):
            assert await _posted(hub, secret) == 202
        assert await _posted(hub, "neither") == 401
        # the age the policy allows is over: the hub renews Odoo's key by itself
        land.clock.offset += 3 * 3600
        await until(lambda: land.standing("vault:erp/key").stage == "overlap", "Odoo made a new key")
        await until(lambda: land.standing("vault:woo/hook").stage == "", "the overlap of the shop's secret is over")
        renewed = land.value("vault:erp/key")
        assert renewed != key
        assert {key, renewed} <= set(land.odoo.registry.keys)
        await until(lambda: erp.context.secret("api_key") == renewed, "the new key is used")  # type: ignore[attr-defined]
        land.clock.offset += 2 * 3600 + 1
        await until(lambda: land.standing("vault:erp/key").stage == "", "the old key is ended")
        assert key not in land.odoo.registry.keys
        assert renewed in land.odoo.registry.keys
        await until(lambda: woo.webhook_secrets() == [new], "only the new one is taken")  # type: ignore[attr-defined]
        assert land.vault.read("woo/hook").fields == {"value": new}
        assert land.vault.read("erp/key").fields == {"value": renewed}
        planted = [
            ("old hook", OLD),
            ("new hook", new),
            ("old key", key),
            ("new key", renewed),
            ("shop", land.woo.consumer_secret),
        ]
    master = (land.folder / "master").read_text()
    places = [*dumped(land.url), ("log", caplog.text.encode())]
    assert any(table == "ledger_vault_secret" for table, _ in places)
    assert found([*planted, ("master key", master)], places) == []
    commands = (
        ["vault", "list"],
        ["vault", "list", "--json"],
        ["vault", "log", "--json"],
        ["check"],
        ["bundle", "--out", "b.zip", "--unsigned"],
    )
    for words in commands:
        said = await asyncio.to_thread(_crossdock, land, *words)
        assert found([*planted, ("master key", master)], [(" ".join(words), said)]) == []
    assert b"vault:woo/hook" in await asyncio.to_thread(_crossdock, land, "vault", "list", "--json")


def _crossdock(land: Land, *words: str) -> bytes:
    command = [sys.executable, "-m", "crossdock", *words]
    environment = {**os.environ, "CROSSDOCK_LEDGER": land.url, "HOOK": "x"}
    done = subprocess.run(command, cwd=land.folder, env=environment, capture_output=True, timeout=120, check=False)
    return done.stdout + done.stderr


_numbers = iter(range(1000))


async def _posted(hub: Hub, secret: str) -> int:
    from tests.pipeline.conftest import call

    body = b'{"id": %d, "unknown": true}' % next(_numbers)
    signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    headers = {"x-wc-webhook-signature": signature, "x-wc-webhook-topic": "product.updated", "content-type": "application/json"}
    status, _ = await call(hub.door, "POST", "/in/woo/orders", body, headers)
    return status


async def test_what_cannot_be_rotated_is_told(land: Land, monkeypatch: pytest.MonkeyPatch) -> None:
    """Odoo says no: the key stays good and the owner is told; an interrupted making is never repeated blind; an old credential is warned of."""
    monkeypatch.setenv("HOOK", "x")
    land.fill()
    key = land.value("vault:erp/key")
    land.keeper.wish("vault:erp/key", "ann", land.clock.now())
    land.keeper.begin("vault:woo/hook", "making", "hub", land.clock.now())  # another worker began, and ended
    async with land.hubs() as [hub]:
        await until(lambda: "not enabled" in land.standing("vault:erp/key").note, "the refusal is noted")
        assert land.value("vault:erp/key") == key
        await until(lambda: "Look at the system" in land.standing("vault:woo/hook").note, "a person is asked to look")

        async def alerts() -> set[str]:
            rows = await hub.store.read.do(
                lambda s: s.rows("SELECT title FROM ledger_alert WHERE closed_at IS NULL AND kind='credential'")
            )
            return {title for (title,) in rows}

        async def told() -> bool:
            return {"api_key of erp could not be renewed", "webhook_secret of woo could not be renewed"} <= await alerts()

        await until(told, "both are told")
        land.clock.offset += 85 * 86_400

        async def warned() -> bool:
            return any(title.startswith("consumer_key of woo is to be renewed by") for title in await alerts())

        await until(warned, "an old credential is warned of")
    seen = {each.reference: each for each in land.store.read.run(lambda s: listed(s, land.landscape, land.clock.now()))}
    shown = seen["vault:woo/shop#key"]
    assert (shown.owner, shown.age_days, shown.state, shown.by) == ("ops", 85, "due", "person")
    assert shown.next is not None
    assert shown.next - land.clock.now() < timedelta(days=6)
    assert seen["env:HOOK"].age == "not known"
    assert OLD not in str(seen) + str(seen["vault:woo/hook"].as_dict())


def test_a_handover_is_changed_over_by_a_person(tmp_path: Path, sqlite_land: Keeper) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    sqlite_land.set("vault:as2/key", "the first", "ann", now)
    sqlite_land.pend("vault:as2/key", "the second", "public part", "handover", "ann", now, None)
    assert sqlite_land.vault is not None
    assert dict(sqlite_land.vault.read("as2/key").fields) == {"value": "the first", "value~pending": "the second"}
    sqlite_land.switch("vault:as2/key", "ann", now, now + timedelta(days=1))
    assert dict(sqlite_land.vault.read("as2/key").fields) == {"value": "the second", "value~previous": "the first"}
    assert sqlite_land.store.read.run(lambda s: kept.standing(s, "vault:as2/key")).overlap_until == micros(
        now + timedelta(days=1)
    )
    sqlite_land.end("vault:as2/key", "ann", now)
    assert dict(sqlite_land.vault.read("as2/key").fields) == {"value": "the second"}


@pytest.fixture
def sqlite_land(tmp_path: Path) -> Any:
    from crossdock.security.vault.envelope import LocalMaster
    from tests.ledgers import migrated_at

    location = LedgerLocation("sqlite", migrated_at(tmp_path / "ledger.sqlite3"))
    vault = EmbeddedVault(location, lambda: [LocalMaster(bytes(32))])
    vault.make()
    store = Store(location)
    yield Keeper(store, Numbers(SystemClock(), 1023), vault, tmp_path)
    store.close()
    vault.close()
