"""Fulfils orders and adds tracking events, each once: what the shop already shows for a shipment is looked up first.

fulfillmentCreate has no idempotency key. A shipment is recognised by its tracking number (the hub's shipment number while
the carrier gave none) and by the quantities per line item fulfilled under it; only what is missing is created.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from crossdock.canonical.shipment import Milestone, Shipment
from crossdock.connectors.document import parse
from crossdock.connectors.shop_shipments import units_of
from crossdock.connectors.shopify import queries
from crossdock.connectors.shopify.graphql import AdminApi
from crossdock.connectors.shopify.node import dig, number_of
from crossdock.core.commands import Command
from crossdock.core.errors import ContractBroken, TargetRefused

CLOSED: Final = frozenset({"CANCELLED", "ERROR", "FAILURE"})
EVENTS: Final = {
    "booked": ("LABEL_PURCHASED", "Shipment booked"),
    "picked_up": ("CARRIER_PICKED_UP", "Picked up by the carrier"),
    "in_transit": ("IN_TRANSIT", "In transit"),
    "customs_held": ("DELAYED", "Held by customs"),
    "customs_cleared": ("IN_TRANSIT", "Cleared by customs"),
    "out_for_delivery": ("OUT_FOR_DELIVERY", "Out for delivery"),
    "attempted": ("ATTEMPTED_DELIVERY", "Delivery attempted"),
    "delivered": ("DELIVERED", "Delivered"),
    "exception": ("DELAYED", "Delayed"),
    "returning": ("FAILURE", "On its way back to the sender"),
    "returned": ("FAILURE", "Returned to the sender"),
    "cancelled": ("FAILURE", "Shipment cancelled"),
}
"""Milestone code -> FulfillmentEventStatus and the words when the carrier gave none."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a `shop.fulfil` command asks for: units per line item id, the numbers by which the shipment is recognised, tracking."""

    units: Mapping[str, int]
    marks: frozenset[str]
    tracking: Mapping[str, Any]
    number: str


@dataclass(slots=True)
class Shown:
    """What the shop shows for a shipment already."""

    fulfilments: list[str] = field(default_factory=list)
    units: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Plan:
    """The fulfilments to create (one list of parts per location), and the units per line item that the shop cannot show."""

    parts: list[list[dict[str, Any]]]
    over: Mapping[str, int]


def wanted(command: Command) -> Wanted:
    """Read the command. Raises `TargetRefused` for a quantity that is no whole number of pieces."""
    shipment = parse(Shipment, command.data.get("shipment"), "shipment")
    units = units_of(command, "Shopify")
    numbers = list(dict.fromkeys(n for n in (shipment.tracking_number, *(p.tracking_number for p in shipment.packages)) if n))
    shown = numbers or [shipment.number]
    tracking: dict[str, Any] = {"number": shown[0]} if len(shown) == 1 else {"numbers": shown}
    if shipment.carrier:
        tracking["company"] = shipment.carrier
    if shipment.tracking_url:
        tracking["url" if len(shown) == 1 else "urls"] = shipment.tracking_url if len(shown) == 1 else [shipment.tracking_url]
    return Wanted(units, frozenset(shown), tracking, shipment.number)


