"""Maps a payout with its balance transactions to `payout.received`: one line for each movement and one for each of its fees; knows no HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from crossdock.canonical.events import Event
from crossdock.canonical.payout import Payout, PayoutLine
from crossdock.canonical.values import Money
from crossdock.connectors.document import Node, root
from crossdock.connectors.minor_units import currency_at, from_minor, money_at
from crossdock.connectors.stripe.amounts import digits
from crossdock.connectors.stripe.mapping import PROVIDER, payment_of, seconds_at
from crossdock.connectors.stripe.options import StripeOptions

TOPIC: Final = "poll/payout"
KINDS: Final = {
    "charge": "sale",
    "payment": "sale",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund",
    "payment_failure_refund": "refund",
    "payment_reversal": "refund",
    "stripe_fee": "fee",
    "stripe_fx_fee": "fee",
    "application_fee": "fee",
    "application_fee_refund": "fee",
    "network_cost": "fee",
    "tax_fee": "tax",
    "reserve_transaction": "reserve",
    "reserved_funds": "reserve",
    "reserve_hold": "reserve",
    "reserve_release": "reserve",
    "payment_network_reserve_hold": "reserve",
    "payment_network_reserve_release": "reserve",
}
"""Type of a balance transaction -> kind of the line (docs.stripe.com/reports/balance-transaction-types)."""
OWN: Final = ("payout", "payout_cancel", "payout_failure")
"""The movement of the payout itself, which is its total."""


def payout_event(system: str, options: StripeOptions, value: Any) -> Event:
    """`payout.received` for `{"payout": ..., "transactions": [...]}`. Raises `SchemaInvalid`."""
    document = root(value, "payout")
    payout = document.child("payout")
    if payout is None:
        document.wrong("payout", "is missing")
        raise document.problems.refusal("payout")
    number, currency = payout.text("id", required=True, limit=64), currency_at(payout)
    total, paid = money_at(payout, "amount", currency, digits), seconds_at(payout, "arrival_date")
    lines = [line for node in document.items("transactions") for line in _lines(node, currency, options) if line is not None]
    trace = payout.child("trace_id")
    at = seconds_at(payout, "created")
    document.problems.raise_if_any(f"payout {number}")
    days = sorted(line.at.date() for line in lines if line.at is not None)
    entry = payout.problems.build(
        Payout,
        payout.path,
        number=number,
        provider=PROVIDER,
        account=options.account,
        period_start=days[0] if days else None,
        period_end=days[-1] if days else None,
        paid_on=paid.date() if paid is not None else None,
        currency=currency,
        lines=tuple(lines),
        total=total,
        statement_reference=(trace.text("value", limit=255) if trace else "") or payout.text("statement_descriptor", limit=255),
    )
    if entry is None or at is None:
        raise document.problems.refusal(f"payout {number}")
    return Event(f"{system}/{number}/payout", "payout.received", system, f"payout/{system}/{number}", entry, at)


def _lines(node: Node, currency: str, options: StripeOptions) -> Iterator[PayoutLine | None]:
    kind, mine = node.text("type", required=True, limit=100), currency_at(node)
    if kind in OWN:
        return
    if mine and mine != currency:
        node.wrong("currency", f"is {mine}, the payout's is {currency}")
    amount, at = money_at(node, "amount", currency, digits), seconds_at(node, "created")
    source = node.child("source")
    rate = node.decimal("exchange_rate")
    about: dict[str, Any] = {
        "reference": node.text("id", required=True, limit=255),
        "order_number": _order_number(source, options),
        "payment_reference": _payment(source),
        "at": at,
    }
    if amount is None:
        return
    category = node.text("reporting_category", limit=100)
    means = "chargeback" if category.startswith("dispute") else KINDS.get(kind, "adjustment" if kind == "adjustment" else "other")
    words = node.text("description", limit=500) or kind
    if amount.amount:
        original = _original(source, amount) if rate is not None else None
        yield node.problems.build(
            PayoutLine, node.path, kind=means, amount=amount, original=original, exchange_rate=rate, description=words, **about
        )
    for part, fee in _fees(node, currency):
        yield node.problems.build(PayoutLine, node.path, kind=part, amount=fee, description=f"fee of {words}"[:500], **about)


def _fees(node: Node, currency: str) -> Iterator[tuple[str, Money]]:
    """The fees of a movement as they change the payout. What the details leave out of the fee is a fee without a name."""
    fee = money_at(node, "fee", currency, digits)
    if fee is None:
        return
    rest = fee.amount
    for detail in node.items("fee_details"):
        part = money_at(detail, "amount", currency, digits)
        if part is not None and part.amount:
            rest -= part.amount
            yield ("tax" if detail.text("type") == "tax" else "fee"), -part
    if rest:
        yield "fee", Money(amount=-rest, currency=currency)


def _original(source: Node | None, amount: Money) -> Money | None:
    """What the customer paid or got back, before Stripe exchanged it; with the sign it has in the payout."""
    if source is None:
        return None
    currency, units = currency_at(source), source.raw("amount")
    if not currency or isinstance(units, bool) or not isinstance(units, int):
        return None
    return from_minor(units if amount.amount > Decimal(0) else -units, currency, digits(currency))


def _payment(source: Node | None) -> str:
    if source is None:
        return ""
    return payment_of(source) or (source.text("id", limit=255) if source.text("object") == "charge" else "")


def _order_number(source: Node | None, options: StripeOptions) -> str:
    metadata = source.child("metadata") if source is not None else None
    if metadata is None:
        return ""
    return next(filter(None, (metadata.text(key, limit=64) for key in options.order_keys)), "")
