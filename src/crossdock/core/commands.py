"""Commands: the effects a process wants in other systems, and the catalogue of their names; knows no wire format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

COMMANDS: Final[dict[str, str]] = {
    "order.create": "create the sales order once, as a draft or quotation (ERP)",
    "order.confirm": "confirm the sales order (ERP)",
    "order.change": "apply the new version of a sales order (ERP)",
    "order.cancel": "cancel the sales order (ERP, shop)",
    "fulfilment.release": "send the fulfilment order to the warehouse (WMS)",
    "fulfilment.cancel": "ask the warehouse to stop a fulfilment order (WMS)",
    "transfer.validate": "validate the outgoing transfer with quantities, lots and tracking (ERP)",
    "transfer.track": "write a tracking reference or milestone on the transfer (ERP)",
    "shipment.book": "book the shipment and get its label (carrier)",
    "shipment.cancel": "cancel a booked shipment (carrier)",
    "shipment.track": "ask for the milestones of a shipment from now on (carrier)",
    "shop.fulfil": "tell the shop what was shipped, with tracking (shop)",
    "shop.milestone": "tell the shop that a tracking milestone happened (shop)",
    "shop.stock": "set the sellable stock of SKUs (shop)",
    "stock.adjust": "set the stock of SKUs at a location (ERP)",
    "document.send": "send a document as it is mapped by configuration (generic)",
}
"""The command vocabulary: name -> what it achieves and in what kind of system."""


@dataclass(frozen=True, slots=True)
class Command:
    """One wanted effect in one system.

    `id` is deterministic (same decision, same id) and is the idempotency key on the wire.
    `data` holds JSON values only; canonical objects travel as their JSON dump. `key` is the business key that orders delivery:
    commands of one key to one system are delivered in the order decided. `budget` names a retry budget of the flow.
    """

    id: str
    name: str
    system: str
    key: str
    data: Mapping[str, Any]
    flow: str = ""
    budget: str = ""
    deadline: datetime | None = None
    correlation: str = ""
    extensions: Mapping[str, str] = field(default_factory=dict)
