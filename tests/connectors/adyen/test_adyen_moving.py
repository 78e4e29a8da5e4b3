"""Money moved at Adyen once, whatever is lost on the way: the simulated merchant account counts, not the connector."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest
from adyen_bench import running

from crossdock.connectors.adyen.references import KEY, LONGEST, key_of, own_reference, reference_of
from crossdock.connectors.protocol import Given
from crossdock.core.errors import AmountInexact, AnswerLost, EffectUnknown, PaymentUnknown, PermissionRefused, SchemaInvalid
from crossdock.core.outcomes import Accepted, EffectAbsent, EffectUnclear
from crossdock.simulators.adyen import Adyen
from crossdock.simulators.faults import Fault
from crossdock.testing import ManualClock
from tests.connectors.gateway_scenes import Hub, order_to

LOST = [Fault.TIMEOUT_AFTER, Fault.RESET_AFTER, Fault.ERROR_500_AFTER, Fault.MALFORMED]


class Numbers:
    """When a command was first sent, as the ledger remembers it."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.given: dict[tuple[str, str], datetime] = {}

    async def give(self, scope: str, command: str, first: int = 1) -> Given:
        return Given(1, self.given.setdefault((scope, command), self.clock.now()))

    async def acknowledged(self, identity: str) -> bool:
        return False


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: fault.value)
async def test_a_refund_whose_answer_was_lost_is_sent_again_under_its_key_and_made_once(fault: Fault) -> None:
    account = Adyen()
    async with running(account) as one, Hub(one).listening(account) as hub:
        account.faults.timeout_delay = 0.0
        psp = account.take_payment("1001", 4200).psp
        refund = order_to("payment.refund", psp, "10.00", return_number="RT-1")
        account.faults.script(fault, path="*/refunds")
        with pytest.raises(AnswerLost):
            await one.deliver(refund)
        assert isinstance(await one.find_effect(refund), EffectAbsent)  # may be sent again
        done = await one.deliver(refund)
        assert isinstance(done, Accepted)
        assert done.ack["status"] == "pending"
        await account.webhooks.drained()
        [told] = hub.of("refund.completed")
        assert told.reference == done.ack["reference"]
        assert told.own_reference == refund.id
        assert account.oracle()[psp]["refunded"] == 1000
        assert account.oracle()[psp]["doubled"] == []


async def test_received_is_not_done_the_notification_is() -> None:
    account = Adyen(slow=True)
    async with running(account) as one, Hub(one).listening(account) as hub:
        psp = account.take_payment("1001", 4200).psp
        good = await one.deliver(order_to("payment.refund", psp, "40.00", id_="a"))
        above = await one.deliver(order_to("payment.refund", psp, "10.00", id_="b"))
        assert isinstance(good, Accepted)
        assert isinstance(above, Accepted)
        assert good.ack["status"] == above.ack["status"] == "pending"
        assert account.effects_of("refund") == []
        assert account.store.process() == 2
        await account.webhooks.drained()
        assert [one.reference for one in hub.of("refund.completed")] == [good.ack["reference"]]
        [failed] = hub.of("refund.failed")
        assert (failed.reference, failed.own_reference, failed.reason) == (
            above.ack["reference"],
            "b",
            "Insufficient balance on payment",
        )
        assert account.oracle()[psp]["refunded"] == 4000


async def test_a_refund_that_takes_effect_after_its_connection_broke_is_still_one() -> None:
    account = Adyen()
    async with running(account, settle_seconds=3) as one:
        refund = order_to("payment.refund", account.take_payment("1001", 4200).psp, "10.00")
        account.faults.linger_delay = 0.1
        account.faults.script(Fault.RESET_LATER, path="*/refunds")
        with pytest.raises(AnswerLost):
            await one.deliver(refund)
        unclear = await one.find_effect(refund)
        assert isinstance(unclear, EffectUnclear)
        assert unclear.retry_after == 3
        await one.deliver(refund)
        before = account.store.new_psp  # every request takes a reference: the late one is seen by it
        late = asyncio.Event()

        def new_psp() -> str:
            late.set()
            return before()

        account.store.new_psp = new_psp  # type: ignore[method-assign]
        await asyncio.wait_for(late.wait(), 5)
        assert len(account.effects_of("refund")) == 1


