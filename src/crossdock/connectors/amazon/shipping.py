"""Confirms shipments, each once: a package is known by a number made from the shipment's, and confirming it again only edits it.

Amazon shows the packages of an order (2026-01-01), so an unanswered confirmation is looked for there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crossdock.canonical.shipment import Shipment
from crossdock.connectors.amazon.api import SellingPartnerApi
from crossdock.connectors.amazon.options import AmazonOptions
from crossdock.connectors.amazon.orders import read_order, stamp
from crossdock.connectors.document import parse
from crossdock.connectors.protocol import ValueMaps
from crossdock.connectors.shop_shipments import units_of
from crossdock.core.commands import Command


@dataclass(frozen=True, slots=True)
class Package:
    """What a `shop.fulfil` command says of its shipment: the package's number at Amazon, and the units per order item."""

    reference: str
    units: Mapping[str, int]
    shipment: Shipment


def package(command: Command) -> Package:
    """Read the command. Raises `SchemaInvalid`, `TargetRefused` for a quantity that is no whole number of pieces."""
    shipment = parse(Shipment, command.data.get("shipment"), "shipment")
    return Package(reference(shipment.number), units_of(command, "Amazon"), shipment)


def reference(number: str) -> str:
    """Amazon takes only positive numbers as the reference of a package; the same shipment has the same one for ever."""
    return str(int.from_bytes(hashlib.blake2b(number.encode(), digest_size=6).digest()) % 10**12 + 1)


class Shipping:
    """Shipments of one account."""

    def __init__(self, api: SellingPartnerApi, options: AmazonOptions, value_maps: ValueMaps) -> None:
        self._api = api
        self._options = options
        self._value_maps = value_maps

    async def shown(self, number: str, wanted: Package) -> bool:
        """Whether the order shows the package. Raises `TargetRefused` for an order Amazon does not know."""
        packages = (await read_order(self._api, number, "PACKAGES")).get("packages")
        found = [one for one in packages if isinstance(one, dict)] if isinstance(packages, list) else []
        return any(str(one.get("packageReferenceId")) == wanted.reference for one in found)

    async def confirm(self, number: str, wanted: Package, now: datetime) -> None:
        """Confirm the package. Raises `TargetRefused` with Amazon's words, and `AnswerLost`."""
        shipment = wanted.shipment
        numbers = [n for n in (shipment.tracking_number, *(p.tracking_number for p in shipment.packages), shipment.number) if n]
        market = (await read_order(self._api, number, "FULFILLMENT")).get("salesChannel")
        stated = market.get("marketplaceId") if isinstance(market, dict) else None
        detail: dict[str, Any] = {
            "packageReferenceId": wanted.reference,
            **self._carrier(shipment.carrier),
            "shippingMethod": shipment.service_level or "Standard",
            "trackingNumber": numbers[0],
            "shipDate": stamp(shipment.dispatched_at or shipment.booked_at or now),
            "orderItems": [{"orderItemId": item, "quantity": units} for item, units in sorted(wanted.units.items())],
        }
        body = {"marketplaceId": str(stated or self._options.marketplaces[0]), "packageDetail": detail}
        await self._api.write("confirmShipment", "POST", f"/orders/v0/orders/{number}/shipmentConfirmation", body)

    def _carrier(self, carrier: str) -> dict[str, str]:
        if carrier and self._options.carrier_map:
            return {"carrierCode": self._value_maps.reverse(self._options.carrier_map, carrier), "carrierName": carrier}
        return {"carrierCode": "Other", "carrierName": carrier or "Other"}
