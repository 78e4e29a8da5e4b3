"""What a simulated seller account holds and what may be done with it; tells of every effect through a callback, knows no HTTP."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from crossdock.simulators import shop_store
from crossdock.simulators.amazon import orders
from crossdock.simulators.shoppers import Article, Shopper, cart, pick, shopper

SERVICES: Final = ("STANDARD", "STANDARD", "EXPEDITED")
FREIGHT: Final = Decimal("4.99")


class Refused(shop_store.Refused):
    """An error of the API: its code, words and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"errors": [{"code": code, "message": message, "details": ""}]}


class Store:
    """Orders, listings and settlement reports of one account."""

    def __init__(
        self, told: shop_store.Told, *, catalogue: Sequence[Article], currency: str, included: bool, rate: Decimal, marketplace: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        self._told = told
        self._now = now
        self._currency, self._included, self._rate, self._marketplace = currency, included, rate, marketplace
        self._count = 0
        self.orders: dict[str, dict[str, Any]] = {}
        self.articles: dict[str, Article] = {}
        self.levels: dict[str, int] = {}
        self.reports: dict[str, dict[str, Any]] = {}
        self.feeds: dict[str, str] = {}
        self.stock_catalogue(catalogue)

    def stamp(self, order: Mapping[str, Any] | None = None) -> str:
        """Now, at least a second later than the order's last change."""
        moment = self._now().astimezone(UTC).replace(microsecond=0)
        if order is not None:
            moment = max(moment, datetime.fromisoformat(order["lastUpdatedTime"]) + timedelta(seconds=1))
        return moment.isoformat().replace("+00:00", "Z")

    def stock_catalogue(self, catalogue: Sequence[Article | Mapping[str, Any]]) -> None:
        """Sell these articles too."""
        for article in (Article.of(one) for one in catalogue):
            self.articles[article.sku] = article
            self.levels.setdefault(article.sku, article.stock)

    def _number(self) -> str:
        self._count += 1
        return f"902-{1_106_328 + self._count // 10_000_000:07d}-{self._count % 10_000_000:07d}"

    # What buyers do -----------------------------------------------------------------------------------------

    def place(
        self, rng: random.Random, lines: shop_store.Lines | None = None, buyer: Shopper | None = None, **fields: Any
    ) -> dict[str, Any]:
        """A buyer orders; `fields` overwrite the payload's."""
        number = self._number()
        found = self._lines(number, cart(rng, self.articles, lines))
        orders.freight(found, FREIGHT, self._rate, self._currency, self._included)
        order = orders.new_order(
            number, buyer or shopper(rng), found, at=self.stamp(), currency=self._currency, included=self._included, marketplace=self._marketplace,
            service=rng.choice(SERVICES),
        )  # fmt: skip
        order.update(fields)
        self.orders[number] = order
        self._told("order_placed", number, {"total": order["proceeds"]["grandTotal"]["amount"]}, "")
        return order

    def _lines(self, number: str, chosen: Sequence[tuple[Article, int, Decimal]]) -> list[dict[str, Any]]:
        base = number.replace("-", "")[-9:]
        return [
            orders.item(f"{base}{place:05d}", article, quantity, discount, self._rate, self._currency, self._included)
            for place, (article, quantity, discount) in enumerate(chosen, 1)
        ]

    def change(self, number: str | int, lines: shop_store.Lines, **fields: Any) -> dict[str, Any]:
        """Amazon changes the order to hold exactly these lines."""
        order = self.find(number)
        found = self._lines(str(number), [(article, quantity, Decimal(0)) for article, quantity in pick(self.articles, lines)])
        orders.freight(found, FREIGHT, self._rate, self._currency, self._included)
        order["orderItems"] = found
        order["proceeds"] = {"grandTotal": orders.amount(orders.total(found, self._included), self._currency)}
        order.update(fields)
        order["lastUpdatedTime"] = self.stamp(order)
        return order

    def find(self, number: str | int) -> dict[str, Any]:
        """The order. Raises KeyError."""
        return self.orders[str(number)]

    def known(self, number: str) -> dict[str, Any]:
        """The order. Raises Refused."""
        if number not in self.orders:
            raise Refused("InvalidInput", f"Order {number} does not belong to the seller.", 404)
        return self.orders[number]

    # What the seller does -----------------------------------------------------------------------------------

    def confirm(self, number: str, detail: Mapping[str, Any]) -> None:
        """Confirm a package; the same reference again edits it. Raises Refused."""
        order = self.known(number)
        state = order["fulfillment"]
        if state["fulfillmentStatus"] == "CANCELLED":
            raise Refused("InvalidInput", "The order is canceled and cannot be confirmed.")
        items = {line["orderItemId"]: line for line in order["orderItems"]}
        reference = str(detail["packageReferenceId"])
        if not re.fullmatch(r"[1-9]\d*", reference):
            raise Refused("InvalidInput", "packageReferenceId must be a positive number.")
        for one in detail["orderItems"]:
            if one["orderItemId"] not in items or not 0 < one["quantity"] <= items[one["orderItemId"]]["quantityOrdered"]:
                raise Refused("InvalidInput", f"Invalid quantity or order item {one['orderItemId']}.")
        order["packages"] = [one for one in order["packages"] if one["packageReferenceId"] != reference]
        order["packages"].append(
            {
                "packageReferenceId": reference,
                "packageStatus": {"status": "SHIPPED"},
                "carrier": detail.get("carrierName", ""),
                "shipTime": detail["shipDate"],
                "trackingNumber": detail["trackingNumber"],
                "packageItems": list(detail["orderItems"]),
            }
        )
        for identity, line in items.items():
            shipped = sum(p["quantity"] for one in order["packages"] for p in one["packageItems"] if p["orderItemId"] == identity)
            done = min(shipped, line["quantityOrdered"])
            line["fulfillment"] = {"quantityFulfilled": done, "quantityUnfulfilled": line["quantityOrdered"] - done}
        whole = all(not line["fulfillment"]["quantityUnfulfilled"] for line in items.values())
        state["fulfillmentStatus"] = "SHIPPED" if whole else "PARTIALLY_SHIPPED"
        order["lastUpdatedTime"] = self.stamp(order)
        self._told(
            "fulfilment",
            f"{number}/{reference}",
            {"order": number, "tracking": detail["trackingNumber"], "items": detail["orderItems"]},
            "",
        )

    def cancel(self, number: str, reason: str, by: str = "MERCHANT") -> dict[str, Any]:
        """The order is cancelled; once. Raises Refused."""
        order = self.known(number)
        state = order["fulfillment"]
        if state["fulfillmentStatus"] == "SHIPPED":
            raise Refused("InvalidInput", "The order was shipped.", 409)
        if state["fulfillmentStatus"] != "CANCELLED":
            state["fulfillmentStatus"] = "CANCELLED"
            for line in order["orderItems"]:
                line["cancellation"] = {"cancellationExecution": {"cancelledBy": by, "cancelReason": reason}}
                line["fulfillment"] = {"quantityFulfilled": 0, "quantityUnfulfilled": 0}
            order["lastUpdatedTime"] = self.stamp(order)
            self._told("order_cancelled", number, {"reason": reason}, "")
        return order

    def set_level(self, sku: str, quantity: int) -> None:
        """How many may be sold. Raises Refused."""
        if sku not in self.articles:
            raise Refused("NOT_FOUND", f"SKU '{sku}' not found.", 404)
        if self.levels[sku] != quantity:
            self.levels[sku] = quantity
            self._told("stock_set", sku, {"sku": sku, "quantity": quantity}, "")

    def work_feed(self, content: bytes) -> None:
        """An order acknowledgement feed: every order that failed is cancelled."""
        text = content.decode()
        for message in re.findall(r"<OrderAcknowledgement>(.*?)</OrderAcknowledgement>", text, re.DOTALL):
            number = re.search(r"<AmazonOrderID>(.*?)</AmazonOrderID>", message)
            reason = re.search(r"<CancelReason>(.*?)</CancelReason>", message)
            order = self.orders.get(number[1]) if number and "<StatusCode>Failure</StatusCode>" in message else None
            if order is not None and order["fulfillment"]["fulfillmentStatus"] != "SHIPPED":
                self.cancel(order["orderId"], reason[1] if reason else "")

    # What Amazon does ---------------------------------------------------------------------------------------

    def settle(self, number: str, rows: Sequence[Mapping[str, Any]], *, deposit: str = "2026-03-17") -> dict[str, Any]:
        """Amazon closes a settlement: a report with these rows (columns as in the flat file V2, `amount` as text)."""
        names = ("settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount", "currency", "transaction-type",
                 "order-id", "merchant-order-id", "adjustment-id", "shipment-id", "marketplace-name", "amount-type", "amount-description", "amount",
                 "fulfillment-id", "posted-date", "posted-date-time", "order-item-code", "merchant-order-item-id",
                 "merchant-adjustment-item-id", "sku", "quantity-purchased")  # fmt: skip
        whole = sum((Decimal(str(row["amount"])) for row in rows), Decimal(0))
        head = {"settlement-id": number, "settlement-start-date": "2026-03-01T00:00:00+00:00", "settlement-end-date": "2026-03-15T00:00:00+00:00",
                "deposit-date": deposit, "total-amount": str(whole), "currency": self._currency}  # fmt: skip
        lines = [
            names,
            *([str(row.get(name, "")) for name in names] for row in (head, *({"settlement-id": number, **row} for row in rows))),
        ]
        identity = f"5{len(self.reports):04d}"
        self.reports[identity] = {
            "reportId": identity,
            "reportType": "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2",
            "processingStatus": "DONE",
            "createdTime": self.stamp(),
            "reportDocumentId": f"doc-{identity}",
            "content": "".join("\t".join(line) + "\r\n" for line in lines).encode(),
        }
        return self.reports[identity]
