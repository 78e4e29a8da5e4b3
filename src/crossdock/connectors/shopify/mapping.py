"""Maps Shopify's webhook payloads to canonical events (pure functions); knows neither transport nor signature."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from crossdock.canonical.events import Event
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.order import OrderCancellation, OrderLine, SalesOrder
from crossdock.canonical.party import Address, Customer
from crossdock.connectors.document import Node, microseconds, root
from crossdock.connectors.net_amounts import net_line
from crossdock.connectors.protocol import ValueMaps
from crossdock.connectors.shop_orders import currency_of, money, order_event, order_line, translated
from crossdock.connectors.shopify.options import ShopifyOptions

FINANCIAL: Final = ("pending", "authorized", "partially_paid", "paid", "partially_refunded", "refunded", "voided", "expired")
PAYMENT: Final = {
    "pending": "pending",
    "authorized": "authorized",
    "partially_paid": "pending",
    "paid": "paid",
    "partially_refunded": "paid",
    "refunded": "refunded",
}
PROGRESS: Final = {"partial": 1, "fulfilled": 2, "restocked": 3}
ADDRESS_FIELDS: Final = {
    "street": "address1",
    "street2": "address2",
    "postal_code": "zip",
    "region": "province_code",
    "country": "country_code",
}


@dataclass(frozen=True, slots=True)
class Mapper:
    """The mapping of one shop: its landscape name, its options and the value maps they name."""

    system: str
    options: ShopifyOptions
    value_maps: ValueMaps

    def order_event(self, value: Any, first: bool) -> Event | None:
        """The event an order payload stands for: `order.placed` or `order.changed`, `order.cancelled` once it is cancelled.

        `first` says that the order may be new to the hub (its creation, or what a poll found); so may be an update that came soon after
        the creation. Both events carry the whole order, and `order.placed` with a newer version is a change to whoever knows the order.
        None for an order that is not meant for the hub (a test order). Raises `SchemaInvalid` with every wrong field, `ValueMapMissing`.
        """
        order = root(value, "order")
        problems = order.problems
        if order.flag("test") and not self.options.accept_test_orders:
            return None
        order_id = order.text("id", required=True, limit=64)
        number = order.text("name", required=True, limit=64).lstrip("#")
        if order.text("name") and not number:
            order.wrong("name", "is missing")
        updated = order.time("updated_at", required=True)
        cancelled = order.time("cancelled_at")
        lines = order.items("line_items")
        left = [line for line in lines if not removed(line)]
        gone = cancelled or (updated if lines and not left else None)
        payload: SalesOrder | OrderCancellation | None
        if gone is not None:
            reason = order.text("cancel_reason") if cancelled else "every line was removed"
            payload = problems.build(OrderCancellation, "", number=number, reason=reason, cancelled_at=gone)
        else:
            payload = self._sales_order(order, number, order_id, left)
        if problems.found or payload is None or updated is None:
            raise problems.refusal(f"order {number or order_id}")
        version = microseconds(updated) + progress(order, gone is not None)
        window = timedelta(minutes=self.options.placement_minutes)
        soon = isinstance(payload, SalesOrder) and updated - payload.placed_at <= window
        return order_event(self.system, order_id, number, version, updated, payload, new=first or soon)

    def _sales_order(self, order: Node, number: str, order_id: str, lines: list[Node]) -> SalesOrder | None:
        problems = order.problems
        currency = currency_of(order)
        includes_tax = order.flag("taxes_included")
        if not order.items("line_items"):
            order.wrong("line_items", "an order needs at least one line")
        order_lines = [self._line(line, currency, includes_tax) for line in lines]
        billing, shipping = order.child("billing_address"), order.child("shipping_address")
        email, phone = order.text("email"), order.text("phone")
        bill_to = postal(billing, email) if billing else None
        ship_to = postal(shipping, email) if shipping else bill_to
        if shipping is None and billing is None:
            order.wrong("shipping_address", "is missing, and there is no billing address either")
        customer = buyer(order, order_id, email, phone, bill_to or ship_to)
        freight, freight_tax, service = self._freight(order)
        tax = order.amount("current_total_tax" if order.raw("current_total_tax") is not None else "total_tax")
        total_field = "current_total_price" if order.raw("current_total_price") is not None else "total_price"
        total = order.amount(total_field, required=True)
        status = order.text("financial_status")
        note, po_number = order.text("note"), order.text("po_number", limit=255)
        placed_at = order.time("created_at", required=True)
        names = [("shopify:order_id", order_id), ("po", po_number)]
        if problems.found:
            return None
        return problems.build(
            SalesOrder,
            "",
            number=number,
            placed_at=placed_at,
            customer=customer,
            ship_to=ship_to,
            bill_to=bill_to,
            currency=currency,
            lines=tuple(order_lines),
            shipping=money(freight - freight_tax if includes_tax else freight, currency),
            tax=money(tax, currency),
            total=money(total, currency),
            prices_include_tax=includes_tax,
            service_level=service,
            incoterm=self.options.incoterm,
            payment_status=PAYMENT.get(status, "unknown"),
            note=note,
            identifiers=tuple(Identifier(scheme=scheme, value=value) for scheme, value in names if value),
        )

    def _line(self, line: Node, currency: str, includes_tax: bool) -> OrderLine | None:
        number, sku = line.text("id", required=True), line.text("sku", required=True)
        ordered = line.decimal("quantity", required=True)
        if ordered is not None and ordered <= 0:
            line.wrong("quantity", "is not above zero")
        present = line.decimal("current_quantity")
        quantity = ordered if present is None else present
        if quantity is not None and quantity < 0:
            line.wrong("current_quantity", "is below zero")
        price = line.amount("price", required=True)
        discount = sum((one.amount("amount") for one in line.items("discount_allocations")), Decimal(0))
        tax = sum((one.amount("price") for one in line.items("tax_lines")), Decimal(0))
        name, variant = line.text("name"), line.text("variant_id", limit=64)
        if quantity is None or quantity <= 0 or not (number and sku):
            return None
        net = net_line(price, quantity, discount, tax, includes_tax)
        return order_line(
            line,
            {"number": "id", "unit_price": "price"},
            number=number,
            sku=translated(self.value_maps, self.options.sku_map, sku),
            name=name,
            quantity=quantity,
            net=net,
            currency=currency,
            known_as=("shopify:variant_id", variant),
        )

    def _freight(self, order: Node) -> tuple[Decimal, Decimal, str]:
        lines = order.items("shipping_lines")
        stated = order.child("total_shipping_price_set")
        shop_money = stated.child("shop_money") if stated else None
        if shop_money is not None:
            freight = shop_money.amount("amount")
        else:
            freight = sum((line.amount("price") for line in lines), Decimal(0))
        tax = sum((one.amount("price") for line in lines for one in line.items("tax_lines")), Decimal(0))
        code = (lines[0].text("code") or lines[0].text("title")) if lines else ""
        return freight, tax, translated(self.value_maps, self.options.service_level_map, code)


def removed(line: Node) -> bool:
    """Whether an order edit or a return took the whole line out (`current_quantity` 0 of a quantity above 0)."""
    now, ordered = line.raw("current_quantity"), line.raw("quantity")
    return now == 0 and now is not False and isinstance(ordered, int) and ordered > 0


def progress(order: Node, cancelled: bool) -> int:
    """How far the order has come, 0 to 999: orders two states of one second, because `updated_at` counts whole seconds."""
    status = order.text("financial_status")
    financial = FINANCIAL.index(status) if status in FINANCIAL else 0
    return 900 * cancelled + 10 * financial + PROGRESS.get(order.text("fulfillment_status"), 0)


def postal(node: Node, email: str) -> Address | None:
    """A postal address."""
    return node.problems.build(
        Address,
        node.path,
        ADDRESS_FIELDS,
        name=node.text("name"),
        company=node.text("company"),
        street=node.text("address1"),
        street2=node.text("address2"),
        city=node.text("city"),
        postal_code=node.text("zip"),
        region=node.text("province_code"),
        country=node.text("country_code"),
        phone=node.text("phone"),
        email=email,
    )


def buyer(order: Node, order_id: str, email: str, phone: str, address: Address | None) -> Customer | None:
    """The customer; a guest gets the order's own number, because every order needs one."""
    node = order.child("customer") or Node({}, order.problems, order.at("customer"))
    name = f"{node.text('first_name')} {node.text('last_name')}".strip()
    customer_id = node.text("id", limit=64)
    identifiers = (Identifier(scheme="shopify:customer_id", value=customer_id),) if customer_id else ()
    return order.problems.build(
        Customer,
        node.path,
        id=customer_id or f"guest-{order_id}",
        name=(address.company or address.name) if address and (address.company or address.name) else name or email or "Guest",
        email=email or node.text("email"),
        phone=phone or node.text("phone"),
        is_company=bool(address and address.company),
        language=order.text("customer_locale"),
        identifiers=identifiers,
        address=address,
    )
