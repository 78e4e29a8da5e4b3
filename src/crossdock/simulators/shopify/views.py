"""Shows the store's orders, fulfilments and stock as the objects of the GraphQL Admin API; changes nothing."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from graphql import GraphQLError

from crossdock.simulators.shopify.store import Store

View = dict[str, Any]
FULFILLMENT: Final = {None: "UNFULFILLED", "partial": "PARTIALLY_FULFILLED", "fulfilled": "FULFILLED", "restocked": "RESTOCKED"}
TERM: Final = re.compile(r"""(\w+):(>=|<=|>|<)?(?:'([^']*)'|"((?:[^"\\]|\\.)*)"|(\S+))""")


def gid(kind: str, number: Any) -> str:
    """A global id."""
    return f"gid://shopify/{kind}/{number}"


def number_of(kind: str, value: str) -> int:
    """The number in a global id of this kind. Raises GraphQLError as Shopify does for a wrong one."""
    head, _, tail = value.rpartition("/")
    if head != f"gid://shopify/{kind}" or not tail.isdigit():
        raise GraphQLError(f"Invalid global id '{value}'", extensions={"code": "argumentLiteralsIncompatible"})
    return int(tail)


def connection(items: Sequence[Any], view: Callable[[Any], View]) -> Callable[..., View]:
    """A resolver that pages through `items`."""

    def page(_info: Any, first: int | None = None, after: str | None = None, **_more: Any) -> View:
        if first is None or not 0 < first <= 250:
            raise GraphQLError("you must provide one of first or last, between 1 and 250", extensions={"code": "BAD_REQUEST"})
        start = int(base64.b64decode(after).decode()) if after else 0
        shown = items[start : start + first]
        end = base64.b64encode(str(start + len(shown)).encode()).decode()
        return {
            "nodes": [view(item) for item in shown],
            "pageInfo": {
                "hasNextPage": start + len(shown) < len(items),
                "hasPreviousPage": start > 0,
                "startCursor": after,
                "endCursor": end if shown else None,
            },
        }

    return page


def utc(moment: str | None) -> str | None:
    """Times are UTC here, with the shop's offset in webhooks."""
    return datetime.fromisoformat(moment).astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def amount(text: str) -> str:
    """Decimals lose their trailing zeros here (199.0), in webhooks they keep two (199.00)."""
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"


