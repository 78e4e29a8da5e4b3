"""Stripe's objects as its API shows them, made new; knows no endpoint and no state."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Mapping
from typing import Any

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

Json = dict[str, Any]


def id_maker(seed: str) -> Callable[[str], str]:
    """Ids as Stripe makes them: a prefix and 24 letters and digits; the same sequence under the same seed."""
    numbers = itertools.count(1)

    def make(prefix: str) -> str:
        value = int.from_bytes(hashlib.sha256(f"{seed}/{prefix}/{next(numbers)}".encode()).digest())
        tail = ""
        while len(tail) < 22:
            value, rest = divmod(value, len(ALPHABET))
            tail += ALPHABET[rest]
        return f"{prefix}_3S{tail}"

    return make


def intent(id_: str, now: int, amount: int, currency: str, capture_method: str, metadata: Mapping[str, str]) -> Json:
    """A PaymentIntent nobody has paid yet."""
    return {
        "id": id_,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": capture_method,
        "client_secret": f"{id_}_secret_simulated",
        "confirmation_method": "automatic",
        "created": now,
        "currency": currency,
        "customer": None,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": dict(metadata),
        "next_action": None,
        "payment_method": None,
        "payment_method_types": ["card"],
        "receipt_email": None,
        "status": "requires_payment_method",
    }


def charge(id_: str, now: int, of: Json, brand: str, captured: bool) -> Json:
    """The charge by which a PaymentIntent is paid; it has the intent's metadata from that moment."""
    return {
        "id": id_,
        "object": "charge",
        "amount": of["amount"],
        "amount_captured": of["amount"] if captured else 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "captured": captured,
        "created": now,
        "currency": of["currency"],
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": dict(of["metadata"]),
        "outcome": {"network_status": "approved_by_network", "risk_level": "normal", "type": "authorized"},
        "paid": True,
        "payment_intent": of["id"],
        "payment_method_details": {"card": {"brand": brand, "country": "DE", "last4": "4242", "network": brand}, "type": "card"},
        "refunded": False,
        "status": "succeeded",
    }


def refund(id_: str, now: int, of: Json, amount: int, reason: str | None, metadata: Mapping[str, str], status: str) -> Json:
    """A refund of a charge."""
    return {
        "id": id_,
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": of["id"],
        "created": now,
        "currency": of["currency"],
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": dict(metadata),
        "payment_intent": of["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "status": status,
    }


def dispute(id_: str, now: int, of: Json, amount: int, reason: str, status: str, transactions: list[Json]) -> Json:
    """A dispute about a charge."""
    return {
        "id": id_,
        "object": "dispute",
        "amount": amount,
        "balance_transactions": transactions,
        "charge": of["id"],
        "created": now,
        "currency": of["currency"],
        "enhanced_eligibility_types": [],
        "evidence_details": {"due_by": now + 14 * 86_400, "has_evidence": False, "past_due": False, "submission_count": 0},
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": of["payment_intent"],
        "reason": reason,
        "status": status,
    }


def transaction(id_: str, now: int, kind: str, amount: int, fee: int, currency: str, source: str, category: str) -> Json:
    """A movement of the account's balance; `net` is what it changes."""
    details = [
        {"amount": fee, "application": None, "currency": currency, "description": "Stripe processing fees", "type": "stripe_fee"}
    ]
    return {
        "id": id_,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now,
        "created": now,
        "currency": currency,
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": details if fee else [],
        "net": amount - fee,
        "reporting_category": category,
        "source": source,
        "status": "available",
        "type": kind,
    }


def payout(id_: str, now: int, amount: int, currency: str, automatic: bool) -> Json:
    """A payout to the account's bank."""
    return {
        "id": id_,
        "object": "payout",
        "amount": amount,
        "arrival_date": now - now % 86_400,
        "automatic": automatic,
        "balance_transaction": None,
        "created": now,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": "ba_simulated",
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "reconciliation_status": "completed" if automatic else "not_applicable",
        "source_type": "card",
        "statement_descriptor": None,
        "status": "paid",
        "trace_id": {"status": "supported", "value": f"TR{id_[-10:]}"},
        "type": "bank_account",
    }
