"""The money of one simulated Stripe account: payments, refunds, disputes, payouts and every movement of its balance; knows no HTTP.

Amounts are whole minor units, as at Stripe. Each change tells an event (`tell`) and, where it moves money, an effect (`record`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from crossdock.simulators.stripe import objects
from crossdock.simulators.stripe.errors import Refused, missing, money
from crossdock.simulators.stripe.objects import Json

OPEN = ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action", "processing")
REASONS = ("duplicate", "fraudulent", "requested_by_customer")


class Record(Protocol):
    """Notes an effect for the oracle."""

    def __call__(self, kind: str, key: str, data: Mapping[str, Any], /, *, idempotency_key: str = "") -> None: ...


class Store:
    """One account. `now` gives seconds since the epoch; `slow_refunds` leaves refunds pending until they are settled or failed."""

    def __init__(
        self,
        now: Callable[[], int],
        tell: Callable[[Json], None],
        record: Record,
        *,
        slow_refunds: bool,
        fee_percent: int,
        seed: str,
    ) -> None:
        self._now = now
        self._tell = tell
        self._record = record
        self._slow = slow_refunds
        self._fee = fee_percent
        self._id = objects.id_maker(seed)
        self.intents: dict[str, Json] = {}
        self.charges: dict[str, Json] = {}
        self.refunds: dict[str, Json] = {}
        self.disputes: dict[str, Json] = {}
        self.payouts: dict[str, Json] = {}
        self.transactions: dict[str, Json] = {}
        self.paid_out: dict[str, str] = {}
        """Balance transaction -> the payout it went into."""
        self.events: dict[str, Json] = {}

    # Customers ------------------------------------------------------------------------------------------------

    def pay(
        self, amount: int, currency: str, *, capture: bool, metadata: Mapping[str, str], brand: str, declined: str = ""
    ) -> Json:
        """A customer pays (or is declined, with that code); the money is captured at once or authorised only."""
        intent = objects.intent(self._id("pi"), self._now(), amount, currency, "automatic" if capture else "manual", metadata)
        self.intents[intent["id"]] = intent
        self._told("payment_intent.created", intent)
        if declined:
            error = {
                "code": "card_declined",
                "decline_code": declined,
                "message": "Your card was declined.",
                "type": "card_error",
            }
            intent["last_payment_error"] = error
            self._told("payment_intent.payment_failed", intent)
            return intent
        charge = objects.charge(self._id("ch"), self._now(), intent, brand, capture)
        self.charges[charge["id"]] = charge
        intent |= {"latest_charge": charge["id"], "payment_method": self._id("pm")}
        if capture:
            intent |= {"status": "succeeded", "amount_received": amount}
            self._captured(intent, charge, "")
            self._told("charge.succeeded", charge)
            self._told("payment_intent.succeeded", intent)
        else:
            intent |= {"status": "requires_capture", "amount_capturable": amount}
            self._told("charge.succeeded", charge)
            self._told("payment_intent.amount_capturable_updated", intent)
        return intent

    def dispute(self, intent_id: str, reason: str = "fraudulent", inquiry: bool = False) -> Json:
        """The customer's bank takes the payment back, or asks about it first (`inquiry`: no money moves). Raises `Refused`."""
        charge = self._charge_of(intent_id)
        status = "warning_needs_response" if inquiry else "needs_response"
        found = objects.dispute(self._id("dp"), self._now(), charge, charge["amount_captured"], reason, status, [])
        self.disputes[found["id"]] = found
        charge["disputed"] = True
        self._told("charge.dispute.created", found)
        if not inquiry:
            self._withdraw(found)
        return found

    def _withdraw(self, dispute: Json) -> None:
        taken = self._moved("adjustment", -dispute["amount"], 1500, dispute["currency"], dispute["id"], "dispute")
        dispute["balance_transactions"].append(taken)
        self._told("charge.dispute.funds_withdrawn", dispute)

    def close_dispute(self, id_: str, won: bool) -> Json:
        """The bank decides. Raises KeyError."""
        found = self.disputes[id_]
        inquiry = found["status"].startswith("warning")
        found["status"] = "warning_closed" if inquiry else "won" if won else "lost"
        if won and not inquiry:
            back = self._moved("adjustment", found["amount"], -1500, found["currency"], id_, "dispute_reversal")
            found["balance_transactions"].append(back)
            self._told("charge.dispute.funds_reinstated", found)
        self._told("charge.dispute.closed", found)
        return found

    # The API --------------------------------------------------------------------------------------------------

    def capture(self, id_: str, amount: int | None, metadata: Mapping[str, str], key: str) -> Json:
        """Take authorised money; what is not captured is released. Raises `Refused`."""
        intent = self.intent(id_)
        if intent["status"] != "requires_capture":
            words = f"This PaymentIntent could not be captured because it has a status of {intent['status']}."
            words += " Only a PaymentIntent with one of the following statuses may be captured: requires_capture."
            raise Refused(400, words, "payment_intent_unexpected_state", kept=True)
        amount = intent["amount_capturable"] if amount is None else amount
        if amount > intent["amount_capturable"]:
            words = "The payment could not be captured because the requested capture amount is greater than the amount you can capture for this charge."
            raise Refused(400, words, "amount_too_large", param="amount_to_capture", kept=True)
        charge = self._charge_of(id_)
        charge |= {"captured": True, "amount_captured": amount, "amount_refunded": charge["amount"] - amount}
        intent |= {"status": "succeeded", "amount_received": amount, "amount_capturable": 0}
        intent["metadata"] |= metadata
        self._captured(intent, charge, key)
        self._told("charge.captured", charge)
        self._told("payment_intent.succeeded", intent)
        return intent

    def cancel(self, id_: str, reason: str | None, key: str) -> Json:
        """Give authorised money back. Raises `Refused`."""
        intent = self.intent(id_)
        if intent["status"] not in OPEN:
            words = f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}."
            words += f" Only a PaymentIntent with one of the following statuses may be canceled: {', '.join(OPEN)}."
            raise Refused(400, words, "payment_intent_unexpected_state", kept=True)
        intent |= {"status": "canceled", "canceled_at": self._now(), "cancellation_reason": reason, "amount_capturable": 0}
        self._record("payment_cancelled", id_, {"amount": intent["amount"]}, idempotency_key=key)
        self._told("payment_intent.canceled", intent)
        return intent

    def refund(self, params: Mapping[str, Any], amount: int | None, key: str) -> Json:
        """Give captured money back. Raises `Refused`."""
        reason = params.get("reason")
        if reason is not None and reason not in REASONS:
            words = f"Invalid reason: must be one of {', '.join(REASONS[:-1])}, or {REASONS[-1]}"
            raise Refused(400, words, param="reason")
        charge = self._charge_of(str(params.get("payment_intent", "")))
        if not charge["captured"]:
            words = f"This PaymentIntent ({charge['payment_intent']}) does not have a successful charge to refund."
            raise Refused(400, words, param="payment_intent", kept=True)
        if charge["disputed"]:
            raise Refused(
                400, f"Charge {charge['id']} has been charged back; cannot issue a refund.", "charge_disputed", kept=True
            )
        left = charge["amount"] - charge["amount_refunded"]
        if left <= 0:
            raise Refused(400, f"Charge {charge['id']} has already been refunded.", "charge_already_refunded", kept=True)
        amount = left if amount is None else amount
        if amount > left:
            asked, free = money(amount, charge["currency"]), money(left, charge["currency"])
            raise Refused(
                400, f"Refund amount ({asked}) is greater than unrefunded amount on charge ({free})", param="amount", kept=True
            )
        status = "pending" if self._slow else "succeeded"
        found = objects.refund(self._id("re"), self._now(), charge, amount, reason, params.get("metadata") or {}, status)
        self.refunds[found["id"]] = found
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        data = {"refund": found["id"], "amount": amount, "currency": charge["currency"], "metadata": dict(found["metadata"])}
        self._record("refund", charge["payment_intent"], data, idempotency_key=key)
        taken = self._moved("refund", -amount, 0, charge["currency"], found["id"], "refund")
        found["balance_transaction"] = taken["id"]
        self._told("refund.created", found)
        self._told("charge.refunded", charge)
        return found

    def settle_refund(self, id_: str) -> Json:
        """A pending refund reaches the customer. Raises KeyError."""
        found = self.refunds[id_]
        found["status"] = "succeeded"
        self._told("refund.updated", found)
        return found

    def fail_refund(self, id_: str, reason: str = "lost_or_stolen_card") -> Json:
        """The customer's bank sends a refund back; the money is on the account again. Raises KeyError."""
        found = self.refunds[id_]
        charge = self.charges[found["charge"]]
        back = self._moved("refund_failure", found["amount"], 0, found["currency"], id_, "refund_failure")
        found |= {"status": "failed", "failure_reason": reason, "failure_balance_transaction": back["id"]}
        charge["amount_refunded"] -= found["amount"]
        charge["refunded"] = False
        self._record("refund_failed", charge["payment_intent"], {"refund": id_, "amount": found["amount"]})
        self._told("refund.failed", found)
        return found

    def pay_out(self, currency: str, *, automatic: bool = True) -> Json:
        """Everything on the balance goes to the bank."""
        due = [one for one in self.transactions.values() if one["currency"] == currency and one["id"] not in self.paid_out]
        due = [one for one in due if one["type"] != "payout"]
        total = sum(one["net"] for one in due)
        found = objects.payout(self._id("po"), self._now(), total, currency, automatic)
        self.payouts[found["id"]] = found
        out = self._moved("payout", -total, 0, currency, found["id"], "payout")
        found["balance_transaction"] = out["id"]
        for one in [*due, out]:
            self.paid_out[one["id"]] = found["id"]
        self._record("payout", found["id"], {"amount": total, "currency": currency})
        self._told("payout.paid", found)
        return found

    def intent(self, id_: str) -> Json:
        """A PaymentIntent. Raises `Refused`."""
        if id_ not in self.intents:
            raise missing("payment_intent", id_, "intent")
        return self.intents[id_]

    def expanded(self, transaction: Json) -> Json:
        """A balance transaction with its source as an object."""
        source = transaction["source"]
        whole = self.charges.get(source) or self.refunds.get(source) or self.disputes.get(source) or self.payouts.get(source)
        return {**transaction, "source": whole}

    # Inside ---------------------------------------------------------------------------------------------------

    def _charge_of(self, intent_id: str) -> Json:
        intent = self.intent(intent_id)
        if intent["latest_charge"] is None:
            words = f"This PaymentIntent ({intent_id}) does not have a successful charge to refund."
            raise Refused(400, words, param="payment_intent", kept=True)
        return self.charges[intent["latest_charge"]]

    def _captured(self, intent: Json, charge: Json, key: str) -> None:
        amount = charge["amount_captured"]
        fee = (amount * self._fee + 99) // 100 + 25
        charge["balance_transaction"] = self._moved("charge", amount, fee, intent["currency"], charge["id"], "charge")["id"]
        data = {"amount": amount, "currency": intent["currency"], "metadata": dict(intent["metadata"])}
        self._record("payment_captured", intent["id"], data, idempotency_key=key)

    def _moved(self, kind: str, amount: int, fee: int, currency: str, source: str, category: str) -> Json:
        found = objects.transaction(self._id("txn"), self._now(), kind, amount, fee, currency, source, category)
        self.transactions[found["id"]] = found
        return found

    def _told(self, kind: str, about: Json) -> None:
        event: Json = {
            "id": self._id("evt"),
            "object": "event",
            "api_version": "2025-09-30.clover",
            "created": self._now(),
            "data": {"object": copy.deepcopy(about)},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        self.events[event["id"]] = event
        self._tell(event)
