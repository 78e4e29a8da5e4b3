"""Shows shipments and milestones in a WooCommerce order, each once: a custom field per shipment, and notes that carry a mark.

WooCommerce has no fulfilments and no idempotency key. The custom field `_crossdock_shipment_<number>` names the command that
wrote it, and writing it again changes nothing. A note ends with a short mark derived from the command, by which it is found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crossdock.canonical.shipment import Milestone, Shipment
from crossdock.connectors.document import parse
from crossdock.connectors.woocommerce.options import WooCommerceOptions
from crossdock.connectors.woocommerce.rest import RestApi
from crossdock.core.commands import Command
from crossdock.core.errors import TargetRefused

FIELD: Final = "_crossdock_shipment_"
CLOSED: Final = frozenset({"cancelled", "refunded", "failed", "trash"})
WORDS: Final = {
    "booked": "Shipment booked",
    "picked_up": "Picked up by the carrier",
    "in_transit": "In transit",
    "customs_held": "Held by customs",
    "customs_cleared": "Cleared by customs",
    "out_for_delivery": "Out for delivery",
    "attempted": "Delivery attempted",
    "delivered": "Delivered",
    "exception": "Delayed",
    "returning": "On its way back to the sender",
    "returned": "Returned to the sender",
    "cancelled": "Shipment cancelled",
}


@dataclass(frozen=True, slots=True)
class Note:
    """A note to add: its text (with the mark), and whether the customer gets it."""

    mark: str
    text: str
    to_customer: bool


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What a `shop.fulfil` command asks for: the custom field, whether the order is complete with it, the note."""

    key: str
    value: Mapping[str, Any]
    final: bool
    note: Note

    def change(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """What must still be changed in the order; empty when field and status are there. Raises `TargetRefused` for a closed order."""
        status = str(order.get("status"))
        change: dict[str, Any] = {}
        if field_of(order, self.key).get("command") != self.value["command"]:
            change["meta_data"] = [{"key": self.key, "value": dict(self.value)}]
        if self.final and status not in CLOSED and status != "completed":
            change["status"] = "completed"
        if change and status in CLOSED:
            raise TargetRefused(f"the order is {status} in the shop", status=status)
        return change


def mark_of(command: Command) -> str:
    """The mark of a command in a note."""
    return f"Ref. {hashlib.sha256(command.id.encode()).hexdigest()[:12]}"


def field_of(order: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The value of a custom field, empty when it is not there."""
    fields = order.get("meta_data")
    for one in fields if isinstance(fields, list) else ():
        if isinstance(one, dict) and one.get("key") == key and isinstance(one.get("value"), dict):
            found: Mapping[str, Any] = one["value"]
            return found
    return {}


def dispatch(command: Command, options: WooCommerceOptions) -> Dispatch:
    """Read a `shop.fulfil` command. Raises `SchemaInvalid`."""
    shipment = parse(Shipment, command.data.get("shipment"), "shipment")
    numbers = list(dict.fromkeys(n for n in (shipment.tracking_number, *(p.tracking_number for p in shipment.packages)) if n))
    lines = [
        {key: str(line.get(key, "")) for key in ("order_line", "sku", "quantity")} for line in command.data.get("lines") or ()
    ]
    value = {
        "command": command.id,
        "carrier": shipment.carrier,
        "tracking_numbers": numbers,
        "tracking_url": shipment.tracking_url,
        "lines": lines,
    }
    said = f"Shipment {shipment.number} is on its way" + (f" with {shipment.carrier}" if shipment.carrier else "") + "."
    if numbers:
        said += f" Tracking number: {', '.join(numbers)}."
    if shipment.tracking_url:
        said += f" {shipment.tracking_url}"
    mark = mark_of(command)
    note = Note(mark, f"{said}\n{mark}", options.notify_customer)
    return Dispatch(f"{FIELD}{shipment.number}", value, bool(command.data.get("final")), note)


def milestone_note(command: Command, options: WooCommerceOptions) -> Note:
    """Read a `shop.milestone` command. Raises `SchemaInvalid`."""
    milestone = parse(Milestone, command.data.get("milestone"), "milestone")
    where = f", {milestone.location}" if milestone.location else ""
    said = f"{milestone.description or WORDS[milestone.code]} ({milestone.at:%Y-%m-%d %H:%M} UTC{where})."
    if milestone.tracking_number:
        said += f" Tracking number: {milestone.tracking_number}."
    mark = mark_of(command)
    return Note(mark, f"{said}\n{mark}", milestone.code in options.notify_milestones)


class Orders:
    """The orders of one shop, read and written."""

    def __init__(self, api: RestApi) -> None:
        self._api = api

    async def read(self, order_id: str) -> Mapping[str, Any]:
        """An order. Raises `TargetRefused` for one the shop does not know."""
        return await self._api.one(f"orders/{order_id}")

    async def ids_by_number(self, number: str) -> list[str]:
        """The ids of the orders with this number (they differ under numbering plugins)."""
        found = await self._api.listed("orders", search=number, per_page="50")
        return [str(order.get("id")) for order in found if str(order.get("number")) == number]

    async def change(self, order_id: str, change: Mapping[str, Any]) -> Mapping[str, Any]:
        """Change an order; the order as it is then."""
        return await self._api.write("PUT", f"orders/{order_id}", change)

    async def note_id(self, order_id: str, note: Note) -> str:
        """The id of the note with this mark, empty when it is not there."""
        notes: Sequence[Mapping[str, Any]] = await self._api.listed(f"orders/{order_id}/notes")
        return next((str(one.get("id")) for one in notes if note.mark in str(one.get("note", ""))), "")

    async def add_note(self, order_id: str, note: Note) -> str:
        """Add a note; its id."""
        body = {"note": note.text, "customer_note": note.to_customer}
        return str((await self._api.write("POST", f"orders/{order_id}/notes", body)).get("id", ""))
