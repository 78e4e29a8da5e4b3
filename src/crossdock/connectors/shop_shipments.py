"""How a `shop.fulfil` command is read for any shop that counts whole pieces per order line; knows no shop."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from crossdock.core.commands import Command
from crossdock.core.errors import TargetRefused


def units_of(command: Command, shop: str) -> dict[str, int]:
    """Pieces per order line. Raises `TargetRefused` for a quantity that is no whole number, and for a shipment without lines."""
    units: dict[str, int] = {}
    for line in command.data.get("lines") or ():
        try:
            quantity = Decimal(str(line["quantity"]))
        except InvalidOperation:
            quantity = Decimal(-1)
        if quantity < 0 or quantity != quantity.to_integral_value():
            raise TargetRefused(f"{shop} counts whole pieces, not {line['quantity']}", order_line=line["order_line"])
        if quantity:
            item = str(line["order_line"])
            units[item] = units.get(item, 0) + int(quantity)
    if not units:
        raise TargetRefused(
            "the shipment has no lines to fulfil", shipment=str((command.data.get("shipment") or {}).get("number"))
        )
    return units
