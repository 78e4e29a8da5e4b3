"""What the ledger holds of money, as the proof reads it: events that were told and commands that were carried out; knows no table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from crossdock.canonical.base import Canonical

EVENTS: Final = (
    "payment.captured", "refund.completed", "refund.failed", "chargeback.closed", "customer_invoice.posted", "customer_invoice.paid",
    "customer_invoice.cancelled", "customer_invoice.created", "freight_invoice.received", "statement.received", "payout.received",
    "journal.acknowledged",
)  # fmt: skip
"""Types of events the proof reads."""
COMMANDS: Final = (
    "payment.capture", "payment.refund", "shop.refund", "refund.transfer", "invoice.create", "invoice.post", "invoice.charge", "credit_note.create",
    "bill.create", "journal.post",
)  # fmt: skip
"""Commands whose accepted deliveries the proof reads."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event: its type, payload, who told it, the business key it led to, its day, and its number in the ledger."""

    type: str
    data: Canonical
    source: str
    key: str
    day: date
    evidence: str


@dataclass(frozen=True, slots=True)
class Done:
    """An accepted delivery: command, system, data and acknowledgement, the day it was settled, and its number in the ledger."""

    name: str
    system: str
    command: str
    key: str
    data: Mapping[str, Any]
    ack: Mapping[str, Any]
    day: date
    evidence: str
