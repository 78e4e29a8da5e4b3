"""Maps Stripe's events to `payment.*`, `refund.*` and `chargeback.*`; knows no HTTP.

An event's identity is the object's, with what became of it, never the delivery's: the webhook, its repetition and the poll are one event.
Everything in a payload comes from the object or from the one Stripe event that tells it, so that two ways of telling give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from crossdock.canonical.base import Canonical
from crossdock.canonical.events import Event, Reference
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.payment import Chargeback, Payment, Refund
from crossdock.canonical.values import Money
from crossdock.connectors.document import Node, root
from crossdock.connectors.minor_units import currency_at, money_at
from crossdock.connectors.stripe.amounts import digits
from crossdock.connectors.stripe.options import StripeOptions
from crossdock.core.errors import DocumentUnknown, PayoutReturned

PROVIDER: Final = "stripe"
OWN: Final = "crossdock_command"
"""Metadata under which the hub's command id is kept with what it caused."""
LATEST: Final = 253402300800
"""Seconds from which there is no date any more (year 10000)."""

PAYMENTS: Final = {
    "payment_intent.amount_capturable_updated": "authorized",
    "payment_intent.succeeded": "captured",
    "payment_intent.payment_failed": "failed",
    "payment_intent.canceled": "cancelled",
}
CHARGES: Final = {
    "charge.succeeded": "authorized",
    "charge.captured": "captured",
    "charge.failed": "failed",
    "charge.expired": "cancelled",
}
"""Told of charges without a PaymentIntent only: of the others the PaymentIntent tells it."""
REFUNDS: Final = ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated")
DISPUTES: Final = ("charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.closed")
HANDLED: Final = (*PAYMENTS, *CHARGES, *REFUNDS, *DISPUTES, "payout.failed")
IGNORED: Final = (
    "payment_intent.",
    "charge.",
    "payout.",
    "balance.",
    "checkout.session.",
    "payment_method.",
    "customer.",
    "invoice.",
)
"""Families whose other events change nothing here; a payout's lines come by poll."""
OUTCOMES: Final[dict[str, Literal["won", "lost", "withdrawn"]]] = {"won": "won", "lost": "lost", "warning_closed": "withdrawn"}


@dataclass(frozen=True, slots=True)
class Told:
    """An event of Stripe: what kind, when, and about what object."""

    kind: str
    at: datetime
    about: Node