class Views:
    """The objects of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def money(self, text: str) -> View:
        """A MoneyBag."""
        money = {"amount": amount(text), "currencyCode": self._store.currency}
        return {"shopMoney": money, "presentmentMoney": money}

    def taxes(self, owner: Mapping[str, Any]) -> list[View]:
        """Tax lines."""
        return [{"title": one["title"], "rate": one["rate"], "priceSet": self.money(one["price"])} for one in owner["tax_lines"]]

    def order(self, order: Mapping[str, Any]) -> View:
        """An order."""
        customer = order["customer"] or {}
        freight = order["total_shipping_price_set"]["shop_money"]["amount"]
        return {
            "__typename": "Order",
            "id": gid("Order", order["id"]),
            "legacyResourceId": str(order["id"]),
            **{name: order[name] for name in ("name", "test", "email", "phone", "note")},
            "createdAt": utc(order["created_at"]),
            "processedAt": utc(order["processed_at"]),
            "updatedAt": utc(order["updated_at"]),
            "cancelledAt": utc(order["cancelled_at"]),
            "cancelReason": order["cancel_reason"].upper() if order["cancel_reason"] else None,
            "taxesIncluded": order["taxes_included"],
            "currencyCode": order["currency"],
            "displayFinancialStatus": order["financial_status"].upper(),
            "displayFulfillmentStatus": FULFILLMENT[order["fulfillment_status"]],
            "customerLocale": order["customer_locale"],
            "poNumber": order["po_number"],
            "totalPriceSet": self.money(order["total_price"]),
            "currentTotalPriceSet": self.money(order["current_total_price"]),
            "currentTotalTaxSet": self.money(order["current_total_tax"]),
            "totalShippingPriceSet": self.money(freight),
            "shippingLines": connection(order["shipping_lines"], self.shipping_line),
            "customer": {
                "id": gid("Customer", customer["id"]),
                "firstName": customer["first_name"],
                "lastName": customer["last_name"],
                "defaultEmailAddress": {"emailAddress": customer["email"]} if customer["email"] else None,
                "defaultPhoneNumber": {"phoneNumber": customer["phone"]} if customer["phone"] else None,
            }
            if customer
            else None,
            "billingAddress": address(order["billing_address"]),
            "shippingAddress": address(order["shipping_address"]),
            "lineItems": connection(order["line_items"], self.line_item),
            "fulfillments": lambda _info, first=None: [self.fulfilment(one) for one in self._store.shipped.get(order["id"], ())][
                :first
            ],
            "fulfillmentOrders": connection(self._store.plans.get(order["id"], ()), self.plan),
            "returns": self.returns(order),
        }

    def shipping_line(self, line: Mapping[str, Any]) -> View:
        """A shipping line."""
        return {
            "code": line["code"],
            "title": line["title"],
            "taxLines": self.taxes(line),
            "originalPriceSet": self.money(line["price"]),
        }

    def line_item(self, item: Mapping[str, Any]) -> View:
        """A line item."""
        return {
            "id": gid("LineItem", item["id"]),
            **{name: item[name] for name in ("sku", "name", "title", "quantity")},
            "currentQuantity": item["current_quantity"],
            "unfulfilledQuantity": item["fulfillable_quantity"],
            "requiresShipping": item["requires_shipping"],
            "variant": lambda _info: self.variant(item["sku"]),
            "originalUnitPriceSet": self.money(item["price"]),
            "discountAllocations": [{"allocatedAmountSet": self.money(one["amount"])} for one in item["discount_allocations"]],
            "taxLines": lambda _info, first=None: self.taxes(item)[:first],
        }

    def item_of(self, order_id: int, item_id: int) -> View:
        """A line item by its id."""
        return self.line_item(next(item for item in self._store.orders[order_id]["line_items"] if item["id"] == item_id))

    def fulfilment(self, one: Mapping[str, Any]) -> View:
        """A fulfilment."""

        def line(entry: Mapping[str, Any]) -> View:
            found = self.item_of(one["order_id"], entry["item"])
            return {"id": gid("FulfillmentLineItem", entry["id"]), "quantity": entry["quantity"], "lineItem": found}

        def event(entry: Mapping[str, Any]) -> View:
            return {**entry, "id": gid("FulfillmentEvent", entry["id"])}

        return {
            "id": gid("Fulfillment", one["id"]),
            "name": one["name"],
            "status": one["status"],
            "createdAt": utc(one["created_at"]),
            "totalQuantity": sum(entry["quantity"] for entry in one["lines"]),
            "trackingInfo": lambda _info, first=None: one["tracking"][:first],
            "fulfillmentLineItems": connection(one["lines"], line),
            "events": connection(one["events"], event),
        }

    def returns(self, order: Mapping[str, Any]) -> Callable[..., View]:
        """The returns of an order, of the status a search asks for."""

        def line(entry: Mapping[str, Any]) -> View:
            found = entry["entry"]
            shipped = {
                "id": gid("FulfillmentLineItem", found["id"]),
                "quantity": found["quantity"],
                "lineItem": self.item_of(order["id"], found["item"]),
            }
            return {
                "__typename": "ReturnLineItem",
                "id": gid("ReturnLineItem", entry["id"]),
                "quantity": entry["quantity"],
                "returnReason": entry["reason"],
                "customerNote": entry["note"],
                "fulfillmentLineItem": shipped,
            }

        def shown(one: Mapping[str, Any]) -> View:
            return {
                "id": gid("Return", one["id"]),
                "name": one["name"],
                "status": one["status"],
                "createdAt": utc(one["created_at"]),
                "returnLineItems": connection(one["lines"], line),
            }

        def page(info: Any, query: str | None = None, reverse: bool = False, **more: Any) -> View:
            wanted = {unquoted(*match) for match in TERM.findall(query or "") if match[0] == "status"}
            found = [one for one in self._store.returns.get(order["id"], ()) if not wanted or one["status"] in wanted]
            return connection(found[::-1] if reverse else found, shown)(info, **more)

        return page

    def plan(self, plan: Mapping[str, Any]) -> View:
        """A fulfilment order."""
        location = {"id": gid("Location", plan["location_id"]), "name": self._store.locations[plan["location_id"]]}
        open_plan = plan["status"] in ("OPEN", "IN_PROGRESS")

        def line(entry: tuple[int, Mapping[str, Any]]) -> View:
            return {
                "id": gid("FulfillmentOrderLineItem", entry[0]),
                "remainingQuantity": entry[1]["remaining"],
                "totalQuantity": entry[1]["total"],
                "lineItem": self.item_of(plan["order_id"], entry[1]["item"]),
            }

        return {
            "id": gid("FulfillmentOrder", plan["id"]),
            "status": plan["status"],
            "assignedLocation": {"location": location, "name": location["name"]},
            "supportedActions": [{"action": "CREATE_FULFILLMENT"}, {"action": "HOLD"}] if open_plan else [],
            "lineItems": connection(list(plan["lines"].items()), line),
        }

    def variant(self, sku: str) -> View | None:
        """A product variant."""
        number = self._store.variants.get(sku)
        if number is None:
            return None
        article = self._store.articles[sku]
        return {
            "id": gid("ProductVariant", number),
            "sku": sku,
            "displayName": article.name,
            "barcode": article.barcode or None,
            "inventoryItem": {"id": gid("InventoryItem", number), "sku": sku, "tracked": True},
            "inventoryQuantity": sum(self._store.stock[number, location] for location in self._store.locations),
        }

    def orders(
        self, info: Any, query: str | None = None, sortKey: str = "PROCESSED_AT", reverse: bool = False, **page: Any
    ) -> View:
        """Orders by search and sort key. A cursor says after which order to go on, so orders that move meanwhile shift nothing."""
        column = {"UPDATED_AT": "updated_at", "ID": "id", "ORDER_NUMBER": "order_number"}.get(sortKey, "created_at")

        def place(order: Mapping[str, Any]) -> tuple[Any, int]:
            value = order[column]
            return (datetime.fromisoformat(value).timestamp() if isinstance(value, str) else value, order["id"])

        after = page.pop("after", None)
        start = tuple(json.loads(base64.b64decode(after))) if after else None
        found = sorted(
            (
                order
                for order in self._store.orders.values()
                if matches(order, query or "", self._store.returns.get(order["id"], ()))
            ),
            key=place,
            reverse=reverse,
        )
        rest = [order for order in found if start is None or (place(order) < start if reverse else place(order) > start)]
        shown = connection(rest, self.order)(info, **page)
        if shown["nodes"]:
            last = place(rest[len(shown["nodes"]) - 1])
            shown["pageInfo"]["endCursor"] = base64.b64encode(json.dumps(last).encode()).decode()
        return shown

    def nodes(self, _info: Any, ids: Sequence[str]) -> list[View | None]:
        """Orders by global id, None for one that does not exist."""
        found = [self._store.orders.get(number_of("Order", one)) for one in ids]
        return [None if order is None else self.order(order) for order in found]

    def variants(self, info: Any, query: str | None = None, **page: Any) -> View:
        """Variants by `sku:` terms joined with OR."""
        skus = [unquoted(*match) for match in TERM.findall(query or "") if match[0] == "sku"]
        found = [sku for sku in self._store.articles if not query or sku.lower() in {one.lower() for one in skus}]
        return connection([self.variant(sku) for sku in found], lambda view: view)(info, **page)


def address(value: Mapping[str, Any] | None) -> View | None:
    """A mailing address."""
    if value is None:
        return None
    same = ("name", "company", "address1", "address2", "city", "zip", "province", "country", "phone")
    return {
        **{name: value[name] for name in same},
        "provinceCode": value["province_code"],
        "countryCodeV2": value["country_code"],
    }


def unquoted(_name: str, _comparison: str, single: str, double: str, bare: str) -> str:
    """The value of a search term."""
    return single or re.sub(r"\\(.)", r"\1", double) or bare


def matches(order: Mapping[str, Any], query: str, returns: Sequence[Mapping[str, Any]] = ()) -> bool:
    """Whether an order fits a search of `updated_at`, `created_at`, `return_status` and `name` terms, all of which must hold."""
    for match in TERM.findall(query):
        name, comparison, value = match[0], match[1], unquoted(*match)
        if name in ("updated_at", "created_at"):
            left, right = datetime.fromisoformat(order[name]), datetime.fromisoformat(value)
            holds = {">=": left >= right, "<=": left <= right, ">": left > right, "<": left < right, "": left == right}[
                comparison
            ]
        elif name == "name":
            holds = order["name"].lstrip("#") == value.lstrip("#")
        elif name == "return_status":
            holds = (value.lower() == "return_requested") == any(one["status"] == "REQUESTED" for one in returns)
        else:
            holds = True  # an unknown field is ignored with a warning there
        if not holds:
            return False
    return True
