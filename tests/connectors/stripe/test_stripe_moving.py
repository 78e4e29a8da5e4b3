"""Money moved at Stripe once, whatever is lost on the way: the simulated account counts, not the connector."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

import pytest
from stripe_bench import running

from crossdock.core.errors import (
    AmountInexact,
    AnswerLost,
    ContractBroken,
    EffectUnknown,
    PaymentDeclined,
    PaymentDisputed,
    PaymentStateRefused,
    PaymentUnknown,
    RefundAboveCapture,
    SchemaInvalid,
    TargetRefused,
)
from crossdock.core.outcomes import Accepted, EffectAbsent, EffectFound, EffectUnclear
from crossdock.simulators.faults import Fault
from crossdock.simulators.stripe import Stripe
from tests.connectors.gateway_scenes import order_to

LOST = [Fault.TIMEOUT_AFTER, Fault.RESET_AFTER, Fault.ERROR_500_AFTER, Fault.MALFORMED]


class Clock:
    """The account's clock, moved by hand."""

    def __init__(self) -> None:
        self.at = 1_772_600_000.0

    def __call__(self) -> float:
        return self.at


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: fault.value)
async def test_a_refund_whose_answer_was_lost_is_found_and_never_made_twice(fault: Fault) -> None:
    account = Stripe()
    async with running(account) as one:
        account.faults.timeout_delay = 0.0  # the connection is cut at once: the client learns as little as from silence
        payment = account.take_payment("1001", 4200)["id"]
        refund = order_to("payment.refund", payment, "10.00", return_number="RT-1")
        account.faults.script(fault, path="/v1/refunds", method="POST")
        with pytest.raises(AnswerLost):
            await one.deliver(refund)
        found = await one.find_effect(refund)
        assert isinstance(found, EffectFound)
        assert found.ack["refunded"] == {"amount": "10.00", "currency": "EUR"}
        again = await one.deliver(refund)  # a person's retry, or a replay: found again
        assert isinstance(again, Accepted)
        assert again.repeated
        [entry] = account.oracle().values()
        assert (entry["captured"], entry["refunded"], entry["doubled"]) == (4200, 1000, [])
        assert entry["refunds"][0]["return_number"] == "RT-1"


async def test_a_refund_that_takes_effect_after_its_connection_broke_is_still_one() -> None:
    account = Stripe()
    async with running(account, settle_seconds=3) as one:
        refund = order_to("payment.refund", account.take_payment("1001", 4200)["id"], "10.00")
        account.faults.linger_delay = 0.2
        account.faults.script(Fault.RESET_LATER, path="/v1/refunds", method="POST")
        with pytest.raises(AnswerLost):
            await one.deliver(refund)
        unclear = await one.find_effect(refund)
        assert isinstance(unclear, EffectUnclear)
        assert unclear.retry_after == 3
        asked = account.keeping.answer
        late = asyncio.Event()

        def answer(key: str, request: str) -> Any:
            if account.effects_of("refund"):
                late.set()
            return asked(key, request)

        account.keeping.answer = answer  # type: ignore[method-assign]
        await one.deliver(refund)  # the hub would wait: even so the key makes it one
        await asyncio.wait_for(late.wait(), 5)
        assert sum(entry["refunded"] for entry in account.oracle().values()) == 1000


async def test_after_stripe_forgot_the_key_the_refund_is_found_among_the_payments_refunds() -> None:
    clock = Clock()
    account = Stripe(clock=clock)
    async with running(account) as one:
        payment = account.take_payment("1001", 4200)["id"]
        refund = order_to("payment.refund", payment, "10.00")
        await one.deliver(refund)
        for number in range(120):  # more refunds than one page shows
            account.store.refund({"payment_intent": payment}, 1, f"other-{number}")
        clock.at += 25 * 3600
        again = await one.deliver(refund)
        assert isinstance(again, Accepted)
        assert again.repeated
        assert again.ack["refunded"] == {"amount": "11.20", "currency": "EUR"}
        assert account.oracle()[payment]["refunded"] == 1120


