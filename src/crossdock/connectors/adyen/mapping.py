"""Maps Adyen's notification items to `payment.*`, `refund.*` and `chargeback.*`; knows no HTTP.

An item's identity is its PSP reference, event code and success: Adyen repeats it until it is answered, and may send it twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Literal

from crossdock.canonical.base import Canonical
from crossdock.canonical.events import Event, Reference
from crossdock.canonical.payment import Chargeback, Payment, Refund
from crossdock.canonical.values import Money
from crossdock.connectors.adyen.amounts import digits
from crossdock.connectors.adyen.options import AdyenOptions
from crossdock.connectors.adyen.references import own_reference
from crossdock.connectors.document import root
from crossdock.connectors.minor_units import currency_at, money_at
from crossdock.core.errors import DocumentUnknown, PaymentStateRefused

PROVIDER: Final = "adyen"
Stage = Literal["inquiry", "chargeback", "arbitration"]
Outcome = Literal["won", "lost"]
CANCELLATIONS: Final = ("CANCELLATION", "TECHNICAL_CANCEL")
REFUNDS_BACK: Final = ("REFUND_FAILED", "REFUNDED_REVERSED")
OPENED: Final[dict[str, Stage]] = {
    "NOTIFICATION_OF_CHARGEBACK": "inquiry",
    "CHARGEBACK": "chargeback",
    "SECOND_CHARGEBACK": "arbitration",
}
CLOSED: Final[dict[str, tuple[Stage, Outcome]]] = {
    "CHARGEBACK_REVERSED": ("chargeback", "won"),
    "ISSUER_RESPONSE_TIMEFRAME_EXPIRED": ("chargeback", "won"),
    "DISPUTE_DEFENSE_PERIOD_ENDED": ("chargeback", "lost"),
    "PREARBITRATION_WON": ("arbitration", "won"),
    "PREARBITRATION_LOST": ("arbitration", "lost"),
}
IGNORED: Final = frozenset(
    """
    AUTORESCUE CANCEL_AUTORESCUE AUTORESCUE_NEXT_ATTEMPT DONATION HANDLED_EXTERNALLY INFORMATION_SUPPLIED MANUAL_REVIEW_ACCEPT
    MANUAL_REVIEW_REJECT NOTIFICATION_OF_FRAUD OFFER_CLOSED ORDER_CLOSED ORDER_OPENED PAIDOUT_REVERSED PAYOUT_DECLINE PAYOUT_EXPIRE
    PAYOUT_THIRDPARTY PENDING POSTPONED_REFUND RECURRING_CONTRACT REPORT_AVAILABLE REQUEST_FOR_INFORMATION VOID_PENDING_REFUND
    """.split()  # noqa: SIM905 - read as a table
)
"""Codes that move no money, or whose end another code tells; reports come by poll."""
HANDLED: Final = frozenset(
    {
        "AUTHORISATION",
        "AUTHORISATION_ADJUSTMENT",
        "CAPTURE",
        "CAPTURE_FAILED",
        "EXPIRE",
        "REFUND",
        "CANCEL_OR_REFUND",
        *CANCELLATIONS,
        *REFUNDS_BACK,
        *OPENED,
        *CLOSED,
    }
)
Read = Callable[["Item"], Iterator[Event | None]]


class Item:
    """A notification item: its fields and whose they are."""

    def __init__(self, code: str, value: Any) -> None:
        node = root(value, f"notification {code}")
        self.node = node
        self.code = code
        if node.raw("eventCode") != code:
            node.wrong("eventCode", f"is not {code}")
        self.psp = node.text("pspReference", required=True, limit=80)
        self.payment = node.text("originalReference", limit=80) or self.psp
        self.reference = node.text("merchantReference", limit=80)
        self.reason = node.text("reason", limit=2000)
        self.success = self._success()
        self.at = node.time("eventDate", required=True)
        self.more = node.child("additionalData")
        self.amount = self._amount()

    def _success(self) -> bool:
        value = self.node.raw("success")
        if isinstance(value, bool):
            return value
        if value not in ("true", "false"):
            self.node.wrong("success", "must be true or false")
        return bool(value == "true")

    def _amount(self) -> Money | None:
        amount = self.node.child("amount")
        if amount is None:
            self.node.wrong("amount", "is missing")
            return None
        return money_at(amount, "value", currency_at(amount), digits)

    def additional(self, key: str) -> str:
        """A field of the additional data."""
        return self.more.text(key, limit=500) if self.more is not None else ""


class Mapper:
    """The mapping of one merchant account. Pure."""

    def __init__(self, system: str, options: AdyenOptions) -> None:
        self.system = system
        self._options = options
        self._readers: Mapping[str, Read] = {
            "AUTHORISATION": self._authorisation,
            "AUTHORISATION_ADJUSTMENT": self._adjustment,
            "CAPTURE": self._capture,
            "CAPTURE_FAILED": self._capture,
            "EXPIRE": self._cancellation,
            "REFUND": self._refund,
            "CANCEL_OR_REFUND": self._reversal,
            **dict.fromkeys(CANCELLATIONS, self._cancellation),
            **dict.fromkeys(REFUNDS_BACK, self._refund),
            **dict.fromkeys((*OPENED, *CLOSED), self._dispute),
        }

    def events(self, code: str, value: Any) -> list[Event]:
        """The canonical events an item tells; none when it moves nothing.

        Raises `SchemaInvalid` naming every wrong field, `DocumentUnknown`, `PaymentStateRefused` for a cancellation that failed.
        """
        read = self._readers.get(code)
        if read is None:
            if code in IGNORED:
                root(value, f"notification {code}")
                return []
            raise DocumentUnknown(f"no mapping for Adyen's event code {code!r}", topic=code)
        item = Item(code, value)
        found = list(read(item)) if item.at is not None and item.amount is not None and not item.node.problems.found else []
        item.node.problems.raise_if_any(f"{code} {item.psp}")
        return [event for event in found if event is not None]

    # Payments ---------------------------------------------------------------------------------------------------

    def _authorisation(self, item: Item) -> Iterator[Event | None]:
        if item.amount is None or not item.amount.amount:
            return  # a card was checked, nothing was authorised
        if not item.success:
            yield self._payment(item, "failed", number=item.reference)
            return
        yield self._payment(item, "authorized", number=item.reference)
        if self._options.capture == "automatic":
            yield self._payment(item, "captured", number=item.reference)

    def _adjustment(self, item: Item) -> Iterator[Event | None]:
        if item.success:
            yield self._payment(item, "authorized")

    def _capture(self, item: Item) -> Iterator[Event | None]:
        yield self._payment(item, "captured" if item.success and item.code == "CAPTURE" else "failed")

    def _cancellation(self, item: Item) -> Iterator[Event | None]:
        if not item.success:
            why = item.reason or "no reason given"
            raise PaymentStateRefused(
                f"the cancellation of payment {item.payment} failed: {why}", payment=item.payment, reason=item.reason
            )
        yield self._payment(item, "cancelled", code=item.code.lower() if item.code != "CANCELLATION" else "")

    def _reversal(self, item: Item) -> Iterator[Event | None]:
        """The answer to a request that left open whether to cancel or to refund."""
        return self._cancellation(item) if item.additional("modification.action") == "cancel" else self._refund(item)

    def _payment(self, item: Item, became: str, *, number: str = "", code: str = "") -> Event | None:
        order = number if len(number) <= 64 else ""
        entry = item.node.problems.build(
            Payment,
            item.node.path,
            {"reference": "pspReference", "original_reference": "originalReference", "method": "paymentMethod"},
            reference=item.psp,
            original_reference=item.payment if item.payment != item.psp else "",
            own_reference="" if number else own_reference(item.reference),
            provider=PROVIDER,
            order_number=order,
            method=item.node.text("paymentMethod", limit=64),
            amount=item.amount,
            at=item.at,
            reason=item.reason if became in ("failed", "cancelled") else "",
            reason_code=code or (item.additional("refusalReasonRaw") if became == "failed" else ""),
        )
        return self._event(item, f"payment.{became}", entry, order)

    # Refunds and disputes ------------------------------------------------------------------------------------------

    def _refund(self, item: Item) -> Iterator[Event | None]:
        done = item.success and item.code not in REFUNDS_BACK
        if item.code in REFUNDS_BACK and not item.success:
            return  # that it would come back has been taken back
        entry = item.node.problems.build(
            Refund,
            item.node.path,
            reference=item.psp,
            payment_reference=item.payment if item.payment != item.psp else "",
            own_reference=own_reference(item.reference),
            provider=PROVIDER,
            method=item.node.text("paymentMethod", limit=64),
            amount=item.amount,
            at=item.at,
            reason="" if done else item.reason,
            reason_code="" if done else item.code.lower(),
        )
        yield self._event(item, "refund.completed" if done else "refund.failed", entry, "")

    def _dispute(self, item: Item) -> Iterator[Event | None]:
        stage, outcome = (OPENED[item.code], "") if item.code in OPENED else CLOSED[item.code]
        due = item.more.time("defensePeriodEndsAt") if item.more is not None and not outcome else None
        entry = item.node.problems.build(
            Chargeback,
            item.node.path,
            reference=item.psp,
            payment_reference=item.payment,
            provider=PROVIDER,
            amount=item.amount,
            stage=stage,
            outcome=outcome,
            at=item.at,
            respond_by=due.date() if due is not None else None,
            reason=item.reason,
            reason_code=item.additional("chargebackReasonCode"),
        )
        yield self._event(item, "chargeback.closed" if outcome else "chargeback.opened", entry, "")

    def _event(self, item: Item, kind: str, entry: Canonical | None, number: str) -> Event | None:
        at: datetime | None = item.at
        if entry is None or at is None:
            return None
        references = [Reference(f"payment:{PROVIDER}", item.payment)]
        if kind.startswith("refund."):
            references.append(Reference(f"refund:{PROVIDER}", item.psp))
        if number:
            references.append(Reference(f"{self._options.shop}:order" if self._options.shop else "order:number", number))
        name = f"{item.psp}/{item.code}/{'true' if item.success else 'false'}/{kind}"
        return Event(f"{self.system}/{name}", kind, self.system, "", entry, at, tuple(references))
