"""Captured documents of Odoo as canonical events: pure functions, the same document gives the same events.

| topic | event |
|---|---|
| order | `order.confirmed` (with the whole order when the hub did not make it), `order.changed` when it was edited after that; `order.cancelled` |
| transfer | `picking.completed`, when people validate transfers in Odoo (option `picks_in_odoo`) |
| stock | `stock.changed` |
| product | `product.changed` |
| purchase | `purchase_order.confirmed`, `purchase_order.changed`, `purchase_order.cancelled` (`purchase_mapping`) |
| receipt | `receipt.completed`, when people receive goods in Odoo (option `receipts_in_odoo`) |
| invoice | `customer_invoice.created`, `.posted`, `.paid`, `.cancelled` (`paper_mapping`) |
| deleted | `order.cancelled` for an order; a purchase order and a posted invoice go to a person; nothing else |
| hint | nothing: it makes the hub poll |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from crossdock.canonical.events import Event, Position, Reference
from crossdock.canonical.fulfilment import PackageContent, PickConfirmation, PickedLine
from crossdock.canonical.identifiers import Identifier, gs1_valid
from crossdock.canonical.inventory import InventoryLevel, StockChange
from crossdock.canonical.order import OrderCancellation, OrderConfirmation, OrderLine, SalesOrder
from crossdock.canonical.party import Customer
from crossdock.canonical.product import Product
from crossdock.canonical.values import Money, Quantity
from crossdock.connectors.odoo.capture import AS_OF
from crossdock.connectors.odoo.document_values import Json, address, amount, counted, exact, record_id, version_time
from crossdock.connectors.odoo.errors import parse
from crossdock.connectors.odoo.options import OdooOptions
from crossdock.connectors.odoo.paper_mapping import PaperMapping
from crossdock.connectors.odoo.purchase_mapping import PurchaseMapping
from crossdock.connectors.odoo.values import from_odoo
from crossdock.connectors.protocol import StoredMessage, ValueMaps
from crossdock.core.errors import DocumentUnknown, PayloadMalformed

COUNTED_TWICE: Final = Decimal("0.005")


class DocumentMapping:
    """Maps the documents of one system."""

    def __init__(self, system: str, value_maps: ValueMaps, options: OdooOptions) -> None:
        self._system = system
        self._maps = value_maps
        self._picks_in_odoo = options.picks_in_odoo
        self._purchases = PurchaseMapping(system, value_maps, options.delivery_zone)
        self._papers = PaperMapping(system, value_maps)
        self._receipts_in_odoo = options.receipts_in_odoo
        self._topics: dict[str, Callable[[Json, StoredMessage], Sequence[Event]]] = {
            "order": self._order,
            "transfer": self._transfer,
            "stock": self._stock,
            "product": self._product,
            "purchase": self._purchases.events,
            "receipt": self._receipt,
            "invoice": self._papers.events,
            "deleted": self._deleted,
            "hint": lambda _document, _message: (),
        }

    def events(self, message: StoredMessage) -> Sequence[Event]:
        """The events of a stored message. Raises `DocumentUnknown`, `PayloadMalformed`, `ValueMapMissing`, pydantic's ValidationError."""
        mapped = self._topics.get(message.topic)
        if mapped is None:
            raise DocumentUnknown(f"odoo has no mapping for {message.topic!r}", topic=message.topic)
        if message.topic == "hint":
            return ()
        try:
            document = parse(message.body)
            if not isinstance(document, dict):
                raise PayloadMalformed("the document is no JSON object", topic=message.topic)
            return tuple(mapped(document, message))
        except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
            if type(error).__name__ == "ValidationError":
                raise  # a value the canonical model refuses: every field of it is told
            raise PayloadMalformed(
                f"the {message.topic} document has another shape: {type(error).__name__}", topic=message.topic
            ) from None

    # Orders --------------------------------------------------------------------------------------------------

    def _order(self, document: Json, message: StoredMessage) -> Sequence[Event]:
        name, id_ = _named(document["name"]), record_id(document["id"])
        key = str(document["key"]) or f"order/{self._system}/{name}"
        number = key.split("/", 2)[2]
        references = (Reference(f"{self._system}:order", name), Reference(f"{self._system}:order_id", id_))
        stem = f"{self._system}/sale.order/{id_}"
        if document["state"] == "cancel":
            if not document["key"] and not document["shipped_from"]:
                return ()  # a quotation given up: nobody was told of it
            at = version_time(document["version"])
            cancelled = OrderCancellation(number=number, reason="cancelled in Odoo", cancelled_at=at)
            return (
                Event(f"{stem}/cancelled/{document['version']}", "order.cancelled", self._system, key, cancelled, at, references),
            )
        confirmed_at = from_odoo(document["ordered_at"])
        order = self._sales_order(document, number) if "lines" in document else None
        total = Money(amount=amount(document["total"]), currency=document["currency"])
        confirmation = OrderConfirmation(
            number=number, erp_number=name, confirmed_at=confirmed_at, total=total, order=None if document["key"] else order
        )
        # An order confirmed long ago is told again whenever it changed, and then the confirmation says something else than before.
        said = document["total"] if document["key"] else document["content"]
        events = [
            Event(
                f"{stem}/confirmed/{document['ordered_at']}/{said}",
                "order.confirmed",
                self._system,
                key,
                confirmation,
                confirmed_at,
                references,
            )
        ]
        changed_at = version_time(document["version"])
        # what the confirmation itself wrote carries the time it began; what changed within that second is marked
        later = changed_at > confirmed_at or "~" in document["version"]
        if order is not None and document["edited"] and later:
            position = Position(f"{stem}/changed", int(message.headers.get(AS_OF, "0")))
            identity = f"{stem}/changed/{document['content']}/{document['version']}"
            events.append(Event(identity, "order.changed", self._system, key, order, changed_at, references, position))
        return events

    def _sales_order(self, document: Json, number: str) -> SalesOrder:
        currency = document["currency"]
        lines = [line for line in document["lines"] if not line["heading"] and Decimal(line["quantity"]) > 0]
        freight = sum((Decimal(line["subtotal"]) for line in lines if line["freight"]), Decimal(0))
        customer = document["customer"]
        wanted = document["commitment_date"]
        return SalesOrder(
            number=number,
            placed_at=from_odoo(document["ordered_at"]),
            customer=Customer(
                id=str(customer["id"]),
                name=customer["name"],
                email=customer["email"],
                phone=customer["phone"],
                vat=customer["vat"],
                is_company=customer["is_company"],
                language=customer["lang"].replace("_", "-"),
                identifiers=(Identifier(scheme=f"{self._system}:ref", value=customer["ref"]),) if customer["ref"] else (),
                address=address(customer),
            ),
            ship_to=address(document["ship_to"]),
            bill_to=address(document["bill_to"]),
            currency=currency,
            lines=tuple(self._line(line, currency) for line in lines if not line["freight"] and line["type"] != "service"),
            shipping=Money(amount=amount(freight), currency=currency) if freight else None,
            tax=Money(amount=amount(document["tax"]), currency=currency),
            total=Money(amount=amount(document["total"]), currency=currency),
            requested_ship_date=from_odoo(wanted) if wanted else None,
            note=document["note"],
            identifiers=(
                (Identifier(scheme="customer_reference", value=document["customer_reference"]),)
                if document["customer_reference"]
                else ()
            ),
        )

    def _line(self, line: Json, currency: str) -> OrderLine:
        quantity, subtotal = exact(line["quantity"]), amount(line["subtotal"])
        price, percent = Decimal(line["price_unit"]), Decimal(line["discount"])
        discount = (price * quantity * percent / 100).quantize(Decimal("0.01"))
        if abs(price * quantity - discount - subtotal) > COUNTED_TWICE:
            price, discount = subtotal / quantity, Decimal(0)  # the price includes tax in Odoo; the canonical one does not
        barcode = str(line["barcode"])
        return OrderLine(
            number=str(line["id"]),
            sku=line["sku"],
            name=line["name"],
            quantity=counted(line, self._maps),
            unit_price=Money(amount=amount(price), currency=currency),
            discount=Money(amount=discount, currency=currency) if discount else None,
            tax=Money(amount=amount(line["tax"]), currency=currency),
            identifiers=(*_barcode(barcode), Identifier(scheme=f"{self._system}:line_id", value=str(line["id"]))),
        )

    def _deleted(self, document: Json, message: StoredMessage) -> Sequence[Event]:
        if document["model"] == "account.move":
            raise self._papers.deleted(document)
        if document["model"] == "purchase.order":
            raise self._purchases.deleted(document)
        if document["model"] != "sale.order":
            return ()
        id_ = record_id(document["id"])
        cancelled = OrderCancellation(number=id_, reason="deleted in Odoo", cancelled_at=message.received_at)
        references = (Reference(f"{self._system}:order_id", id_),)
        identity = f"{self._system}/sale.order/{id_}/deleted"
        return (Event(identity, "order.cancelled", self._system, "", cancelled, message.received_at, references),)

    # Transfers -----------------------------------------------------------------------------------------------

    def _transfer(self, document: Json, message: StoredMessage) -> Sequence[Event]:
        ours = not self._picks_in_odoo or document["by_hub"] or document["type"] != "outgoing" or document["state"] != "done"
        if ours or not document["order_id"]:
            return ()
        name, at = _named(document["name"]), from_odoo(document["done_at"])
        packages = dict.fromkeys(line["package"] for line in document["lines"] if line["package"])
        confirmation = PickConfirmation(
            fulfilment_number=name,
            picked_at=at,
            lines=tuple(
                PickedLine(
                    number=str(line["id"]),
                    order_line=str(line["order_line"] or ""),
                    sku=line["sku"],
                    quantity=counted(line, self._maps),
                    lot=line["lot"],
                    package=line["package"],
                )
                for line in document["lines"]
            ),
            packages=tuple(PackageContent(reference=each, sscc=each if gs1_valid("sscc", each) else "") for each in packages),
            warehouse_reference=name,
        )
        references = (
            Reference(f"{self._system}:transfer", name),
            Reference(f"{self._system}:transfer_id", record_id(document["id"])),
            Reference(f"{self._system}:order_id", record_id(document["order_id"])),
        )
        key = str(document["order_key"]) or f"order/{self._system}/{document['order_name']}"
        identity = f"{self._system}/stock.picking/{document['id']}/done"
        return (Event(identity, "picking.completed", self._system, key, confirmation, at, references),)

    def _receipt(self, document: Json, message: StoredMessage) -> Sequence[Event]:
        return () if document["by_hub"] or not self._receipts_in_odoo else self._purchases.received(document)

    # Stock and products --------------------------------------------------------------------------------------

    def _stock(self, document: Json, message: StoredMessage) -> Sequence[Event]:
        sku, location = str(document["sku"]), str(document["location"])
        if not sku:
            return ()  # a product without SKU cannot be named to anybody
        at = version_time(document["version"])
        level = InventoryLevel(
            sku=sku,
            location=location,
            on_hand=Quantity(value=Decimal(document["on_hand"])),
            available=Quantity(value=Decimal(document["available"])),
            counted_at=at,
        )
        stem = f"{self._system}/stock/{document['product_id']}/{location}"
        position = Position(stem, int(message.headers.get(AS_OF, "0")))
        identity = f"{stem}/{document['content']}/{document['version']}"
        key = f"stock/{self._system}/{sku}"
        return (Event(identity, "stock.changed", self._system, key, StockChange(levels=(level,)), at, (), position),)

    def _product(self, document: Json, message: StoredMessage) -> Sequence[Event]:
        sku = str(document["sku"])
        if not sku:
            return ()
        at = version_time(document["version"])
        product = Product(
            sku=sku,
            name=document["name"],
            identifiers=_barcode(str(document["barcode"])),
            unit=document["unit"] or "C62",
            tracking=document["tracking"],
            weight_kg=Decimal(document["weight"]) or None,
            price=Money(amount=amount(document["price"]), currency=document["currency"]),
            hs_code=document["hs_code"],
            origin_country=document["origin"] or None,
            active=document["active"],
        )
        id_ = record_id(document["id"])
        stem = f"{self._system}/product/{id_}"
        position = Position(stem, int(message.headers.get(AS_OF, "0")))
        identity = f"{stem}/{document['content']}/{document['version']}"
        reference = Reference(f"{self._system}:product_id", id_)
        return (Event(identity, "product.changed", self._system, f"product/{sku}", product, at, (reference,), position),)


def _named(value: Any) -> str:
    """A name that must be there. Raises ValueError when it is not."""
    if not isinstance(value, str) or not value:
        raise ValueError("no name")
    return value


def _barcode(value: str) -> tuple[Identifier, ...]:
    if not value:
        return ()
    return (Identifier(scheme="gtin" if gs1_valid("gtin", value) else "barcode", value=value),)
