"""A command as the object and purpose its document is written from; knows no wire format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from crossdock.canonical.base import Canonical
from crossdock.canonical.despatch import DespatchAdvice
from crossdock.canonical.freight import Tender
from crossdock.canonical.fulfilment import FulfilmentOrder
from crossdock.canonical.invoice import Invoice
from crossdock.canonical.order_response import OrderResponse
from crossdock.canonical.purchase_order import PurchaseOrder
from crossdock.canonical.receipt import ExpectedReceipt
from crossdock.connectors.edi.shipped import despatch_of
from crossdock.core.commands import Command
from crossdock.core.errors import DocumentUnwritable
from crossdock.documents.mapping import Purpose


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be written: the object, its number for people, and what it does to an earlier document."""

    object: Canonical
    number: str
    purpose: Purpose = "original"
    version: int = 0


_CARRIED: Final[dict[str, tuple[str, type[Canonical]]]] = {
    "purchase_order.send": ("purchase_order", PurchaseOrder),
    "purchase_order.change": ("purchase_order", PurchaseOrder),
    "purchase_order.cancel": ("purchase_order", PurchaseOrder),
    "order.answer": ("answer", OrderResponse),
    "ship_notice.send": ("ship_notice", DespatchAdvice),
    "invoice.send": ("invoice", Invoice),
    "fulfilment.release": ("fulfilment", FulfilmentOrder),
    "receipt.expect": ("expected_receipt", ExpectedReceipt),
    "tender.send": ("tender", Tender),
    "tender.cancel": ("tender", Tender),
}
_PURPOSES: Final[dict[str, Purpose]] = {
    "purchase_order.change": "change",
    "purchase_order.cancel": "cancel",
    "tender.cancel": "cancel",
}
WRITABLE: Final = frozenset((*_CARRIED, "shop.fulfil", "order.cancel"))
"""Commands that become documents."""


def wanted(command: Command, moment: datetime) -> Wanted:
    """What a command asks to be written at a moment. Raises `DocumentUnwritable` and pydantic's ValidationError."""
    data = command.data
    if command.name == "shop.fulfil":
        notice = despatch_of(data)
        return Wanted(notice, notice.number)
    if command.name == "order.cancel":
        return _cancelled(command, moment)
    name, kind = _CARRIED[command.name]
    if not isinstance(data.get(name), Mapping):
        raise DocumentUnwritable(f"{command.name} carries no {name}", command=command.name)
    found = kind.model_validate(data[name])
    number = str(getattr(found, "number", "") or getattr(found, "order_number", ""))
    version = int(getattr(found, "revision", 0) or getattr(found, "version", 0) or 0)
    return Wanted(found, number, _PURPOSES.get(command.name, "original"), version)


def _cancelled(command: Command, moment: datetime) -> Wanted:
    """An order we do not carry out: to the customer that is an answer that refuses it."""
    number = str(command.data.get("order_number") or "")
    if not number:
        raise DocumentUnwritable("order.cancel names no order", command=command.name)
    answer = OrderResponse.model_validate(
        {
            "number": number,
            "order_number": number,
            "answered_at": command.data.get("at") or moment,
            "verdict": "refused",
            "reason": str(command.data.get("reason") or ""),
        }
    )
    return Wanted(answer, number, "cancel")
