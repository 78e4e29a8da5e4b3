"""Payment gateways at the real door: stored before they hear yes, each fact once, led to the order by its number and then by the payment."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from crossdock.connectors.adyen.connector import AdyenConnector
from crossdock.connectors.adyen.signature import sign as adyen_signature
from crossdock.connectors.adyen.signature import signed_text
from crossdock.connectors.stripe.connector import StripeConnector
from crossdock.connectors.stripe.signature import sign as stripe_signature
from crossdock.core.commands import Command
from crossdock.core.outcomes import Accepted, Outcome
from crossdock.landscape.load import load
from crossdock.ledger.database import LedgerLocation
from crossdock.pipeline.hub import Hub
from crossdock.pipeline.settings import PipelineSettings
from tests.pipeline.conftest import FILES, Depot, Found, Running, ShopConnector, SteppedClock, depot_connector, order_body

KEY, SECRET, PASSWORD = "00FF" * 16, "whsec_in_the_hub", "webhook-password"
EVENTS = "payment.authorized, payment.captured, refund.completed"
WORLD = {
    **FILES,
    "systems/stripe.yaml": (
        "kind: stripe\nowner: ops\nendpoint: http://127.0.0.1:1\noptions: {shop: shop}\n"
        "credentials: {secret_key: env:TEST_STRIPE_KEY, webhook_secret: env:TEST_STRIPE_SECRET}\n"
    ),
    "systems/adyen.yaml": (
        "kind: adyen\nowner: ops\nendpoint: http://127.0.0.1:1\noptions: {shop: shop, merchant_account: Pine, webhook_user: hub}\n"
        "credentials: {api_key: env:TEST_ADYEN_KEY, hmac_key: env:TEST_ADYEN_HMAC, webhook_password: env:TEST_ADYEN_PASSWORD}\n"
    ),
    "ownership.yaml": (
        "entities: {order: {owner: shop}, payment: {owner: [stripe, adyen]}, refund: {owner: [stripe, adyen]}}\n"
        "events:\n  order.placed: {originates: [shop]}\n"
        + "".join(f"  {kind}: {{originates: [stripe, adyen]}}\n" for kind in EVENTS.split(", "))
    ),
    "flows/orders.yaml": (
        f"workflow: routing\ntrigger: {{events: [order.placed, {EVENTS}], sources: [shop, stripe, adyen]}}\n"
        "roles: {shop: shop, target: depot, one: stripe, other: adyen}\nexception_owner: ops\nconsequence: late orders\n"
        "budgets: {default: {attempts: 4, first_delay: 1s, max_delay: 2s}}\n"
    ),
}


@asynccontextmanager
async def running(root: Path, ledger_url: str) -> AsyncIterator[Running]:
    for name, text in WORLD.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    depot, clock = Depot(), SteppedClock()

    def take(command: Command) -> Outcome:
        depot.taken.append((command.id, command.key))
        return Accepted({})

    depot.always = take  # type: ignore[assignment]
    connectors = {
        "test_shop": Found(ShopConnector),
        "test_depot": Found(depot_connector(depot)),
        "stripe": Found(StripeConnector),
        "adyen": Found(AdyenConnector),
    }
    settings = PipelineSettings(timers_every=0.02, idle=0.02, reconcile_first=0.02, grace=2.0, prune_every=0.0)
    hub = Hub(load(root), clock=clock, settings=settings, location=LedgerLocation.parse(ledger_url), connectors=connectors)
    await hub.start()
    try:
        yield Running(hub, depot, clock)
    finally:
        await hub.stop()


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "STRIPE_KEY": "sk_test_in_the_hub",
        "STRIPE_SECRET": SECRET,
        "ADYEN_KEY": "AQE-in-the-hub",
        "ADYEN_HMAC": KEY,
        "ADYEN_PASSWORD": PASSWORD,
    }
    for name, value in values.items():
        monkeypatch.setenv(f"TEST_{name}", value)


def item(code: str, psp: str, reference: str, **more: str) -> dict[str, Any]:
    head = {
        "eventCode": code,
        "pspReference": psp,
        "merchantReference": reference,
        "merchantAccountCode": "Pine",
        "success": "true",
    }
    amount = {"currency": "EUR", "value": 1900}
    return {**head, "amount": amount, "eventDate": "2026-11-23T09:00:00+01:00", "paymentMethod": "visa", "reason": "", **more}


async def from_adyen(hub: Running, *items: dict[str, Any], password: str = PASSWORD) -> tuple[int, dict[str, Any]]:
    signed = [{**one, "additionalData": {"hmacSignature": adyen_signature(KEY, signed_text(one).encode())}} for one in items]
    body = json.dumps({"live": "false", "notificationItems": [{"NotificationRequestItem": one} for one in signed]}).encode()
    pair = base64.b64encode(f"hub:{password}".encode()).decode()
    return await hub.post(body, "adyen", "webhook", authorization=f"Basic {pair}")


async def from_stripe(hub: Running, kind: str, about: dict[str, Any], age: int = 0) -> tuple[int, dict[str, Any]]:
    at = int(hub.clock.now().timestamp()) - age
    body = json.dumps(
        {"id": f"evt_{kind}", "object": "event", "created": at, "type": kind, "livemode": False, "data": {"object": about}}
    ).encode()
    return await hub.post(body, "stripe", "webhook", stripe_signature=f"t={at},v1={stripe_signature(SECRET, at, body)}")


async def test_a_batch_of_adyen_is_stored_and_accepted_and_leads_to_its_order(landscape_folder: Path, ledger_url: str) -> None:
    async with running(landscape_folder, ledger_url) as hub:
        await hub.post(order_body("1001"))
        await hub.until(lambda: len(hub.depot.taken) == 1)
        authorised = item("AUTHORISATION", "PAYMENT1", "1001")
        captured = item("CAPTURE", "CAPTURE1", "xd:c", originalReference="PAYMENT1")
        refunded = item("REFUND", "REFUND1", "xd:r", originalReference="PAYMENT1")
        for batch in ([authorised], [authorised, captured], [captured, refunded]):  # repeated by Adyen, as it does
            assert await from_adyen(hub, *batch) == (200, {"text": "[accepted]"})
        await hub.until(lambda: len(hub.depot.taken) == 4)
        assert {key for _, key in hub.depot.taken} == {"order/shop/1001"}
        assert await hub.rows("SELECT code FROM ledger_exception") == []


async def test_what_adyen_did_not_send_is_not_accepted_and_kept_for_a_person(landscape_folder: Path, ledger_url: str) -> None:
    async with running(landscape_folder, ledger_url) as hub:
        status, said = await from_adyen(hub, item("AUTHORISATION", "PAYMENT1", "1001"), password="guessed-password")
        assert status == 401
        assert "[accepted]" not in str(said)
        [(code,)] = await hub.until_rows("SELECT code FROM ledger_exception", bool)
        assert code == "receive.unauthenticated"


async def test_a_payment_and_a_refund_of_stripe_lead_to_the_order_and_an_old_copy_is_refused(
    landscape_folder: Path, ledger_url: str
) -> None:
    async with running(landscape_folder, ledger_url) as hub:
        await hub.post(order_body("1001"))
        await hub.until(lambda: len(hub.depot.taken) == 1)
        intent = {
            "id": "pi_1",
            "object": "payment_intent",
            "amount_received": 1900,
            "currency": "eur",
            "metadata": {"order_number": "1001"},
        }
        refund = {
            "id": "re_1",
            "object": "refund",
            "amount": 900,
            "currency": "eur",
            "created": 1_772_600_000,
            "payment_intent": "pi_1",
            "status": "succeeded",
        }
        assert (await from_stripe(hub, "payment_intent.succeeded", intent))[0] == 202
        await hub.until(lambda: len(hub.depot.taken) == 2)
        for kind in ("refund.created", "refund.updated", "charge.refund.updated"):  # three ways of telling one refund
            assert (await from_stripe(hub, kind, refund))[0] == 202
        await hub.until(lambda: len(hub.depot.taken) == 3)
        status, said = await from_stripe(hub, "refund.created", refund, age=3600)
        assert (status, said["code"]) == (401, "receive.signature_expired")
        [(code,)] = await hub.until_rows("SELECT code FROM ledger_exception", bool)
        assert code == "receive.signature_expired"
        assert {key for _, key in hub.depot.taken} == {"order/shop/1001"}
        assert len(hub.depot.taken) == 3
