"""Maps WooCommerce's order payload (REST API v3) to canonical events (pure functions); knows neither transport nor signature."""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from crossdock.canonical.events import Event
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.order import OrderCancellation, OrderLine, SalesOrder
from crossdock.canonical.party import Address, Customer
from crossdock.canonical.values import Quantity
from crossdock.connectors.document import Node, microseconds, root
from crossdock.connectors.protocol import ValueMaps
from crossdock.connectors.shop_orders import currency_of, money, order_event, translated
from crossdock.connectors.woocommerce.options import WooCommerceOptions
from crossdock.connectors.woocommerce.status import PROGRESS, meaning, payment
from crossdock.core.errors import DocumentUnknown

MICRO: Final = Decimal("0.000001")
ADDRESS_FIELDS: Final = {
    "street": "address_1",
    "street2": "address_2",
    "postal_code": "postcode",
    "region": "state",
}


@dataclass(frozen=True, slots=True)
class Mapper:
    """The mapping of one shop: its landscape name, its options and the value maps they name."""

    system: str
    options: WooCommerceOptions
    value_maps: ValueMaps

    def order_event(self, value: Any, first: bool, lost_since: datetime | None = None) -> Event | None:
        """The event an order payload stands for: `order.placed` or `order.changed`, `order.cancelled` once it is cancelled.

        `first` says that the order may be new to the hub (its creation, or what a poll found); so may be an update that came soon after
        it was created or paid. An order that was completed after `lost_since` counts as live: the hub did it and forgot. None for an order in a status the hub is not told of. Raises `SchemaInvalid` with every wrong field,
        `DocumentUnknown` for a payload of the legacy API, `ValueMapMissing`.
        """
        order = root(value, "order")
        problems = order.problems
        if "order" in value and "id" not in value:
            raise DocumentUnknown("a payload of the legacy REST API: set the webhook's API version to WP REST API Integration v3")
        means, reason = meaning(order, self.options)
        order_id = order.text("id", required=True, limit=64)
        number = order.text("number", required=True, limit=64)
        modified = order.time("date_modified_gmt", required=True, naive_is_utc=True)
        created = order.time("date_created_gmt", required=True, naive_is_utc=True)
        paid = order.time("date_paid_gmt", naive_is_utc=True)
        completed = order.time("date_completed_gmt", naive_is_utc=True)
        if means == "nothing" and order.text("status") == "completed" and lost_since and completed and completed >= lost_since:
            means = "live"
        payload: SalesOrder | OrderCancellation | None = None
        if means == "live":
            payload = self._sales_order(order, number)
        elif means == "cancelled" and modified is not None:
            payload = problems.build(OrderCancellation, "", number=number, reason=reason, cancelled_at=modified)
        if problems.found or modified is None or created is None:
            raise problems.refusal(f"order {number or order_id}")
        if payload is None:
            return None
        version = microseconds(modified) + PROGRESS.get(order.text("status"), 0)
        soon = modified - max(created, paid or created) <= timedelta(minutes=self.options.placement_minutes)
        return order_event(self.system, order_id, number, version, modified, payload, new=first or soon)

    def _sales_order(self, order: Node, number: str) -> SalesOrder | None:
        problems = order.problems
        currency = currency_of(order)
        lines = [self._line(line, currency) for line in order.items("line_items")]
        lines += [self._fee(fee, currency) for fee in order.items("fee_lines")]
        if not lines:
            order.wrong("line_items", "an order needs at least one line")
        billing, shipping = order.child("billing"), order.child("shipping")
        email = billing.text("email") if billing else ""
        phone = billing.text("phone") if billing else ""
        bill_to = postal(billing, email, phone) if billing and filled(billing) else None
        ship_to = postal(shipping, email, phone) if shipping and filled(shipping) else bill_to
        if ship_to is None and not problems.found:
            order.wrong("shipping", "is missing, and there is no billing address either")
        values: dict[str, Any] = {
            "placed_at": order.time("date_created_gmt", naive_is_utc=True),
            "customer": buyer(order, email, phone, bill_to or ship_to, self.options.vat_meta_keys),
            "shipping": money(order.amount("shipping_total"), currency),
            "tax": money(order.amount("total_tax"), currency),
            "total": money(order.amount("total", required=True), currency),
            "prices_include_tax": order.flag("prices_include_tax"),
            "service_level": self._service(order),
            "payment_status": payment(order),
            "note": order.text("customer_note"),
        }
        names = [
            ("woocommerce:order_id", order.text("id", limit=64)),
            ("woocommerce:order_key", order.text("order_key", limit=255)),
        ]
        if problems.found:
            return None
        return problems.build(
            SalesOrder,
            "",
            number=number,
            ship_to=ship_to,
            bill_to=bill_to,
            currency=currency,
            lines=tuple(lines),
            incoterm=self.options.incoterm,
            identifiers=tuple(Identifier(scheme=scheme, value=value) for scheme, value in names if value),
            **values,
        )

    def _line(self, line: Node, currency: str) -> OrderLine | None:
        number, sku = line.text("id", required=True, limit=64), line.text("sku", required=True)
        quantity = line.decimal("quantity", required=True)
        if quantity is not None and quantity <= 0:
            line.wrong("quantity", "is not above zero")
        before, after, tax = line.amount("subtotal", required=True), line.amount("total", required=True), line.amount("total_tax")
        name, product = html.unescape(line.text("name")), line.text("product_id", limit=64)
        if quantity is None or quantity <= 0 or not (number and sku):
            return None
        unit = before / quantity
        if unit * quantity != before:
            unit = unit.quantize(MICRO, ROUND_HALF_EVEN)
        return line.problems.build(
            OrderLine,
            line.path,
            {"number": "id"},
            number=number,
            sku=translated(self.value_maps, self.options.sku_map, sku),
            name=name,
            quantity=Quantity(value=plain_quantity(quantity)),
            unit_price=money(unit, currency),
            discount=money(before - after, currency) if before != after else None,
            tax=money(tax, currency) if tax else None,
            identifiers=(Identifier(scheme="woocommerce:product_id", value=product),) if product else (),
        )

    def _fee(self, fee: Node, currency: str) -> OrderLine | None:
        number, total, tax = fee.text("id", required=True, limit=64), fee.amount("total", required=True), fee.amount("total_tax")
        if not self.options.fee_sku:
            fee.wrong("total", "is a fee, and `fee_sku` of the system's options does not say under which SKU fees are ordered")
            return None
        return fee.problems.build(
            OrderLine,
            fee.path,
            {"number": "id"},
            number=number,
            sku=self.options.fee_sku,
            name=html.unescape(fee.text("name")),
            quantity=Quantity(value=Decimal(1)),
            unit_price=money(total, currency),
            tax=money(tax, currency) if tax else None,
        )

    def _service(self, order: Node) -> str:
        lines = order.items("shipping_lines")
        code = (lines[0].text("method_id") or lines[0].text("method_title")) if lines else ""
        return translated(self.value_maps, self.options.service_level_map, code)


