"""Who buys: a buyer in Odoo (simulated or real), the supplier reached by EDI, and the dock where the goods arrive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from crossdock.simulators.edi_partner import Behaviour
from crossdock.simulators.edi_partner.wire import Got
from crossdock.simulators.wms.behaviour import Script
from crossdock.simulators.wms.receiving import Receipt
from tests.acceptance.dock import Dock, until
from tests.acceptance.erp import Row

PLANNED: Final = "2026-12-24 08:00:00"


@dataclass(frozen=True)
class Bought:
    """A purchase order as its buyer knows it."""

    id: int
    number: str

    @property
    def key(self) -> str:
        """What the hub calls it."""
        return f"purchase/odoo/{self.number}"


class Purchasing:
    """The buyer."""

    def __init__(self, dock: Dock) -> None:
        self.dock = dock
        self.desk = dock.desk
        self._vendor = 0

    async def vendor(self) -> int:
        """The supplier's contact; the landscape knows it by its reference."""
        if not self._vendor:
            [country] = await self.desk.rows("res.country", [["code", "=", "US"]], "code")
            contact = {"name": "ACME Fasteners Inc.", "ref": self.dock.vendor, "is_company": True, "country_id": country["id"]}
            [self._vendor] = await self.desk.call("res.partner", "create", vals_list=[contact])
        return self._vendor

    async def buys(self, *lines: tuple[str, int, float]) -> Bought:
        """Order (SKU, pieces, price) in euros, and confirm it."""
        [euro] = await self.desk.rows("res.currency", [["name", "=", "EUR"]], "active")
        if not euro["active"]:
            await self.desk.call("res.currency", "write", ids=[euro["id"]], vals={"active": True})
        rows = []
        for sku, pieces, price in lines:
            product = await self.desk.product(sku)
            line = {"product_id": product, "product_qty": pieces, "price_unit": price, "date_planned": PLANNED}
            rows.append([0, 0, {**line, "tax_ids": [[6, 0, []]]}])
        vals = {"partner_id": await self.vendor(), "currency_id": euro["id"], "order_line": rows}
        [made] = await self.desk.call("purchase.order", "create", vals_list=[vals])
        await self.desk.call("purchase.order", "button_confirm", ids=[made])
        [row] = await self.desk.rows("purchase.order", [["id", "=", made]], "name")
        return Bought(made, row["name"])

    async def lines(self, order: Bought, *fields: str) -> list[Row]:
        """The order's lines."""
        return await self.desk.rows("purchase.order.line", [["order_id", "=", order.id]], *fields)

    async def head(self, order: Bought, *fields: str) -> Row:
        """The order."""
        [row] = await self.desk.rows("purchase.order", [["id", "=", order.id]], *fields)
        return row

    async def transfers(self, order: Bought) -> list[Row]:
        """The order's receipts, oldest first."""
        return await self.desk.rows("stock.picking", [["purchase_id", "=", order.id]], "name", "state", "picking_type_code")

    async def bills(self, order: Bought) -> list[Row]:
        """The order's bills and credit notes."""
        fields = ("state", "move_type", "ref", "amount_total", "currency_id", "partner_id", "invoice_line_ids")
        return await self.desk.rows(
            "account.move", [["invoice_origin", "=", order.number], ["partner_id", "=", await self.vendor()]], *fields
        )

    async def changes(self, order: Bought, index: int, **vals: Any) -> None:
        """Change a line of the order in Odoo."""
        rows = await self.lines(order, "price_unit", "date_planned")
        kept = {"price_unit": rows[index]["price_unit"], "date_planned": rows[index]["date_planned"]}
        await self.desk.call("purchase.order.line", "write", ids=[rows[index]["id"]], vals={**kept, **vals})

    async def cancels(self, order: Bought) -> None:
        """Cancel the order in Odoo."""
        await self.desk.call("purchase.order", "button_cancel", ids=[order.id])


class Supplier:
    """ACME's machine and people."""

    def __init__(self, dock: Dock) -> None:
        self.partner = dock.town.acme

    def behaves(self, **manners: Any) -> None:
        """From now on; without a word, well."""
        fresh = Behaviour(**manners)
        for name in Behaviour.__slots__:
            setattr(self.partner.behaviour, name, getattr(fresh, name))

    def got(self, kind: str, order: Bought) -> list[Got]:
        """The documents of a kind it has about an order."""
        place = {"850": "BEG", "860": "BCH"}[kind]
        return [each for each in self.partner.got if each.type == kind and each.first(place)[3] == order.number]

    async def has(self, kind: str, order: Bought, count: int = 1) -> Got:
        """Its newest document of a kind about an order, as soon as there are `count`."""
        await until(lambda: len(self.got(kind, order)) >= count, f"the supplier has {count} {kind} of {order.number}")
        return self.got(kind, order)[-1]


class Dockers:
    """Who receives goods in the warehouse; nothing is received before they are told to."""

    def __init__(self, dock: Dock) -> None:
        self._wms = dock.town.wms
        self._dock = dock.town.wms.warehouse.dock

    def expected(self, order: Bought) -> list[Receipt]:
        """What is announced of an order, oldest first."""
        return [one for one in self._dock.receipts.values() if one.document.get("order_number") == order.number]

    async def expect(self, order: Bought, count: int = 1) -> Receipt:
        """The newest announcement, as soon as there are `count`."""
        await until(lambda: len(self.expected(order)) >= count, f"the warehouse expects {count} deliveries of {order.number}")
        return self.expected(order)[count - 1]

    async def receive(self, order: Bought, how: str = "full") -> Receipt:
        """The truck is here: unload (the next part of) what was announced."""
        got = await self.expect(order)
        if how != "full":
            from crossdock.simulators.wms.receiving import plan_receipt

            self._wms.warehouse.behaviour.receipt_scripts = [Script(how)]
            got.parts = plan_receipt(got.document, self._wms.warehouse.behaviour)
            self._wms.warehouse.behaviour.receipt_scripts = []
        self._dock.receive(got.number)
        return got

    def received(self, order: Bought) -> Mapping[str, Decimal]:
        """Good pieces received, by SKU."""
        found: dict[str, Decimal] = {}
        for effect in self._wms.effects_of("received"):
            for line in effect.data["lines"] if effect.data["order_number"] == order.number else ():
                if line["condition"] == "good":
                    found[line["sku"]] = found.get(line["sku"], Decimal(0)) + Decimal(line["quantity"])
        return found
