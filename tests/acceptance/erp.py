"""Odoo as people at the order desk see it, over its own API: the simulator, or a real Odoo 19 when CROSSDOCK_ODOO_URL, _DB and _KEY name one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

import aiohttp
import orjson
import pytest

from crossdock.simulators.odoo import Odoo
from crossdock.simulators.shoppers import Article
from crossdock.simulators.town import FREIGHT, GOODS

NEEDED: Final = ("CROSSDOCK_ODOO_URL", "CROSSDOCK_ODOO_DB", "CROSSDOCK_ODOO_KEY", "CROSSDOCK_ODOO_ADMIN_KEY")
MISSING: Final = [name for name in NEEDED if not os.environ.get(name)]
REAL: Final = not MISSING

TAX: Final = "Acceptance 19%"
"""The tax of the test's products in a real Odoo, which the shops take too."""

Row = dict[str, Any]


class Refused(Exception):
    """Odoo answered with an error."""


class OrderDesk:
    """People who work in Odoo. What they see is read over JSON-2, the same from the simulator and from a real Odoo."""

    def __init__(self, simulator: Odoo | None, url: str = "", database: str = "", key: str = "", admin: str = "") -> None:
        self.simulator = simulator
        self.url = url or (simulator.url if simulator else "")
        self.database = database or (simulator.database if simulator else "")
        self.key = key
        self._admin = admin or (simulator.keys["admin"] if simulator else "")
        self._options: dict[str, str] = {}
        self._session: aiohttp.ClientSession

    @classmethod
    def real(cls) -> OrderDesk:
        """The Odoo the environment names."""
        url, database, key, admin = (os.environ[name] for name in NEEDED)
        return cls(None, url.rstrip("/"), database, key, admin)

    def simulated(self, misfortune: str) -> Odoo:
        """The simulator, for a test that needs of it what nobody can order from a real server; skips there."""
        if self.simulator is None:
            pytest.skip(f"a real Odoo cannot be made to {misfortune}")
        return self.simulator

    async def open(self) -> None:
        """Begin to work."""
        self._session = aiohttp.ClientSession(self.url, timeout=aiohttp.ClientTimeout(total=90))

    async def close(self) -> None:
        """Go home."""
        await self._session.close()

    def environment(self) -> dict[str, str]:
        """What the demo landscape must be told of a real Odoo."""
        return {} if self.simulator else {"CROSSDOCK_DEMO_ODOO_URL": self.url, "CROSSDOCK_DEMO_ODOO_KEY": self.key}

    def options(self, text: str) -> str:
        """The landscape's page about Odoo for this Odoo."""
        text = text.replace("database: harbour-pine", f"database: {self.database}")
        more = "".join(f"  {name}: {value}\n" for name, value in self._options.items())
        return text.replace("  warehouse: WH\n", f"  warehouse: WH\n{more}")

    async def call(self, model: str, method: str, **arguments: Any) -> Any:
        """What a person does in the web client. Raises `Refused`."""
        headers = {
            "Authorization": f"bearer {self._admin}", "X-Odoo-Database": self.database, "Content-Type": "application/json",
        }  # fmt: skip
        path = f"/json/2/{model}/{method}"
        async with self._session.post(path, data=orjson.dumps(arguments, default=str), headers=headers) as answer:
            body = await answer.read()
            if answer.status != 200:
                raise Refused(f"{method} of {model}: {answer.status} {body[:400]!r}")
            return orjson.loads(body)

    async def rows(self, model: str, domain: Sequence[Any], *fields: str) -> list[Row]:
        """Records, oldest first, archived ones too."""
        context = {"active_test": False}
        return list(await self.call(model, "search_read", domain=list(domain), fields=list(fields), order="id", context=context))

    # What is to be seen of an order ---------------------------------------------------------------------------

    async def orders(self, number: str) -> list[Row]:
        """Every sales order with this customer reference: exactly one, if all is well."""
        fields = ("name", "state", "amount_total", "amount_untaxed", "currency_id", "order_line", "picking_ids")
        return await self.rows("sale.order", [["client_order_ref", "=", number]], *fields)

    async def order(self, number: str) -> Row:
        """The one order with this customer reference."""
        found = await self.orders(number)
        assert len(found) == 1, f"{len(found)} orders {number} in Odoo"
        return found[0]

    async def state(self, number: str) -> str:
        """The state of the order, empty while there is none."""
        found = await self.orders(number)
        assert len(found) <= 1, f"{len(found)} orders {number} in Odoo"
        return str(found[0]["state"]) if found else ""

    async def lines(self, number: str) -> dict[str, tuple[float, float]]:
        """SKU -> ordered, delivered; without freight."""
        order = await self.order(number)
        fields = ("product_id", "product_uom_qty", "qty_delivered")
        found = await self.rows("sale.order.line", [["order_id", "=", order["id"]]], *fields)
        skus = await self._skus([row["product_id"][0] for row in found])
        counted: dict[str, tuple[float, float]] = {}
        for row in found:
            sku = skus[row["product_id"][0]]
            if sku != FREIGHT:
                ordered, delivered = counted.get(sku, (0.0, 0.0))
                counted[sku] = (ordered + row["product_uom_qty"], delivered + row["qty_delivered"])
        return counted

    async def external_ids(self, model: str, ids: Sequence[int]) -> list[str]:
        """The external ids of records."""
        found = await self.rows("ir.model.data", [["model", "=", model], ["res_id", "in", list(ids)]], "module", "name")
        return [f"{row['module']}.{row['name']}" for row in found]

    async def transfers(self, number: str) -> list[Row]:
        """The order's deliveries with what each moved, oldest first."""
        order = await self.order(number)
        fields = ("name", "state", "carrier_tracking_ref", "backorder_id")
        found = await self.rows("stock.picking", [["id", "in", order["picking_ids"]]], *fields)
        for transfer in found:
            moved = await self.rows(
                "stock.move.line", [["picking_id", "=", transfer["id"]]], "product_id", "quantity", "lot_id", "picked"
            )
            skus = await self._skus([row["product_id"][0] for row in moved])
            transfer["moved"] = [
                (skus[row["product_id"][0]], row["quantity"], row["lot_id"][1] if row["lot_id"] else "") for row in moved
            ]
        return found

    async def notes(self, transfer: Row) -> str:
        """Everything written under a delivery."""
        found = await self.rows("mail.message", [["model", "=", "stock.picking"], ["res_id", "=", transfer["id"]]], "body")
        return " ".join(str(row["body"]) for row in found)

    async def _skus(self, products: Sequence[int]) -> dict[int, str]:
        found = await self.rows("product.product", [["id", "in", sorted(set(products))]], "default_code")
        return {row["id"]: row["default_code"] for row in found}

    async def on_hand(self, sku: str) -> float:
        """What the warehouse of the company holds of a product."""
        found = await self.rows(
            "stock.quant", [["product_id.default_code", "=", sku], ["location_id.usage", "=", "internal"]], "quantity"
        )
        return float(sum(row["quantity"] for row in found))

    async def free(self, sku: str) -> float:
        """What of it is not reserved."""
        domain = [["product_id.default_code", "=", sku], ["location_id.usage", "=", "internal"]]
        found = await self.rows("stock.quant", domain, "quantity", "reserved_quantity")
        return float(sum(row["quantity"] - row["reserved_quantity"] for row in found))

    # What people do -------------------------------------------------------------------------------------------

    async def product(self, sku: str) -> int:
        """The product with this SKU."""
        [row] = await self.rows("product.product", [["default_code", "=", sku]], "name")
        return int(row["id"])

    async def has_product(self, sku: str, **values: Any) -> None:
        """A product that is there from now on."""
        if not await self.rows("product.product", [["default_code", "=", sku]], "name"):
            taxes = await self._taxes()
            made = {"name": sku, "default_code": sku, "type": "consu", "is_storable": True, "list_price": 10.0, **taxes, **values}
            await self.call("product.product", "create", vals_list=[made])

    async def _taxes(self) -> Row:
        found = await self.rows("account.tax", [["name", "=", TAX]], "name")
        return {"taxes_id": [[6, 0, [found[0]["id"]]]]} if found else {}

    async def edit_product(self, sku: str, **values: Any) -> None:
        """Master data is maintained."""
        await self.call("product.product", "write", ids=[await self.product(sku)], vals=values)

    async def enter_order(self, reference: str, lines: Mapping[str, float], *, country: str = "DE") -> Row:
        """A customer ordered by phone: a draft."""
        [home] = await self.rows("res.country", [["code", "=", country]], "name")
        address = {
            "name": "Hafenlager GmbH", "street": "Am Sandtorkai 30", "city": "Hamburg", "zip": "20457", "country_id": home["id"],
            "phone": "+49 40 300911",
        }  # fmt: skip
        [customer] = await self.call("res.partner", "create", vals_list=[address])
        wanted = [
            [0, 0, {"product_id": await self.product(sku), "product_uom_qty": quantity, "price_unit": 10.0}]
            for sku, quantity in lines.items()
        ]
        order = {"partner_id": customer, "client_order_ref": reference, "order_line": wanted}
        await self.call("sale.order", "create", vals_list=[order])
        return await self.order(reference)

    async def confirm(self, order: Row) -> None:
        """The order is confirmed in Odoo."""
        await self.call("sale.order", "action_confirm", ids=[order["id"]])

    async def cancel(self, number: str) -> None:
        """The order is cancelled in Odoo."""
        await self.call("sale.order", "action_cancel", ids=[(await self.order(number))["id"]])

    async def changes_line(self, number: str, sku: str, quantity: float) -> None:
        """A line of the order is made more or fewer."""
        order = await self.order(number)
        domain = [["order_id", "=", order["id"]], ["product_id.default_code", "=", sku]]
        [line] = await self.rows("sale.order.line", domain, "name")
        await self.call("sale.order.line", "write", ids=[line["id"]], vals={"product_uom_qty": quantity})

    @contextlib.asynccontextmanager
    async def untaxed(self, sku: str) -> AsyncIterator[None]:
        """Somebody took the tax off a product, so that Odoo makes something else of an order than the shop did."""
        product = await self.product(sku)
        [row] = await self.rows("product.product", [["id", "=", product]], "taxes_id")
        await self.edit_product(sku, taxes_id=[[6, 0, []]])
        try:
            yield
        finally:
            await self.edit_product(sku, taxes_id=[[6, 0, row["taxes_id"]]])

    async def count(self, sku: str, quantity: float, lot: str = "") -> None:
        """Stock on hand is counted."""
        product = await self.product(sku)
        [shelf] = await self.rows("stock.location", [["complete_name", "=", "WH/Stock"], ["company_id", "=", 1]], "name")
        values: Row = {"product_id": product, "location_id": shelf["id"], "inventory_quantity": quantity}
        if lot:
            known = await self.rows("stock.lot", [["name", "=", lot], ["product_id", "=", product]], "name")
            made = (
                [known[0]["id"]]
                if known
                else await self.call("stock.lot", "create", vals_list=[{"name": lot, "product_id": product}])
            )
            values["lot_id"] = made[0]
        quants = await self.call("stock.quant", "create", vals_list=[values], context={"inventory_mode": True})
        await self.call("stock.quant", "action_apply_inventory", ids=quants)


