"""What every connector to a warehouse reads from its commands and makes of its movements of stock; knows no transport."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from crossdock.canonical.events import Position, Reference
from crossdock.canonical.fulfilment import FulfilmentOrder
from crossdock.canonical.inventory import CAUSES, MovementCause
from crossdock.canonical.receipt import ExpectedReceipt
from crossdock.canonical.returns import ExpectedReturn
from crossdock.connectors.document import parse
from crossdock.connectors.protocol import ValueMaps
from crossdock.connectors.wrong_fields import refusal
from crossdock.core.commands import Command


def released(command: Command) -> FulfilmentOrder:
    """The fulfilment order that a `fulfilment.release` carries. Raises `SchemaInvalid` naming every wrong field."""
    return parse(FulfilmentOrder, command.data.get("fulfilment"), "fulfilment")


def fulfilment_number(command: Command) -> str:
    """The number of the fulfilment a command is about. Raises `SchemaInvalid`."""
    return _number(command, "fulfilment", "fulfilment_number", "fulfilment")


def expected(command: Command) -> ExpectedReceipt:
    """The expected receipt that a `receipt.expect` carries. Raises `SchemaInvalid` naming every wrong field."""
    return parse(ExpectedReceipt, command.data.get("expected_receipt"), "expected_receipt")


def receipt_number(command: Command) -> str:
    """The hub's number of the expected receipt a command is about. Raises `SchemaInvalid`."""
    return _number(command, "expected_receipt", "receipt_number", "receipt")


def expected_return(command: Command) -> ExpectedReturn:
    """The expected return that a `return.expect` carries. Raises `SchemaInvalid` naming every wrong field."""
    return parse(ExpectedReturn, command.data.get("expected_return"), "expected_return")


def return_number(command: Command) -> str:
    """The hub's number of the return a command is about. Raises `SchemaInvalid`."""
    return _number(command, "expected_return", "return_number", "return")


def _number(command: Command, document: str, field: str, noun: str) -> str:
    carried = command.data.get(document)
    number = command.data.get(field) or (carried.get("number") if isinstance(carried, Mapping) else None)
    if not isinstance(number, str) or not number:
        raise refusal(f"the command names no {noun}", field, "is missing", "missing")
    return number


def receipt_references(system: str, announced: str, order: str, receipt: str) -> tuple[Reference, ...]:
    """What leads to the purchase order: the number the hub announced, the order's own, the warehouse's number of the receipt."""
    named = (("receipt", announced), ("purchase:order", order), (f"{system}:receipt", receipt))
    return tuple(Reference(scheme, value) for scheme, value in named if value)


def receipt_position(system: str, announced: str, sequence: int | None) -> Position | None:
    """Counted among the parts of its expected receipt; goods nobody announced are counted nowhere."""
    return Position(f"{system}/receipt/{announced}", sequence, contiguous=True) if announced and sequence else None


def return_references(announced: str, tracking: str, order: str) -> tuple[Reference, ...]:
    """What leads to the order: the number the hub announced, the parcel's number, the order's number on its slip."""
    named = (("return", announced), ("tracking", tracking), ("order:number", order))
    return tuple(Reference(scheme, value) for scheme, value in named if value)


def return_position(system: str, announced: str, sequence: int | None) -> Position | None:
    """Counted among the parts of its return; parcels nobody announced are counted nowhere."""
    return Position(f"{system}/return/{announced}", sequence, contiguous=True) if announced and sequence else None


@dataclass(frozen=True, slots=True)
class Move:
    """By how much one bin's stock of a SKU changed."""

    sku: str
    location: str
    lot: str
    quantity: Decimal
    unit: str = "C62"


class StockTerms:
    """The warehouse's names of places and reasons in the hub's terms, by the value maps of its options; without a map they are its own."""

    def __init__(self, value_maps: ValueMaps | None = None, location_map: str = "", reason_map: str = "") -> None:
        self._maps = value_maps
        self._location_map = location_map
        self._reason_map = reason_map

    def place(self, location: str) -> str:
        """The place of the books a bin belongs to. Raises `ValueMapMissing`."""
        return self._maps.translate(self._location_map, location) if self._maps and self._location_map else location

    def cause(self, reason: str, field: str) -> MovementCause:
        """Why stock moved. Raises `ValueMapMissing`, and `SchemaInvalid` naming `field` for a word that is no cause."""
        word = self._maps.translate(self._reason_map, reason) if self._maps and self._reason_map else reason
        if word not in CAUSES:
            raise refusal(f"{reason!r} is no reason to move stock", field, f"one of {', '.join(CAUSES)} is expected")
        return word

    def changes(self, moves: Iterable[Move]) -> list[dict[str, Any]]:
        """The changes of places, bins added up; what only went from bin to bin of one place is none. Raises `ValueMapMissing`."""
        sums: dict[tuple[str, str, str, str], Decimal] = {}
        for move in moves:
            place = (move.sku, self.place(move.location), move.lot, move.unit)
            sums[place] = sums.get(place, Decimal(0)) + move.quantity
        return [
            {"sku": sku, "location": location, "lot": lot, "quantity": {"value": quantity, "unit": unit}}
            for (sku, location, lot, unit), quantity in sums.items()
            if quantity
        ]


OWN_TERMS: Final = StockTerms()
"""The terms of a warehouse that calls places and causes as the hub does."""