async def test_when_adyen_may_have_forgotten_the_key_a_person_looks() -> None:
    account = Adyen()
    clock = ManualClock()
    async with running(account, numbers=Numbers(clock)) as one:
        one.context.clock.set(clock.now())  # type: ignore[attr-defined]
        refund = order_to("payment.refund", account.take_payment("1001", 4200).psp, "10.00")
        account.faults.timeout_delay = 0.0
        account.faults.script(Fault.TIMEOUT_AFTER, path="*/refunds")
        with pytest.raises(AnswerLost):
            await one.deliver(refund)
        one.context.clock.advance(days=5)  # type: ignore[attr-defined]
        assert isinstance(await one.find_effect(refund), EffectAbsent)
        one.context.clock.advance(days=2)  # type: ignore[attr-defined]
        assert isinstance(await one.find_effect(refund), EffectUnclear)
        with pytest.raises(EffectUnknown):
            await one.deliver(refund)
        assert len(account.effects_of("refund")) == 1


async def test_captures_and_cancellations() -> None:
    account = Adyen()
    async with running(account) as one, Hub(one).listening(account) as hub:
        psp = account.take_payment("1001", 4200, capture=False).psp
        await one.deliver(order_to("payment.capture", psp, "30.00", id_="a"))
        await one.deliver(order_to("payment.capture", psp, "13.00", id_="b"))
        await one.deliver(order_to("payment.cancel", account.take_payment("1002", 4200, capture=False).psp, id_="c"))
        await account.webhooks.drained()
        assert [str(each.amount.amount) for each in hub.of("payment.captured")] == ["30.00"]
        assert [each.own_reference for each in hub.of("payment.failed")] == ["b"]
        assert [each.own_reference for each in hub.of("payment.cancelled")] == ["c"]


REFUSED: list[tuple[dict[str, Any], type[Exception]]] = [
    ({"payment": "UNKNOWN000000000"}, PaymentUnknown),
    ({"currency": "USD"}, AmountInexact),
    ({"amount": "10.001"}, AmountInexact),
    ({"amount": "-1"}, SchemaInvalid),
    ({"amount": ""}, SchemaInvalid),
    ({"payment": "../../x"}, SchemaInvalid),
]


@pytest.mark.parametrize(("change", "error"), REFUSED)
async def test_what_cannot_be_refunded_is_refused_before_anything_moves(change: dict[str, Any], error: type[Exception]) -> None:
    account = Adyen()
    async with running(account) as one:
        asked = {"payment": account.take_payment("1001", 4200).psp, "amount": "10.00", "currency": "EUR", **change}
        with pytest.raises(error):
            await one.deliver(order_to("payment.refund", **asked))
        assert account.effects_of("refund") == []


async def test_a_capture_says_how_much_and_the_account_must_be_ours() -> None:
    account = Adyen()
    async with running(account) as one:
        with pytest.raises(SchemaInvalid, match="amount"):
            await one.deliver(order_to("payment.capture", account.take_payment("1001", 4200, capture=False).psp))
    async with running(account, merchant_account="Somebody") as one:
        with pytest.raises(PermissionRefused, match="Invalid Merchant Account"):
            await one.deliver(order_to("payment.refund", "X", "1.00"))
        assert not (await one.probe()).healthy


def test_references_and_keys_fit_and_stay_the_same() -> None:
    short, long = "order/shop/1001:payment.refund:RT-1", "order/shop/" + "1" * 100
    assert own_reference(reference_of(short)) == short
    assert key_of(short) == short
    assert len(reference_of(long)) <= LONGEST
    assert len(key_of(long)) <= KEY
    assert (reference_of(long), key_of(long)) == (reference_of(long), key_of(long))
    assert key_of(long) != key_of(long + "2")
    assert own_reference("payment-2017-1-17-11-refund") == ""
