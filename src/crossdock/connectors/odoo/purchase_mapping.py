"""Captured purchase orders and receipts of Odoo as canonical events: pure functions, the same document gives the same events.

A confirmed order is told as `purchase_order.confirmed`, one written on after that as `purchase_order.changed` beside it, a cancelled one as
`purchase_order.cancelled`; always whole. What the hub itself wrote is told too (extension `written_by`): only the process knows what was agreed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from crossdock.canonical.events import Event, Position, Reference
from crossdock.canonical.identifiers import Identifier, gs1_valid
from crossdock.canonical.purchase_order import PurchaseOrder, PurchaseOrderLine
from crossdock.canonical.receipt import ReceiptAdvice, ReceiptLine
from crossdock.canonical.values import Money
from crossdock.connectors.odoo.capture import AS_OF
from crossdock.connectors.odoo.document_values import Json, counted, exact, money, net_price, party, version_time
from crossdock.connectors.odoo.purchase_documents import WRITTEN_BY
from crossdock.connectors.odoo.values import from_odoo
from crossdock.connectors.protocol import StoredMessage, ValueMaps
from crossdock.core.errors import PayloadMalformed, SourceDeleted


class PurchaseMapping:
    """Maps the purchase orders of one system; `zone` is the time zone of its delivery days."""

    def __init__(self, system: str, value_maps: ValueMaps, zone: str) -> None:
        self._system = system
        self._maps = value_maps
        self._zone = ZoneInfo(zone)

    def events(self, document: Json, message: StoredMessage) -> Sequence[Event]:
        """The events of a `purchase` document."""
        name, id_ = str(document["name"]), int(document["id"])
        key = f"purchase/{self._system}/{name}"
        references = (Reference("purchase:order", name), Reference(f"{self._system}:purchase_order_id", str(id_)))
        stem, version = f"{self._system}/purchase.order/{id_}", str(document["version"])
        changed_at = version_time(version)
        confirmed_at = from_odoo(document["confirmed_at"])
        told_by = message.headers.get(WRITTEN_BY, "")
        extensions = {"written_by": told_by} if told_by else {}
        order = self._order(document)

        def event(what: str, identity: str, at: datetime, position: Position | None = None) -> Event:
            return Event(
                f"{stem}/{what}/{identity}",
                f"purchase_order.{what}",
                self._system,
                key,
                order,
                at,
                references,
                position,
                extensions=extensions,
            )

        if document["state"] == "cancel":
            return (event("cancelled", f"{document['confirmed_at']}/{version}", changed_at),)
        # an order confirmed long ago is told again whenever it changed, and then the confirmation says something else than before
        found = [event("confirmed", f"{document['confirmed_at']}/{document['content']}", confirmed_at)]
        if changed_at > confirmed_at or "~" in version:
            position = Position(f"{stem}/changed", int(message.headers.get(AS_OF, "0")))
            found.append(event("changed", f"{document['content']}/{version}", changed_at, position))
        return found

    def received(self, document: Json) -> Sequence[Event]:
        """The event of an incoming transfer that people validated in Odoo."""
        name, order, id_ = str(document["name"]), str(document["order_name"]), str(int(document["id"]))
        at = from_odoo(document["done_at"])
        advice = ReceiptAdvice(
            number=name,
            order_number=order,
            received_at=at,
            lines=tuple(
                ReceiptLine(
                    number=str(line["id"]),
                    order_line=str(line["order_line"] or ""),
                    sku=line["sku"],
                    quantity=counted(line, self._maps),
                    lot=line["lot"],
                    expiry=self._day(line["expiry"]),
                )
                for line in document["lines"]
            ),
            final=document["final"],
        )
        references = (
            Reference("purchase:order", order),
            Reference(f"{self._system}:purchase_order_id", str(int(document["order_id"]))),
            Reference(f"{self._system}:receipt", name),
        )
        identity = f"{self._system}/stock.picking/{id_}/received/{document['content']}"
        key = f"purchase/{self._system}/{order}"
        return (Event(identity, "receipt.completed", self._system, key, advice, at, references),)

    def deleted(self, document: Json) -> SourceDeleted:
        """Why an order that vanished needs a person: nobody can know any more what it was, and the supplier still has it."""
        id_ = str(document["id"])
        return SourceDeleted(f"the purchase order with the id {id_} was confirmed and is now deleted in Odoo", erp_id=id_)

    def _order(self, document: Json) -> PurchaseOrder:
        currency = str(document["currency"])
        lines = tuple(self._line(line, currency) for line in document["lines"])
        if not lines:
            raise PayloadMalformed(
                f"{document['name']} has no line with a product: there is nothing to send", order=document["name"]
            )
        return PurchaseOrder(
            number=document["name"],
            ordered_at=from_odoo(document["ordered_at"]),
            buyer=party(document["buyer"], self._system),
            supplier=party(document["supplier"], self._system),
            ship_to=party(document["ship_to"], self._system),
            currency=currency,
            lines=lines,
            tax=money(document["tax"], currency),
            total=money(document["total"], currency),
            delivery_date=self._day(document["planned"]),
            delivery_zone=self._zone.key,
            incoterm=document["incoterm"],
            payment_terms=document["payment_terms"],
            supplier_order_number=document["supplier_order_number"],
            warehouse=document["warehouse"],
            note=document["note"],
            identifiers=(Identifier(scheme=f"{self._system}:origin", value=document["origin"]),) if document["origin"] else (),
        )

    def _line(self, line: Json, currency: str) -> PurchaseOrderLine:
        quantity, barcode = exact(line["quantity"]), str(line["barcode"])
        others = [Identifier(scheme=f"{self._system}:line_id", value=str(line["id"]))]
        if line["type"] == "service":
            others.append(Identifier(scheme="item_type", value="service"))
        return PurchaseOrderLine(
            number=str(line["id"]),
            sku=line["sku"],
            supplier_sku=line["supplier_sku"],
            gtin=barcode if gs1_valid("gtin", barcode) else "",
            name=line["name"],
            identifiers=tuple(others),
            quantity=counted(line, self._maps),
            unit_price=Money(amount=net_price(line, currency), currency=currency),
            delivery_date=self._day(line["planned"]),
            status="open" if quantity > 0 else "cancelled",
        )

    def _day(self, text: str) -> date | None:
        return from_odoo(text).astimezone(self._zone).date() if text else None
