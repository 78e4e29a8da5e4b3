"""Maps Amazon's orders (Orders API 2026-01-01) to canonical events: pure functions, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from crossdock.canonical.events import Event
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.order import OrderCancellation, OrderLine, SalesOrder
from crossdock.canonical.party import Address, Customer
from crossdock.connectors.amazon.options import AmazonOptions
from crossdock.connectors.amazon.proceeds import Proceeds, order_proceeds
from crossdock.connectors.document import Node, microseconds, root
from crossdock.connectors.net_amounts import net_line, per_unit
from crossdock.connectors.protocol import ValueMaps
from crossdock.connectors.shop_orders import money, order_event, order_line, translated

PROGRESS: Final = {"UNSHIPPED": 0, "PARTIALLY_SHIPPED": 100, "CANCELLED": 900}
"""How far an order is, by the states the hub acts on: orders two states of one second."""
NOTHING_TO_DO: Final = frozenset({"PENDING_AVAILABILITY", "PENDING", "SHIPPED", "UNFULFILLABLE"})
"""Not released by Amazon yet (no address, no payment), or nothing left to ship."""
ADDRESS: Final = {
    "company": "companyName",
    "street": "addressLine1",
    "street2": "addressLine2",
    "postal_code": "postalCode",
    "region": "stateOrRegion",
    "country": "countryCode",
}


@dataclass(frozen=True, slots=True)
class Mapper:
    """The mapping of one account: its landscape name, its options and the value maps they name."""

    system: str
    options: AmazonOptions
    value_maps: ValueMaps

    def order_event(self, value: Any) -> Event | None:
        """The event of one state of an order: `order.placed` (to whoever knows the order a newer one is a change), or `order.cancelled`.

        None where there is nothing to do for the hub: the order is not released yet, was shipped, or is Amazon's own to ship.
        Raises `SchemaInvalid` with every wrong field, `ValueMapMissing`.
        """
        order = root(value, "order")
        problems = order.problems
        number = order.text("orderId", required=True, limit=64)
        updated = order.time("lastUpdatedTime", required=True)
        fulfilment = order.child("fulfillment")
        if fulfilment is None:
            order.wrong("fulfillment", "is missing")
            raise problems.refusal(f"order {number}")
        status = fulfilment.text("fulfillmentStatus", required=True)
        by_amazon = fulfilment.text("fulfilledBy") == "AMAZON" and self.options.fulfilled_by_amazon == "ignore"
        if by_amazon or status in NOTHING_TO_DO:
            return None
        if status and status not in PROGRESS:
            fulfilment.wrong("fulfillmentStatus", "is no state this mapping knows")
        lines = [line for line in order.items("orderItems") if left(line) != 0]
        payload: SalesOrder | OrderCancellation | None
        if status == "CANCELLED" or not lines:
            payload = problems.build(OrderCancellation, "", number=number, reason=reason_of(order), cancelled_at=updated)
        else:
            payload = self._sales_order(order, fulfilment, number, lines)
        if problems.found or payload is None or updated is None:
            raise problems.refusal(f"order {number}")
        version = microseconds(updated) + PROGRESS[status]
        return order_event(self.system, number, number, version, updated, payload, new=True)

    def _sales_order(self, order: Node, fulfilment: Node, number: str, lines: list[Node]) -> SalesOrder | None:
        problems = order.problems
        proceeds = order_proceeds(order, lines, self.options.prices_include_tax)
        made = [self._line(line, each, proceeds.currency) for line, each in zip(lines, proceeds.lines, strict=True)]
        placed_at = order.time("createdTime", required=True)
        buyer = order.child("buyer") or Node({}, problems, "buyer")
        ship_to = delivery(order, buyer.text("buyerEmail"))
        customer = self._customer(buyer, number, ship_to)
        service = translated(self.value_maps, self.options.service_level_map, fulfilment.text("fulfillmentServiceLevel"))
        window = fulfilment.child("shipByWindow")
        ship_by = window.time("latestDateTime") if window else None
        names = [("amazon:order_id", number), ("po", buyer.text("buyerPurchaseOrderNumber", limit=255)), *aliases(order)]
        if problems.found:
            return None
        currency = proceeds.currency
        return problems.build(
            SalesOrder,
            "",
            number=number,
            placed_at=placed_at,
            customer=customer,
            ship_to=ship_to,
            currency=currency,
            lines=tuple(made),
            shipping=money(proceeds.charges, currency),
            tax=money(proceeds.tax, currency),
            total=money(proceeds.total, currency),
            prices_include_tax=self.options.prices_include_tax,
            service_level=service,
            incoterm=self.options.incoterm,
            requested_ship_date=ship_by,
            payment_status="paid",
            identifiers=tuple(Identifier(scheme=scheme, value=value) for scheme, value in names if value),
        )

    def _line(self, line: Node, found: Proceeds, currency: str) -> OrderLine | None:
        product = line.child("product") or Node({}, line.problems, line.at("product"))
        number, sku = line.text("orderItemId", required=True), product.text("sellerSku", required=True)
        name, asin = product.text("title"), product.text("asin", limit=64)
        ordered = line.decimal("quantityOrdered", required=True)
        quantity = left(line)
        if not ordered or ordered <= 0 or quantity is None or not (number and sku):
            if ordered is not None and ordered <= 0:
                line.wrong("quantityOrdered", "is not above zero")
            return None
        net = net_line(per_unit(found.goods, quantity), quantity, found.discount, found.tax, self.options.prices_include_tax)
        if found.collected_by_amazon:
            net = replace(net, tax=Decimal(0))
        return order_line(
            line,
            {"number": "orderItemId", "unit_price": "proceeds"},
            number=number,
            sku=translated(self.value_maps, self.options.sku_map, sku),
            name=name,
            quantity=quantity,
            net=net,
            currency=currency,
            known_as=("amazon:asin", asin),
        )

    def _customer(self, buyer: Node, number: str, address: Address | None) -> Customer | None:
        """The buyer. Amazon gives no customer number; the address it makes up for each buyer and seller tells buyers apart."""
        email, company = buyer.text("buyerEmail"), buyer.text("buyerCompanyName")
        name = company or buyer.text("buyerName") or (address.name if address else "") or "Amazon buyer"
        return buyer.problems.build(
            Customer, "buyer", id=email or f"guest-{number}", name=name, email=email, is_company=bool(company), address=address
        )


def left(line: Node) -> Decimal | None:
    """How many units of a line are shipped or to be shipped: what was cancelled is in neither number. None when nothing is stated."""
    ordered = line.raw("quantityOrdered")
    state = line.child("fulfillment")
    done, open_ = (state.decimal("quantityFulfilled"), state.decimal("quantityUnfulfilled")) if state else (None, None)
    if done is not None and open_ is not None:
        return done + open_
    return Decimal(ordered) if isinstance(ordered, int) and not isinstance(ordered, bool) else None


def delivery(order: Node, email: str) -> Address | None:
    """Where the goods go. Without the restricted role Amazon leaves the address out."""
    recipient = order.child("recipient")
    node = recipient.child("deliveryAddress") if recipient else None
    if node is None:
        order.wrong("recipient.deliveryAddress", "is missing: the application needs the role Direct-to-Consumer Shipping")
        return None
    extra = ", ".join(filter(None, (node.text("addressLine2"), node.text("addressLine3"))))
    return node.problems.build(
        Address,
        node.path,
        ADDRESS,
        name=node.text("name"),
        company=node.text("companyName"),
        street=node.text("addressLine1"),
        street2=extra,
        city=node.text("city") or node.text("municipality") or node.text("districtOrCounty"),
        postal_code=node.text("postalCode"),
        region=node.text("stateOrRegion"),
        country=node.text("countryCode"),
        phone=node.text("phone"),
        email=email,
    )


def reason_of(order: Node) -> str:
    """Why the order was cancelled, in the words of its first line that says so."""
    for line in order.items("orderItems"):
        cancellation = line.child("cancellation")
        execution = cancellation.child("cancellationExecution") if cancellation else None
        if execution is not None and (found := execution.text("cancelReason") or execution.text("cancelledBy")):
            return found
    return "cancelled at Amazon"


def aliases(order: Node) -> list[tuple[str, str]]:
    """The seller's own number of the order, where there is one."""
    return [
        ("amazon:seller_order_id", one.text("aliasId", limit=255))
        for one in order.items("orderAliases")
        if one.text("aliasType") == "SELLER_ORDER_ID"
    ]
