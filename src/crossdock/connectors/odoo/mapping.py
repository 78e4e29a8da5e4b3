"""Captured documents of Odoo as canonical events: pure functions, the same document gives the same events.

| topic | event |
|---|---|
| order | `order.confirmed` (with the whole order when the hub did not make it), `order.changed` when it was edited after that; `order.cancelled` |
| transfer | `picking.completed`, when people validate transfers in Odoo (option `picks_in_odoo`) |
| stock | `stock.changed` |
| product | `product.changed` |
| deleted | `order.cancelled` for an order; nothing else |
| hint | nothing: it makes the hub poll |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from crossdock.canonical.events import Event, Position, Reference
from crossdock.canonical.fulfilment import PackageContent, PickConfirmation, PickedLine
from crossdock.canonical.identifiers import Identifier, gs1_valid
from crossdock.canonical.inventory import InventoryLevel, StockChange
from crossdock.canonical.order import OrderCancellation, OrderConfirmation, OrderLine, SalesOrder
from crossdock.canonical.party import Address, Customer
from crossdock.canonical.product import Product
from crossdock.canonical.values import Money, Quantity
from crossdock.connectors.odoo.capture import AS_OF
from crossdock.connectors.odoo.errors import parse
from crossdock.connectors.odoo.values import from_odoo
from crossdock.connectors.protocol import StoredMessage, ValueMaps
from crossdock.core.errors import DocumentUnknown, PayloadMalformed

Json = Mapping[str, Any]

COUNTED_TWICE: Final = Decimal("0.005")


class DocumentMapping:
    """Maps the documents of one system."""

    def __init__(self, system: str, value_maps: ValueMaps, picks_in_odoo: bool) -> None:
        self._system = system
        self._maps = value_maps
        self._picks_in_odoo = picks_in_odoo
        self._topics: dict[str, Callable[[Json, StoredMessage], Sequence[Event]]] = {
            "order": self._order,
            "transfer": self._transfer,
            "stock": self._stock,
            "product": self._product,
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
        name, id_ = _named(document["name"]), _id(document["id"])
        key = str(document["key"]) or f"order/{self._system}/{name}"
        number = key.split("/", 2)[2]
        references = (Reference(f"{self._system}:order", name), Reference(f"{self._system}:order_id", id_))
        stem = f"{self._system}/sale.order/{id_}"
        if document["state"] == "cancel":
            if not document["key"] and not document["shipped_from"]:
                return ()  # a quotation given up: nobody was told of it
            at = _version_time(document["version"])
            cancelled = OrderCancellation(number=number, reason="cancelled in Odoo", cancelled_at=at)
            return (
                Event(f"{stem}/cancelled/{document['version']}", "order.cancelled", self._system, key, cancelled, at, references),
            )
        confirmed_at = from_odoo(document["ordered_at"])
        order = self._sales_order(document, number) if "lines" in document else None
        total = Money(amount=_amount(document["total"]), currency=document["currency"])
        confirmation = OrderConfirmation(
            number=number, erp_number=name, confirmed_at=confirmed_at, total=total, order=None if document["key"] else order
        )
        events = [
            Event(
                f"{stem}/confirmed/{document['ordered_at']}",
                "order.confirmed",
                self._system,
                key,
                confirmation,
                confirmed_at,
                references,
            )
        ]
        changed_at = _version_time(document["version"])
        if (
            order is not None and document["edited"] and changed_at > confirmed_at
        ):  # what the confirmation itself wrote carries the time it began
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
                address=_address(customer),
            ),
            ship_to=_address(document["ship_to"]),
            bill_to=_address(document["bill_to"]),
            currency=currency,
            lines=tuple(self._line(line, currency) for line in lines if not line["freight"] and line["type"] != "service"),
            shipping=Money(amount=_amount(freight), currency=currency) if freight else None,
            tax=Money(amount=_amount(document["tax"]), currency=currency),
            total=Money(amount=_amount(document["total"]), currency=currency),
            requested_ship_date=from_odoo(wanted) if wanted else None,
            note=document["note"],
            identifiers=(
                (Identifier(scheme="customer_reference", value=document["customer_reference"]),)
                if document["customer_reference"]
                else ()
            ),
        )

    def _line(self, line: Json, currency: str) -> OrderLine:
        quantity, subtotal = _quantity(line["quantity"]), _amount(line["subtotal"])
        price, percent = Decimal(line["price_unit"]), Decimal(line["discount"])
        discount = (price * quantity * percent / 100).quantize(Decimal("0.01"))
        if abs(price * quantity - discount - subtotal) > COUNTED_TWICE:
            price, discount = subtotal / quantity, Decimal(0)  # the price includes tax in Odoo; the canonical one does not
        barcode = str(line["barcode"])
        return OrderLine(
            number=str(line["id"]),
            sku=line["sku"],
            name=line["name"],
            quantity=Quantity(value=quantity, unit=self._unit(line)),
            unit_price=Money(amount=_amount(price), currency=currency),
            discount=Money(amount=discount, currency=currency) if discount else None,
            tax=Money(amount=_amount(line["tax"]), currency=currency),
            identifiers=(*_barcode(barcode), Identifier(scheme=f"{self._system}:line_id", value=str(line["id"]))),
        )

    def _unit(self, line: Json) -> str:
        return str(line["unit"]) or self._maps.translate("units", str(line.get("unit_name", "")))

    def _deleted(self, document: Json, message: StoredMessage) -> Sequence[Event]:
        if document["model"] != "sale.order":
            return ()
        id_ = _id(document["id"])
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
                    quantity=Quantity(value=_quantity(line["quantity"]), unit=self._unit(line)),
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
            Reference(f"{self._system}:transfer_id", _id(document["id"])),
            Reference(f"{self._system}:order_id", _id(document["order_id"])),
        )
        key = str(document["order_key"]) or f"order/{self._system}/{document['order_name']}"
        identity = f"{self._system}/stock.picking/{document['id']}/done"
        return (Event(identity, "picking.completed", self._system, key, confirmation, at, references),)

    # Stock and products --------------------------------------------------------------------------------------

    def _stock(self, document: Json, message: StoredMessage) -> Sequence[Event]:
        sku, location = str(document["sku"]), str(document["location"])
        if not sku:
            return ()  # a product without SKU cannot be named to anybody
        at = _version_time(document["version"])
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
        at = _version_time(document["version"])
        product = Product(
            sku=sku,
            name=document["name"],
            identifiers=_barcode(str(document["barcode"])),
            unit=document["unit"] or "C62",
            tracking=document["tracking"],
            weight_kg=Decimal(document["weight"]) or None,
            price=Money(amount=_amount(document["price"]), currency=document["currency"]),
            hs_code=document["hs_code"],
            origin_country=document["origin"] or None,
            active=document["active"],
        )
        id_ = _id(document["id"])
        stem = f"{self._system}/product/{id_}"
        position = Position(stem, int(message.headers.get(AS_OF, "0")))
        identity = f"{stem}/{document['content']}/{document['version']}"
        reference = Reference(f"{self._system}:product_id", id_)
        return (Event(identity, "product.changed", self._system, f"product/{sku}", product, at, (reference,), position),)


def _id(value: Any) -> str:
    """A database id as text. Raises ValueError for what is none."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError("no database id")
    return str(value)


def _named(value: Any) -> str:
    """A name that must be there. Raises ValueError when it is not."""
    if not isinstance(value, str) or not value:
        raise ValueError("no name")
    return value


def _version_time(version: str) -> datetime:
    return from_odoo(version.partition("~")[0])


def _amount(value: Any) -> Decimal:
    """An amount out of Odoo's floats: six places remove what binary fractions add, and two are always shown."""
    return Decimal(value).quantize(Decimal("0.000001")).normalize() + Decimal("0.00")


def _quantity(value: Any) -> Decimal:
    return Decimal(value).quantize(Decimal("0.000001")).normalize()


def _barcode(value: str) -> tuple[Identifier, ...]:
    if not value:
        return ()
    return (Identifier(scheme="gtin" if gs1_valid("gtin", value) else "barcode", value=value),)


def _address(partner: Json) -> Address:
    return Address(
        name=partner["name"],
        company=partner["company"],
        street=partner["street"],
        street2=partner["street2"],
        city=partner["city"],
        postal_code=partner["zip"],
        region=partner["region"],
        country=partner["country"],
        phone=partner["phone"],
        email=partner["email"],
    )
