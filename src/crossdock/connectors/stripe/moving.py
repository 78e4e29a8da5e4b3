"""Moves money at Stripe: looks first, moves under an idempotency key, and finds what a lost answer left behind; knows no hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from crossdock.canonical.values import Money
from crossdock.connectors.gateway import Movement, money_json, movement
from crossdock.connectors.minor_units import from_minor
from crossdock.connectors.stripe.amounts import digits, minor
from crossdock.connectors.stripe.api import Api
from crossdock.connectors.stripe.mapping import OWN, PROVIDER
from crossdock.core.commands import Command
from crossdock.core.errors import AnswerLost, ContractBroken, PaymentDeclined, PaymentStateRefused, TargetRefused
from crossdock.core.outcomes import Accepted

REASONS: Final = ("duplicate", "fraudulent", "requested_by_customer")
GONE: Final = frozenset({"failed", "canceled"})
"""Refunds of these states moved nothing in the end."""
Ack = Mapping[str, Any]


class Moving:
    """Captures, cancellations and refunds of one account."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def _intent(self, payment: str) -> Mapping[str, Any]:
        return await self._api.get(f"/v1/payment_intents/{payment}")

    # Captures ---------------------------------------------------------------------------------------------------

    async def capture(self, command: Command) -> Accepted:
        """Take the amount; what is authorised beyond it is released. Raises the outcomes of `errors.judged`."""
        want = movement(command)
        intent = await self._intent(want.payment)
        if (done := self._captured(intent, command, want)) is not None:
            return Accepted(done, repeated=True)
        form = {f"metadata[{OWN}]": command.id}
        if want.amount is not None:
            form["amount_to_capture"] = str(minor(in_currency(want.amount, intent)))
        answer = await self._api.post(f"/v1/payment_intents/{want.payment}/capture", form, command.id)
        done = self._captured(answer, command, want)
        if done is None:
            raise AnswerLost(f"sent, but the payment is {answer.get('status')} in the answer")
        return Accepted(done)

    async def find_capture(self, command: Command) -> Ack | None:
        """The acknowledgement when the payment is captured by this command, or by the same amount."""
        want = movement(command)
        return self._captured(await self._intent(want.payment), command, want)

    def _captured(self, intent: Mapping[str, Any], command: Command, want: Movement) -> Ack | None:
        if intent.get("status") != "succeeded":
            return None
        taken = money_of(intent, "amount_received")
        mine = isinstance(intent.get("metadata"), dict) and intent["metadata"].get(OWN) == command.id
        if not mine and want.amount is not None and taken != want.amount:
            raise PaymentStateRefused(f"{taken.amount} {taken.currency} were captured already", captured=str(taken.amount))
        amount = money_json(taken)
        names = [[f"payment:{PROVIDER}", want.payment]]
        return {"reference": want.payment, "amount": amount, "captured": amount, "status": "completed", "references": names}

    # Cancellations ----------------------------------------------------------------------------------------------

    async def cancel(self, command: Command) -> Accepted:
        """Give the authorisation up. Raises the outcomes of `errors.judged`."""
        if (done := await self.find_cancellation(command)) is not None:
            return Accepted(done, repeated=True)
        want = movement(command)
        reason = next((one for one in (*REASONS, "abandoned") if one == want.reason), "")
        form = {"cancellation_reason": reason} if reason else {}
        answer = await self._api.post(f"/v1/payment_intents/{want.payment}/cancel", form, command.id)
        if answer.get("status") != "canceled":
            raise AnswerLost(f"sent, but the payment is {answer.get('status')} in the answer")
        return Accepted({"status": "cancelled"})

    async def find_cancellation(self, command: Command) -> Ack | None:
        """The acknowledgement when the payment is cancelled."""
        intent = await self._intent(movement(command).payment)
        return {"status": "cancelled"} if intent.get("status") == "canceled" else None

    # Refunds ----------------------------------------------------------------------------------------------------

    async def refund(self, command: Command) -> Accepted:
        """Give the amount back, once: Stripe forgets a key after a day, so the payment's refunds are read first.

        Raises the outcomes of `errors.judged`; `PaymentDeclined` when the refund was made and failed.
        """
        want = movement(command)
        intent, refunds = await self._intent(want.payment), await self._refunds(want.payment)
        if (there := mine_of(refunds, command)) is not None:
            return Accepted(self._refunded(there, refunds, want.payment), repeated=True)
        assert want.amount is not None
        own = {OWN: command.id, "order_number": want.order_number, "return_number": want.return_number}
        form = {"payment_intent": want.payment, "amount": str(minor(in_currency(want.amount, intent)))}
        form |= {f"metadata[{name}]": value[:500] for name, value in own.items() if value}
        if want.reason in REASONS:
            form["reason"] = want.reason
        answer = await self._api.post("/v1/refunds", form, command.id)
        return Accepted(self._refunded(answer, [*refunds, answer], want.payment))

    async def find_refund(self, command: Command) -> Ack | None:
        """The acknowledgement when this command's refund is among the payment's; None when it is not, or failed."""
        payment = movement(command).payment
        refunds = await self._refunds(payment)
        there = mine_of(refunds, command)
        return self._refunded(there, refunds, payment) if there is not None and there.get("status") not in GONE else None

    async def _refunds(self, payment: str) -> list[Mapping[str, Any]]:
        return [one async for one in self._api.all("/v1/refunds", {"payment_intent": payment})]

    def _refunded(self, refund: Mapping[str, Any], refunds: Sequence[Mapping[str, Any]], payment: str) -> Ack:
        status, id_ = str(refund.get("status")), str(refund.get("id"))
        if status in GONE:
            why = str(refund.get("failure_reason") or "no reason given")
            raise PaymentDeclined(f"refund {id_} is {status}: {why}", refund=id_, reason=why)
        amount = money_of(refund, "amount")
        alive = [money_of(one, "amount") for one in refunds if one.get("status") not in GONE]
        return {
            "reference": id_,
            "amount": money_json(amount),
            "refunded": money_json(sum(alive, Money.zero(amount.currency))),
            "status": "completed" if status == "succeeded" else "pending",
            "references": [[f"refund:{PROVIDER}", id_], [f"payment:{PROVIDER}", payment]],
        }


def mine_of(refunds: Sequence[Mapping[str, Any]], command: Command) -> Mapping[str, Any] | None:
    """The refund a command made: the one that lives, else one that failed."""
    mine = [one for one in refunds if isinstance(one.get("metadata"), dict) and one["metadata"].get(OWN) == command.id]
    return next((one for one in mine if one.get("status") not in GONE), mine[0] if mine else None)


def money_of(one: Mapping[str, Any], key: str) -> Money:
    """An amount of one of Stripe's objects. Raises `AnswerLost`: an answer without it says nothing."""
    units, currency = one.get(key), str(one.get("currency") or "").upper()
    if isinstance(units, bool) or not isinstance(units, int) or len(currency) != 3:
        raise AnswerLost(f"sent, but the answer has no {key}")
    return from_minor(units, currency, digits(currency))


def in_currency(amount: Money, intent: Mapping[str, Any]) -> Money:
    """The amount, when it is in the payment's currency: Stripe takes the number and asks for no currency. Raises `TargetRefused`."""
    currency = str(intent.get("currency") or "").upper()
    if not currency:
        raise ContractBroken("a payment without a currency")
    if amount.currency != currency:
        raise TargetRefused(f"the payment is in {currency}, not in {amount.currency}", currency=currency)
    return amount
