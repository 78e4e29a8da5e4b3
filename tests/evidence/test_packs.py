"""The evidence of one transaction: whole, tied to the audit chain, masked for whom it is made, and signed."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest

from crossdock.evidence.pack import About, pack, statement
from crossdock.evidence.shown import steps
from crossdock.governance.signing import new_key, public_of, statement_holds
from crossdock.ledger.audit_proof import proofs
from crossdock.ledger.session import Session
from crossdock.ledger.trace import story
from crossdock.security.masking import Mask
from tests.pipeline.conftest import landscape_folder, order_body, start  # noqa: F401

KEY = new_key()


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger.sqlite3"


async def test_a_pack_says_everything_once_and_hides_what_is_protected(start) -> None:  # noqa: F811
    async with start() as hub:
        for number in ("1", "2"):
            await hub.post(order_body(number))
        await hub.until_rows("SELECT state FROM ledger_delivery", lambda rows: rows == [(10,), (10,)], 60)

        def read(session: Session):
            return story(session, "order/shop/1"), proofs(session, "order/shop/1")

        told, chain = await hub.hub.store.read.do(read)
        ((digest,),) = await hub.rows("SELECT content_hash FROM ledger_event WHERE key='order/shop/1'")
    tags = {each.tag for each in chain}
    assert {"pipeline:message:taken", "pipeline:event:recorded", "deliver:document.send:accepted"} <= tags
    assert bytes(digest).hex() in {each.digest for each in chain}

    mask = Mask((("order", "ship_to"), ("order", "customer", "name")))
    about = About("test", "none", "b" * 64, "ada", "2026-03-02T10:00:00+00:00", [".".join(each) for each in mask.paths])
    archive = pack(told, steps(told, mask), chain, about, KEY)
    assert archive == pack(told, steps(told, mask), chain, about, KEY)
    with zipfile.ZipFile(io.BytesIO(archive)) as found:
        files = {name: found.read(name) for name in found.namelist()}
    manifest, signature = json.loads(files["manifest.json"]), json.loads(files.pop("signature.json"))
    assert statement_holds(public_of(KEY), statement(files.pop("manifest.json")), signature["signature"])
    assert {each["path"]: each["sha256"] for each in manifest["files"]} == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items()
    }
    whole = b"".join(files.values())
    assert (manifest["masked"], manifest["hidden"]) == (True, ["order.ship_to", "order.customer.name"])
    assert b"Main St" not in whole and b"Acme" not in whole
    assert b"order/shop/2" not in whole
    kinds = {name.split("/")[1].split("-")[1] for name in files if name.startswith("payloads/")}
    assert {"received", "canonical", "mapped", "answered"} <= kinds
    open_ = pack(told, steps(told, Mask()), chain, about)
    with zipfile.ZipFile(io.BytesIO(open_)) as found:
        assert "signature.json" not in found.namelist()
        assert any(b"Main St" in found.read(name) for name in found.namelist())
