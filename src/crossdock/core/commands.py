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
    "purchase_order.send": "send the purchase order to the supplier, once (supplier)",
    "purchase_order.change": "send the new version of a purchase order to the supplier (supplier)",
    "purchase_order.cancel": "take a purchase order back at the supplier (supplier)",
    "purchase_order.update": "write what the supplier confirmed on the purchase order: days, quantities, prices (ERP)",
    "receipt.expect": "tell the warehouse which goods to expect (WMS)",
    "receipt.cancel": "tell the warehouse that goods will not come (WMS)",
    "receipt.validate": "validate the incoming transfer with quantities, lots and expiry (ERP)",
    "bill.create": "create the vendor bill once, as a draft (ERP)",
    "document.acknowledge": "send the acknowledgement owed for a document that came in (partner)",
    "order.answer": "answer a customer's order: confirmed, changed or refused (partner)",
    "ship_notice.send": "send the ship notice of a shipment (partner)",
    "invoice.send": "send an invoice or a credit note (partner)",
    "payment.capture": "take an authorised amount, at most once (payment gateway)",
    "payment.cancel": "give up an authorisation, so that the money is free again (payment gateway)",
    "payment.refund": "give captured money back by the means it came by, once (payment gateway)",
    "shop.refund": "give captured money back through the shop that took it, once (shop)",
    "refund.transfer": "transfer a refund to the customer's account, once (bank)",
    "invoice.create": "create the customer's invoice once, as a draft (ERP)",
    "invoice.post": "post an invoice or a credit note (ERP)",
    "invoice.charge": "invoice the customer a cost, such as freight, on its own paper (ERP)",
    "credit_note.create": "create the credit note for what came back, once (ERP)",
    "payment.register": "register a payment or a refund on its invoice or credit note, once (ERP)",
    "return.transfer": "take returned goods back into stock, quarantine or scrap (ERP)",
    "return.expect": "tell the warehouse which returned goods to expect (WMS)",
    "return.cancel": "tell the warehouse that returned goods will not come (WMS)",
    "return.label": "make the label for the way back (carrier)",
    "return.answer": "answer a return: authorised, refused, received, refunded (shop, portal)",
    "tender.send": "offer a load to a carrier (TMS, carrier)",
    "tender.cancel": "take an offered load back (TMS, carrier)",
    "freight.accrue": "book the expected freight of a shipment, once (ERP)",
    "landed_cost.create": "spread freight over the goods it brought, once (ERP)",
    "journal.post": "post a balanced journal, once (finance system)",
    "document.send": "send a document as it is mapped by configuration (generic)",
    "event.publish": "tell a subscriber that something happened (subscriber)",
}
"""The command vocabulary: name -> what it achieves and in what kind of system."""
MONEY_COMMANDS: Final = frozenset(
    {
        "payment.capture", "payment.cancel", "payment.refund", "shop.refund", "refund.transfer", "invoice.create", "invoice.post",
        "invoice.charge", "credit_note.create", "payment.register", "freight.accrue", "landed_cost.create", "journal.post",
    }
)  # fmt: skip
"""Commands that move money or book it. Their data says `justified_by`, the id of the event that is the reason, and `approved_by`, the
person or the policy that allowed it; without both they are not delivered."""
REFUNDS: Final = frozenset({"payment.refund", "shop.refund", "refund.transfer"})
"""Commands by which money goes back to a customer."""


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
