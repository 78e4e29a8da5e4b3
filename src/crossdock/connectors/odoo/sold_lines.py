"""Orders as they are invoiced and come back: their lines with what was delivered and invoiced, and which line a paper's line means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from crossdock.connectors.odoo.client import OdooClient, Row, exact
from crossdock.connectors.odoo.external_ids import ExternalIds
from crossdock.connectors.odoo.master_data import MasterData
from crossdock.connectors.odoo.order_rows import SHIPPING, line_number
from crossdock.connectors.odoo.orders_confirm import CONFIRMED
from crossdock.connectors.odoo.products_read import described
from crossdock.connectors.odoo.subject import order_id, order_key
from crossdock.connectors.odoo.values import label, related, text
from crossdock.core.commands import Command
from crossdock.core.errors import TargetRefused

_ORDER: Final = (
    "name",
    "state",
    "client_order_ref",
    "partner_id",
    "partner_invoice_id",
    "partner_shipping_id",
    "currency_id",
    "fiscal_position_id",
    "payment_term_id",
)
_LINE: Final = (
    "order_id",
    "product_id",
    "name",
    "product_uom_id",
    "product_uom_qty",
    "price_unit",
    "discount",
    "tax_ids",
    "qty_delivered",
    "qty_invoiced",
    "is_delivery",
    "is_downpayment",
    "display_type",
)


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line of a sales order: `number` is the hub's (empty when people wrote the line), `unit` its Rec 20 code as far as it is mapped."""

    id: int
    number: str
    sku: str
    goods: bool
    freight: bool
    row: Row
    unit: str

    @property
    def delivered(self) -> Decimal:
        """What the customer has: for goods what was delivered, for services what was ordered."""
        return exact(self.row["qty_delivered"] if self.goods else self.row["product_uom_qty"])

    @property
    def left(self) -> Decimal:
        """What is delivered and not yet invoiced; drafts count as invoiced."""
        return self.delivered - exact(self.row["qty_invoiced"])


@dataclass(frozen=True, slots=True)
class Sold:
    """Orders with their lines; `mapped` are the ids of lines a command names itself, `numbers` those of the orders by the hub's number."""

    orders: Sequence[Row]
    lines: Sequence[SoldLine]
    mapped: Mapping[str, int] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)

    def line(self, order_line: str, sku: str, kind: str = "goods", order_number: str = "") -> SoldLine:
        """The line a paper's line means: by its number or id, else the only one of the SKU, else the only freight line; of the order
        `order_number` where it is given.

        Raises `TargetRefused` when there is none or more than one.
        """
        lines = self.lines
        if order_number and len(self.orders) > 1:
            lines = [line for line in lines if related(line.row["order_id"]) == self.numbers.get(order_number, 0)]
        if order_line:
            wanted = self.mapped.get(order_line, int(order_line) if order_line.isascii() and order_line.isdigit() else 0)
            found = [line for line in lines if line.number == order_line] or [one for one in lines if one.id == wanted]
            if order_line in self.mapped:
                found = [line for line in lines if line.id == wanted]
        elif sku:
            found = [line for line in lines if line.sku == sku]
        else:
            found = [line for line in lines if line.freight] if kind == "freight" else []
        if len(found) != 1:
            what = order_line or sku or kind
            raise TargetRefused(
                f"{self.names} has {len(found) or 'no'} line for {what}",
                order_line=order_line,
                sku=sku,
                kind=kind,
                lines=len(found),
            )
        return found[0]

    @property
    def names(self) -> str:
        """The orders as people call them; also the origin of their papers."""
        return ", ".join(text(order["name"]) for order in self.orders)


