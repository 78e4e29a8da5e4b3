"""What a simulated Shopify shop holds and what may be done with it; tells of every effect through a callback, knows no HTTP and no GraphQL."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from crossdock.simulators import shop_store
from crossdock.simulators.shopify.orders import line_item, new_order, settle, tax_line
from crossdock.simulators.shoppers import DEFAULT_CATALOGUE, Article, Shopper, cart, pick, shopper

SERVICES = (("Standard", "Standard", Decimal("5.90")), ("Express", "Express", Decimal("14.90")))


class Refused(shop_store.Refused):
    """A user error: the field it is about, Shopify's words and a code."""

    def __init__(self, field: Sequence[str], message: str, code: str = "INVALID") -> None:
        super().__init__(message)
        self.error = {"field": list(field), "message": message, "code": code}


class Store:
    """Orders, fulfilment orders, fulfilments and stock of one shop. Ids start at `first_id`, order numbers at `first_number`."""

    def __init__(
        self,
        told: shop_store.Told,
        *,
        catalogue: Sequence[Article] = DEFAULT_CATALOGUE,
        currency: str = "EUR",
        taxes_included: bool = True,
        tax_rate: Decimal = Decimal("0.19"),
        prefix: str = "#",
        first_id: int = 5_000_000_000,
        first_number: int = 1001,
        locations: Sequence[str] = ("Hauptlager",),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._told = told
        self._now = now
        self.zone = timezone(timedelta(hours=1))
        self.currency = currency
        self.taxes_included = taxes_included
        self.tax_rate = tax_rate
        self.prefix = prefix
        self.orders: dict[int, dict[str, Any]] = {}
        self.by_name: dict[str, int] = {}
        self.fulfilment_orders: dict[int, dict[str, Any]] = {}
        self.plans: dict[int, list[dict[str, Any]]] = {}
        self.fulfilments: dict[int, dict[str, Any]] = {}
        self.shipped: dict[int, list[dict[str, Any]]] = {}
        self.returns: dict[int, list[dict[str, Any]]] = {}
        self.locations = dict(enumerate(locations, 1))
        self.articles: dict[str, Article] = {}
        self.variants: dict[str, int] = {}
        self.stock: dict[tuple[int, int], int] = {}
        self._next_id = first_id
        self._next_number = first_number
        self.stock_catalogue(catalogue)

    def new_id(self) -> int:
        """The next id; leaves room for ids derived from it."""
        self._next_id += 10
        return self._next_id

    def stamp(self, after: str = "") -> str:
        """Now, in whole seconds with the shop's offset; at least a second later than `after` (people are not that quick)."""
        moment = self._now().replace(microsecond=0)
        if after:
            moment = max(moment, datetime.fromisoformat(after) + timedelta(seconds=1))
        return moment.astimezone(self.zone).isoformat()

    def stock_catalogue(self, catalogue: Sequence[Article | Mapping[str, Any]]) -> None:
        """Sell these articles (besides those sold already)."""
        for article in (Article.of(one) for one in catalogue):
            self.articles[article.sku] = article
            if article.sku not in self.variants:
                variant = self.variants[article.sku] = self.new_id()
                for location in self.locations:
                    self.stock[variant, location] = article.stock

    # What shoppers and staff do -----------------------------------------------------------------------------

    def place(
        self,
        rng: random.Random,
        lines: Sequence[tuple[str, int] | Mapping[str, Any]] | None = None,
        buyer: Shopper | None = None,
        **fields: Any,
    ) -> dict[str, Any]:
        """A new order: given lines or a random basket; `fields` overwrite those of the payload."""
        order_id, number = self.new_id(), self._next_number
        self._next_number += 1
        items = []
        for article, quantity, discount in cart(rng, self.articles, lines):
            items.append(self._line(article, quantity, discount))
        code, title, price = rng.choice(SERVICES)
        order = new_order(
            order_id,
            f"{self.prefix}{number}",
            number,
            buyer or shopper(rng),
            items,
            at=self.stamp(),
            currency=self.currency,
            included=self.taxes_included,
            shipping=price,
            rate=self.tax_rate,
            service=(code, title),
            financial_status="paid",
        )
        order.update(fields)
        self.orders[order_id] = order
        self.by_name[order["name"]] = order_id
        for position, item in enumerate(items):
            self._plan(order_id, item, 1 + position % len(self.locations))
        self._told("order_placed", str(number), {"id": order_id, "total": order["current_total_price"]}, "")
        return order

    def _line(self, article: Article, quantity: int, discount: Decimal = Decimal(0)) -> dict[str, Any]:
        return line_item(
            self.new_id(),
            article,
            quantity,
            self.variants[article.sku],
            rate=self.tax_rate,
            included=self.taxes_included,
            discount=discount,
            currency=self.currency,
        )

    def _plan(self, order_id: int, item: Mapping[str, Any], location: int) -> None:
        """Every line is to be fulfilled from one location: one fulfilment order per order and location."""
        for plan in self.plans.setdefault(order_id, []):
            if plan["location_id"] == location and plan["status"] in ("OPEN", "IN_PROGRESS"):
                break
        else:
            plan_id = self.new_id()
            plan = {"id": plan_id, "order_id": order_id, "location_id": location, "status": "OPEN", "lines": {}}
            self.fulfilment_orders[plan_id] = plan
            self.plans[order_id].append(plan)
        plan["lines"][self.new_id()] = {"item": item["id"], "total": item["quantity"], "remaining": item["quantity"]}

    def ask_return(self, number: str | int, lines: Sequence[tuple[str, int]], reason: str = "UNWANTED") -> dict[str, Any]:
        """A customer asks in the shop to give fulfilled pieces (SKU and quantity) back. Raises `Refused`."""
        order = self.find(number)
        wanted = []
        for sku, quantity in lines:
            entry = next(
                (
                    line
                    for one in self.shipped.get(order["id"], ())
                    for line in one["lines"]
                    if any(item["id"] == line["item"] and item["sku"] == sku for item in order["line_items"])
                ),
                None,
            )
            if entry is None or not 0 < quantity <= entry["quantity"]:
                raise Refused(["returnLineItems"], "Return line item has an invalid quantity.")
            wanted.append({"id": self.new_id(), "entry": entry, "quantity": quantity, "reason": reason, "note": ""})
        mine = self.returns.setdefault(order["id"], [])
        made = {
            "id": self.new_id(),
            "name": f"{order['name']}-R{len(mine) + 1}",
            "status": "REQUESTED",
            "created_at": self.stamp(),
            "lines": wanted,
        }
        mine.append(made)
        order["updated_at"] = self.stamp(order["updated_at"])
        return made

    def find(self, number: str | int) -> dict[str, Any]:
        """The order by number, name or id. Raises KeyError."""
        if isinstance(number, int) and number in self.orders:
            return self.orders[number]
        text = str(number).lstrip("#")
        for name in (f"{self.prefix}{text}", f"#{text}", text):
            if name in self.by_name:
                return self.orders[self.by_name[name]]
        raise KeyError(f"no order {number}")

    def change(self, number: str | int, lines: Sequence[tuple[str, int] | Mapping[str, Any]], **fields: Any) -> dict[str, Any]:
        """Edit an order to hold exactly these lines: quantities set, what is not named removed, what is new added."""
        order = self.find(number)
        wanted = {article.sku: (article, quantity) for article, quantity in pick(self.articles, lines)}
        for item in order["line_items"]:
            _, quantity = wanted.pop(item["sku"], (None, 0))
            self._resize(order, item, quantity)
        for article, quantity in wanted.values():
            item = self._line(article, quantity)
            order["line_items"].append(item)
            self._plan(order["id"], item, 1)
        order.update(fields)
        settle(order)
        order["updated_at"] = self.stamp(after=order["updated_at"])
        self._told("order_changed", str(order["order_number"]), {"total": order["current_total_price"]}, "")
        return order

    def _resize(self, order: Mapping[str, Any], item: dict[str, Any], quantity: int) -> None:
        change = quantity - item["current_quantity"]
        if not change:
            return
        item["quantity"] = max(item["quantity"], quantity)
        item["current_quantity"] = quantity
        item["fulfillable_quantity"] = max(0, item["fulfillable_quantity"] + change)
        tax_line(item, self.tax_rate, self.taxes_included, self.currency)
        for plan in self.plans[order["id"]]:
            for line in plan["lines"].values():
                if line["item"] == item["id"]:
                    line["total"] = max(0, line["total"] + change)
                    line["remaining"] = max(0, line["remaining"] + change)

    def cancel(self, number: str | int, reason: str = "customer") -> dict[str, Any]:
        """Cancel an order. Raises Refused when it is cancelled or fulfilled."""
        order = self.find(number)
        if order["cancelled_at"]:
            raise Refused(["orderId"], "Order has already been cancelled")
        if order["fulfillment_status"] == "fulfilled":
            raise Refused(["orderId"], "Cannot cancel an order that has been fulfilled")
        order["updated_at"] = order["cancelled_at"] = self.stamp(after=order["updated_at"])
        order["cancel_reason"] = reason.lower()
        for plan in self.plans[order["id"]]:
            if plan["status"] != "CLOSED":
                plan["status"] = "CANCELLED"
        self._told("order_cancelled", str(order["order_number"]), {"reason": reason}, "")
        return order

    # What the API does ---------------------------------------------------------------------------------------

    def fulfil(self, wanted: Mapping[int, Mapping[int, int] | None], tracking: Mapping[str, Any], notify: bool) -> dict[str, Any]:
        """Create one fulfilment for lines (None: all) of fulfilment orders at one location. Raises Refused."""
        field = ["fulfillment", "lineItemsByFulfillmentOrder"]
        plans = [self.fulfilment_orders.get(plan_id) for plan_id in wanted]
        known = [plan for plan in plans if plan is not None]
        if len(known) != len(plans) or not known:
            raise Refused(field, "Fulfillment order does not exist.")
        if len({plan["location_id"] for plan in known}) > 1:
            raise Refused(field, "All fulfillment orders must be assigned to the same location.")
        units: dict[int, int] = {}
        for plan in known:
            if plan["status"] not in ("OPEN", "IN_PROGRESS"):
                raise Refused(field, f"Fulfillment order {plan['id']} has an unfulfillable status= {plan['status'].lower()}.")
            chosen = wanted[plan["id"]]
            for line_id, quantity in (
                chosen if chosen is not None else {k: v["remaining"] for k, v in plan["lines"].items()}
            ).items():
                line = plan["lines"].get(line_id)
                if line is None or not 0 < quantity <= line["remaining"]:
                    raise Refused(field, "Invalid fulfillment order line item quantity requested.")
                units[line_id] = quantity
        return self._fulfilled(known, units, tracking, notify)

    def _fulfilled(
        self, plans: Sequence[dict[str, Any]], units: Mapping[int, int], tracking: Mapping[str, Any], notify: bool
    ) -> dict[str, Any]:
        order = self.orders[plans[0]["order_id"]]
        items = {item["id"]: item for item in order["line_items"]}
        lines = []
        for plan in plans:
            for line_id, line in plan["lines"].items():
                quantity = units.get(line_id, 0)
                if quantity:
                    line["remaining"] -= quantity
                    items[line["item"]]["fulfillable_quantity"] -= quantity
                    lines.append({"id": self.new_id(), "item": line["item"], "quantity": quantity})
            plan["status"] = "IN_PROGRESS" if any(line["remaining"] for line in plan["lines"].values()) else "CLOSED"
        numbers = list(tracking.get("numbers") or ([tracking["number"]] if tracking.get("number") else []))
        urls = list(tracking.get("urls") or ([tracking["url"]] if tracking.get("url") else []))
        fulfilment: dict[str, Any] = {
            "id": self.new_id(),
            "order_id": order["id"],
            "name": f"{order['name']}-F{1 + len(self.shipped.get(order['id'], ()))}",
            "status": "SUCCESS",
            "created_at": self.stamp(),
            "location_id": plans[0]["location_id"],
            "tracking": [
                {"company": tracking.get("company"), "number": number, "url": urls[index] if index < len(urls) else None}
                for index, number in enumerate(numbers)
            ],
            "lines": lines,
            "events": [],
            "notified": notify,
        }
        self.fulfilments[fulfilment["id"]] = fulfilment
        self.shipped.setdefault(order["id"], []).append(fulfilment)
        open_units = sum(item["fulfillable_quantity"] for item in order["line_items"])
        order["fulfillment_status"] = "partial" if open_units else "fulfilled"
        order["updated_at"] = max(self.stamp(), order["updated_at"], key=datetime.fromisoformat)
        number = str(order["order_number"])
        key = "/".join([number, *(numbers or ["untracked"]), str(plans[0]["location_id"])])
        data = {
            "order": number,
            "tracking": numbers,
            "lines": [{"sku": items[line["item"]]["sku"], "quantity": line["quantity"]} for line in lines],
            "id": fulfilment["id"],
        }
        self._told("fulfilment", key, data, "")
        return fulfilment

    def add_event(
        self, fulfilment_id: int, status: str, happened_at: str, message: str | None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Add a tracking event to a fulfilment; the fulfilment and the event. Raises Refused."""
        fulfilment = self.fulfilments.get(fulfilment_id)
        if fulfilment is None:
            raise Refused(["fulfillmentEvent", "fulfillmentId"], "Fulfillment does not exist.")
        event = {"id": self.new_id(), "status": status, "happenedAt": happened_at, "message": message}
        fulfilment["events"].append(event)
        number = str(self.orders[fulfilment["order_id"]]["order_number"])
        tracking = fulfilment["tracking"][0]["number"] if fulfilment["tracking"] else ""
        self._told("milestone", f"{number}/{tracking}/{status}/{happened_at}/{message}", {"order": number, **event}, "")
        return fulfilment, event

    def set_stock(self, quantities: Sequence[Mapping[str, Any]], key: str) -> None:
        """Set available stock: `variant`, `location`, `quantity` and `expected` (None: whatever it was). All or nothing; raises Refused."""
        skus = {variant: sku for sku, variant in self.variants.items()}
        seen: set[tuple[int, int]] = set()
        for index, one in enumerate(quantities):
            place = (one["variant"], one["location"])
            where = ["input", "quantities", str(index)]
            if one["variant"] not in skus:
                raise Refused(
                    [*where, "inventoryItemId"], "The specified inventory item could not be found.", "INVALID_INVENTORY_ITEM"
                )
            if one["location"] not in self.locations:
                raise Refused([*where, "locationId"], "The specified location could not be found.", "INVALID_LOCATION")
            if place in seen:
                raise Refused(where, "The combination of inventory item and location must be unique.", "NON_UNIQUE_INPUT")
            if one["expected"] is not None and self.stock.get(place) != one["expected"]:
                raise Refused([*where, "changeFromQuantity"], "The quantity does not match.", "CHANGE_FROM_QUANTITY_STALE")
            seen.add(place)
        for one in quantities:
            self.stock[one["variant"], one["location"]] = one["quantity"]
            sku = skus[one["variant"]]
            self._told("stock_set", sku, {"sku": sku, "location": one["location"], "quantity": one["quantity"]}, key)
