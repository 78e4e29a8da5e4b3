"""What a simulated WooCommerce shop holds and what may be done with it; tells of every effect through a callback, knows no HTTP."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from crossdock.simulators import shop_store
from crossdock.simulators.shoppers import DEFAULT_CATALOGUE, Article, Shopper, cart, pick, shopper
from crossdock.simulators.woocommerce.orders import line_item, new_order, settle, size

STATUSES: Final = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed")
SERVICES: Final = (("flat_rate", "Flat rate", Decimal("5.90")), ("express_rate", "Express", Decimal("14.90")))


class Refused(shop_store.Refused):
    """A REST error: WordPress's code, words and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"code": code, "message": message, "data": {"status": status}}


class Store:
    """Orders with their notes, and products, of one shop. `shipment_field` is the prefix of the custom fields in which shipments are kept,
    as a tracking plugin would have one.
    """

    def __init__(
        self,
        told: shop_store.Told,
        *,
        catalogue: Sequence[Article] = DEFAULT_CATALOGUE,
        currency: str = "EUR",
        prices_include_tax: bool = False,
        tax_rate: Decimal = Decimal("0.19"),
        first_id: int = 700,
        shipment_field: str = "_crossdock_shipment_",
        home: str = "https://shop.example/",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._told = told
        self._now = now
        self._next_id = first_id
        self._shipment_field = shipment_field
        self._home = home
        self.currency = currency
        self.prices_include_tax = prices_include_tax
        self.tax_rate = tax_rate
        self.orders: dict[int, dict[str, Any]] = {}
        self.notes: dict[int, list[dict[str, Any]]] = {}
        self.products: dict[int, dict[str, Any]] = {}
        self.by_sku: dict[str, int] = {}
        self.articles: dict[str, Article] = {}
        self.stock_catalogue(catalogue)

    def new_id(self) -> int:
        """The next id; WordPress numbers everything in one row."""
        self._next_id += 3
        return self._next_id

    def stamp(self, after: str = "") -> str:
        """Now in whole seconds, GMT without zone; at least a second later than `after` (people are not that quick)."""
        moment = self._now().astimezone(UTC).replace(microsecond=0, tzinfo=None)
        return max(moment, datetime.fromisoformat(after) + timedelta(seconds=1) if after else moment).isoformat()

    def stock_catalogue(self, catalogue: Sequence[Article | Mapping[str, Any]]) -> None:
        """Sell these articles (besides those sold already)."""
        parents: dict[str, int] = {
            product["name"]: number for number, product in self.products.items() if product["type"] == "variable"
        }
        for article in (Article.of(one) for one in catalogue):
            self.articles[article.sku] = article
            if article.sku in self.by_sku:
                continue
            if article.parent and article.parent not in parents:
                parents[article.parent] = self._product(article.parent, "", "variable", 0)
            self.by_sku[article.sku] = self._product(
                article.name,
                article.sku,
                "variation" if article.parent else "simple",
                parents.get(article.parent, 0),
                stock_quantity=article.stock,
            )

    def _product(self, name: str, sku: str, kind: str, parent: int, stock_quantity: int | None = None) -> int:
        number = self.new_id()
        self.products[number] = {
            "id": number,
            "name": name,
            "sku": sku,
            "type": kind,
            "status": "publish",
            "parent_id": parent,
            "manage_stock": stock_quantity is not None,
            "stock_quantity": stock_quantity,
            "stock_status": "instock",
            "meta_data": [],
            "date_modified_gmt": self.stamp(),
        }
        return number

    # What shoppers and staff do -----------------------------------------------------------------------------

    def place(
        self,
        rng: random.Random,
        lines: Sequence[tuple[str, int] | Mapping[str, Any]] | None = None,
        buyer: Shopper | None = None,
        **fields: Any,
    ) -> dict[str, Any]:
        """A new order: given lines or a random basket; `fields` overwrite those of the payload."""
        items = []
        for article, quantity, discount in cart(rng, self.articles, lines):
            product = self.products[self.by_sku[article.sku]]
            items.append(line_item(self.new_id(), article, product, quantity, self.tax_rate, discount))
        order_id = self.new_id()
        order = new_order(
            order_id,
            str(order_id),
            rng,
            buyer or shopper(rng),
            items,
            at=self.stamp(),
            currency=self.currency,
            included=self.prices_include_tax,
            shipping=rng.choice(SERVICES),
            rate=self.tax_rate,
            home=self._home,
        )
        order.update(fields)
        self.orders[order_id] = order
        self.notes[order_id] = []
        self._told("order_placed", order["number"], {"id": order_id, "total": order["total"]}, "")
        return order

    def find(self, number: str | int) -> dict[str, Any]:
        """The order by number or id. Raises KeyError."""
        text = str(number)
        if text.isdigit() and int(text) in self.orders:
            return self.orders[int(text)]
        for order in self.orders.values():
            if order["number"] == text:
                return order
        raise KeyError(f"no order {number}")

    def change(self, number: str | int, lines: Sequence[tuple[str, int] | Mapping[str, Any]], **fields: Any) -> dict[str, Any]:
        """Edit an order to hold exactly these lines."""
        order = self.find(number)
        wanted = {article.sku: (article, quantity) for article, quantity in pick(self.articles, lines)}
        kept = []
        for item in order["line_items"]:
            article, quantity = wanted.pop(item["sku"], (None, 0))
            if article is not None and quantity:
                size(item, article.price, quantity, self.tax_rate)
                kept.append(item)
        for article, quantity in wanted.values():
            product = self.products[self.by_sku[article.sku]]
            kept.append(line_item(self.new_id(), article, product, quantity, self.tax_rate, Decimal(0)))
        order["line_items"] = kept
        order.update(fields)
        settle(order)
        self._touch(order, self.stamp(after=order["date_modified_gmt"]))
        self._told("order_changed", order["number"], {"total": order["total"]}, "")
        return order

    def _touch(self, order: dict[str, Any], at: str = "") -> None:
        order["date_modified_gmt"] = order["date_modified"] = at or max(self.stamp(), order["date_modified_gmt"])

    # What the API does ---------------------------------------------------------------------------------------

    def order(self, order_id: int) -> dict[str, Any]:
        """An order by id. Raises Refused."""
        if order_id not in self.orders:
            raise Refused("woocommerce_rest_shop_order_invalid_id", "Invalid ID.", 404)
        return self.orders[order_id]

    def update(self, order_id: int, change: Mapping[str, Any], later: bool = False) -> dict[str, Any]:
        """Change status and custom fields of an order. Raises Refused."""
        order = self.order(order_id)
        status = change.get("status", order["status"])
        if status not in STATUSES:
            allowed = ", ".join(STATUSES)
            raise Refused("rest_invalid_param", f"Invalid parameter(s): status (status is not one of {allowed}.)")
        for field in change.get("meta_data", ()):
            self._set_field(order, field)
        if "customer_note" in change:
            order["customer_note"] = change["customer_note"]
        if status != order["status"]:
            self._set_status(order, status)
        self._touch(order, self.stamp(after=order["date_modified_gmt"]) if later else "")
        return order

    def _set_field(self, order: dict[str, Any], field: Mapping[str, Any]) -> None:
        key, value = str(field["key"]), field.get("value")
        known = next((one for one in order["meta_data"] if one["key"] == key), None)
        if known is not None and known["value"] == value:
            return
        if known is None:
            order["meta_data"].append({"id": self.new_id(), "key": key, "value": value})
        else:
            known["value"] = value
        if key.startswith(self._shipment_field) and isinstance(value, dict):
            tracking = ",".join(value.get("tracking_numbers", ())) or "untracked"
            shipment = key.removeprefix(self._shipment_field)
            data = {"order": order["number"], "tracking": value.get("tracking_numbers", []), "lines": value.get("lines", [])}
            self._told("fulfilment", f"{order['number']}/{shipment}/{tracking}", data, str(value.get("command", "")))

    def _set_status(self, order: dict[str, Any], status: str) -> None:
        before, order["status"] = order["status"], status
        at = self.stamp()
        if status == "completed":
            order["date_completed"] = order["date_completed_gmt"] = at
            self._told("order_completed", order["number"], {}, "")
        if status in ("completed", "processing") and order["date_paid_gmt"] is None:
            order["date_paid"] = order["date_paid_gmt"] = at
        if status == "cancelled":
            self._told("order_cancelled", order["number"], {}, "")
        self._note(order["id"], f"Order status changed from {before.title()} to {status.title()}.", "system", False)

    def add_note(self, order_id: int, text: str, to_customer: bool) -> dict[str, Any]:
        """Add a note; the customer gets it by e-mail when `to_customer`. Raises Refused."""
        order = self.order(order_id)
        if not text:
            raise Refused("rest_missing_callback_param", "Missing parameter(s): note")
        note = self._note(order_id, text, "Crossdock", to_customer)
        key = f"{order['number']}/{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        self._told("note", key, {"order": order["number"], "note": text, "customer_note": to_customer}, "")
        return note

    def _note(self, order_id: int, text: str, author: str, to_customer: bool) -> dict[str, Any]:
        at = self.stamp()
        note = {
            "id": self.new_id(),
            "author": author,
            "date_created": at,
            "date_created_gmt": at,
            "note": text,
            "customer_note": to_customer,
        }
        self.notes[order_id].insert(0, note)
        return note

    def set_stock(self, product_id: int, change: Mapping[str, Any], parent: int) -> dict[str, Any]:
        """Change the stock and custom fields of a product, or of a variation of `parent`. Raises Refused."""
        product = self.products.get(product_id)
        if product is None:
            raise Refused("woocommerce_rest_product_invalid_id", "Invalid ID.", 400)
        if product["type"] == "variation" and product["parent_id"] != parent:
            words = (
                "To manipulate product variations you should use the /products/&lt;product_id&gt;/variations/&lt;id&gt; endpoint."
            )
            raise Refused("woocommerce_rest_invalid_product_id", words, 404)
        if "manage_stock" in change:
            product["manage_stock"] = bool(change["manage_stock"])
        for field in change.get("meta_data", ()):
            product["meta_data"] = [one for one in product["meta_data"] if one["key"] != field["key"]]
            product["meta_data"].append({"id": self.new_id(), **field})
        if "stock_quantity" in change and product["manage_stock"]:
            product["stock_quantity"] = change["stock_quantity"]
            product["stock_status"] = "instock" if change["stock_quantity"] > 0 else "outofstock"
            command = next((str(one["value"]) for one in change.get("meta_data", ())), "")
            self._told("stock_set", product["sku"], {"sku": product["sku"], "quantity": change["stock_quantity"]}, command)
        product["date_modified_gmt"] = self.stamp()
        return product