class SoldLines:
    """Reads them."""

    def __init__(self, client: OdooClient, data: MasterData) -> None:
        self._client = client
        self._data = data

    async def of(self, command: Command, numbers: Iterable[str] = ()) -> Sold:
        """The order a command names, with those of `numbers` that go on the same paper.

        Raises `TargetRefused` for one that is not confirmed or not found, and for orders that cannot share a paper.
        """
        first = await self._order(command)
        known = {str(name): int(id_) for name, id_ in (command.data.get("orders") or {}).items() if str(id_).isdigit()}
        known.setdefault(str(command.data.get("order_number") or ""), first)
        known.update(await self._others([number for number in numbers if number and number not in known]))
        wanted = [known[number] for number in numbers if number]
        ids = [first, *wanted]
        orders = await self._client.read("sale.order", list(dict.fromkeys(ids)), _ORDER)
        missing = [id_ for id_ in ids if id_ not in orders]
        if missing:
            raise TargetRefused(f"order {missing[0]} does not exist in Odoo (any more)", erp_id=str(missing[0]), missing=True)
        heads = [orders[id_] for id_ in dict.fromkeys(ids)]
        _alike(heads)
        mapped = {str(name): int(line) for name, line in (command.data.get("lines") or {}).items() if str(line).isdigit()}
        return Sold(heads, await self._lines(list(orders)), mapped, known)

    async def _order(self, command: Command) -> int:
        """The order's id as the command says it; where nothing told the hub the id yet, the order that carries the hub's own name."""
        try:
            return order_id(command)
        except TargetRefused:
            key, number = order_key(command), str(command.data.get("order_number") or "")
            if not key.startswith("order/"):
                raise
            ids = ExternalIds(self._client.options.xid_prefix, await self._client.company())
            found = await self._client.find(ids.order(key), "sale.order", [["client_order_ref", "=", number]])
            if found is None:
                raise
            return found

    async def _others(self, numbers: Sequence[str]) -> dict[str, int]:
        """The ids of further orders, looked for by the customer's number or Odoo's own name."""
        found = {}
        for number in numbers:
            domain = ["|", ["client_order_ref", "=", number], ["name", "=", number], ["state", "in", list(CONFIRMED)]]
            rows = await self._client.search_read("sale.order", domain, ["name"], limit=2)
            if len(rows) != 1:
                raise TargetRefused(f"Odoo has {len(rows) or 'no'} confirmed order {number}", order=number)
            found[number] = int(rows[0]["id"])
        return found

    async def _lines(self, orders: Sequence[int]) -> list[SoldLine]:
        domain = [["order_id", "in", list(orders)], ["product_id", "!=", False]]
        rows = await self._client.search_read("sale.order.line", domain, _LINE)
        prepaid = [row for row in rows if row["is_downpayment"]]
        if prepaid:
            raise TargetRefused(
                f"{label(prepaid[0]['order_id'])} has a down payment; a person invoices it in Odoo",
                order_lines=[row["id"] for row in prepaid],
            )
        ids = ExternalIds(self._client.options.xid_prefix, await self._client.company())
        xids = await self._client.external_ids("sale.order.line", [row["id"] for row in rows])
        products = await described(self._client, (related(row["product_id"]) for row in rows))
        units = await self._data.unit_codes(unit for row in rows if (unit := related(row["product_uom_id"])) is not None)
        lines = []
        for row in rows:
            product = products.get(related(row["product_id"]) or 0, {"sku": "", "type": ""})
            key = ids.line_of(xids.get(row["id"], ""))
            freight = bool(row["is_delivery"]) or key == SHIPPING
            goods = product["type"] != "service" and not freight
            code = units.get(related(row["product_uom_id"]) or 0, "")
            lines.append(SoldLine(row["id"], line_number(key), product["sku"], goods, freight, row, code))
        return lines


def _alike(orders: Sequence[Row]) -> None:
    """One paper has one customer, one currency, one fiscal position; and nothing is invoiced of an order nobody confirmed."""
    for order in orders:
        if order["state"] not in CONFIRMED:
            raise TargetRefused(f"{order['name']} is {order['state']} in Odoo, not confirmed", state=order["state"])
        for name in ("partner_invoice_id", "currency_id", "fiscal_position_id"):
            if related(order[name]) != related(orders[0][name]):
                raise TargetRefused(
                    f"{orders[0]['name']} and {order['name']} differ in {name} and cannot be invoiced together", field=name
                )
