"""Payloads at rest: lossless, unreadable without the key, altered bytes told from others, and readable again after a change of keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.core.errors import EncryptionKeyMissing, EncryptionKeyUnfit, PayloadLocked
from crossdock.landscape.load import load
from crossdock.ledger import payloads
from crossdock.ledger.audit import verify
from crossdock.ledger.payloads import Damaged, FileClaims, decode, encode, pack, protect, unpack
from crossdock.security.encryption import PayloadCipher, begin
from tests.pipeline.conftest import landscape_folder as landscape_folder
from tests.pipeline.conftest import order_body
from tests.pipeline.conftest import start as start

KEY, OTHER = "a" * 40, "b" * 40


@pytest.fixture(autouse=True)
def apart() -> Iterator[None]:
    before = payloads._keys.writing, dict(payloads._keys.known), payloads._keys.more
    payloads._keys.known, payloads._keys.more = {}, None
    yield
    payloads._keys.writing, payloads._keys.known, payloads._keys.more = before


@given(st.binary(max_size=2_000), st.booleans())
def test_what_was_sealed_comes_back_byte_for_byte(body: bytes, look_alike: bool) -> None:
    body = (b"\xcd\x9e\x01" + body) if look_alike else body
    protect(PayloadCipher(KEY))
    encoding, stored = encode(body)
    assert decode(encoding, stored) == body
    assert len(body) < 8 or body not in stored
    protect(None)
    assert decode(encoding, stored) == body  # its key is known still
    assert decode(*encode(body)) == body
    document = json.dumps({"x": body.hex()}).encode()
    protect(PayloadCipher(KEY))
    assert unpack(pack(document)) == document


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_an_altered_byte_is_seen(place: int, change: int) -> None:
    protect(PayloadCipher(KEY))
    encoding, stored = encode(b"an order of Ada Lovelace" * 3)
    altered = bytearray(stored)
    altered[7 + place % (len(stored) - 7)] ^= change
    with pytest.raises(Damaged):
        decode(encoding, bytes(altered))


def test_without_the_key_it_is_locked_and_with_the_previous_one_it_is_read(tmp_path: Path) -> None:
    old, new = PayloadCipher(KEY), PayloadCipher(OTHER)
    protect(old)
    stored, claims = pack(b'{"a":1}'), FileClaims(tmp_path)
    claim = claims.put(b"large" * 100, __import__("hashlib").sha256(b"large" * 100).digest())
    assert b"large" not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    payloads._keys.known.clear()
    protect(new)
    with pytest.raises(PayloadLocked) as locked:
        unpack(stored)
    assert KEY not in str(locked.value) and old.id.hex() in locked.value.message
    asked: list[int] = []
    payloads.unlock_with(lambda: (asked.append(1), [old])[1])
    assert unpack(stored) == b'{"a":1}' and claims.get(claim) == b"large" * 100
    assert len(asked) == 1 and KEY not in repr(old)
    with pytest.raises(EncryptionKeyUnfit):
        PayloadCipher("short")


async def test_nothing_of_an_encrypted_class_is_readable_in_the_ledger_and_the_chain_holds(
    start: Any, landscape_folder: Path, tmp_path: Path
) -> None:
    """A canary in every protected field is in no byte of the database, and the hub, its chain and its readers go on as before."""
    (landscape_folder / "policies.yaml").write_text("data_classes: {contact: {fields: [order.customer.name], encrypted: true}}\n")
    head = landscape_folder / "crossdock.yaml"
    head.write_text(head.read_text() + "default_environment: test\n")
    (landscape_folder / "environments").mkdir()
    (landscape_folder / "environments/test.yaml").write_text("encryption: {key: file:payload.key}\n")
    for folder in (landscape_folder, landscape_folder / "secrets"):
        folder.mkdir(exist_ok=True)
        (folder / "payload.key").write_text(KEY)
    async with start() as hub:
        assert payloads.protected()
        await hub.post(order_body("1", customer={"id": "C1", "name": "Canary Lovelace", "email": "canary@example.com"}), x_id="1")
        await hub.until_rows("SELECT id FROM ledger_delivery WHERE settled_at IS NOT NULL", bool)
        found = []
        for table in ("message", "event", "delivery", "attempt", "instance", "exception", "deed", "audit"):
            columns = await hub.rows(f"SELECT * FROM ledger_{table}")
            found += [bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode() for row in columns for v in row]
        assert len(found) > 50
        assert not any(b"anary" in each for each in found)
        ((encoding, body),) = await hub.rows("SELECT encoding, body FROM ledger_message")
        assert b"Canary Lovelace" in decode(encoding, body)
        verified = await hub.hub.store.read.do(verify)
        assert verified.breaks == () and verified.compared >= 2


def test_where_bundles_are_promoted_to_nothing_starts_without_the_key(landscape_folder: Path) -> None:
    (landscape_folder / "policies.yaml").write_text("data_classes: {contact: {fields: [order.customer.name], encrypted: true}}\n")
    head = landscape_folder / "crossdock.yaml"
    head.write_text(head.read_text() + "default_environment: test\n")
    (landscape_folder / "environments").mkdir()
    environment = landscape_folder / "environments/test.yaml"

    def begun(text: str) -> bool:
        environment.write_text(text)
        begin(load(landscape_folder), {"env:PAYLOADS": KEY}.__getitem__)
        return payloads.protected()

    assert not begun("title: For trying things out\n")
    with pytest.raises(EncryptionKeyMissing):
        begun("promotion: {unsigned: true}\n")
    assert begun("promotion: {unsigned: true}\nencryption: {key: 'env:PAYLOADS'}\n")