def plain_quantity(quantity: Decimal) -> Decimal:
    """A quantity without trailing zeros: 2, not 2.00."""
    short = quantity.normalize()
    exponent = short.as_tuple().exponent
    return short.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else short


def filled(node: Node) -> bool:
    """Whether an address holds anything but empty text: WooCommerce leaves the shipping address blank when it is the billing address."""
    return any(value not in (None, "") for key, value in node.value.items() if key not in ("email", "phone"))


def postal(node: Node, email: str, phone: str) -> Address | None:
    """A postal address."""
    return node.problems.build(
        Address,
        node.path,
        ADDRESS_FIELDS,
        name=f"{node.text('first_name')} {node.text('last_name')}".strip(),
        company=node.text("company"),
        street=node.text("address_1"),
        street2=node.text("address_2"),
        city=node.text("city"),
        postal_code=node.text("postcode"),
        region=node.text("state"),
        country=node.text("country"),
        phone=node.text("phone") or phone,
        email=email,
    )


def buyer(order: Node, email: str, phone: str, address: Address | None, vat_keys: tuple[str, ...]) -> Customer | None:
    """The customer; a guest (customer 0) gets the order's own id, because every order needs one."""
    customer_id = order.text("customer_id", limit=64)
    guest = customer_id in ("", "0")
    vat = next((meta.text("value") for meta in order.items("meta_data") if meta.raw("key") in vat_keys and meta.raw("value")), "")
    return order.problems.build(
        Customer,
        order.at("customer"),
        {"email": "billing.email", "phone": "billing.phone"},
        id=f"guest-{order.text('id', limit=64)}" if guest else customer_id,
        name=(address.company or address.name if address else "") or email or "Guest",
        email=email,
        phone=phone,
        vat=vat,
        is_company=bool(address and address.company),
        identifiers=() if guest else (Identifier(scheme="woocommerce:customer_id", value=customer_id),),
        address=address,
    )
