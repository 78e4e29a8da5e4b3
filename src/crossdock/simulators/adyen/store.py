"""The money of one simulated Adyen merchant account: payments, their modifications, disputes and settlement batches; knows no HTTP.

Amounts are whole minor units, as at Adyen. A modification is received first and decided later: `notify` tells the outcome.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

Json = dict[str, Any]
ALPHABET = "23456789BCDFGHJKLMNPQRSTVWXZ"


class Refused(Exception):
    """What Adyen refuses at once: HTTP status, error code and words."""

    def __init__(self, status: int, code: str, message: str, kind: str = "validation") -> None:
        super().__init__(message)
        self.status = status
        self.body = {"status": status, "errorCode": code, "message": message, "errorType": kind}


class Record(Protocol):
    """Notes an effect for the oracle."""

    def __call__(self, kind: str, key: str, data: Mapping[str, Any], /, *, idempotency_key: str = "") -> None: ...


@dataclass(slots=True)
class Payment:
    """A payment and what has become of it."""

    psp: str
    reference: str
    value: int
    currency: str
    method: str
    captured: int = 0
    refunded: int = 0
    cancelled: bool = False


@dataclass(slots=True)
class Modification:
    """A request to change a payment, received and perhaps not decided yet."""

    psp: str
    kind: str
    payment: Payment
    value: int
    reference: str
    key: str
    decided: bool = False


@dataclass(slots=True)
class Entry:
    """One movement for the settlement report."""

    kind: str
    payment: Payment
    modification: str
    modification_reference: str
    value: int
    fee: int
    at: datetime


@dataclass
class Store:
    """One merchant account. `slow` leaves modifications undecided until `process`."""

    merchant: str
    now: Callable[[], float]
    notify: Callable[[Json], None]
    record: Record
    slow: bool = False
    payments: dict[str, Payment] = field(default_factory=dict)
    modifications: dict[str, Modification] = field(default_factory=dict)
    unsettled: list[Entry] = field(default_factory=list)
    batches: dict[int, list[Entry]] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def new_psp(self) -> str:
        """A PSP reference: 16 capital letters and digits."""
        value = int.from_bytes(hashlib.sha256(f"{self.merchant}/{next(self._numbers)}".encode()).digest())
        made = ""
        while len(made) < 16:
            value, rest = divmod(value, len(ALPHABET))
            made += ALPHABET[rest]
        return made

    # Customers and banks ----------------------------------------------------------------------------------------

    def pay(self, reference: str, value: int, currency: str, method: str, *, capture: bool, refused: str = "") -> Payment:
        """A customer pays, or is refused with that reason. With `capture` the account captures by itself, and tells nobody."""
        found = Payment(self.new_psp(), reference, value, currency, method)
        self.payments[found.psp] = found
        if not refused and capture:
            self._captured(found, value, found.psp, "", "")
        self._tell(
            "AUTHORISATION", found.psp, found, value, reason=refused, success=not refused, original="", reference=reference
        )
        return found

    def dispute(self, psp: str) -> str:
        """The customer's bank takes the payment back; returns the dispute's PSP reference. Raises KeyError."""
        payment = self.payments[psp]
        id_ = self.new_psp()
        self.unsettled.append(Entry("Chargeback", payment, id_, "", -payment.captured, 1500, self._at()))
        more = {"chargebackReasonCode": "10.4", "defensePeriodEndsAt": "2026-12-24T10:00:00+01:00", "defendable": "true"}
        self._tell("CHARGEBACK", id_, payment, payment.captured, reason="Other Fraud-Card Absent Environment", more=more)
        return id_

    def close_dispute(self, psp: str, id_: str, won: bool) -> None:
        """The dispute ends. Raises KeyError."""
        payment = self.payments[psp]
        if won:
            self.unsettled.append(Entry("ChargebackReversed", payment, id_, "", payment.captured, 0, self._at()))
        self._tell("CHARGEBACK_REVERSED" if won else "SECOND_CHARGEBACK", id_, payment, payment.captured)

    def bounce(self, modification: str, reason: str = "Invalid card number") -> None:
        """A refund comes back days later. Raises KeyError."""
        found = self.modifications[modification]
        found.payment.refunded -= found.value
        self.unsettled.append(Entry("RefundedReversed", found.payment, found.psp, found.reference, found.value, 0, self._at()))
        self.record("refund_failed", found.payment.psp, {"refund": found.psp, "amount": found.value})
        self._tell("REFUND_FAILED", found.psp, found.payment, found.value, reason=reason, reference=found.reference)

    # The API ----------------------------------------------------------------------------------------------------

    def modify(self, kind: str, psp: str, value: int | None, currency: str | None, reference: str, key: str) -> Modification:
        """Receive a modification (`captures`, `cancels`, `refunds`); what it comes to is told by notification. Raises `Refused`."""
        payment = self.payments.get(psp)
        if payment is None:
            raise Refused(422, "167", "Original pspReference required for this operation")
        if kind != "cancels":
            if value is None or value <= 0:
                raise Refused(422, "137", "Invalid amount specified")
            if currency != payment.currency:
                raise Refused(422, "138", "Unsupported currency specified")
        found = Modification(self.new_psp(), kind, payment, payment.value if value is None else value, reference, key)
        self.modifications[found.psp] = found
        if not self.slow:
            self._decide(found)
        return found

    def process(self) -> int:
        """Decide what waits; returns how many."""
        waiting = [one for one in self.modifications.values() if not one.decided]
        for one in waiting:
            self._decide(one)
        return len(waiting)

    def settle(self) -> int:
        """Close a settlement batch; returns its number."""
        number = len(self.batches) + 1
        self.batches[number], self.unsettled = self.unsettled, []
        return number

    # Inside -----------------------------------------------------------------------------------------------------

    def _decide(self, one: Modification) -> None:
        one.decided = True
        payment = one.payment
        if one.kind == "captures":
            fine = not payment.cancelled and payment.captured + one.value <= payment.value
            if fine:
                self._captured(payment, one.value, one.psp, one.reference, one.key)
        elif one.kind == "refunds":
            fine = payment.refunded + one.value <= payment.captured
            if fine:
                payment.refunded += one.value
                data = {"refund": one.psp, "amount": one.value, "currency": payment.currency, "reference": one.reference}
                self.record("refund", payment.psp, data, idempotency_key=one.key)
                self.unsettled.append(Entry("Refunded", payment, one.psp, one.reference, -one.value, 10, self._at()))
        else:
            fine = not payment.captured and not payment.cancelled
            if fine:
                payment.cancelled = True
                self.record("payment_cancelled", payment.psp, {"amount": payment.value}, idempotency_key=one.key)
        code = {"captures": "CAPTURE", "refunds": "REFUND", "cancels": "CANCELLATION"}[one.kind]
        reason = "" if fine else "Insufficient balance on payment" if one.kind != "cancels" else "Transaction cannot be cancelled"
        self._tell(code, one.psp, payment, one.value, reason=reason, success=fine, reference=one.reference)

    def _captured(self, payment: Payment, value: int, psp: str, reference: str, key: str) -> None:
        payment.captured += value
        fee = value // 100 + 11
        self.unsettled.append(Entry("Settled", payment, psp, reference, value, fee, self._at()))
        data = {"amount": value, "currency": payment.currency, "reference": payment.reference}
        self.record("payment_captured", payment.psp, data, idempotency_key=key)

    def _at(self) -> datetime:
        return datetime.fromtimestamp(int(self.now()), UTC)

    def _tell(
        self,
        code: str,
        psp: str,
        payment: Payment,
        value: int,
        *,
        reason: str = "",
        success: bool = True,
        original: str | None = None,
        reference: str = "",
        more: Mapping[str, str] | None = None,
    ) -> None:
        item: Json = {
            "additionalData": dict(more or {}),
            "amount": {"currency": payment.currency, "value": value},
            "eventCode": code,
            "eventDate": self._at().isoformat(),
            "merchantAccountCode": self.merchant,
            "merchantReference": reference or payment.reference,
            "originalReference": payment.psp if original is None else original,
            "paymentMethod": payment.method,
            "pspReference": psp,
            "reason": reason,
            "success": "true" if success else "false",
        }
        if not item["originalReference"]:
            del item["originalReference"]
        self.notify(item)
