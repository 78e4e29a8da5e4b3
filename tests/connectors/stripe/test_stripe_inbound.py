"""What Stripe tells: signatures, every way of telling once, samples of others, payouts to the cent."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stripe_bench import connector, running

from crossdock.canonical.checks import problems
from crossdock.canonical.values import Money
from crossdock.connectors.minor_units import from_minor
from crossdock.connectors.protocol import Inbound
from crossdock.connectors.stripe.amounts import digits, minor
from crossdock.connectors.stripe.signature import sign, verify
from crossdock.core.errors import (
    AmountInexact,
    CrossdockError,
    DocumentUnknown,
    PayoutReturned,
    SchemaInvalid,
    SignatureExpired,
    SignatureInvalid,
    Unauthenticated,
)
from crossdock.simulators.faults import Fault
from crossdock.simulators.stripe import Stripe
from tests.connectors.gateway_scenes import Hub, arrived, events_of, samples

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
SECRETS = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=40)
ONE = connector(Stripe())


# Signatures ---------------------------------------------------------------------------------------------------


@given(SECRETS, st.binary(max_size=300), st.integers(-300, 300))
def test_a_right_signature_within_the_tolerance_is_taken(secret: str, body: bytes, age: int) -> None:
    verify(f"t={SECONDS - age},v1={sign(secret, SECONDS - age, body)}", [secret], body, NOW, 300)


@given(SECRETS, st.binary(max_size=300), st.one_of(st.integers(301, 10**9), st.integers(-(10**9), -301)))
def test_a_right_signature_of_another_time_has_its_own_code(secret: str, body: bytes, age: int) -> None:
    with pytest.raises(SignatureExpired) as caught:
        verify(f"t={SECONDS - age},v1={sign(secret, SECONDS - age, body)}", [secret], body, NOW, 300)
    assert caught.value.code == "receive.signature_expired"


@given(SECRETS, SECRETS, st.binary(max_size=100), st.binary(min_size=1, max_size=5))
def test_another_secret_body_or_time_is_refused(secret: str, other: str, body: bytes, more: bytes) -> None:
    right = sign(secret, SECONDS, body)
    for header, given_secret, given_body in [
        (f"t={SECONDS},v1={right}", secret, body + more),
        (f"t={SECONDS - 1},v1={right}", secret, body),
        (f"t={SECONDS},v0={right}", secret, body),
        *([(f"t={SECONDS},v1={right}", other, body)] if other != secret else []),
    ]:
        with pytest.raises(SignatureInvalid):
            verify(header, [given_secret], given_body, NOW, 300)


@given(st.text(max_size=80))
def test_no_header_does_more_than_be_refused(header: str) -> None:
    with pytest.raises((SignatureInvalid, Unauthenticated)):
        verify(header, ["whsec"], b"{}", NOW, 300)


def test_while_the_secret_is_rolled_either_signature_and_either_secret_will_do() -> None:
    old, new = sign("old", SECONDS, b"{}"), sign("new", SECONDS, b"{}")
    both = f"t={SECONDS},v1={old},v1={new},v0=abc"
    for secrets in (["old"], ["new"], ["new", "old"]):
        verify(both, secrets, b"{}", NOW, 300)
    verify(f"t={SECONDS},v1={old}", ["new", "old"], b"{}", NOW, 300)
    with pytest.raises(SignatureInvalid):
        verify(both, ["third"], b"{}", NOW, 300)
    with pytest.raises(SignatureInvalid):
        verify(f"t={SECONDS},t={SECONDS + 1},v1={old}", ["old"], b"{}", NOW, 300)


def test_the_time_of_a_forgery_is_not_told() -> None:
    """Whether a time would do is said only to who has the secret."""
    with pytest.raises(SignatureInvalid):
        verify(f"t=1,v1={sign('wrong', 1, b'{}')}", ["right"], b"{}", NOW, 300)


# Amounts ------------------------------------------------------------------------------------------------------

CURRENCIES = st.sampled_from(["EUR", "USD", "JPY", "KRW", "MGA", "HUF", "TWD", "BHD", "KWD", "ISK", "UGX", "CLP", "IDR"])


@given(CURRENCIES, st.integers(-(10**17), 10**17))
def test_amounts_go_there_and_back_without_loss(currency: str, units: int) -> None:
    multiple = {"BHD": 10, "KWD": 10, "ISK": 100, "UGX": 100}.get(currency, 1)
    units -= units % multiple
    money = from_minor(units, currency, digits(currency))
    assert money.amount == Decimal(units) / 10 ** digits(currency)
    assert minor(money) == units


@given(CURRENCIES, st.decimals(min_value=0, max_value=10**9, places=5))
def test_an_amount_is_written_exactly_or_refused(currency: str, amount: Decimal) -> None:
    money = Money(amount=amount, currency=currency)
    smallest = Decimal({"BHD": 10, "KWD": 10, "ISK": 100, "UGX": 100}.get(currency, 1)) / 10 ** digits(currency)
    if amount % smallest:
        with pytest.raises(AmountInexact) as caught:
            minor(money)
        assert Decimal(caught.value.detail["smallest"]) == smallest
    else:
        assert from_minor(minor(money), currency, digits(currency)).amount == amount


@pytest.mark.parametrize(
    ("currency", "amount", "units"),
    [
        ("USD", "10.00", 1000),
        ("JPY", "500", 500),
        ("JPY", "500.00", 500),
        ("KWD", "5.12", 5120),
        ("ISK", "5", 500),
        ("UGX", "5", 500),
        ("HUF", "10.45", 1045),
        ("TWD", "800.45", 80045),
        ("MGA", "12", 12),
    ],
)
def test_the_special_cases_of_stripes_list(currency: str, amount: str, units: int) -> None:
    assert minor(Money(amount=Decimal(amount), currency=currency)) == units


@pytest.mark.parametrize(
    ("currency", "amount"), [("KWD", "5.124"), ("JPY", "0.5"), ("ISK", "5.5"), ("UGX", "0.01"), ("EUR", "0.001")]
)
def test_what_the_networks_would_round_is_refused(currency: str, amount: str) -> None:
    with pytest.raises(AmountInexact):
        minor(Money(amount=Decimal(amount), currency=currency))


# Webhooks -----------------------------------------------------------------------------------------------------


async def test_a_payment_is_told_from_the_authorisation_to_the_chargeback() -> None:
    account = Stripe()
    async with running(account) as one, Hub(one).listening(account) as hub:
        payment = account.take_payment("1001", 4200, capture=False)["id"]
        account.store.capture(payment, 4000, {}, "")
        refund = account.store.refund({"payment_intent": payment, "metadata": {"return_number": "RT-1"}}, 1000, "")["id"]
        account.take_payment("1002", 900, declined="insufficient_funds")
        account.store.cancel(account.take_payment("1003", 700, capture=False)["id"], "abandoned", "")
        dispute = account.store.dispute(account.take_payment("1004", 500)["id"])
        account.store.close_dispute(dispute["id"], won=False)
        inquiry = account.store.dispute(account.take_payment("1005", 500)["id"], inquiry=True)
        account.store.close_dispute(inquiry["id"], won=True)
        await account.webhooks.drained()
        assert hub.refused == []
        assert [str(one.amount.amount) for one in hub.of("payment.authorized")] == ["42.00", "7.00"]
        first = hub.of("payment.captured")[0]
        assert (first.payment, first.order_number, str(first.captured.amount), first.method) == (payment, "1001", "40.00", "card")
        [failed] = hub.of("payment.failed")
        assert (failed.reason_code, failed.reason) == ("insufficient_funds", "Your card was declined.")
        [cancelled] = hub.of("payment.cancelled")
        assert cancelled.reason_code == "abandoned"
        [refunded] = hub.of("refund.completed")
        assert (refunded.reference, refunded.payment_reference, refunded.return_number) == (refund, payment, "RT-1")
        assert sorted((one.stage, one.outcome) for one in hub.of("chargeback.opened")) == [("chargeback", ""), ("inquiry", "")]
        assert sorted((one.stage, one.outcome) for one in hub.of("chargeback.closed")) == [
            ("chargeback", "lost"),
            ("inquiry", "withdrawn"),
        ]
        captured = next(event for event in hub.told if event.type == "payment.captured")
        assert [(one.scheme, one.value) for one in captured.references] == [("payment:stripe", payment), ("shop:order", "1001")]


async def test_told_twice_late_or_never_each_fact_is_one_event() -> None:
    account = Stripe()
    async with running(account) as one, Hub(one).listening(account) as hub:
        account.faults.reorder_delay = 0.01
        account.faults.script(Fault.DUPLICATE, path="payment_intent.*", count=2)
        account.faults.script(Fault.REORDER, path="payment_intent.amount_capturable_updated")
        account.faults.script(Fault.DROP, path="refund.*")
        hub.down = 2
        payment = account.take_payment("1001", 4200, capture=False)["id"]
        account.store.capture(payment, None, {}, "")
        account.store.refund({"payment_intent": payment}, 1000, "")
        await account.webhooks.drained()
        assert len(hub.of("payment.authorized")) == len(hub.of("payment.captured")) == 1
        assert hub.of("refund.completed") == []
        result = await one.poll("events", {})
        assert [message.topic for message in result.messages] == ["refund.created"]  # nothing that was acknowledged
        whole = connector(account, poll_events="all")
        everything = await whole.poll("events", {})
        await whole.context.http.close()
        for message in (*result.messages, *everything.messages):
            hub.take(message)
        assert [str(one.amount.amount) for one in hub.of("refund.completed")] == ["10.00"]
        assert len(hub.of("payment.authorized")) == len(hub.of("payment.captured")) == 1
        assert len(hub.told) > len(hub.events)


async def test_a_refund_that_bounced_is_told_as_failed_after_it_was_completed() -> None:
    account = Stripe()
    async with running(account) as one, Hub(one).listening(account) as hub:
        payment = account.take_payment("1001", 4200)["id"]
        refund = account.store.refund({"payment_intent": payment, "metadata": {"crossdock_command": "cmd-1"}}, 1000, "")["id"]
        account.store.fail_refund(refund, "lost_or_stolen_card")
        await account.webhooks.drained()
        [done], [failed] = hub.of("refund.completed"), hub.of("refund.failed")
        assert done.reference == failed.reference == refund
        assert done.own_reference == failed.own_reference == "cmd-1"
        assert failed.reason == "lost_or_stolen_card"


async def test_a_secret_is_rolled_without_losing_a_webhook() -> None:
    account = Stripe()
    async with running(account) as one, Hub(one).listening(account) as hub:
        account.webhook_secrets.append("whsec_the_next_one")
        account.take_payment("1001", 4200)
        account.webhook_secrets = ["whsec_the_next_one"]
        account.webhooks.retry = type(account.webhooks.retry)(())
        account.take_payment("1002", 4200)
        await account.webhooks.drained()
        assert [one.order_number for one in hub.of("payment.captured")] == ["1001"]
        assert {error.code for error in hub.refused} == {"receive.signature_invalid"}


def webhook(value: Any, **changes: Any) -> tuple[dict[str, str], bytes]:
    body = json.dumps({"id": "evt_1", "object": "event", "created": SECONDS, "livemode": False, **value, **changes}).encode()
    return {"stripe-signature": f"t={SECONDS},v1={sign(Stripe().webhook_secrets[0], SECONDS, body)}"}, body


@pytest.mark.parametrize(
    ("options", "change", "taken"),
    [
        ({"live": True}, {"livemode": False}, False),
        ({"live": False}, {"livemode": False}, True),
        ({"account": "acct_1"}, {"account": "acct_1"}, True),
        ({"account": "acct_1"}, {"account": "acct_2"}, False),
        ({"account": "acct_1"}, {}, False),
        ({}, {"account": "acct_2"}, False),
    ],
)
def test_events_of_another_mode_or_account_are_refused(options: dict[str, Any], change: dict[str, Any], taken: bool) -> None:
    headers, body = webhook({"type": "payout.paid", "data": {"object": {}}}, **change)
    one = connector(Stripe(), **options)
    if taken:
        assert arrived(one, headers, body, NOW)
    else:
        with pytest.raises(Unauthenticated):
            arrived(one, headers, body, NOW)


def test_thin_events_are_refused_with_the_way_out() -> None:
    headers, body = webhook({"type": "v1.billing.meter.error_report_triggered"}, object="v2.core.event")
    with pytest.raises(DocumentUnknown, match="snapshot"):
        arrived(ONE, headers, body, NOW)


def test_a_webhook_kept_for_a_day_is_refused_though_its_signature_is_right() -> None:
    headers, body = webhook({"type": "payment_intent.succeeded", "data": {"object": {}}})
    with pytest.raises(SignatureExpired):
        arrived(ONE, headers, body, NOW + timedelta(days=1))


def test_a_payout_the_bank_sent_back_is_for_a_person() -> None:
    value = {"type": "payout.failed", "created": SECONDS, "data": {"object": {"id": "po_1", "failure_message": "account closed"}}}
    with pytest.raises(PayoutReturned, match="account closed"):
        events_of(ONE, Inbound("payout.failed", "x", json.dumps(value).encode()))


# Payouts ------------------------------------------------------------------------------------------------------


async def test_a_payout_is_split_to_orders_refunds_chargebacks_and_fees_to_the_cent() -> None:
    account = Stripe()
    async with running(account) as one:
        payments = [account.take_payment(str(number), 1000 + number)["id"] for number in range(130)]
        account.store.refund({"payment_intent": payments[3]}, 500, "")
        bounced = account.store.refund({"payment_intent": payments[4]}, 100, "")["id"]
        account.store.fail_refund(bounced)
        account.store.dispute(payments[5])
        payout = account.pay_out()
        account.take_payment("later", 99)
        result = await one.poll("payouts", {})
        [event] = events_of(one, result.messages[0])
        found = event.data
        assert problems(found) == []
        assert (found.number, str(found.total.amount)) == (payout["id"], f"{Decimal(payout['amount']) / 100:.2f}")
        kinds: dict[str, Decimal] = {}
        for line in found.lines:
            kinds[line.kind] = kinds.get(line.kind, Decimal(0)) + line.amount.amount
        assert kinds["sale"] == Decimal(sum(range(1000, 1130))) / 100
        assert kinds["refund"] == Decimal("-5.00")
        assert kinds["chargeback"] == Decimal("-10.05")
        assert sum(kinds.values()) == found.total.amount
        sale = next(line for line in found.lines if line.kind == "sale" and line.order_number == "7")
        assert (str(sale.amount.amount), sale.payment_reference) == ("10.07", payments[7])
        assert b"4242" not in result.messages[0].body
        assert (await one.poll("payouts", result.cursor)).messages == ()


async def test_a_payout_stripe_still_reconciles_is_waited_for_and_a_manual_one_has_no_lines() -> None:
    account = Stripe()
    async with running(account) as one:
        account.take_payment("1", 1000)
        early = account.pay_out()
        early["reconciliation_status"] = "in_progress"
        account.take_payment("2", 1000)
        manual = account.pay_out(automatic=False)
        result = await one.poll("payouts", {})
        assert [event.data.number for message in result.messages for event in events_of(one, message)] == [manual["id"]]
        [event] = events_of(one, result.messages[0])
        assert event.data.lines == ()
        calm = await one.poll("payouts", result.cursor)
        assert calm.messages == ()
        early["reconciliation_status"] = "completed"
        late = await one.poll("payouts", calm.cursor)
        assert [event.data.number for message in late.messages for event in events_of(one, message)] == [early["id"]]


# Samples of others --------------------------------------------------------------------------------------------

SAMPLES = samples("stripe")
KINDS = {
    "payment_intent": ["payment_intent.succeeded"],
    "charge": ["charge.succeeded", "charge.refunded"],
    "refund": ["refund.created", "refund.failed"],
    "dispute": ["charge.dispute.created", "charge.dispute.closed"],
    "payout": ["payout.paid"],
}


def fate(act: Callable[[], Any]) -> str:
    """What became of a sample: the events, or the code of its refusal, which must say why."""
    try:
        return " ".join(event.type for event in act()) or "ignored"
    except CrossdockError as error:
        refusal = error.as_dict()
        json.dumps(refusal)
        assert refusal["message"]
        assert refusal["detail"].get("problems") or refusal["code"] != "validate.schema"
        return str(refusal["code"])


@pytest.mark.skipif(not SAMPLES, reason="no sample corpus (CROSSDOCK_CORPUS)")
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_samples_by_others_become_events_or_are_refused_with_a_reason(path: Path) -> None:
    """Whole events as they came; single objects as the content of the events they would come in."""
    value = json.loads(path.read_text())
    headers, body = webhook(value) if value.get("object") == "event" else webhook({}, **value)

    one = connector(Stripe(), account=value.get("account", "") if value.get("object") == "event" else "")

    def taken() -> list[Any]:
        return [event for message in arrived(one, headers, body, NOW) for event in events_of(one, message)]

    if value.get("object") == "event":
        assert fate(taken) == "normalize.unknown_document"  # none of them is about a payment
        return
    assert fate(taken) in ("normalize.malformed", "normalize.unknown_document")
    for kind in KINDS.get(value.get("object"), []):
        envelope = json.dumps(
            {"id": "evt_1", "object": "event", "created": SECONDS, "type": kind, "data": {"object": value}}
        ).encode()
        met = fate(lambda kind=kind, envelope=envelope: events_of(ONE, Inbound(kind, "x", envelope)))  # type: ignore[misc]
        readable = isinstance(value.get("amount"), int)
        if value["object"] in ("payment_intent", "dispute", "refund"):
            assert met.startswith(("payment.", "refund.", "chargeback.")) if readable else met == "validate.schema"
        else:
            assert met == "ignored"


@pytest.mark.skipif(not SAMPLES, reason="no sample corpus (CROSSDOCK_CORPUS)")
@pytest.mark.parametrize("path", [one for one in SAMPLES if "payout" in one.stem], ids=lambda path: path.stem)
def test_payouts_by_others_are_read_or_the_wrong_amount_is_named(path: Path) -> None:
    payout = json.loads(path.read_text())
    body = json.dumps({"payout": payout, "transactions": []}).encode()
    if isinstance(payout["amount"], int):
        [event] = events_of(ONE, Inbound("poll/payout", "x", body))
        assert str(event.data.total.amount) == "11.00"
        return
    with pytest.raises(SchemaInvalid) as caught:
        events_of(ONE, Inbound("poll/payout", "x", body))
    assert [item["path"] for item in caught.value.detail["problems"]] == ["payout.amount"]


def test_one_account_of_several_shops_finds_each_ones_order() -> None:
    one = connector(Stripe(), shop="web", shop_key="shop")

    def referred(**metadata: str) -> list[tuple[str, str]]:
        intent = {"id": "pi_1", "amount_received": 100, "currency": "eur", "metadata": {"order_number": "7", **metadata}}
        value = {"id": "evt_1", "object": "event", "created": SECONDS, "data": {"object": intent}}
        [event] = events_of(one, Inbound("payment_intent.succeeded", "x", json.dumps(value).encode()))
        return [(each.scheme, each.value) for each in event.references]

    assert referred(shop="outlet") == [("payment:stripe", "pi_1"), ("outlet:order", "7")]
    assert referred() == [("payment:stripe", "pi_1"), ("web:order", "7")]


async def test_what_is_told_again_seconds_later_is_the_same_event() -> None:
    seconds = iter(range(int(datetime.now(UTC).timestamp()) - 60, 2**40))
    account = Stripe(clock=lambda: next(seconds), slow_refunds=True)
    async with running(account) as one, Hub(one).listening(account) as hub:
        payment = account.take_payment("1001", 4200)["id"]
        refund = account.store.refund({"payment_intent": payment}, 1000, "")["id"]
        account.store.settle_refund(refund)
        account.store.settle_refund(refund)  # Stripe tells a refund again whenever a detail of it becomes known
        account.store.dispute(payment)
        await account.webhooks.drained()
        assert hub.refused == []
        assert len(hub.of("chargeback.opened")) == len(hub.of("refund.completed")) == 1
        assert sum(event.type == "chargeback.opened" for event in hub.told) == 2


async def test_the_probe_names_webhooks_stripe_has_switched_off_and_a_key_of_the_wrong_mode() -> None:
    account = Stripe()
    async with running(account) as one, Hub(one).listening(account):
        assert (await one.probe()).message == "test mode"
        account.endpoint_status = "disabled"
        probe = await one.probe()
        assert probe.healthy
        assert probe.detail["webhooks_off"] == [account.webhooks.subscriptions[0].url]
        assert "switched off" in probe.message
    async with running(account, live=True) as one:
        assert not (await one.probe()).healthy