async def test_two_partial_refunds_are_two_and_the_third_above_the_capture_is_refused() -> None:
    account = Stripe()
    async with running(account) as one:
        payment = account.take_payment("1001", 4200)["id"]
        first = await one.deliver(order_to("payment.refund", payment, "20.00", id_="a"))
        second = await one.deliver(order_to("payment.refund", payment, "20.00", id_="b"))
        assert isinstance(first, Accepted)
        assert isinstance(second, Accepted)
        assert first.ack["reference"] != second.ack["reference"]
        with pytest.raises(RefundAboveCapture, match="greater than unrefunded"):
            await one.deliver(order_to("payment.refund", payment, "2.01", id_="c"))
        await one.deliver(order_to("payment.refund", payment, "2.00", id_="d"))
        with pytest.raises(RefundAboveCapture, match="already been refunded"):
            await one.deliver(order_to("payment.refund", payment, "0.01", id_="e"))
        assert account.oracle()[payment]["refunded"] == 4200


async def test_a_refusal_kept_under_the_key_does_not_outlive_its_reason() -> None:
    """Refused as above the capture; then an earlier refund bounced, and a person retries the same command."""
    account = Stripe()
    async with running(account) as one:
        payment = account.take_payment("1001", 4200)["id"]
        first = await one.deliver(order_to("payment.refund", payment, "40.00", id_="a"))
        again = order_to("payment.refund", payment, "10.00", id_="b")
        with pytest.raises(RefundAboveCapture):
            await one.deliver(again)
        assert isinstance(first, Accepted)
        account.store.fail_refund(first.ack["reference"])
        assert isinstance(await one.deliver(again), Accepted)
        assert account.oracle()[payment]["refunded"] == 1000


async def test_a_failure_stripe_keeps_is_for_a_person_and_never_tried_under_another_key() -> None:
    account = Stripe()
    async with running(account) as one:
        payment = account.take_payment("1001", 4200)["id"]
        refund = order_to("payment.refund", payment, "10.00")
        form = [
            ("payment_intent", payment),
            ("amount", "1000"),
            ("metadata[crossdock_command]", refund.id),
            ("metadata[order_number]", "1001"),
        ]
        account.keeping.keep(refund.id, f"/v1/refunds?{urlencode(form)}", 500, {"error": {"type": "api_error", "message": "?"}})
        with pytest.raises(EffectUnknown):
            await one.deliver(refund)
        assert account.effects_of("refund") == []


async def test_while_the_first_request_is_under_way_nothing_is_known() -> None:
    account = Stripe()
    async with running(account) as one:
        refund = order_to("payment.refund", account.take_payment("1001", 4200)["id"], "10.00")
        account.keeping.busy.add(refund.id)
        with pytest.raises(AnswerLost, match="still under way"):
            await one.deliver(refund)


async def test_one_command_with_other_data_is_a_broken_contract() -> None:
    account = Stripe(slow_refunds=True)
    async with running(account) as one:
        payment = account.take_payment("1001", 4200)["id"]
        await one.deliver(order_to("payment.refund", payment, "10.00", id_="same"))
        account.store.refunds.clear()  # not to be found any more
        with pytest.raises(ContractBroken, match="with other data"):
            await one.deliver(order_to("payment.refund", payment, "11.00", id_="same"))


async def test_a_pending_refund_says_so_and_a_failed_one_is_refused() -> None:
    account = Stripe(slow_refunds=True)
    async with running(account) as one:
        refund = order_to("payment.refund", account.take_payment("1001", 4200)["id"], "10.00")
        done = await one.deliver(refund)
        assert isinstance(done, Accepted)
        assert done.ack["status"] == "pending"
        account.store.fail_refund(done.ack["reference"], "expired_or_canceled_card")
        assert isinstance(await one.find_effect(refund), EffectAbsent)
        with pytest.raises(PaymentDeclined, match="expired_or_canceled_card"):
            await one.deliver(refund)
        assert len(account.effects_of("refund")) == 1


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: fault.value)
async def test_a_capture_whose_answer_was_lost_is_found(fault: Fault) -> None:
    account = Stripe()
    async with running(account) as one:
        account.faults.timeout_delay = 0.0
        payment = account.take_payment("1001", 4200, capture=False)["id"]
        capture = order_to("payment.capture", payment, "40.00")
        account.faults.script(fault, path="*/capture")
        with pytest.raises(AnswerLost):
            await one.deliver(capture)
        found = await one.find_effect(capture)
        assert isinstance(found, EffectFound)
        assert found.ack["captured"] == {"amount": "40.00", "currency": "EUR"}
        assert len(account.effects_of("payment_captured")) == 1


