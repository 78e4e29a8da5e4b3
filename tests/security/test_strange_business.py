"""What the warehouse sends although it cannot be right, over a real socket: an old or forged signature, and goods of an order nobody placed."""

from __future__ import annotations

import base64
import hmac
import json
import os
import secrets
import time
from collections.abc import Iterator
from typing import Any

import pytest

from crossdock.drills.landscape import copy_landscape
from tests.security.conftest import QUICK, Answer, Place, free_port, until

pytestmark = pytest.mark.slow

SECRET = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
NAMES = ("ODOO_KEY", "ODOO_WEBHOOK_TOKEN", "SHOPIFY_TOKEN", "SHOPIFY_SECRET", "WOO_KEY", "WOO_CONSUMER_SECRET", "WOO_SECRET",
         "WMS_KEY", "DHL_KEY", "UPS_KEY")  # fmt: skip


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The demo's hub while none of its systems can be reached."""
    folder = tmp_path_factory.mktemp("strange") / "land"
    copy_landscape(folder)
    given = {f"CROSSDOCK_DEMO_{name}": secrets.token_hex(20) for name in NAMES}
    nobody = f"http://127.0.0.1:{free_port()}"
    given |= {f"CROSSDOCK_DEMO_{name}_URL": nobody for name in ("ODOO", "SHOPIFY", "WOO", "WMS", "DHL", "UPS")}
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CROSSDOCK_")},
        **QUICK, **given, "CROSSDOCK_DEMO_WMS_SECRET": SECRET, "CROSSDOCK_REFERENCE_PATIENCE": "1", "CROSSDOCK_ENVIRONMENT": "demo",
        "PYTHONIOENCODING": "utf-8",
    }  # fmt: skip
    place = Place(folder, free_port(), "", environment)
    with place.up():
        yield place


def body(number: str, identity: str) -> bytes:
    """Goods were picked for a fulfilment."""
    line = {"number": "1", "order_line": "1", "sku": "HP-001", "quantity": "1"}
    event = {
        "id": identity, "type": "picking.completed", "fulfilment": number, "sequence": 1, "occurred_at": "2026-11-23T10:00:00Z",
        "data": {"confirmation": 1, "final": True, "picked_at": "2026-11-23T10:00:00Z", "lines": [line]},
    }  # fmt: skip
    return json.dumps(event).encode()


def signed(hub: Place, content: bytes, *, skew: int = 0, key: str = SECRET) -> Answer:
    """Send as the warehouse signs, with a clock that is `skew` seconds off."""
    identity, stamp = json.loads(content)["id"], str(int(time.time()) + skew)
    digest = hmac.digest(base64.b64decode(key.removeprefix("whsec_")), f"{identity}.{stamp}.".encode() + content, "sha256")
    signature = "v1," + base64.b64encode(digest).decode()
    return hub.post(content, "/in/wms-north/events", webhook_id=identity, webhook_timestamp=stamp, webhook_signature=signature)


def told(hub: Place, code: str) -> dict[str, Any]:
    found = until(lambda: [each for each in hub.exceptions() if each["code"] == code], f"{code} is told", 60)
    return dict(found[-1])


@pytest.mark.parametrize(("skew", "said"), [(-3600, "old"), (3600, "ahead")])
def test_a_signature_of_another_time_is_refused_and_kept(hub: Place, skew: int, said: str) -> None:
    content = body("FO-shopify-eu.1001-1", f"skewed{skew}")
    answer = signed(hub, content, skew=skew)
    assert (answer.status, answer.code) == (401, "receive.signature_expired")
    assert answer.body["hint"]
    until(
        lambda: any(said in each["message"] for each in hub.exceptions() if each["code"] == "receive.signature_expired"), said, 60
    )
    numbers = [each["number"] for each in hub.exceptions() if each["code"] == "receive.signature_expired"]
    assert content in [hub.run("exceptions", "show", number, "--payload").stdout for number in numbers]


def test_a_forged_signature_is_refused_and_kept(hub: Place) -> None:
    content = body("FO-shopify-eu.1001-1", "forged")
    answer = signed(hub, content, key="whsec_" + base64.b64encode(b"somebody else's key.....").decode())
    assert (answer.status, answer.code) == (401, "receive.signature_invalid")
    assert hub.run("exceptions", "show", told(hub, "receive.signature_invalid")["number"], "--payload").stdout == content


def test_goods_of_an_order_nobody_placed_wait_and_then_go_to_a_person(hub: Place) -> None:
    content = body("FO-shopify-eu.404404-1", "stray")
    assert signed(hub, content).status == 202
    found = told(hub, "sequence.reference_unknown")
    assert "FO-shopify-eu.404404-1" in found["message"]
    shown = json.loads(hub.run("exceptions", "show", found["number"], "--json").stdout)
    assert "404404" in json.dumps(shown)
    assert hub.run("exceptions", "show", found["number"], "--payload").stdout == content
    assert signed(hub, body("FO-shopify-eu.404405-1", "next")).status == 202, "the hub goes on"