class Mapper:
    """The mapping of one account. Pure."""

    def __init__(self, system: str, options: StripeOptions) -> None:
        self.system = system
        self._options = options
        self._readers: Mapping[str, Callable[[Told], Event | None]] = {
            **dict.fromkeys(PAYMENTS, self._intent),
            **dict.fromkeys(CHARGES, self._charge),
            **dict.fromkeys(REFUNDS, self._refund),
            **dict.fromkeys(DISPUTES, self._dispute),
            "payout.failed": self._payout_failed,
        }

    def event(self, kind: str, value: Any) -> Event | None:
        """The canonical event a Stripe event tells, None when it changes nothing.

        Raises `SchemaInvalid` naming every wrong field, `DocumentUnknown`, `PayoutReturned`.
        """
        read = self._readers.get(kind)
        if read is None and not kind.startswith(IGNORED):
            raise DocumentUnknown(f"no mapping for Stripe's event {kind!r}", topic=kind)
        document = root(value, f"Stripe event {kind}")
        if read is None:
            return None
        at = seconds_at(document, "created")
        data = document.child("data")
        about = data.child("object") if data is not None else None
        if about is None:
            document.wrong("data.object", "is missing")
        if at is None or about is None:
            raise document.problems.refusal(f"Stripe event {kind}")
        found = read(Told(kind, at, about))
        document.problems.raise_if_any(f"{about.text('object') or 'object'} {about.text('id')}")
        return found

    # Payments ---------------------------------------------------------------------------------------------------

    def _intent(self, told: Told) -> Event | None:
        intent, became = told.about, PAYMENTS[told.kind]
        field = {"authorized": "amount_capturable", "captured": "amount_received"}.get(became, "amount")
        amount = self._money(intent, field)
        error = intent.child("last_payment_error") if became == "failed" else None
        reason = error.text("message", limit=2000) if error else ""
        code = (error.text("decline_code") or error.text("code")) if error else ""
        if became == "cancelled":
            code = intent.text("cancellation_reason", limit=200)
        return self._payment(told, became, amount, intent.text("latest_charge", limit=255), reason, code)

    def _charge(self, told: Told) -> Event | None:
        charge, became = told.about, CHARGES[told.kind]
        if charge.text("payment_intent"):
            return None
        if told.kind == "charge.succeeded" and charge.flag("captured"):
            became = "captured"
        amount = self._money(charge, "amount_captured" if became == "captured" else "amount")
        reason, code = charge.text("failure_message", limit=2000), charge.text("failure_code")
        return self._payment(told, became, amount, "", reason, code)

    def _payment(self, told: Told, became: str, amount: Money | None, charge: str, reason: str, code: str) -> Event | None:
        about = told.about
        id_ = about.text("id", required=True, limit=255)
        number = self._order_number(about)
        if amount is None or not id_:
            return None
        entry = about.problems.build(
            Payment,
            about.path,
            {"amount": "amount"},
            reference=id_,
            own_reference=self._metadata(about, OWN, 255) if became == "captured" else "",
            provider=PROVIDER,
            order_number=number,
            method=method_of(about),
            amount=amount,
            captured=amount if became == "captured" else None,
            at=told.at,
            reason=reason,
            reason_code=code,
            identifiers=(Identifier(scheme="stripe:charge", value=charge),) if charge else (),
        )
        name = f"{id_}/{became}/{amount.amount}/{int(told.at.timestamp())}"
        return self._event(told, f"payment.{became}", name, entry, told.at, id_, number)

    # Refunds and disputes ------------------------------------------------------------------------------------------

    def _refund(self, told: Told) -> Event | None:
        refund = told.about
        status = refund.text("status")
        if status in ("pending", "requires_action", ""):
            return None
        id_, at = refund.text("id", required=True, limit=255), seconds_at(refund, "created")
        amount, payment, number = self._money(refund, "amount"), payment_of(refund), self._order_number(refund)
        if amount is None or at is None or not id_:
            return None
        entry = refund.problems.build(
            Refund,
            refund.path,
            reference=id_,
            payment_reference=payment,
            own_reference=self._metadata(refund, OWN, 255),
            return_number=self._metadata(refund, "return_number", 64),
            order_number=number,
            provider=PROVIDER,
            amount=amount,
            at=at,
            reason=refund.text("failure_reason", limit=200) if status == "failed" else refund.text("reason", limit=200),
            reason_code=status if status != "succeeded" else "",
        )
        became = "completed" if status == "succeeded" else "failed"
        return self._event(told, f"refund.{became}", f"{id_}/{became}", entry, at, payment or id_, number)

    def _dispute(self, told: Told) -> Event | None:
        dispute = told.about
        status, closed = dispute.text("status", required=True), told.kind == "charge.dispute.closed"
        inquiry = status.startswith("warning_") and told.kind != "charge.dispute.funds_withdrawn"
        id_, payment, amount = dispute.text("id", required=True, limit=255), payment_of(dispute), self._money(dispute, "amount")
        opened = seconds_at(dispute, "created")
        at = told.at if closed else opened
        if not payment:
            dispute.wrong("payment_intent", "is missing, and there is no charge either")
        if amount is None or at is None or not (id_ and payment):
            return None
        evidence = dispute.child("evidence_details")
        due = seconds_at(evidence, "due_by", required=False) if evidence is not None else None
        became, stage = "closed" if closed else "opened", "inquiry" if inquiry else "chargeback"
        entry = dispute.problems.build(
            Chargeback,
            dispute.path,
            reference=id_,
            payment_reference=payment,
            provider=PROVIDER,
            order_number=self._order_number(dispute),
            amount=amount,
            stage=stage,
            outcome=OUTCOMES.get(status, "withdrawn") if closed else "",
            at=at,
            respond_by=due.date() if due is not None and not closed else None,
            reason=dispute.text("reason", limit=200),
        )
        return self._event(told, f"chargeback.{became}", f"{id_}/{became}/{stage}", entry, at, payment, "")

    def _payout_failed(self, told: Told) -> Event | None:
        payout = told.about
        why = payout.text("failure_message", limit=500) or payout.text("failure_code", limit=100)
        id_ = payout.text("id", required=True, limit=255)
        payout.problems.raise_if_any("payout")
        raise PayoutReturned(f"payout {id_} came back from the bank: {why or 'no reason given'}", payout=id_)

    # Parts ------------------------------------------------------------------------------------------------------

    def _money(self, node: Node, key: str) -> Money | None:
        return money_at(node, key, currency_at(node), digits)

    def _metadata(self, node: Node, key: str, limit: int) -> str:
        metadata = node.child("metadata")
        return metadata.text(key, limit=limit) if metadata is not None else ""

    def _order_number(self, node: Node) -> str:
        return next(filter(None, (self._metadata(node, key, 64) for key in self._options.order_keys)), "")

    def _event(
        self, told: Told, kind: str, name: str, entry: Canonical | None, at: datetime, payment: str, number: str
    ) -> Event | None:
        options = self._options
        shop = (self._metadata(told.about, options.shop_key, 64) if options.shop_key else "") or options.shop
        if entry is None:
            return None
        references = [Reference(f"payment:{PROVIDER}", payment)]
        if number:
            references.append(Reference(f"{shop}:order" if shop else "order:number", number))
        return Event(f"{self.system}/{name}", kind, self.system, "", entry, at, tuple(references))


def payment_of(node: Node) -> str:
    """The identity of the payment an object belongs to: its PaymentIntent, else its charge."""
    return node.text("payment_intent", limit=255) or node.text("charge", limit=255)


def method_of(node: Node) -> str:
    """The brand of the card, else the kind of the means of payment."""
    details = node.child("payment_method_details")
    if details is not None:
        card = details.child("card")
        return (card.text("brand", limit=64) if card is not None else "") or details.text("type", limit=64)
    kinds = node.raw("payment_method_types")
    return str(kinds[0])[:64] if isinstance(kinds, list) and len(kinds) == 1 and isinstance(kinds[0], str) else ""


def seconds_at(node: Node, key: str, *, required: bool = True) -> datetime | None:
    """A time in seconds since 1970; a problem when it is none."""
    value = node.raw(key)
    if value is None and not required:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < LATEST:
        node.wrong(key, "must be a time in seconds since 1970")
        return None
    return datetime.fromtimestamp(value, UTC)
