"""Canonical shipments as carriers are asked to book them; pure, and exact where karrio is not."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from crossdock.canonical.party import Address
from crossdock.canonical.shipment import CustomsLine, Shipment
from crossdock.connectors.carrier.dialects import Dialect
from crossdock.connectors.carrier.options import Options
from crossdock.connectors.document import parse
from crossdock.connectors.wrong_fields import refusal

Json = dict[str, Any]
LONGEST_REFERENCE = 35
CENT = Decimal("0.01")


def reference_of(command_id: str) -> str:
    """The shipper reference that identifies a booking at the carrier: the command's id when it fits, else its digest (125 bits)."""
    if re.fullmatch(r"[A-Za-z0-9-]{8,35}", command_id):
        return command_id
    return "XD" + base64.b32encode(hashlib.sha256(command_id.encode()).digest()).decode()[:25]


def shipment_of(data: Mapping[str, Any]) -> Shipment:
    """The Shipment in a command's data. Raises `SchemaInvalid` with all fields."""
    return parse(Shipment, data.get("shipment"), "shipment")


def booking(shipment: Shipment, options: Options, dialect: Dialect, service: str, reference: str) -> tuple[Json, Json]:
    """karrio's shipment request, and beside it what must reach the carrier exactly: references, address lines, amounts.

    karrio's model holds amounts as floats and its mappings round them; what counts is put into the request by the dialect from
    `exact`, where every amount is a string of its own digits. Raises `SchemaInvalid` naming what is missing or does not fit.
    """
    sender = shipment.ship_from or options.ship_from
    if sender is None:
        raise refusal("nobody knows where the shipment leaves from", "shipment.ship_from", "is missing", "missing")
    declared = _declared(shipment)
    payload: Json = {
        "service": service,
        "reference": reference,
        "label_type": options.label_format,
        "shipper": _address(sender),
        "recipient": _address(shipment.ship_to),
        "parcels": _parcels(shipment, options, reference),
        "payment": {"paid_by": "sender", "account_number": options.account_number},
        "options": {"currency": declared["currency"]} if declared else {},
    }
    if declared:
        payload["customs"] = _customs(shipment, declared)
    lines = {"sender": _lines(sender, dialect, "ship_from"), "recipient": _lines(shipment.ship_to, dialect, "ship_to")}
    exact = {
        "references": [reference, shipment.number[:LONGEST_REFERENCE]],
        "address_lines": {
            "Shipper": lines["sender"],
            "ShipFrom": lines["sender"],
            "ShipTo": lines["recipient"],
            "shipper": lines["sender"],
            "receiver": lines["recipient"],
        },
        "declared": declared,
    }
    return payload, exact


def rating(shipment: Shipment, options: Options) -> Json:
    """karrio's rate request."""
    sender = shipment.ship_from or options.ship_from
    if sender is None:
        raise refusal("nobody knows where the shipment leaves from", "shipment.ship_from", "is missing", "missing")
    return {
        "shipper": _address(sender),
        "recipient": _address(shipment.ship_to),
        "parcels": _parcels(shipment, options, ""),
        "services": [],
        "options": {},
    }


def is_domestic(shipment: Shipment, options: Options) -> bool:
    """Whether the goods stay in the sender's country."""
    sender = shipment.ship_from or options.ship_from
    return sender is not None and sender.country == shipment.ship_to.country


def _address(address: Address) -> Json:
    return {
        "person_name": address.name or address.company,
        "company_name": address.company or None,
        "address_line1": address.street,
        "address_line2": address.street2 or None,
        "city": address.city,
        "postal_code": address.postal_code,
        "state_code": address.region or None,
        "country_code": address.country,
        "phone_number": address.phone or None,
        "email": address.email or None,
        "residential": not address.company,
    }


def _lines(address: Address, dialect: Dialect, name: str) -> list[str]:
    try:
        return dialect.address_lines(address.street, address.street2)
    except ValueError as error:
        raise refusal(f"{name}: {error}", f"shipment.{name}.street", str(error)) from None


def _parcels(shipment: Shipment, options: Options, reference: str) -> list[Json]:
    made = []
    for number, package in enumerate(shipment.packages or (None,)):
        weight = (package.weight_kg if package is not None else None) or options.default_weight_kg
        if weight is None or weight <= 0:
            words = "a package without weight cannot be booked"
            raise refusal(words, f"shipment.packages.{number}.weight_kg", "is not above zero")
        sizes = {} if package is None else {n: getattr(package, f"{n}_cm") for n in ("length", "width", "height")}
        parcel: Json = {"weight": float(weight), "weight_unit": "KG", "reference_number": reference or None}
        if sizes and all(sizes.values()):
            parcel |= {name: float(size) for name, size in sizes.items()} | {"dimension_unit": "CM"}
        made.append(parcel)
    return made


def _declared(shipment: Shipment) -> Json | None:
    """What is declared to customs, in decimal strings; None for goods that cross no border."""
    if not shipment.customs:
        return None
    currencies = {line.value.currency for line in shipment.customs if line.value is not None}
    if len(currencies) != 1 or any(line.value is None for line in shipment.customs):
        raise refusal("every customs line needs a value, all in one currency", "shipment.customs.value", "is missing or mixed")
    total = sum((line.value.amount for line in shipment.customs if line.value is not None), Decimal(0))
    return {
        "currency": currencies.pop(),
        "total": format(total, "f"),
        "invoice": shipment.number,
        "lines": [_declared_line(line) for line in shipment.customs],
    }


def _declared_line(line: CustomsLine) -> Json:
    """Pieces and price of one, when that is exact in cents; else the whole line as one piece, named so: nothing is rounded."""
    total, pieces = line.value.amount if line.value is not None else Decimal(0), line.quantity.value
    name = line.description or line.sku
    if pieces > 0 and pieces == pieces.to_integral_value():
        each = total / pieces
        if each == each.quantize(CENT):
            return {
                "quantity": format(pieces.to_integral_value(), "f"),
                "unit_price": format(each.quantize(CENT), "f"),
                "name": name,
            }
    return {"quantity": "1", "unit_price": format(total, "f"), "name": f"{format(pieces.normalize(), 'f')} x {name}"}


def _customs(shipment: Shipment, declared: Json) -> Json:
    lines = [
        {
            "sku": line.sku,
            "description": told["name"],
            "title": told["name"],
            "quantity": int(told["quantity"]),
            "hs_code": line.hs_code or None,
            "origin_country": line.origin_country,
            "value_amount": float(told["unit_price"]),
            "value_currency": declared["currency"],
            "weight": float(line.weight_kg / int(told["quantity"])) if line.weight_kg is not None else None,
            "weight_unit": "KG",
        }
        for line, told in zip(shipment.customs, declared["lines"], strict=True)
    ]
    return {
        "commodities": lines,
        "content_type": "merchandise",
        "incoterm": shipment.incoterm or None,
        "invoice": declared["invoice"],
        "duty": {
            "paid_by": "sender" if shipment.incoterm == "DDP" else "recipient",
            "currency": declared["currency"],
            "declared_value": float(declared["total"]),
        },
    }
