"""What an order comes to by its lines, allowances, charges and tax, where the document does not say it; knows no standard."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from crossdock.documents.drafts import Draft


def line_net(line: Draft) -> Decimal:
    """Quantity by price, with the line's own allowances and charges."""
    if "quantity" not in line or "unit_price" not in line:
        return Decimal(0)
    net: Decimal = line["quantity"]["value"] * line["unit_price"]["amount"] / (line.get("price_base") or 1)
    return net + adjustment(line.get("allowances") or ())


def adjustment(allowances: Sequence[Draft]) -> Decimal:
    """Charges less allowances."""
    amounts = (each["amount"]["amount"] if each["charge"] else -each["amount"]["amount"] for each in allowances)
    return sum(amounts, Decimal(0))


def order_total(net: Decimal, allowances: Sequence[Draft], tax: Decimal | None) -> Decimal:
    """Net amount of the lines with what is added and taken off, and tax, to the cent."""
    return (net + adjustment(allowances) + (tax or 0)).quantize(Decimal("0.01"))