async def test_what_somebody_else_captured_is_not_claimed_unless_it_is_the_same() -> None:
    account = Stripe()
    async with running(account) as one:
        payment = account.take_payment("1001", 4200)["id"]
        same = await one.deliver(order_to("payment.capture", payment, "42.00", id_="a"))
        whole = await one.deliver(order_to("payment.capture", payment, id_="b"))
        assert isinstance(same, Accepted)
        assert isinstance(whole, Accepted)
        assert same.repeated
        assert whole.repeated
        other = order_to("payment.capture", payment, "40.00", id_="c")
        with pytest.raises(PaymentStateRefused, match=r"42\.00 EUR were captured already"):
            await one.deliver(other)
        assert isinstance(await one.find_effect(other), EffectAbsent)


async def test_a_cancelled_payment_stays_cancelled_and_a_captured_one_is_not_cancelled() -> None:
    account = Stripe()
    async with running(account) as one:
        payment = account.take_payment("1001", 4200, capture=False)["id"]
        cancel = order_to("payment.cancel", payment, reason="requested_by_customer")
        assert isinstance(await one.deliver(cancel), Accepted)
        again = await one.deliver(cancel)
        assert isinstance(again, Accepted)
        assert again.repeated
        assert account.store.intents[payment]["cancellation_reason"] == "requested_by_customer"
        with pytest.raises(PaymentStateRefused, match="status of canceled"):
            await one.deliver(order_to("payment.capture", payment, "1.00"))
        with pytest.raises(PaymentStateRefused, match="status of succeeded"):
            await one.deliver(order_to("payment.cancel", account.take_payment("1002", 100)["id"], id_="b"))
        with pytest.raises(PaymentStateRefused, match="successful charge"):
            await one.deliver(order_to("payment.refund", account.take_payment("1003", 100, capture=False)["id"], "1.00"))


REFUSED: list[tuple[dict[str, Any], type[TargetRefused | SchemaInvalid]]] = [
    ({"payment": "pi_unknown"}, PaymentUnknown),
    ({"currency": "USD"}, TargetRefused),
    ({"amount": "10.001"}, AmountInexact),
    ({"amount": "0"}, SchemaInvalid),
    ({"amount": "-1.00"}, SchemaInvalid),
    ({"amount": ""}, SchemaInvalid),
    ({"payment": ""}, SchemaInvalid),
    ({"payment": "pi_1/../../v1/payouts?x"}, SchemaInvalid),
]


@pytest.mark.parametrize(("change", "error"), REFUSED)
async def test_what_cannot_be_refunded_is_refused_before_anything_moves(change: dict[str, Any], error: type[Exception]) -> None:
    account = Stripe()
    async with running(account) as one:
        payment = account.take_payment("1001", 4200)["id"]
        asked = {"payment": payment, "amount": "10.00", "currency": "EUR", **change}
        with pytest.raises(error):
            await one.deliver(order_to("payment.refund", **asked))
        assert account.effects_of("refund") == []


async def test_nothing_is_refunded_while_a_chargeback_is_open() -> None:
    account = Stripe()
    async with running(account) as one:
        payment = account.take_payment("1001", 4200)["id"]
        account.store.dispute(payment)
        with pytest.raises(PaymentDisputed):
            await one.deliver(order_to("payment.refund", payment, "10.00"))


async def test_whole_and_thousandth_currencies_go_out_right() -> None:
    account = Stripe()
    async with running(account) as one:
        for currency, units, amount, taken in [
            ("jpy", 5000, "500", 500),
            ("kwd", 12340, "5.120", 5120),
            ("isk", 50000, "100", 10000),
        ]:
            payment = account.take_payment(currency, units, currency)["id"]
            await one.deliver(order_to("payment.refund", payment, amount, currency.upper(), id_=currency))
            assert account.oracle()[payment]["refunded"] == taken
        with pytest.raises(AmountInexact):
            await one.deliver(order_to("payment.refund", payment, "0.50", "ISK", id_="half"))


async def test_a_payment_that_is_not_to_be_seen_any_more_proves_nothing() -> None:
    """The key was changed for one of another account while a refund was in doubt."""
    account = Stripe()
    async with running(account) as one:
        refund = order_to("payment.refund", account.take_payment("1001", 4200)["id"], "10.00")
        account.faults.script(Fault.RESET_AFTER, path="/v1/refunds", method="POST")
        with pytest.raises(AnswerLost):
            await one.deliver(refund)
        account.store.intents.clear()
        assert isinstance(await one.find_effect(refund), EffectUnclear)