async def prepare(desk: OrderDesk, articles: Sequence[Article]) -> None:
    """A real Odoo is given what the town gives the simulated one: the catalogue with customs data, stock, a price list in euros."""
    if desk.simulator is not None:
        return
    [euro] = await desk.rows("res.currency", [["name", "=", "EUR"]], "name")
    lists = await desk.rows("product.pricelist", [["name", "=", "Acceptance EUR"]], "name")
    price = [lists[0]["id"]] if lists else await desk.call(
        "product.pricelist", "create", vals_list=[{"name": "Acceptance EUR", "currency_id": euro["id"], "company_id": 1}]
    )  # fmt: skip
    taxes = await desk.rows("account.tax", [["name", "=", TAX]], "name")
    tax = [taxes[0]["id"]] if taxes else await desk.call(
        "account.tax", "create", vals_list=[{"name": TAX, "amount": 19.0, "type_tax_use": "sale", "company_id": 1}]
    )  # fmt: skip
    known = {
        row["default_code"]: row["id"]
        for row in await desk.rows("product.product", [["default_code", "!=", False]], "default_code")
    }
    countries = {row["code"]: row["id"] for row in await desk.rows("res.country", [], "code")}
    for article, (name, amount, grams, code, origin) in zip(articles, GOODS, strict=True):
        values = {
            "name": name, "default_code": article.sku, "list_price": float(amount), "type": "consu", "is_storable": True,
            "weight": grams / 1000, "hs_code": code, "country_of_origin": countries[origin], "taxes_id": [[6, 0, tax]],
        }  # fmt: skip
        if article.sku in known:
            await desk.call("product.product", "write", ids=[known[article.sku]], vals=values)
        else:
            await desk.call("product.product", "create", vals_list=[values])
        await desk.count(article.sku, 1_000_000)
    if FREIGHT not in known:
        freight = {"name": "Shipping", "default_code": FREIGHT, "list_price": 0.0, "type": "service", "taxes_id": [[6, 0, tax]]}
        await desk.call("product.product", "create", vals_list=[freight])
    desk._options = {"pricelists": f"{{EUR: {price[0]}}}"}
