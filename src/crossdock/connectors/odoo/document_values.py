"""Values inside captured documents as canonical values: amounts, quantities, units, times and addresses; pure, knows no document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from crossdock.canonical.codes import MINOR_UNITS
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.party import Address, TradingParty
from crossdock.canonical.values import Money, Quantity
from crossdock.connectors.odoo.values import from_odoo
from crossdock.connectors.protocol import ValueMaps

Json = Mapping[str, Any]

PLACES: Final = Decimal("0.000001")
"""Six places remove what binary fractions add."""


def exact(value: Any) -> Decimal:
    """A number out of Odoo's floats."""
    return Decimal(value).quantize(PLACES).normalize()


def amount(value: Any) -> Decimal:
    """An amount out of Odoo's floats; two places are always shown."""
    return exact(value) + Decimal("0.00")


def money(value: Any, currency: str) -> Money:
    """An amount in its currency."""
    return Money(amount=amount(value), currency=currency)


def counted(line: Json, value_maps: ValueMaps) -> Quantity:
    """A line's quantity in its unit: Odoo's own Rec 20 code, else what the value map `units` says of the unit's name."""
    unit = str(line["unit"]) or value_maps.translate("units", str(line.get("unit_name", "")))
    return Quantity(value=exact(line["quantity"]), unit=unit)


def record_id(value: Any) -> str:
    """A database id as text. Raises ValueError for what is none."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError("no database id")
    return str(value)


def version_time(version: str) -> datetime:
    """When a version was written; what follows the tilde tells versions of one second apart."""
    return from_odoo(version.partition("~")[0])


def address(partner: Json) -> Address:
    """A partner's address."""
    return Address(
        name=partner["name"],
        company=partner["company"],
        street=partner["street"],
        street2=partner["street2"],
        city=partner["city"],
        postal_code=partner["zip"],
        region=partner["region"],
        country=partner["country"],
        phone=partner["phone"],
        email=partner["email"],
    )


def party(partner: Json, system: str) -> TradingParty:
    """A partner as a party to a paper, with its id and its reference in this system."""
    identifiers = [Identifier(scheme=f"{system}:partner_id", value=str(partner["id"]))]
    if partner["ref"]:
        identifiers.append(Identifier(scheme=f"{system}:ref", value=partner["ref"]))
    return TradingParty(
        name=partner["name"],
        identifiers=tuple(identifiers),
        address=address(partner) if partner["country"] else None,
        vat=partner["vat"],
        phone=partner["phone"],
        email=partner["email"],
    )


def net_price(line: Json, currency: str) -> Decimal:
    """A line's price per unit without tax and after its discount: as it is written, or what the line's amount gives where prices include tax."""
    quantity, subtotal = exact(line["quantity"]), exact(line["subtotal"])
    price = Decimal(line["price_unit"]) * (1 - Decimal(line["discount"]) / 100)
    rounding = Decimal(1).scaleb(-MINOR_UNITS.get(currency, 2))
    if quantity and abs(price * quantity - subtotal) > rounding / 2:
        price = subtotal / quantity
    return amount(price)