class Fulfilment:
    """Fulfilments and tracking events of one shop."""

    def __init__(self, api: AdminApi, notify_customer: bool) -> None:
        self._api = api
        self._notify = notify_customer

    async def shown(self, order_id: str, want: Wanted) -> Shown:
        """What the order's fulfilments under this shipment's numbers hold. Raises `TargetRefused` for an order the shop does not know."""
        shown = Shown()
        for one in await self._fulfilments(order_id):
            if want.marks.isdisjoint(tracking_numbers(one)):
                continue
            connection = dig(await self._api.call(queries.FULFILMENT_LINES, id=one["id"]), "fulfillmentLineItems")
            lines = await self._api.rest(connection, queries.FULFILMENT_LINES, ("fulfillmentLineItems",), id=one["id"])
            shown.fulfilments.append(str(one["id"]))
            for line in lines:
                shown.units[str(number_of(dig(line, "lineItem", "id")))] += int(line["quantity"])
        return shown

    async def plan(self, order_id: str, want: Wanted, shown: Shown) -> Plan:
        """What must still be created. Raises `TargetRefused` when the shop holds the pieces back, or has none of them left to fulfil.

        More was shipped than ordered: then what is left is fulfilled, and the rest is named, because the shop cannot show it.
        """
        left = Counter(want.units) - shown.units
        places: dict[str, list[dict[str, Any]]] = {}
        held: dict[str, str] = {}
        for order in await self._fulfilment_orders(order_id):
            actions = {dig(one, "action") for one in order.get("supportedActions") or []}
            items = []
            for line in order["lines"]:
                item, remaining = str(number_of(dig(line, "lineItem", "id"))), int(line["remainingQuantity"])
                units = min(left[item], remaining)
                if units > 0 and "CREATE_FULFILLMENT" in actions:
                    left[item] -= units
                    items.append({"id": line["id"], "quantity": units})
                elif units > 0:
                    held[item] = str(order.get("status"))
            if items:
                place = str(dig(order, "assignedLocation", "location", "id"))
                entry = {"fulfillmentOrderId": order["id"], "fulfillmentOrderLineItems": items}
                places.setdefault(place, []).append(entry)
        over = dict(+left)
        if over.keys() & held.keys():
            raise TargetRefused(
                "the shop holds back what was shipped", missing=over, fulfillment_orders=sorted(set(held.values()))
            )
        if not places and not shown.fulfilments:
            raise TargetRefused("the shop has fewer pieces left to fulfil than were shipped", missing=over)
        return Plan(list(places.values()), over)

    async def create(self, want: Wanted, plan: Plan) -> list[str]:
        """Create the planned fulfilments, one per location; their ids."""
        created = []
        for parts in plan.parts:
            fulfilment = {"lineItemsByFulfillmentOrder": parts, "trackingInfo": want.tracking, "notifyCustomer": self._notify}
            payload = await self._api.mutate(queries.FULFIL, fulfillment=fulfilment, message=want.number)
            created.append(str(dig(payload, "fulfillment", "id")))
        return created

    async def _fulfilments(self, order_id: str) -> list[dict[str, Any]]:
        order = await self._api.call(queries.FULFILMENTS, id=f"gid://shopify/Order/{order_id}")
        if order is None:
            raise TargetRefused(f"the shop does not know order {order_id}", order_id=order_id)
        found = dig(order, "fulfillments")
        if not isinstance(found, list):
            raise ContractBroken("an order without a list of fulfilments")
        return [one for one in found if one.get("status") not in CLOSED]

    async def _fulfilment_orders(self, order_id: str) -> list[dict[str, Any]]:
        gid = f"gid://shopify/Order/{order_id}"
        path = ("fulfillmentOrders",)
        first = dig(await self._api.call(queries.FULFILMENT_ORDERS, id=gid), *path)
        orders = await self._api.rest(first, queries.FULFILMENT_ORDERS, path, id=gid)
        for order in orders:
            order["lines"] = await self._api.rest(
                order.get("lineItems"), queries.FULFILMENT_ORDER_LINES, ("lineItems",), id=order["id"]
            )
        return orders

    async def event_shown(self, order_id: str, command: Command) -> tuple[str, Mapping[str, Any], bool]:
        """The fulfilment a `shop.milestone` belongs to, the event to create, and whether it is there already."""
        milestone = parse(Milestone, command.data.get("milestone"), "milestone")
        marks = {milestone.tracking_number, str(command.data.get("shipment_number", ""))} - {""}
        found = [one for one in await self._fulfilments(order_id) if marks & tracking_numbers(one)]
        if not found:
            raise TargetRefused("the shop has no fulfilment with this tracking number", marks=sorted(marks))
        status, words = EVENTS[milestone.code]
        event = {
            "fulfillmentId": str(found[0]["id"]),
            "status": status,
            "happenedAt": milestone.at.replace(microsecond=0).isoformat().replace("+00:00", "Z"),
            "message": (milestone.description or words)[:255],
        }
        fulfilment = event["fulfillmentId"]
        connection = dig(await self._api.call(queries.FULFILMENT_EVENTS, id=fulfilment), "events")
        events = await self._api.rest(connection, queries.FULFILMENT_EVENTS, ("events",), id=fulfilment)
        same = ("status", "happenedAt", "message")
        return fulfilment, event, any(all(one.get(key) == event[key] for key in same) for one in events)

    async def create_event(self, event: Mapping[str, Any]) -> str:
        """Add a tracking event; its id."""
        payload = await self._api.mutate(queries.FULFILMENT_EVENT, event=dict(event))
        return str(dig(payload, "fulfillmentEvent", "id"))


def tracking_numbers(fulfilment: Mapping[str, Any]) -> set[str]:
    """All tracking numbers of a fulfilment."""
    infos = fulfilment.get("trackingInfo")
    return {str(dig(one, "number")) for one in infos} if isinstance(infos, list) else set()
