"""Writes orders as WooCommerce does (REST API v3, the payload of its webhooks) and keeps their sums right; knows no HTTP."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from crossdock.simulators.shoppers import Article, Shopper

CENT: Final = Decimal("0.01")
PAYMENTS: Final = (("stripe", "Credit card"), ("paypal", "PayPal"), ("bacs", "Direct bank transfer"))


def cents(amount: Decimal) -> str:
    """An amount with two decimals, as text."""
    return str(amount.quantize(CENT, ROUND_HALF_UP))


def address(buyer: Shopper, billing: bool) -> dict[str, str]:
    """A billing or shipping address; only the first has an e-mail address."""
    found = {
        "first_name": buyer.first_name,
        "last_name": buyer.last_name,
        "company": buyer.company,
        "address_1": buyer.street,
        "address_2": buyer.street2,
        "city": buyer.city,
        "state": buyer.region,
        "postcode": buyer.postal_code,
        "country": buyer.country,
    }
    return {**found, "email": buyer.email, "phone": buyer.phone} if billing else {**found, "phone": ""}


def line_item(
    line_id: int, article: Article, product: Mapping[str, Any], quantity: int, rate: Decimal, discount: Decimal
) -> dict[str, Any]:
    """One line; its sums are always without tax, and its `price` is a JSON number."""
    variation = product["type"] == "variation"
    line: dict[str, Any] = {
        "id": line_id,
        "name": article.name.replace("–", "&ndash;"),
        "product_id": product["parent_id"] if variation else product["id"],
        "variation_id": product["id"] if variation else 0,
        "quantity": quantity,
        "tax_class": "",
        "meta_data": [],
        "sku": article.sku,
    }
    size(line, article.price, quantity, rate, discount)
    return line


def size(line: dict[str, Any], price: Decimal, quantity: int, rate: Decimal, discount: Decimal = Decimal(0)) -> None:
    """Set a line's quantity and what follows from it."""
    before = price * quantity
    after = before - discount
    line["quantity"] = quantity
    line["subtotal"], line["subtotal_tax"] = cents(before), cents(before * rate)
    line["total"], line["total_tax"] = cents(after), cents(after * rate)
    line["taxes"] = [{"id": 75, "total": cents(after * rate), "subtotal": cents(before * rate)}]
    line["price"] = float(after / quantity)


def settle(order: dict[str, Any]) -> None:
    """Make the sums of an order follow from its lines and shipping."""

    def total(lines: Sequence[Mapping[str, Any]], name: str) -> Decimal:
        return sum((Decimal(line[name]) for line in lines), Decimal(0))

    goods, freight, fees = order["line_items"], order["shipping_lines"], order["fee_lines"]
    order["discount_total"] = cents(total(goods, "subtotal") - total(goods, "total"))
    order["discount_tax"] = cents(total(goods, "subtotal_tax") - total(goods, "total_tax"))
    order["shipping_total"], order["shipping_tax"] = cents(total(freight, "total")), cents(total(freight, "total_tax"))
    order["cart_tax"] = cents(total([*goods, *fees], "total_tax"))
    order["total_tax"] = cents(total([*goods, *freight, *fees], "total_tax"))
    order["total"] = cents(total([*goods, *freight, *fees], "total") + Decimal(order["total_tax"]))


def new_order(
    order_id: int,
    number: str,
    rng: random.Random,
    buyer: Shopper,
    lines: Sequence[dict[str, Any]],
    *,
    at: str,
    currency: str,
    included: bool,
    shipping: tuple[str, str, Decimal],
    rate: Decimal,
    home: str,
) -> dict[str, Any]:
    """A fresh, paid order with all its sums; times are GMT here and shown in the site's zone too."""
    method, title, price = shipping
    payment, payment_title = rng.choice(PAYMENTS)
    paid = payment != "bacs"
    order: dict[str, Any] = {
        "id": order_id,
        "parent_id": 0,
        "status": "processing" if paid else "on-hold",
        "currency": currency,
        "version": "9.9.5",
        "prices_include_tax": included,
        "date_created": at,
        "date_modified": at,
        "customer_id": rng.choice((0, 0, 17, 23)),
        "order_key": f"wc_order_{rng.randrange(16**10):010x}",
        "billing": address(buyer, billing=True),
        "shipping": address(buyer, billing=False),
        "payment_method": payment,
        "payment_method_title": payment_title,
        "transaction_id": "",
        "customer_ip_address": "192.0.2.7",
        "customer_user_agent": "Mozilla/5.0",
        "created_via": "checkout",
        "customer_note": buyer.note,
        "date_completed": None,
        "date_paid": at if paid else None,
        "cart_hash": "",
        "number": number,
        "meta_data": [],
        "line_items": list(lines),
        "tax_lines": [{"id": order_id + 2, "rate_code": "VAT-1", "rate_id": 75, "label": "VAT", "compound": False}],
        "shipping_lines": [
            {
                "id": order_id + 1,
                "method_title": title,
                "method_id": method,
                "total": cents(price),
                "total_tax": cents(price * rate),
                "taxes": [],
                "meta_data": [],
            }
        ],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
        "date_created_gmt": at,
        "date_modified_gmt": at,
        "date_completed_gmt": None,
        "date_paid_gmt": at if paid else None,
        "_links": {
            "self": [{"href": f"{home}wp-json/wc/v3/orders/{order_id}"}],
            "collection": [{"href": f"{home}wp-json/wc/v3/orders"}],
        },
    }
    settle(order)
    return order
